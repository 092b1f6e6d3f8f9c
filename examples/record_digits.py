"""Record how a small softmax classifier learns handwritten digits, epoch by epoch.

Trains on scikit-learn's bundled digits (8x8 pixels, 10 classes) with mini-batch gradient descent
and writes three files beside this script, each with one row per epoch; the first row holds the
values before the first update:

- digits_accuracy.npy: test accuracy of each of the ten classes
- digits_weights.npy: the 64 weights, pixel by pixel, that the classifier gives to one class
- digits_training.csv: loss and accuracy on the training and the test set
"""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

FOLDER = Path(__file__).resolve().parent
CLASSES = 10
WATCHED_CLASS = 0
TEST_SIZE = 600
EPOCHS = 80
BATCH_SIZE = 32
LEARNING_RATE = 0.008
INITIAL_SPREAD = 0.1
SEED = 2016

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


def class_probabilities(images: Floats, weights: Floats, bias: Floats) -> Floats:
    """Return the softmax of the class scores, one row per image."""
    scores = images @ weights + bias
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities: Floats = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities


def loss_and_hits(probabilities: Floats, labels: Labels) -> tuple[float, NDArray[np.bool_]]:
    """Return the mean cross-entropy, and for each image whether its label was found."""
    of_true_class = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(of_true_class).mean()), probabilities.argmax(axis=1) == labels


def main() -> None:
    rng = np.random.default_rng(SEED)
    pixels, digits = load_digits(return_X_y=True)
    order = rng.permutation(len(digits))
    images, labels = pixels[order] / 16, digits[order]
    test_images, train_images = images[:TEST_SIZE], images[TEST_SIZE:]
    test_labels, train_labels = labels[:TEST_SIZE], labels[TEST_SIZE:]
    targets = np.eye(CLASSES)[train_labels]

    weights = rng.normal(0, INITIAL_SPREAD, (images.shape[1], CLASSES))
    bias = np.zeros(CLASSES)
    accuracy_rows, weight_rows, training_rows = [], [], []
    for epoch in range(EPOCHS + 1):
        if epoch > 0:
            shuffled = rng.permutation(len(train_labels))
            for start in range(0, len(shuffled), BATCH_SIZE):
                batch = shuffled[start : start + BATCH_SIZE]
                found = class_probabilities(train_images[batch], weights, bias)
                error = (found - targets[batch]) / len(batch)
                weights -= LEARNING_RATE * train_images[batch].T @ error
                bias -= LEARNING_RATE * error.sum(axis=0)

        train_result = class_probabilities(train_images, weights, bias)
        test_result = class_probabilities(test_images, weights, bias)
        train_loss, train_hits = loss_and_hits(train_result, train_labels)
        test_loss, test_hits = loss_and_hits(test_result, test_labels)
        accuracy_rows.append([test_hits[test_labels == digit].mean() for digit in range(CLASSES)])
        weight_rows.append(weights[:, WATCHED_CLASS].copy())
        figures = (train_loss, test_loss, train_hits.mean(), test_hits.mean())
        training_rows.append([epoch, *(f"{figure:.6f}" for figure in figures)])

    np.save(FOLDER / "digits_accuracy.npy", np.array(accuracy_rows, dtype=np.float64))
    np.save(FOLDER / "digits_weights.npy", np.array(weight_rows, dtype=np.float32))
    with (FOLDER / "digits_training.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["epoch", "train_loss", "test_loss", "train_accuracy", "test_accuracy"])
        writer.writerows(training_rows)


if __name__ == "__main__":
    main()
