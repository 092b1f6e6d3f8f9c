from __future__ import annotations

import io
import multiprocessing
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.animation import AbstractMovieWriter, ArtistAnimation, FuncAnimation

import films
import liveplot_cli
import liveplot_cli.matplotlib_writer
from liveplot_cli import animated
from liveplot_cli.errors import UsageError

VALUES = np.random.default_rng(0).normal(size=(100, 60))
FRAMES = 70  # more than a segment
FEW = 10


@pytest.fixture(autouse=True)
def forking() -> Iterator[None]:
    """Workers are forked, though a test before these may have left a thread that waits for a server."""
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method("fork", force=True)
    yield
    multiprocessing.set_start_method(before, force=True)


Setup = Callable[[], tuple[Any, Callable[[int], Any]]]


def line() -> tuple[Any, Callable[[int], Any]]:
    figure, axes = pyplot.subplots()
    (curve,), title = axes.plot(VALUES[0]), axes.set_title("x")
    axes.set_ylim(-4, 4)

    def update(row: int) -> Any:
        curve.set_ydata(VALUES[row])
        title.set_text(f"row {row}")
        return curve, title

    return figure, update


def legend_and_grid() -> tuple[Any, Callable[[int], Any]]:
    figure, update = line()
    axes = figure.axes[0]
    axes.lines[0].set_label("over the line")
    axes.legend(loc="center")
    axes.grid(visible=True)
    return figure, lambda row: update(row)[:1]


def image_with_grid() -> tuple[Any, Callable[[int], Any]]:
    figure, axes = pyplot.subplots()
    image = axes.imshow(VALUES, vmin=-2, vmax=2)
    figure.colorbar(image)
    axes.grid(visible=True)

    def update(row: int) -> Any:
        image.set_data(np.roll(VALUES, row, 1))
        return (image,)

    return figure, update


def twin_axes() -> tuple[Any, Callable[[int], Any]]:
    figure, axes = pyplot.subplots()
    right = axes.twinx()
    (one,), (two,) = axes.plot(VALUES[0]), right.plot(VALUES[1], "r")
    right.plot(VALUES[2], "k--")

    def update(row: int) -> Any:
        one.set_ydata(VALUES[row])
        two.set_ydata(VALUES[-row])
        return one, two

    return figure, update


def moving_limits() -> tuple[Any, Callable[[int], Any]]:
    figure, update = line()

    def wider(row: int) -> Any:
        figure.axes[0].set_ylim(-row - 1, row + 1)
        return update(row)

    return figure, wider


def cleared_axes() -> tuple[Any, Callable[[int], Any]]:
    figure, axes = pyplot.subplots()

    def update(row: int) -> Any:
        axes.clear()
        return axes.plot(VALUES[row])

    return figure, update


def moved_but_not_returned() -> tuple[Any, Callable[[int], Any]]:
    figure, update = line()
    (other,) = figure.axes[0].plot(VALUES[1])

    def both(row: int) -> Any:
        other.set_ydata(VALUES[-row])
        return update(row)[:1]

    return figure, both


def scatter_below_text() -> tuple[Any, Callable[[int], Any]]:
    figure, axes = pyplot.subplots()
    points = axes.scatter(VALUES[0, :30], VALUES[0, 30:], alpha=0.4)
    axes.text(0, 0, "over the points", zorder=9)

    def update(row: int) -> Any:
        points.set_offsets(np.column_stack([VALUES[row, :30], VALUES[row, 30:]]))
        return (points,)

    return figure, update


def added_later() -> tuple[Any, Callable[[int], Any]]:
    figure, update = line()

    def added(row: int) -> Any:
        if row == 4:
            figure.axes[0].axvline(30, color="k")
        return update(row)

    return figure, added


def turning_view() -> tuple[Any, Callable[[int], Any]]:
    figure = pyplot.figure()
    axes: Any = figure.add_subplot(projection="3d")
    (curve,) = axes.plot(VALUES[0], VALUES[1], VALUES[2])

    def update(row: int) -> Any:
        axes.view_init(30, 6 * row)
        return (curve,)

    return figure, update


