"""What a script or a notebook uses."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from matplotlib.animation import FuncAnimation, PillowWriter

import films
import liveplot_cli
from conftest import wave_matrix
from liveplot_cli import DataError, UsageError
from liveplot_cli.film import Film


@pytest.mark.parametrize("name", liveplot_cli.__all__)
def test_every_public_name_is_there_and_has_its_promise(name: str) -> None:
    thing = getattr(liveplot_cli, name)
    assert thing.__doc__
    assert name in dir(liveplot_cli)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = liveplot_cli.nothing


def test_render_stays_a_function_after_everything_is_imported(tmp_path: Path) -> None:
    import liveplot_cli.jobs.render

    assert callable(liveplot_cli.render)
    assert liveplot_cli.render is liveplot_cli.jobs.render.render


@pytest.mark.parametrize(
    "source",
    [wave_matrix(4, 9), wave_matrix(4, 9).tolist(), liveplot_cli.History(wave_matrix(4, 9))],
    ids=["array", "lists", "History"],
)
def test_render_takes_what_people_have(tmp_path: Path, source: object) -> None:
    calls: list[tuple[int, int]] = []
    (written,) = liveplot_cli.render(source, tmp_path / "a.gif", progress=lambda *call: calls.append(call), fps=10)
    assert (written.frames, float(written.seconds), written.size) == (4, 0.4, (640, 480))
    assert written.bytes == written.path.stat().st_size
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_options_may_be_values_or_what_one_would_type(tmp_path: Path) -> None:
    for name, size, xlim in (("a", "200x100", "0,5"), ("b", (200, 100), (0, 5))):
        liveplot_cli.render(wave_matrix(2, 9), tmp_path / f"{name}.gif", size=size, xlim=xlim, fps=7.5)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_a_history_in_memory_takes_rows_columns_and_index() -> None:
    history = liveplot_cli.History(np.arange(30.0).reshape(10, 3), columns=["step", "a", "b"])
    animation = liveplot_cli.animation(history, kind="trace", index="step", columns="b", rows="2:8", every=2)
    animation._draw_was_started = True
    assert list(animation.new_frame_seq()) == [0, 1, 2]
    (line,) = animation._fig.axes[0].get_lines()
    animation._func(2)
    assert list(line.get_xdata()) == [6, 12, 18]
    assert list(line.get_ydata()) == [8, 14, 20]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"colour": "red"}, "no option 'colour'"),
        ({"window": 5}, "belongs to area, band and trace"),
        ({"delimiter": ";"}, "belongs to csv"),
        ({"fps": "fast"}, "'fast' is not a number"),
        ({"size": "huge"}, "not a size"),
    ],
    ids=str,
)
def test_an_option_that_cannot_be_used_is_refused(tmp_path: Path, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        liveplot_cli.render(wave_matrix(2, 9), tmp_path / "a.gif", kind="line", **options)
    assert not list(tmp_path.iterdir())


def test_bad_arrays_are_refused(tmp_path: Path) -> None:
    for bad in (np.zeros((2, 2, 2, 2)), np.zeros((0, 3)), [["a"]], np.full((2, 2), np.nan)):
        with pytest.raises(DataError):
            liveplot_cli.render(bad, tmp_path / "a.gif")


def test_masked_values_are_gaps() -> None:
    history = liveplot_cli.History(np.ma.masked_greater([[1, 2], [999, 3]], 100))
    assert np.array_equal(history.values, [[1, 2], [np.nan, 3]], equal_nan=True)


def test_the_package_is_typed() -> None:
    from importlib.resources import files

    assert files("liveplot_cli").joinpath("py.typed").is_file()


def test_animation_is_matplotlibs_own_and_is_saved_by_matplotlib(tmp_path: Path) -> None:
    animation = liveplot_cli.animation(wave_matrix(3, 9), size="160x120", speed=2, fps=2)
    assert isinstance(animation, FuncAnimation)
    animation.save(tmp_path / "a.gif", writer=PillowWriter(fps=2))
    assert films.gifsicle(tmp_path / "a.gif").images == 3


def test_animation_shows_in_a_notebook() -> None:
    animation = liveplot_cli.animation(wave_matrix(3, 9), size="160x120")
    page = animation.to_jshtml()
    assert page.count("data:image/png;base64") == 3


def test_animation_becomes_an_html5_video() -> None:
    video = liveplot_cli.animation(wave_matrix(3, 9), size="160x120").to_html5_video()
    assert video.startswith("<video")
    assert "video/mp4" in video


def test_read_gives_the_history() -> None:
    history = liveplot_cli.read(Path(__file__).parents[1] / "examples" / "el_nino.csv", columns="Jan,Jul", rows="-3:")
    assert history.columns == ("Jan", "Jul")
    assert list(history.labels) == [2008, 2009, 2010]
    assert history.index_name == "year"
    assert history.name == "el_nino"
    assert history.values.shape == (3, 2)


def test_what_several_outputs_share_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from liveplot_cli.scene import Scene

    drawn: list[float] = []
    pixels = Scene.pixels
    monkeypatch.setattr(Scene, "pixels", lambda self, position: (drawn.append(position), pixels(self, position))[1])
    monkeypatch.setattr("liveplot_cli.encoders.gif.Gif.plan", lambda self, film: plan(self, film, drawn))
    liveplot_cli.render(wave_matrix(70, 9), tmp_path / "a.gif", tmp_path / "b.mp4", f"{tmp_path}/frames/", jobs=1)
    # A further segment of the GIF draws the frame before it again, to store what has changed since.
    assert drawn == [*range(32), 31, *range(32, 64), 63, *range(64, 70)]


def plan(gif: object, film: Film, drawn: list[float]) -> object:
    """The GIF's own plan, less the frames it samples for its colours."""
    from liveplot_cli.encoders.gif import _GifFilm
    from liveplot_cli.formats.color_table import from_pictures
    from liveplot_cli.timing import delays

    table = from_pictures(film.sample())
    drawn.clear()
    return _GifFilm((film.width, film.height), 0, tuple(delays(film.durations, Fraction(100), 2)), table)
