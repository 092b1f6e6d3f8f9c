"""What may happen in anyone's figure while only some of its artists are returned as moved; see also test_save."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.animation import ArtistAnimation, FuncAnimation

import liveplot_cli
from liveplot_cli import animated
from liveplot_cli.errors import UsageError
from test_save import Recorder

VALUES = np.random.default_rng(0).normal(size=(60, 40))
FRAMES = 8

Update = Callable[[int], Any]
KINDS: dict[str, Callable[[], tuple[Any, Update]]] = {}


@pytest.fixture(autouse=True)
def _figures_closed() -> Iterator[None]:
    yield
    pyplot.close("all")


def kind(make: Callable[..., Update]) -> Callable[..., Update]:
    """A figure of one axes with a line, in which something else happens too."""

    def made() -> tuple[Any, Update]:
        figure, axes = pyplot.subplots(figsize=(3.2, 2.4))
        (line,) = axes.plot(VALUES[0])
        axes.set_ylim(-4, 4)
        return figure, make(figure, axes, line)

    KINDS[make.__name__.replace("_", " ")] = made
    return make


@kind
def annotation(figure: Any, axes: Any, line: Any) -> Update:
    note = axes.annotate("", (0, 0), xytext=(8, 8), textcoords="offset points", arrowprops={"arrowstyle": "->"})

    def update(row: int) -> Any:
        line.set_ydata(VALUES[row])
        note.xy = (row, VALUES[row, row])
        note.set_text(f"row {row}")
        return line, note

    return update


@kind
def text_that_leaves_its_axes(figure: Any, axes: Any, line: Any) -> Update:
    text = axes.text(0, 0, "", size=20)

    def update(row: int) -> Any:
        text.set(text=f"row {row}", position=(4 * row - 8, row - 6))
        return (text,)

    return update


@kind
def line_that_is_not_clipped(figure: Any, axes: Any, line: Any) -> Update:
    axes.set_position((0.1, 0.1, 0.4, 0.8))
    figure.add_axes((0.55, 0.1, 0.4, 0.8)).plot(VALUES[3])
    line.set_clip_on(False)

    def update(row: int) -> Any:
        line.set_xdata(np.arange(40) + (row > 4) * 40)
        return (line,)

    return update


@kind
def text_above_that_comes_in_unreturned(figure: Any, axes: Any, line: Any) -> Update:
    text = axes.text(10, 9, "over", size=30, zorder=5)

    def update(row: int) -> Any:
        line.set_ydata(VALUES[row])
        text.set_y(9 - row)
        return (line,)

    return update


@kind
def axes_that_come_over_the_line(figure: Any, axes: Any, line: Any) -> Update:
    axes.set_position((0.1, 0.1, 0.4, 0.8))
    other = figure.add_axes((0.9, 0.9, 0.1, 0.1), zorder=3)

    def update(row: int) -> Any:
        line.set_ydata(VALUES[row])
        other.set_position((0.9 - row / 14, 0.9 - row / 14, 0.1, 0.1))
        return (line,)

    return update


@kind
def artists_added_above(figure: Any, axes: Any, line: Any) -> Update:
    def update(row: int) -> Any:
        line.set_ydata(VALUES[row])
        if row in {4, 7}:
            axes.plot([0, 39], [row - 3, -2], lw=9, zorder=5)
        return (line,)

    return update


@kind
def order_that_changes(figure: Any, axes: Any, line: Any) -> Update:
    (other,) = axes.plot(VALUES[1], lw=5)

    def update(row: int) -> Any:
        line.set_ydata(VALUES[row])
        other.set_zorder(1 if row % 6 < 3 else 3)
        return line, other

    return update


@kind
def axes_that_vanish(figure: Any, axes: Any, line: Any) -> Update:
    def update(row: int) -> Any:
        line.set_ydata(VALUES[row])
        axes.set_visible(row % 5 != 4)
        return (line,)

    return update


@kind
def artist_that_vanishes(figure: Any, axes: Any, line: Any) -> Update:
    (other,) = axes.plot(VALUES[1])

    def update(row: int) -> Any:
        line.set_ydata(VALUES[row])
        other.set_visible(row % 3 == 0)
        return line, other

    return update


@kind
def label_of_an_axis(figure: Any, axes: Any, line: Any) -> Update:
    label = axes.set_xlabel("")

    def update(row: int) -> Any:
        line.set_ydata(VALUES[row])
        label.set_text(f"time {row // 4}")
        return line, label

    return update


@kind
def text_of_a_legend(figure: Any, axes: Any, line: Any) -> Update:
    (words,) = axes.legend([line], ["-"], loc="upper center").get_texts()

    def update(row: int) -> Any:
        line.set_ydata(VALUES[row])
        words.set_text(f"row {row // 4}")
        return line, words

    return update


@kind
def axes_themselves(figure: Any, axes: Any, line: Any) -> Update:
    def update(row: int) -> Any:
        line.set_ydata(VALUES[row])
        return line, axes.xaxis, axes.spines["left"]

    return update


@kind
def animated_but_not_returned(figure: Any, axes: Any, line: Any) -> Update:
    (other,) = axes.plot(VALUES[1], animated=True)

    def update(row: int) -> Any:
        line.set_ydata(VALUES[row])
        other.set_ydata(VALUES[-row])
        return (line,)

    return update


@kind
def points_in_three_dimensions_that_move_seldom(figure: Any, axes: Any, line: Any) -> Update:
    figure.clear()
    points = figure.add_subplot(projection="3d").scatter(VALUES[0], VALUES[1], VALUES[2])

    def update(row: int) -> Any:
        points._offsets3d = VALUES[row // 5], VALUES[1], VALUES[2]
        return (points,)

    return update


@kind
def polar(figure: Any, axes: Any, line: Any) -> Update:
    figure.clear()
    (curve,) = figure.add_subplot(projection="polar").plot(np.linspace(0, 6, 40), abs(VALUES[0]))

    def update(row: int) -> Any:
        curve.set_ydata(abs(VALUES[row]))
        return (curve,)

    return update


@kind
def inset(figure: Any, axes: Any, line: Any) -> Update:
    (other,) = axes.inset_axes((0.5, 0.5, 0.4, 0.4)).plot(VALUES[0])

    def update(row: int) -> Any:
        line.set_ydata(VALUES[row])
        other.set_ydata(VALUES[-row])
        return line, other

    return update


@kind
def one_or_the_other(figure: Any, axes: Any, line: Any) -> Update:
    (other,) = axes.plot(VALUES[1])

    def update(row: int) -> Any:
        moved = line if row % 2 else other
        moved.set_ydata(VALUES[row])
        return (moved,)

    return update


@kind
def legend_in_the_best_place(figure: Any, axes: Any, line: Any) -> Update:
    axes.legend([line], ["line"])

    def update(row: int) -> Any:
        line.set_ydata(np.abs(VALUES[row]) * np.linspace(row - 6, 6 - row, 40) / 4)
        return (line,)

    return update


@kind
def bars_and_title_now_and_then(figure: Any, axes: Any, line: Any) -> Update:
    bars = axes.bar(range(10), range(10))

    def update(row: int) -> Any:
        for bar, height in zip(bars, VALUES[row], strict=False):
            bar.set_height(height)
        if row % 3 == 0:
            axes.set_title(f"{row}")
        return list(bars)

    return update


@kind
def colours_of_an_image(figure: Any, axes: Any, line: Any) -> Update:
    image = axes.imshow(VALUES[:20, :20])
    figure.colorbar(image)

    def update(row: int) -> Any:
        image.set_data(row * VALUES[row : row + 20, :20])
        image.autoscale()
        return (image,)

    return update


@kind
def layout_of_parts(figure: Any, axes: Any, line: Any) -> Update:
    figure.clear()
    figure.set_layout_engine("constrained")
    left, right = figure.subfigures(1, 2)
    left.set_facecolor("y")
    (one,), (two,) = left.subplots().plot(VALUES[0]), right.subplots().plot(VALUES[1])

    def update(row: int) -> Any:
        one.set_ydata(VALUES[row])
        two.set_ydata(VALUES[-row])
        return one, two

    return update


@kind
def translucent_figure(figure: Any, axes: Any, line: Any) -> Update:
    figure.set_facecolor((1, 0, 0, 0.5))
    axes.patch.set_alpha(0.3)

    def update(row: int) -> Any:
        line.set_ydata(VALUES[row])
        return (line,)

    return update


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The pictures that are drawn by us, shape (height, width, 3)."""
    seen: list[np.ndarray] = []
    pixels = animated.Animated.pixels

    def kept(self: Any, moved: Any, *, verify: bool) -> Any:
        picture = pixels(self, moved, verify=verify)
        seen.append(picture[..., :3].copy())
        return picture

    monkeypatch.setattr(animated.Animated, "pixels", kept)
    return seen