def layout_that_follows() -> tuple[Any, Callable[[int], Any]]:
    figure, axes = pyplot.subplots(layout="constrained")
    (curve,), title = axes.plot(VALUES[0]), axes.set_title("")

    def update(row: int) -> Any:
        curve.set_ydata(VALUES[row])
        title.set_text("one more line\n" * (row // 6) + str(row))
        return curve, title

    return figure, update


SETUPS: list[Setup] = [
    line, legend_and_grid, image_with_grid, twin_axes, moving_limits, cleared_axes, moved_but_not_returned,
    scatter_below_text, added_later, turning_view, layout_that_follows,
]  # fmt: skip


class Recorder(AbstractMovieWriter):
    """A writer that keeps what `savefig` draws, each frame in full, shape (height, width, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[np.ndarray] = []

    def setup(self, fig: Any, outfile: Any, dpi: float | None = None) -> None:
        super().setup(fig, outfile, dpi)

    def grab_frame(self, **savefig_kwargs: Any) -> None:
        file = io.BytesIO()
        self.fig.savefig(file, format="rgba", dpi=self.dpi, **savefig_kwargs)
        width, height = self.frame_size
        self.pictures.append(np.frombuffer(file.getvalue(), np.uint8).reshape(height, width, 4)[..., :3])

    def finish(self) -> None: ...


@pytest.fixture(autouse=True)
def _figures_closed() -> Iterator[None]:
    yield
    pyplot.close("all")


def made(setup: Setup, *, blit: bool = True, **options: Any) -> FuncAnimation:
    figure, update = setup()
    return FuncAnimation(
        figure,
        update if blit else lambda row: [None, update(row)][0],
        blit=blit,
        **{"frames": FRAMES, "interval": 50, **options},
    )


def by_matplotlib(animation: Any) -> list[np.ndarray]:
    recorder = Recorder()
    animation.save("unused", writer=recorder)
    return recorder.pictures


def by_us(animation: Any, path: Path, **options: Any) -> list[np.ndarray]:
    """The pictures we draw, read back from lossless files."""
    from PIL import Image

    liveplot_cli.save(animation, f"{path}/frames/", **options)
    return [np.asarray(Image.open(file).convert("RGB")) for file in sorted((path / "frames").iterdir())]


@pytest.mark.parametrize(
    ("setup", "blit"), [*((setup, True) for setup in SETUPS), (line, False), (cleared_axes, False)]
)
def test_every_frame_is_the_one_that_matplotlib_saves(
    setup: Setup, blit: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveplot_cli.jobs.save.SEGMENT", 8)  # from one comparison with a full drawing to the next
    ours = by_us(made(setup, blit=blit, frames=FEW), tmp_path)
    theirs = by_matplotlib(made(setup, blit=blit, frames=FEW))
    assert len(ours) == len(theirs) == FEW
    different = [row for row, (one, two) in enumerate(zip(ours, theirs, strict=True)) if not np.array_equal(one, two)]
    assert not different


def test_what_does_not_move_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    draw = animated._Canvas.draw
    monkeypatch.setattr(animated._Canvas, "draw", lambda self: (drawn.append(None), draw(self))[1])
    liveplot_cli.save(made(line), tmp_path / "film.gif")
    assert len(drawn) < 8  # the first frame, a background, and a comparison with its background for each segment


def test_an_animation_of_artists_is_saved(tmp_path: Path) -> None:
    def artists() -> ArtistAnimation:
        figure, axes = pyplot.subplots()
        return ArtistAnimation(figure, [axes.plot(VALUES[row], "b") for row in range(9)], interval=100, blit=True)

    ours, theirs = by_us(artists(), tmp_path), by_matplotlib(artists())
    assert all(np.array_equal(one, two) for one, two in zip(ours, theirs, strict=True))


def test_a_title_over_the_whole_figure_is_drawn_where_matplotlib_forgets_it(tmp_path: Path) -> None:
    figure = pyplot.figure()
    title = figure.suptitle("")

    def update(row: int) -> Any:
        title.set_text("#" * 20)
        return (title,)

    pictures = by_us(FuncAnimation(figure, update, frames=3, blit=True), tmp_path)
    assert (pictures[2][:50] < 100).any()


def test_the_time_is_the_animations_own_or_what_is_asked(tmp_path: Path) -> None:
    liveplot_cli.save(made(line), tmp_path / "own.gif", tmp_path / "own.mp4")
    assert films.gifsicle(tmp_path / "own.gif").seconds == Fraction(FRAMES, 20)
    assert films.ffprobe(tmp_path / "own.mp4")["nb_read_frames"] == str(FRAMES)
    (file,) = liveplot_cli.save(made(line), tmp_path / "asked.gif", fps=10, dpi=50)
    assert (file.frames, file.seconds, file.size) == (FRAMES, 7, (320, 240))
    assert films.gifsicle(tmp_path / "asked.gif").seconds == 7


def test_a_file_is_the_same_for_any_number_of_jobs_and_by_the_writer(tmp_path: Path) -> None:
    for jobs in (1, 2):
        liveplot_cli.save(made(line), tmp_path / f"{jobs}.gif", jobs=jobs)
    made(line).save(tmp_path / "writer.gif", writer="liveplot")
    one = (tmp_path / "1.gif").read_bytes()
    assert one == (tmp_path / "2.gif").read_bytes()
    assert one == (tmp_path / "writer.gif").read_bytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_function_that_goes_on_from_what_it_did_is_saved_right(jobs: int, tmp_path: Path) -> None:
    figure, axes = pyplot.subplots()
    (curve,) = axes.plot([])
    axes.set(xlim=(0, 130), ylim=(0, 130))
    seen: list[int] = []

    def update(row: int) -> Any:
        seen.append(row)
        curve.set_data(seen, seen)
        return (curve,)

    animation = FuncAnimation(figure, update, frames=130, blit=True, init_func=lambda: (curve,))
    last = by_us(animation, tmp_path, jobs=jobs)[-1]
    curve.set_data(range(130), range(130))
    curve.set_animated(False)
    file = io.BytesIO()
    figure.savefig(file, format="rgba", dpi="figure")
    assert np.array_equal(last, np.frombuffer(file.getvalue(), np.uint8).reshape(480, 640, 4)[..., :3])


def test_a_film_of_unknown_length_ends_with_its_frames(tmp_path: Path) -> None:
    figure, update = line()
    animation = FuncAnimation(figure, update, frames=lambda: iter(range(13)), blit=True, cache_frame_data=False)
    (file,) = liveplot_cli.save(animation, tmp_path / "film.gif")
    assert file.frames == films.gifsicle(tmp_path / "film.gif").images == 13


def test_the_figure_is_as_it_was(tmp_path: Path) -> None:
    animation = made(legend_and_grid)
    figure: Any = animation._fig
    figure.set_facecolor((1, 0, 0, 0.5))
    before = figure.canvas, figure.dpi, figure.get_facecolor()
    liveplot_cli.save(animation, tmp_path / "film.gif", dpi=60)
    assert (figure.canvas, figure.dpi, figure.get_facecolor()) == before
    assert [artist.get_animated() for artist in figure.axes[0].spines.values()] == [False] * 4
    assert films.gif_pictures(tmp_path / "film.gif")[0][0, 0].tolist() == [255, 128, 128]


@pytest.mark.parametrize("save", [liveplot_cli.save, lambda animation, path: animation.save(path, writer="liveplot")])
def test_a_function_that_fails_leaves_nothing(save: Callable[..., Any], tmp_path: Path) -> None:
    figure, update = line()

    def failing(row: int) -> Any:
        if row == 30:
            raise ValueError("row 30")
        return update(row)

    with pytest.raises(ValueError, match="row 30"):
        save(FuncAnimation(figure, failing, frames=40, blit=True), tmp_path / "film.gif")
    assert not list(tmp_path.iterdir())


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    figure, update = line()
    with pytest.raises(UsageError, match="animation"):
        liveplot_cli.save(figure, tmp_path / "film.gif")
    with pytest.raises(UsageError, match="no frame"):
        liveplot_cli.save(
            FuncAnimation(figure, update, frames=iter(()), save_count=5, init_func=lambda: ()), tmp_path / "film.gif"
        )
    with pytest.raises(UsageError, match="quality"):
        liveplot_cli.save(made(line), tmp_path / "film.gif", quality="best")
    with pytest.raises(UsageError, match="facecolor"):
        made(line).save(tmp_path / "film.gif", writer="liveplot", savefig_kwargs={"orientation": "portrait"})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("blit", [True, False])
def test_a_paper_that_changes_is_followed_by_the_writer_too(blit: bool, tmp_path: Path) -> None:
    figure, axes = pyplot.subplots(figsize=(1, 1))
    axes.plot([1, 2])

    def update(row: int) -> Any:
        figure.set_facecolor((0.5, row / 17, 0.2))
        return axes.lines

    FuncAnimation(figure, update, frames=18, blit=blit).save(tmp_path / "film.gif", writer="liveplot")
    shown = [picture[1, 1].tolist() for picture in films.gif_pictures(tmp_path / "film.gif")]
    assert shown == [[128, 15 * row, 51] for row in range(18)]


def test_the_writer_takes_the_paper_that_matplotlib_hands_it(tmp_path: Path) -> None:
    made(line, frames=3).save(tmp_path / "film.gif", writer="liveplot", savefig_kwargs={"facecolor": "#102030"})
    assert films.gif_pictures(tmp_path / "film.gif")[1][0, 0].tolist() == [0x10, 0x20, 0x30]
