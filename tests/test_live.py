"""A plot in a notebook: in a real kernel, of which every message is looked at, and in this process."""

from __future__ import annotations

import base64
import io
import logging
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

import imageio.v3 as imageio
import numpy as np
import pytest

import liveplot_cli
from liveplot_cli import DataError, History, UsageError, notebook
from liveplot_cli.formats.png_chunks import png
from liveplot_cli.notebook import Live

PATIENCE = 60.0  # seconds
PLAIN = {"size": "200x150", "dpi": 50}  # small pictures, soon drawn


def picture(data: dict[str, Any]) -> np.ndarray:
    return imageio.imread(io.BytesIO(base64.b64decode(data["image/png"])))


def rendered(folder: Path, history: History, **options: object) -> np.ndarray:
    """What `render` draws of the last row."""
    liveplot_cli.render(history, folder / "last.png", at="last", **options)
    return imageio.imread(folder / "last.png")


# --- in a kernel ------------------------------------------------------------------------------------------------------


@dataclass
class Cell:
    """What a cell that was run has sent."""

    displays: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    said: str = ""
    error: str = ""

    @property
    def ids(self) -> list[str]:
        return [identity for kind, identity, _, _ in self.displays if kind == "display_data"]

    def pictures(self, identity: str) -> list[dict[str, Any]]:
        return [data for _, other, data, _ in self.displays if other == identity]


class Kernel:
    """A notebook's kernel, as Jupyter starts it."""

    def __init__(self, folder: Path) -> None:
        from jupyter_client.manager import KernelManager

        self.manager = KernelManager(kernel_name="python3", connection_file=str(folder / "kernel.json"))
        self.manager.start_kernel(env=os.environ | {"IPYTHONDIR": str(folder)}, cwd=str(folder))
        self._client = self.manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=PATIENCE)

    def run(self, code: str, *, interrupt_when: str = "\0") -> Cell:
        """Run a cell, and press the button that interrupts it when it has said something."""
        question, cell = self._client.execute(code), Cell()
        while True:
            message = self._client.get_iopub_msg(timeout=PATIENCE)
            kind, content = message["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") != question:
                continue
            if kind in ("display_data", "update_display_data"):
                cell.displays.append((kind, content["transient"]["display_id"], content["data"], content["metadata"]))
            elif kind == "stream":
                cell.said += content["text"]
                if interrupt_when in content["text"]:
                    self.manager.interrupt_kernel()
            elif kind == "error":
                cell.error = content["ename"]
            elif kind == "status" and content["execution_state"] == "idle":
                return cell

    def end(self) -> None:
        self._client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    kernel = Kernel(tmp_path_factory.mktemp("kernel"))
    try:
        yield kernel
    finally:
        kernel.end()


def test_a_plot_is_one_output_of_a_notebook_that_is_updated_in_place(kernel: Kernel, tmp_path: Path) -> None:
    cell = kernel.run("""
import sys, matplotlib, liveplot_cli
before = dict(matplotlib.rcParams)
with liveplot_cli.live(title="digits", theme="dark") as plot:
    for step in range(40):
        plot(step=step, loss=1 / (1 + step))
        if step % 10 == 0:
            plot.draw()
print(dict(matplotlib.rcParams) == before, "matplotlib.pyplot" in sys.modules)
""")
    assert (cell.error, cell.said) == ("", "True False\n")
    [identity] = cell.ids
    assert cell.displays[0][:2] == ("display_data", identity)
    assert {(kind, other) for kind, other, _, _ in cell.displays[1:]} == {("update_display_data", identity)}
    pictures = cell.pictures(identity)
    assert len(pictures) >= 6
    assert pictures[-1]["text/plain"] == "<Live plot of 40 rows>"
    assert {metadata["image/png"]["width"] for _, _, _, metadata in cell.displays} == {640}
    drawn = [picture(data) for data in pictures]
    assert {one.shape for one in drawn} == {(960, 1280, 3)}
    assert not np.array_equal(drawn[0], drawn[-1])
    history = History([[1 / (1 + step)] for step in range(40)], columns=["loss"], index=range(40), index_name="step")
    assert np.array_equal(drawn[-1], rendered(tmp_path, history, title="digits", theme="dark", dpi=200))


