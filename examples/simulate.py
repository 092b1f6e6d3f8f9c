"""Write two systems of equations as they run: one that can't be foretold, and one that makes a pattern of its own.

- lorenz.npy: six points that begin all but together and follow the equations of Lorenz (1963); a row every fortieth of
  a unit of time, two columns for each point, its x and its z
- patterns.npy: the second of two substances that react and diffuse, after Gray and Scott (1984), fed at a rate at which
  a labyrinth grows; a row every forty steps, each a picture of the amounts in hundredths
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent

POINTS = 6
APART = 0.1
LORENZ_ROWS = 160
STEPS_PER_ROW = 5
STEP = 0.005

PATTERN_SHAPE = (42, 56)
PATTERN_ROWS = 25
UPDATES_PER_ROW = 40
DIFFUSION, DIFFUSION_OF_SECOND = 0.12, 0.06
FEED, KILL = 0.03, 0.057
SEEDS = ((5, 12), (27, 22), (15, 43))
SEED_SIZE = 4

Floats = NDArray[np.float64]


def lorenz_slope(points: Floats) -> Floats:
    """Return the velocity of points of shape (3, points)."""
    x, y, z = points
    return np.array([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])


def lorenz() -> NDArray[np.float32]:
    """Follow points that differ in y alone, by the classical Runge-Kutta method."""
    points = np.array([np.full(POINTS, -8.0), 7 + APART * np.arange(POINTS), np.full(POINTS, 27.0)])
    rows = []
    for _ in range(LORENZ_ROWS):
        rows.append(points[[0, 2]].T.ravel())
        for _ in range(STEPS_PER_ROW):
            first = lorenz_slope(points)
            second = lorenz_slope(points + STEP / 2 * first)
            third = lorenz_slope(points + STEP / 2 * second)
            fourth = lorenz_slope(points + STEP * third)
            points = points + STEP / 6 * (first + 2 * second + 2 * third + fourth)
    return np.array(rows, dtype=np.float32)


def spread(amounts: Floats) -> Floats:
    """Return what flows to each cell from its eight neighbours, on a field whose edges meet."""
    up_and_down = np.roll(amounts, 1, axis=0) + np.roll(amounts, -1, axis=0)
    left_and_right = np.roll(amounts, 1, axis=1) + np.roll(amounts, -1, axis=1)
    corners = np.roll(up_and_down, 1, axis=1) + np.roll(up_and_down, -1, axis=1)
    return (4 * (up_and_down + left_and_right) + corners - 20 * amounts) / 6


def patterns() -> NDArray[np.uint8]:
    """Let the second substance grow from a few spots, at the expense of the first."""
    first, second = np.ones(PATTERN_SHAPE), np.zeros(PATTERN_SHAPE)
    for row, column in SEEDS:
        seed = slice(row, row + SEED_SIZE), slice(column, column + SEED_SIZE)
        first[seed], second[seed] = 0.25, 0.4
    rows = []
    for _ in range(PATTERN_ROWS):
        rows.append(np.round(100 * second).astype(np.uint8))
        for _ in range(UPDATES_PER_ROW):
            reaction = first * second * second
            first = first + DIFFUSION * spread(first) - reaction + FEED * (1 - first)
            second = second + DIFFUSION_OF_SECOND * spread(second) + reaction - (FEED + KILL) * second
    return np.array(rows)


def main() -> None:
    np.save(FOLDER / "lorenz.npy", lorenz())
    np.save(FOLDER / "patterns.npy", patterns())


if __name__ == "__main__":
    main()
