"""The example data are small, are what the page of their origins says, and come from the scripts beside them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import liveplot_cli

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
ARRAYS = sorted(EXAMPLES.glob("*.npy"))
# The index, its first label, and the shape of the rest, for each table.
TABLES: dict[str, tuple[str, object, tuple[int, int]]] = {
    "co2": ("date", np.datetime64("1958-03-01"), (526, 1)),
    "digits_training": ("epoch", 0, (81, 4)),
    "el_nino": ("year", 1950, (61, 12)),
    "fertility": ("year", 1960, (52, 188)),
    "gapminder_africa": ("year", 1952, (12, 12)),
    "gapminder_americas": ("year", 1952, (12, 12)),
    "gapminder_asia": ("year", 1952, (12, 12)),
    "gapminder_europe": ("year", 1952, (12, 12)),
    "gapminder_gdp": ("year", 1952, (12, 20)),
    "gapminder_population": ("year", 1952, (12, 5)),
    "network_guess": ("step", 0, (41, 10)),
    "network_runs": ("step", 0, (41, 24)),
    "sunspots": ("year", 1700, (309, 1)),
    "sunspots_autocorrelation": ("year", 1788, (111, 34)),
}


def script(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_every_table_is_known_here() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.csv")} == set(TABLES)


@pytest.mark.parametrize("path", [*EXAMPLES.glob("*.csv"), *ARRAYS], ids=lambda path: path.name)
def test_an_example_is_small_and_made_by_one_script_of_which_the_page_tells(path: Path) -> None:
    assert path.stat().st_size < 100_000
    name = "random_{ROWS}x{columns}" if path.stem.startswith("random_") else path.name
    makers = [made_by.name for made_by in SCRIPTS if name in made_by.read_text()]
    assert len(makers) == 1
    assert f"`{makers[0]}`" in (EXAMPLES / "ORIGIN.md").read_text()


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_labelled_by_itself_and_has_no_gap_but_one(name: str) -> None:
    history = liveplot_cli.read(EXAMPLES / f"{name}.csv", strict=name != "co2")
    assert (history.index_name, history.labels[0], history.values.shape) == TABLES[name]


@pytest.mark.parametrize("name", ["lorenz", "patterns"])
def test_a_simulation_comes_out_the_same_again(name: str) -> None:
    again, stored = getattr(script("simulate"), name)(), np.load(EXAMPLES / f"{name}.npy")
    assert again.dtype == stored.dtype
    assert np.array_equal(again, stored)


def test_the_points_of_lorenz_begin_together_and_end_apart() -> None:
    across = np.load(EXAMPLES / "lorenz.npy")[:, ::2]
    assert across[:60].std(axis=1).max() < 1.1
    assert across[-1].std() > 5


def test_the_network_learns_what_the_page_says() -> None:
    guess = liveplot_cli.read(EXAMPLES / "network_guess.csv").values
    assert np.abs(guess.sum(axis=1) - 1).max() < 0.001
    assert {3, 2} <= set(guess.argmax(axis=1))
    assert guess[-1].argmax() == 2
    confusion = np.load(EXAMPLES / "network_confusion.npy")
    assert (confusion.sum(axis=(1, 2)) == 600).all()
    assert (confusion.sum(axis=2) == confusion[0].sum(axis=1)).all()
    assert np.trace(confusion[0]) < 100
    assert np.trace(confusion[-1]) > 570
    weights = np.load(EXAMPLES / "network_weights.npy").astype(float)
    assert weights[0].std() == pytest.approx(0.1, abs=0.01)
    assert (np.diff(weights.std(axis=1)) > 0).all()


def test_the_cycle_of_the_sun_is_about_eleven_years() -> None:
    autocorrelation = liveplot_cli.read(EXAMPLES / "sunspots_autocorrelation.csv").values
    assert (autocorrelation[:, 0] == 1).all()
    assert set(autocorrelation[:, 6:17].argmax(axis=1) + 6) <= {9, 10, 11, 12}


def test_a_country_has_an_income_and_a_life_side_by_side() -> None:
    for continent in ("africa", "americas", "asia", "europe"):
        columns = liveplot_cli.read(EXAMPLES / f"gapminder_{continent}.csv").columns
        countries = [column.removesuffix(" income") for column in columns[::2]]
        assert list(columns[1::2]) == [f"{country} life" for country in countries]
        assert len(set(countries)) == 6
