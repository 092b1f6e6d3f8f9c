"""Write public series of the Earth, the Sun and mankind, taken from the data sets bundled with statsmodels, as CSV.

- el_nino.csv: monthly sea-surface temperature in degrees Celsius, one row per year, 1950-2010
- co2.csv: monthly mean carbon dioxide at Mauna Loa in ppm, one row per month, 1958-2001; a month
  without any measurement has an empty cell
- sunspots.csv: the number of sunspots, one row per year, 1700-2008
- sunspots_autocorrelation.csv: the autocorrelation of the sunspots of 88 years at lags of 0 to 33 years, one row per
  year in which such a span ends, every other year, 1788-2008
- fertility.csv: births per woman, one row per year, 1960-2011, one column per country without a gap
"""

from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.datasets import co2, elnino, fertility, sunspots

FOLDER = Path(__file__).resolve().parent
SPAN = 88  # years: about eight cycles
LAGS = 34
NO_COUNTRIES = "all income levels|IFC classification|OECD members|small states"


def write_el_nino(path: Path) -> None:
    """Write the table as it is bundled, with the months named Jan to Dec."""
    table = elnino.load_pandas().data.rename(columns=str.capitalize)
    table = table.rename(columns={"Year": "year"}).astype({"year": int})
    table.to_csv(path, index=False, float_format="%.2f", lineterminator="\n")


def write_co2(path: Path) -> None:
    """Reduce the weekly values to the mean of each calendar month, and write them."""
    weekly = co2.load_pandas().data["co2"]
    monthly = weekly.resample("MS").mean().rename("co2_ppm")
    monthly.to_csv(
        path,
        index_label="date",
        date_format="%Y-%m-%d",
        float_format="%.2f",
        lineterminator="\n",
    )


def write_sunspots(path: Path) -> None:
    """Write the yearly means as they are bundled."""
    table = sunspots.load_pandas().data.rename(columns={"YEAR": "year", "SUNACTIVITY": "sunspots"})
    table.astype({"year": int}).to_csv(path, index=False, float_format="%.1f", lineterminator="\n")


def write_sunspots_autocorrelation(path: Path) -> None:
    """Correlate the last years with those before them, at the end of every other year.

    The autocorrelation of a span x about its mean: at lag k the sum of x[t] * x[t + k], divided by that at lag 0.
    """
    years, counts = sunspots.load_pandas().data[["YEAR", "SUNACTIVITY"]].to_numpy().T
    rows = {}
    for end in range(len(counts), SPAN, -2):
        span = counts[end - SPAN : end] - counts[end - SPAN : end].mean()
        products = [span[: SPAN - lag] @ span[lag:] for lag in range(LAGS)]
        rows[int(years[end - 1])] = np.array(products) / products[0]
    table = pd.DataFrame.from_dict(rows, orient="index").sort_index()
    table.to_csv(path, index_label="year", float_format="%.3f", lineterminator="\n")


def write_fertility(path: Path) -> None:
    """Turn the table round, and leave out what is no country or has a gap, and the two years without any value."""
    table = fertility.load_pandas().data.set_index("Country Name").loc[:, "1960":"2011"].dropna()
    countries = table[~table.index.str.contains(NO_COUNTRIES)]
    countries.T.to_csv(path, index_label="year", float_format="%.2f", lineterminator="\n")


def main() -> None:
    write_el_nino(FOLDER / "el_nino.csv")
    write_co2(FOLDER / "co2.csv")
    write_sunspots(FOLDER / "sunspots.csv")
    write_sunspots_autocorrelation(FOLDER / "sunspots_autocorrelation.csv")
    write_fertility(FOLDER / "fertility.csv")


if __name__ == "__main__":
    main()
