"""A softmax classifier in plain numpy: three species of iris, told apart by four lengths."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

IRIS = Path(__file__).with_name("iris.csv")
EPOCHS = 200
_RATE, _SEED, _TESTED = 0.1, 7, 50


@dataclass(frozen=True)
class Flowers:
    """Measurements, shape (flowers, 4), in centimetres, and the number of each flower's species."""

    measures: np.ndarray
    species: np.ndarray
    names: tuple[str, ...]


def flowers(path: Path = IRIS) -> Flowers:
    """All flowers of the file."""
    with path.open(newline="") as file:
        _, *lines = csv.reader(file)
    names = tuple(sorted({line[-1] for line in lines}))
    measures = np.array([line[:-1] for line in lines], dtype=float)
    return Flowers(measures, np.array([names.index(line[-1]) for line in lines]), names)


class Classifier:
    """A model that has not been trained yet, or has been."""

    def __init__(self, known: Flowers) -> None:
        order = np.random.default_rng(_SEED).permutation(len(known.species))
        self.names = known.names
        self._tested, self._learned = order[:_TESTED], order[_TESTED:]
        learned = known.measures[self._learned]
        self._mean, self._spread = learned.mean(0), learned.std(0)
        self._inputs, self._species = self._prepared(known.measures), known.species
        self._weights = np.zeros((known.measures.shape[1] + 1, len(known.names)))

    def train(self, epochs: int = EPOCHS) -> Iterator[dict[str, float]]:
        """Learn, epoch by epoch; each is told when it is done, the first before any."""
        yield {"epoch": 0, **self._measured()}
        targets = np.eye(len(self.names))[self._species[self._learned]]
        inputs = self._inputs[self._learned]
        for epoch in range(1, epochs + 1):
            gradient = inputs.T @ (self._chances(inputs) - targets) / len(inputs)
            self._weights -= _RATE * gradient
            yield {"epoch": epoch, **self._measured()}

    def predict(self, measures: np.ndarray) -> list[str]:
        """The species of each flower, shape (flowers, 4)."""
        return [self.names[number] for number in self._chances(self._prepared(measures)).argmax(1)]

    def _measured(self) -> dict[str, float]:
        found = {}
        for name, rows in (("train", self._learned), ("test", self._tested)):
            chances = self._chances(self._inputs[rows])
            right = chances[np.arange(len(rows)), self._species[rows]]
            found[f"{name}_loss"] = float(-np.log(right).mean())
            found[f"{name}_accuracy"] = float((chances.argmax(1) == self._species[rows]).mean())
        return found

    def _chances(self, inputs: np.ndarray) -> np.ndarray:
        scores = inputs @ self._weights
        exponents = np.exp(scores - scores.max(1, keepdims=True))
        return exponents / exponents.sum(1, keepdims=True)

    def _prepared(self, measures: np.ndarray) -> np.ndarray:
        scaled = (measures - self._mean) / self._spread
        return np.column_stack([scaled, np.ones(len(scaled))])