def by_matplotlib(animation: Any) -> list[np.ndarray]:
    recorder = Recorder()
    animation.save("unused", writer=recorder)
    return recorder.pictures


def made(name: str, *, blit: bool, **options: Any) -> FuncAnimation:
    figure, update = KINDS[name]()
    return FuncAnimation(
        figure, update if blit else lambda row: [None, update(row)][0], blit=blit, **{"frames": FRAMES, **options}
    )


@pytest.mark.parametrize(
    ("name", "blit"),
    [*((name, True) for name in KINDS), ("inset", False), ("polar", False), ("layout of parts", False)],
)
def test_whatever_happens_a_frame_is_the_one_that_matplotlib_saves(
    name: str, blit: bool, tmp_path: Path, ours: list[np.ndarray]
) -> None:
    liveplot_cli.save(made(name, blit=blit), tmp_path / "film.gif")
    theirs = by_matplotlib(made(name, blit=blit))
    assert len(ours) == len(theirs) == FRAMES
    assert [row for row in range(FRAMES) if not np.array_equal(ours[row], theirs[row])] == []


def test_a_paper_that_is_set_for_saved_pictures_is_the_films(tmp_path: Path, ours: list[np.ndarray]) -> None:
    with pyplot.rc_context({"savefig.facecolor": (0, 0, 1, 0.5)}):
        liveplot_cli.save(made("polar", blit=True, frames=3), tmp_path / "film.gif")
        theirs = by_matplotlib(made("polar", blit=True, frames=3))
    assert np.array_equal(ours, theirs)
    assert ours[0][0, 0].tolist() == [128, 128, 255]


