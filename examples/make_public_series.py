"""Write two public climate series, taken from the data sets bundled with statsmodels, as CSV.

- el_nino.csv: monthly sea-surface temperature in degrees Celsius, one row per year, 1950-2010
- co2.csv: monthly mean carbon dioxide at Mauna Loa in ppm, one row per month, 1958-2001; a month
  without any measurement has an empty cell
"""

from pathlib import Path

from statsmodels.datasets import co2, elnino

FOLDER = Path(__file__).resolve().parent


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


def main() -> None:
    write_el_nino(FOLDER / "el_nino.csv")
    write_co2(FOLDER / "co2.csv")


if __name__ == "__main__":
    main()