def test_plots_in_nested_loops_are_an_output_each_in_the_order_of_their_first_rows(kernel: Kernel) -> None:
    cell = kernel.run("""
import liveplot_cli
with liveplot_cli.live(title="all", size="200x150") as outer:
    for run in range(2):
        with liveplot_cli.live(title="one", size="200x150") as inner:
            for step in range(3 + run):
                inner(step=step, loss=run)
        outer(run=run, loss=run)
""")
    assert cell.error == ""
    words = [cell.pictures(identity)[-1]["text/plain"] for identity in cell.ids]
    assert words == ["<Live plot of 3 rows>", "<Live plot of 2 rows>", "<Live plot of 4 rows>"]


@pytest.mark.parametrize("end", ["raise RuntimeError('stop')", "time.sleep(600)"])
def test_the_last_picture_is_shown_when_the_block_ends_early(kernel: Kernel, tmp_path: Path, end: str) -> None:
    cell = kernel.run(
        f"""
import time, liveplot_cli
with liveplot_cli.live() as plot:
    plot(loss=3.0)
    plot._due = time.monotonic() + 600
    for loss in (2.0, 1.0):
        plot(loss=loss)
    print("waiting", flush=True)
    {end}
""",
        interrupt_when="waiting" if "sleep" in end else "\0",
    )
    assert cell.error == ("KeyboardInterrupt" if "sleep" in end else "RuntimeError")
    [identity] = cell.ids
    first, last = cell.pictures(identity)
    assert (first["text/plain"], last["text/plain"]) == ("<Live plot of 1 row>", "<Live plot of 3 rows>")
    history = History([[3.0], [2.0], [1.0]], columns=["loss"], name="live")
    assert np.array_equal(picture(last), rendered(tmp_path, history, dpi=200))


# --- where there is no notebook ---------------------------------------------------------------------------------------

SCRIPT = """
import liveplot_cli
for _ in range(2):
    with liveplot_cli.live(title="digits") as plot:
        for step in range(3):
            plot(step=step, loss=step)
        plot.draw()
plot.save("film.gif")
print(plot, plot.history.values.tolist())
"""


@pytest.mark.parametrize("program", [[sys.executable], [sys.executable, "-m", "IPython", "--no-banner"]], ids=len)
def test_a_script_shows_nothing_says_so_once_and_does_all_else(tmp_path: Path, program: Sequence[str]) -> None:
    env = os.environ | {"IPYTHONDIR": str(tmp_path)}
    done = subprocess.run(
        [*program, "-c", SCRIPT], capture_output=True, text=True, cwd=tmp_path, env=env, check=True, timeout=PATIENCE
    )
    assert done.stdout == "<Live plot of 3 rows> [[0.0], [1.0], [2.0]]\n"
    [line] = done.stderr.splitlines()
    assert "no notebook" in line
    assert "liveplot show" in line
    assert (tmp_path / "film.gif").exists()


# --- in this process --------------------------------------------------------------------------------------------------