FRAME_SOURCES: dict[str, dict[str, Any]] = {
    "a number": {"frames": 5},
    "a list": {"frames": [9, 3, 3, 7]},
    "an array": {"frames": np.array([5, 1, 4])},
    "a generator": {"frames": (row for row in range(6)), "save_count": 6, "init_func": lambda: ()},
    "a generator function": {"frames": lambda: iter([2, 8, 5]), "save_count": 3},
    "fewer than there are": {"frames": lambda: iter(range(50)), "save_count": 4},
    "fewer than save_count": {"frames": lambda: iter(range(5)), "save_count": 50},
    "nobody knows": {"frames": lambda: iter(range(7)), "cache_frame_data": False},
    "init_func": {"frames": 5, "init_func": lambda: ()},
}


@pytest.mark.parametrize("source", FRAME_SOURCES)
def test_frames_come_from_where_matplotlib_takes_them(source: str, tmp_path: Path, ours: list[np.ndarray]) -> None:
    options = FRAME_SOURCES[source]
    if source == "a generator":
        options = {**options, "frames": iter(range(6))}
    (file,) = liveplot_cli.save(made("inset", blit=True, **options), tmp_path / "film.gif")
    if source == "a generator":
        options = {**options, "frames": iter(range(6))}
    theirs = by_matplotlib(made("inset", blit=True, **options))
    assert file.frames == len(ours) == len(theirs)
    assert all(np.array_equal(one, two) for one, two in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("blit", [True, False])
def test_an_animation_of_artists_that_were_made_animated(blit: bool, tmp_path: Path, ours: list[np.ndarray]) -> None:
    def artists() -> ArtistAnimation:
        figure, axes = pyplot.subplots(figsize=(3.2, 2.4))
        images = [axes.imshow(VALUES[row : row + 20, :20], animated=True) for row in range(9)]
        pairs = [[image, axes.text(1, 1, str(row))] for row, image in enumerate(images)]
        return ArtistAnimation(figure, pairs, interval=40, blit=blit)

    liveplot_cli.save(artists(), tmp_path / "film.gif")
    assert np.array_equal(ours, by_matplotlib(artists()))
    liveplot_cli.save(artists(), tmp_path / "shared.gif", jobs=2)
    assert (tmp_path / "shared.gif").read_bytes() == (tmp_path / "film.gif").read_bytes()


@pytest.mark.parametrize("interval", [1000 / 30, 40, 16.6])
def test_the_rate_is_the_interval_that_was_asked_for_and_not_its_timers(interval: float, tmp_path: Path) -> None:
    (file,) = liveplot_cli.save(made("inset", blit=True, interval=interval, frames=60), tmp_path / "film.mp4")
    assert abs(float(file.seconds) - 60 * interval / 1000) < 0.001


def test_an_animation_that_has_played_to_its_end_can_be_saved(tmp_path: Path) -> None:
    animation = made("inset", blit=True, frames=3, repeat=False)
    animation._fig.canvas.draw()
    while animation._step():
        pass
    assert animation.event_source is None
    (file,) = liveplot_cli.save(animation, tmp_path / "film.gif")
    assert file.frames == 3


@pytest.mark.parametrize("fps", [0, -1, "fast", float("nan"), 1e9])
def test_a_rate_that_makes_no_sense_is_refused(fps: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="frames a second"):
        liveplot_cli.save(made("inset", blit=True, frames=3), tmp_path / "film.gif", fps=fps)
    assert not list(tmp_path.iterdir())


def test_all_is_as_it_was_afterwards(tmp_path: Path) -> None:
    animation = made("legend in the best place", blit=True, frames=5)
    figure: Any = animation._fig
    figure.set_dpi(77)
    artists = [artist for artist in figure.findobj() if artist is not figure.axes[0].lines[0]]
    before = [(artist.get_animated(), artist.stale_callback) for artist in artists]
    state = figure.canvas, figure.dpi, figure.get_facecolor(), tuple(figure.get_size_inches())
    liveplot_cli.save(animation, tmp_path / "film.gif", dpi=60)
    assert (figure.canvas, figure.dpi, figure.get_facecolor(), tuple(figure.get_size_inches())) == state
    assert [(artist.get_animated(), artist.stale_callback) for artist in artists] == before
    assert figure.stale  # a window of it draws itself again


def test_a_generator_that_ends_early_is_told_where_processes_share_the_work(tmp_path: Path) -> None:
    options: dict[str, Any] = {"frames": lambda: iter(range(50)), "save_count": 130}
    with pytest.raises(UsageError, match="ended after 50 frames"):
        liveplot_cli.save(made("inset", blit=True, **options), tmp_path / "film.gif", jobs=2)
    assert not list(tmp_path.iterdir())


def test_a_film_of_unknown_length_is_not_shared(tmp_path: Path) -> None:
    options: dict[str, Any] = {"frames": lambda: iter(range(8)), "cache_frame_data": False}
    with pytest.raises(UsageError, match="save_count"):
        liveplot_cli.save(made("inset", blit=True, **options), tmp_path / "film.gif", jobs=2)
    assert not list(tmp_path.iterdir())


def test_the_writer_by_hand_makes_the_same_file(tmp_path: Path) -> None:
    from liveplot_cli.matplotlib_writer import LiveplotWriter

    liveplot_cli.save(made("inset", blit=True, frames=5), tmp_path / "one.gif", fps=10, dpi=60)
    animation = made("inset", blit=True, frames=5)
    figure, update = animation._fig, animation._func
    before = figure.canvas, figure.dpi
    writer = LiveplotWriter(fps=10)
    writer.setup(figure, tmp_path / "two.gif", dpi=60)
    animation._init_draw()
    for row in range(5):
        update(row)
        writer.grab_frame()
    writer.finish()
    animation._draw_was_started = True
    assert (figure.canvas, figure.dpi) == before
    assert (tmp_path / "one.gif").read_bytes() == (tmp_path / "two.gif").read_bytes()
