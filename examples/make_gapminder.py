"""Write three views of Gapminder's countries, taken from the excerpt bundled with plotly; a row for every fifth year.

- gapminder_gdp.csv: gross domestic product in billions of inflation-adjusted dollars, of every country that is among
  the fifteen largest in any of the years
- gapminder_population.csv: population in millions, added up by continent
- gapminder_africa.csv, gapminder_americas.csv, gapminder_asia.csv, gapminder_europe.csv: for each of the six countries
  of the continent that had most people in 2007 two columns, gross domestic product per person in inflation-adjusted
  dollars and life expectancy in years
"""

from pathlib import Path

import pandas as pd
import plotly.data

FOLDER = Path(__file__).resolve().parent
LARGEST = 15
PEOPLED = 6


def write(table: pd.DataFrame, path: Path, decimals: int) -> None:
    """Write a table that has a row for each year."""
    table.to_csv(path, index_label="year", float_format=f"%.{decimals}f", lineterminator="\n")


def write_gdp(countries: pd.DataFrame, path: Path) -> None:
    """Multiply out the product per person, and write the countries that are ever large, the largest first."""
    product = (countries["gdpPercap"] * countries["pop"] / 1e9).unstack("country")
    rank = product.rank(axis="columns", ascending=False)
    ever_large = product.loc[:, rank.min() <= LARGEST]
    write(ever_large[ever_large.iloc[-1].sort_values(ascending=False).index], path, decimals=1)


def write_population(countries: pd.DataFrame, path: Path) -> None:
    """Add up the people of each continent, and write the continents, the largest first."""
    people = (countries.groupby(["year", "continent"])["pop"].sum() / 1e6).unstack("continent")
    write(people[people.iloc[-1].sort_values(ascending=False).index], path, decimals=2)


def write_income_and_life(countries: pd.DataFrame, path: Path) -> None:
    """Write a pair of columns for each of the countries of a continent that have most people."""
    income, life = countries["gdpPercap"].unstack("country"), countries["lifeExp"].unstack("country")
    pairs = {}
    for country in countries["pop"].unstack("country").iloc[-1].nlargest(PEOPLED).index:
        pairs[f"{country} income"] = income[country].round().astype(int)
        pairs[f"{country} life"] = life[country]
    write(pd.DataFrame(pairs), path, decimals=1)


def main() -> None:
    countries = plotly.data.gapminder().set_index(["year", "country"])
    write_gdp(countries, FOLDER / "gapminder_gdp.csv")
    write_population(countries, FOLDER / "gapminder_population.csv")
    for continent in ("Africa", "Americas", "Asia", "Europe"):
        of_continent = countries[countries["continent"] == continent]
        write_income_and_life(of_continent, FOLDER / f"gapminder_{continent.lower()}.csv")


if __name__ == "__main__":
    main()