class Shown:
    """What stands in for the notebook."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.pictures: list[np.ndarray] = []

    def __call__(self, data: dict[str, Any], **_: object) -> Shown:
        self.update(data)
        return self

    def update(self, data: dict[str, Any], **_: object) -> None:
        self.words.append(data["text/plain"])
        self.pictures.append(picture(data))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    shown = Shown()
    monkeypatch.setattr(notebook, "_notebook", lambda: shown)
    return shown


@pytest.fixture
def plot(monkeypatch: pytest.MonkeyPatch) -> Live:
    """One that shows nothing."""
    monkeypatch.setattr(notebook, "_notebook", lambda: None)
    return liveplot_cli.live()


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_pictures_are_drawn_when_there_is_time_and_at_the_end(shown: Shown) -> None:
    with liveplot_cli.live(**PLAIN) as plot:
        plot(loss=3)
        plot._due = math.inf
        for loss in range(100):
            plot(loss=loss)
        assert shown.words == ["<Live plot of 1 row>"]
        plot._due = 0
        plot(loss=3)
        plot._due = math.inf
        plot(loss=3)
    plot.close()
    assert shown.words == [f"<Live plot of {rows}>" for rows in ("1 row", "102 rows", "103 rows")]


@pytest.mark.parametrize(
    ("takes", "plots", "least", "most"), [(0.03, 1, 50, 100), (0.001, 1, 110, 190), (0.03, 2, 25, 50)]
)
def test_pictures_take_their_share_of_the_time_and_are_no_more_than_can_be_seen(
    takes: float, plots: int, least: int, most: int
) -> None:
    """In ten seconds of a loop whose calls take a millisecond."""
    share, now, due, drawn = notebook._Share(0), 0.0, 0.0, 0
    while now < 10:
        now += 0.001
        if now >= due:
            due = share.spend(now, now + takes, plots=plots)
            now += takes
            drawn += 1
    assert least <= drawn <= most
    assert drawn * takes * plots <= 10 / 4 + 2 / 4 + takes * plots


def test_after_a_pause_several_calls_in_a_row_are_each_drawn() -> None:
    share, due = notebook._Share(0), 0.0
    for number in range(4):
        assert due <= 100 + number / 10
        due = share.spend(100 + number / 10, 100.05 + number / 10, plots=1)


class Scalar:
    """A number of a library that has its own."""

    def __float__(self) -> float:
        return 0.25

    def __repr__(self) -> str:
        return "Scalar()"


@pytest.mark.parametrize(
    "value", [0.25, Scalar(), np.float32(0.25), np.float64(0.25), np.array(0.25), np.array([[0.25]])], ids=repr
)
def test_a_value_is_whatever_is_a_number(plot: Live, value: object) -> None:
    plot(loss=value, right=True)
    assert plot.history.values.tolist() == [[0.25, 1]]


def test_rows_are_named_values_mappings_lists_or_a_value(plot: Live) -> None:
    plot({"val/loss": 1}, acc=2)
    plot({"acc": 3, "val/loss": None})
    plot(acc=math.inf, later=10**400)
    plot(later=5)
    assert plot.history.columns == ("val/loss", "acc", "later")
    nan = math.nan
    assert np.array_equal(
        plot.history.values, [[1, 2, nan], [nan, 3, nan], [nan, nan, nan], [nan, nan, 5]], equal_nan=True
    )
    lists = liveplot_cli.live()
    for row in ([1, 2], np.array([3.0, 4]), (5,), 6):
        lists(row)
    assert np.array_equal(lists.history.values, [[1, 2], [3, 4], [5, nan], [6, nan]], equal_nan=True)
    assert lists.history.columns == ("0", "1")


def test_steps_dates_and_words_label_the_rows(plot: Live) -> None:
    for step in range(3):
        plot(step=step, loss=step)
    assert (plot.history.index_name, plot.history.labels.tolist()) == ("step", [0, 1, 2])
    dates, words = liveplot_cli.live(), liveplot_cli.live()
    for day in (date(2024, 3, 9), np.datetime64("2024-03-10"), "2024-03-11"):
        dates(day=day, loss=1)
        words([f"day {day}", 1.5])
    assert dates.history.labels.astype("M8[D]").tolist() == [date(2024, 3, day) for day in (9, 10, 11)]
    assert (dates.history.index_name, dates.history.columns) == ("day", ("loss",))
    assert words.history.labels.tolist() == [f"day 2024-03-{day}" for day in ("09", "10", "11")]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"loss": [1, 2]}, "'loss' is no number"),
        ({"loss": 1, "acc": "high"}, "'acc' is no number but 'high'; a text"),
        ({"loss": 1j}, "'loss' is no number"),
        ({"day": "Monday"}, "no number"),
        ({"day": "Monday", "loss": 1}, "in every row"),
    ],
    ids=str,
)
def test_what_is_no_row_is_refused_and_nothing_of_it_is_kept(plot: Live, row: dict[str, object], sentence: str) -> None:
    plot(loss=1)
    with pytest.raises(UsageError, match=sentence):
        plot(**row)
    with pytest.raises(UsageError, match="a list of values or has names"):
        plot([1], loss=2)
    assert plot.history.values.tolist() == [[1]]


def test_a_row_without_values_is_told_and_one_after_the_end_refused(
    plot: Live, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(DataError, match="no rows yet"):
        _ = plot.history
    with plot:
        plot()
        plot({})
    assert warned(caplog) == ["a row without values is left out"]
    with pytest.raises(UsageError, match="after the end"):
        plot(loss=1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"colour": "red"}, "no option 'colour'"),
        ({"kind": "pie"}, "no kind 'pie'"),
        ({"fps": 5}, "belongs to timing"),
        ({"kind": "line", "bins": 5}, "belongs to hist"),
        ({"rows": "1:"}, "is whole"),
        ({"window": 1}, "from 2 on"),
        ({"label": "a,b"}, "a live plot has one"),
        ({"theme": "dusk"}, "no theme"),
        ({"size": "9x99999"}, "more than 16,384"),
    ],
    ids=str,
)
def test_an_option_that_makes_no_sense_is_refused_before_there_is_a_row(
    plot: Live, options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(liveplot_cli.LiveplotError, match=sentence):
        liveplot_cli.live(**options)


def test_a_window_keeps_the_last_rows_alone(shown: Shown) -> None:
    for kind in ("trace", "hist"):
        with liveplot_cli.live(kind=kind, window=50, **PLAIN) as plot:
            for step in range(30_000):
                plot(step=step, loss=step)
                plot._due = math.inf
        assert plot.history.labels.tolist() == list(range(29_950, 30_000))
        assert repr(plot) == "<Live plot of 30,000 rows>"
        assert plot._rows._rows.size < 100_000


def test_a_kind_for_lists_shows_the_row_itself(shown: Shown, tmp_path: Path) -> None:
    with liveplot_cli.live(kind="line", transparent=True, label="weights", **PLAIN) as plot:
        for row in range(3):
            plot(np.arange(20.0) + row)
            plot.draw()
    history = History(np.arange(20) + np.arange(3)[:, None], name="weights")
    assert np.array_equal(shown.pictures[-1], rendered(tmp_path, history, kind="line", transparent=True, **PLAIN))
    assert (shown.pictures[-1][..., 3] == 0).any()


def test_gaps_alone_are_no_picture_until_there_is_a_number(shown: Shown, caplog: pytest.LogCaptureFixture) -> None:
    with liveplot_cli.live(**PLAIN) as plot:
        plot(loss=None)
        plot.draw()
        assert shown.words == []
        plot(loss=1)
        plot.draw()
        assert shown.words[-1] == "<Live plot of 2 rows>"
    assert warned(caplog) == []
    with liveplot_cli.live(**PLAIN) as plot:
        plot(loss=math.nan)
    [told] = warned(caplog)
    assert "no finite value" in told


def test_a_column_that_comes_later_takes_its_place_in_the_picture(shown: Shown, tmp_path: Path) -> None:
    with liveplot_cli.live(**PLAIN) as plot:
        for step in range(20):
            plot(step=step, loss=20 - step)
            if step % 5 == 4:
                plot(step=step, val_loss=step)
                plot.draw()
    assert plot.history.columns == ("loss", "val_loss")
    assert np.array_equal(shown.pictures[-1], rendered(tmp_path, plot.history, **PLAIN))


def test_what_cannot_be_drawn_for_now_is_told_and_drawn_when_it_can_be(
    shown: Shown, caplog: pytest.LogCaptureFixture
) -> None:
    with liveplot_cli.live(kind="scatter", **PLAIN) as plot:
        for _ in range(3):
            plot(x=1)
            plot.draw()
        assert shown.words == []
        plot(y=1)
        plot.draw()
        assert set(shown.words) == {"<Live plot of 4 rows>"}
    [told] = warned(caplog)
    assert told.startswith("there is no picture for now: live: points take two columns each")


def test_an_option_that_makes_no_sense_for_the_rows_is_refused_at_the_first(
    shown: Shown, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UsageError, match="takes no ylim"), liveplot_cli.live(kind="race", ylim="0,1", **PLAIN) as plot:
        plot(a=1, b=2)
    with pytest.raises(UsageError, match="belongs to hist"), liveplot_cli.live(bins=5, **PLAIN) as plot:
        plot(loss=1)
    assert (shown.words, warned(caplog)) == ([], [])


def test_a_fault_after_the_first_picture_stops_pictures_and_no_loop(
    shown: Shown, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renew(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(notebook.Scene, "renew", renew)
    with liveplot_cli.live(**PLAIN) as plot:
        for loss in range(4):
            plot(loss=loss)
            plot.draw()
    assert shown.words == ["<Live plot of 1 row>", "<Live plot of 4 rows>"]
    assert warned(caplog) == ["the plot is drawn no more until its end: ValueError('odd')"]


def test_what_there_is_to_say_of_the_data_is_said_once(shown: Shown, caplog: pytest.LogCaptureFixture) -> None:
    with liveplot_cli.live(logy=True, **PLAIN) as plot:
        for value in (3, 0, 2, -1, 1):
            plot(loss=value)
            plot.draw()
    assert len(shown.pictures) > 5
    [told] = warned(caplog)
    assert "2 values are not above zero" in told


def test_a_call_does_not_wait_while_another_picture_is_drawn(shown: Shown) -> None:
    with liveplot_cli.live(**PLAIN) as plot:
        with notebook._drawing:
            plot(loss=1)
        assert shown.words == []
        plot(loss=1)
    assert shown.words[-1] == "<Live plot of 2 rows>"


def test_threads_share_a_plot_and_no_row_is_lost(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "_MOST_WAITING", 100)
    with liveplot_cli.live(**PLAIN) as plot:
        threads = [Thread(target=lambda: [plot(loss=1) for _ in range(2000)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert plot.history.values.tolist() == [[1]] * 8000
    assert shown.words[-1] == "<Live plot of 8,000 rows>"


def test_rows_that_memory_has_no_room_for_end_no_loop(
    shown: Shown, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook, "_MOST_WAITING", 100)
    with liveplot_cli.live(max_memory="64K", **PLAIN) as plot:
        for loss in range(20_000):
            plot(loss=loss)
            plot._due = math.inf
    assert len(plot.history) > 1000
    [told] = warned(caplog)
    assert "window='10000'" in told


def test_in_a_forked_process_calls_do_nothing(shown: Shown) -> None:
    plot = liveplot_cli.live(**PLAIN)
    plot(loss=1)
    plot._process = -1
    plot(loss=1)
    plot.draw()
    plot.close()
    assert (shown.words, len(plot.history)) == (["<Live plot of 1 row>"], 1)


def test_the_film_of_the_rows_so_far_is_saved(shown: Shown, tmp_path: Path) -> None:
    with liveplot_cli.live(window=5, columns="loss", title="a", **PLAIN) as plot:
        for step in range(7):
            plot(step=step, loss=step, acc=2)
        [film] = plot.save(tmp_path / "film.gif", fps=10)
        assert (film.frames, film.size, float(film.seconds)) == (5, (100, 75), 0.5)
        plot.save(tmp_path / "hist.png", kind="hist", at="first", dpi=100)
    assert imageio.imread(tmp_path / "hist.png").shape == (150, 200, 3)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_png_holds_the_very_pixels(channels: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (37, 53, channels), np.uint8)
    assert np.array_equal(imageio.imread(io.BytesIO(png(pixels))), pixels)
