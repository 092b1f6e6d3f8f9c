"""Write two matrices of standard normal random numbers, 100 rows of 40 and 100 rows of 100."""

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
SEED = 2016
ROWS = 100


def main() -> None:
    rng = np.random.default_rng(SEED)
    for columns in (40, 100):
        matrix = rng.standard_normal((ROWS, columns))
        np.save(FOLDER / f"random_{ROWS}x{columns}.npy", matrix)


if __name__ == "__main__":
    main()
