"""Record how a small neural network learns handwritten digits, and how much of that is luck.

Trains a network with one hidden layer on scikit-learn's bundled digits (8x8 pixels, 10 classes) and writes four files
beside this script. Row 0 of each holds the values before the first step, row r those after r * r steps, for
training changes most at its beginning:

- network_weights.npy: the weights of the hidden layer, without those of pixels that are blank in all training images
- network_confusion.npy: how many test images of each digit are taken for which, a matrix of true by found digits
- network_guess.csv: the probabilities that the network gives to the ten digits for one test image
- network_runs.csv: the test accuracy of 24 further networks, each of which learns from a hundred images of its own
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

FOLDER = Path(__file__).resolve().parent
CLASSES = 10
HIDDEN = 12
TEST_SIZE = 600
WATCHED_IMAGE = 93  # a 2 that is long taken for a 3
ROWS = 41
BATCH_SIZE = 32
LEARNING_RATE = 0.1
INITIAL_SPREAD = 0.1
SEED = 2016
RUNS = 24
RUN_SIZE = 100

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass
class Network:
    """From pixels to a hidden layer of tanh units to the probabilities of the digits."""

    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats

    def answer(self, images: Floats) -> tuple[Floats, Floats]:
        """Return the state of the hidden layer and the probabilities of the digits, one row per image."""
        hidden = np.tanh(images @ self.first + self.first_bias)
        scores = hidden @ self.second + self.second_bias
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        return hidden, exponentials / exponentials.sum(axis=1, keepdims=True)

    def step(self, images: Floats, targets: Floats) -> None:
        """Go down the gradient of the mean cross-entropy over a batch."""
        hidden, found = self.answer(images)
        error = (found - targets) / len(images)
        hidden_error = (error @ self.second.T) * (1 - hidden**2)
        self.second -= LEARNING_RATE * hidden.T @ error
        self.second_bias -= LEARNING_RATE * error.sum(axis=0)
        self.first -= LEARNING_RATE * images.T @ hidden_error
        self.first_bias -= LEARNING_RATE * hidden_error.sum(axis=0)


def training(rng: np.random.Generator, images: Floats, labels: Labels) -> Iterator[Network]:
    """Yield one and the same network after 0, 1, 4, 9, ... steps."""
    network = Network(
        first=rng.normal(0, INITIAL_SPREAD, (images.shape[1], HIDDEN)),
        first_bias=np.zeros(HIDDEN),
        second=rng.normal(0, INITIAL_SPREAD, (HIDDEN, CLASSES)),
        second_bias=np.zeros(CLASSES),
    )
    targets = np.eye(CLASSES)[labels]
    yield network
    for row in range(1, ROWS):
        for _ in range(row**2 - (row - 1) ** 2):
            batch = rng.integers(len(images), size=BATCH_SIZE)
            network.step(images[batch], targets[batch])
        yield network


def write_table(path: Path, columns: Iterable[object], rows: Iterable[Iterable[float]]) -> None:
    """Write rows of numbers, each labelled by its number of steps."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["step", *columns])
        writer.writerows([number**2, *(f"{value:.4f}" for value in row)] for number, row in enumerate(rows))


def main() -> None:
    rng = np.random.default_rng(SEED)
    pixels, digits = load_digits(return_X_y=True)
    order = rng.permutation(len(digits))
    images, labels = pixels[order] / 16, digits[order]
    test_images, train_images = images[:TEST_SIZE], images[TEST_SIZE:]
    test_labels, train_labels = labels[:TEST_SIZE], labels[TEST_SIZE:]

    inked = train_images.any(axis=0)
    weight_rows, confusion_rows, guess_rows = [], [], []
    for network in training(rng, train_images, train_labels):
        _, found = network.answer(test_images)
        confusion = np.zeros((CLASSES, CLASSES), dtype=np.uint8)
        np.add.at(confusion, (test_labels, found.argmax(axis=1)), 1)
        weight_rows.append(network.first[inked].ravel())
        confusion_rows.append(confusion)
        guess_rows.append(found[WATCHED_IMAGE])

    runs = []
    for _ in range(RUNS):
        own = rng.choice(len(train_labels), RUN_SIZE, replace=False)
        run = training(rng, train_images[own], train_labels[own])
        runs.append([(network.answer(test_images)[1].argmax(axis=1) == test_labels).mean() for network in run])

    np.save(FOLDER / "network_weights.npy", np.array(weight_rows, dtype=np.float16))
    np.save(FOLDER / "network_confusion.npy", np.array(confusion_rows))
    write_table(FOLDER / "network_guess.csv", range(CLASSES), guess_rows)
    write_table(FOLDER / "network_runs.csv", (f"run {number}" for number in range(1, RUNS + 1)), np.transpose(runs))


if __name__ == "__main__":
    main()
