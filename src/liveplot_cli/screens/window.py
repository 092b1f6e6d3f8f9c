"""A window of any matplotlib GUI backend."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import FrameType
from typing import Any

from matplotlib import rc_context

from liveplot_cli.charts import Chart
from liveplot_cli.drawing import style
from liveplot_cli.errors import MissingError
from liveplot_cli.history import History
from liveplot_cli.look import Look
from liveplot_cli.player import Player
from liveplot_cli.scene import Scene
from liveplot_cli.signals import Interrupted, handled

HINT = "space pause    ← → Enter row    Home End    + − speed    q quit"

_CURE = (
    "start it where there is a desktop, set DISPLAY, install a GUI toolkit (pip install PySide6-Essentials), "
    "or write a file with 'liveplot render HISTORY -o out.gif'"
)
_LONGEST_WAIT = 0.05  # seconds: a signal and a key are answered within it


def require_display() -> None:
    """Choose matplotlib's backend and refuse one that shows nothing; raises `MissingError` that says what to do."""
    from matplotlib import get_backend, pyplot
    from matplotlib.backends.registry import BackendFilter, backend_registry

    try:
        pyplot.switch_backend(get_backend())
    except ImportError as error:
        raise MissingError(f"there is no window to show the film in ({error}); {_CURE}") from None
    registry: Any = backend_registry
    if get_backend().lower() not in registry.list_builtin(BackendFilter.INTERACTIVE):
        raise MissingError(f"there is no display to open a window on; {_CURE}")


def play(histories: Sequence[History], chart: Chart, look: Look, player: Player) -> None:
    """Show the player's film until the window is closed; raises `Interrupted` for a signal that came meanwhile."""
    from matplotlib import pyplot

    width, height = look.pixels
    with rc_context({"toolbar": "None"}):
        figure = pyplot.figure(
            num=style.legible(", ".join(history.name for history in histories)),
            figsize=(width / look.dpi, height / look.dpi),
            dpi=look.dpi,
        )
    hint = figure.supxlabel(HINT, x=0.01, ha="left", size=8, color=style.muted())
    hint.set_in_layout(False)  # the layout knows how high it is
    shown = _Window(Scene(histories, chart, look, player.positions, figure), player)
    with handled(shown.stop):
        pyplot.show(block=True)
    if shown.signum is not None:
        raise Interrupted(shown.signum)


class _Window:
    """The scene in its window, a timer that plays it and keys that steer it."""

    def __init__(self, scene: Scene, player: Player) -> None:
        self.signum: int | None = None
        self._scene = scene
        self._player = player
        canvas: Any = scene.figure.canvas
        self._canvas = canvas
        self._timer = canvas.new_timer(interval=1)
        self._timer.single_shot = True
        self._keys = player.keys()
        self._drawing = False
        self._started = self._ended = False
        # matplotlib's own keys would zoom, save and toggle axes.
        canvas.mpl_disconnect(canvas.manager.key_press_handler_id)
        canvas.mpl_connect("key_press_event", self._press)
        canvas.mpl_connect("resize_event", lambda _: scene.fix_layout())
        canvas.mpl_connect("draw_event", lambda _: self._draw())
        canvas.mpl_connect("close_event", lambda _: self._end())
        self._timer.add_callback(self._tick)

    def stop(self, signum: int, _: FrameType | None) -> None:
        """Answer a signal: remember it and let the timer close the window, for a GUI swallows exceptions."""
        self.signum = signum

    def _tick(self) -> None:
        if self.signum is not None:
            self._close()
            return
        before = self._player.number
        self._player.tick(time.monotonic())
        if self._player.number != before:
            self._draw()
        if self._closed:
            return
        self._timer.interval = max(1, round(1000 * self._wait()))
        self._timer.start()

    def _wait(self) -> float:
        if not self._player.playing:
            return _LONGEST_WAIT
        return min(_LONGEST_WAIT, self._player.wait(time.monotonic()))

    def _press(self, event: Any) -> None:
        if event.key == "q":
            self._close()
        elif event.key in self._keys:
            self._keys[event.key]()
            self._draw()

    def _draw(self) -> None:
        """Draw the player's position; matplotlib's own drawings, which lack what moves, call this to complete them."""
        if self._drawing or self._closed:
            return
        self._drawing = True
        try:
            self._scene.draw(self._player.position)
            self._canvas.blit(self._scene.figure.bbox)
        finally:
            self._drawing = False
        if not self._started and not self._closed:  # the film begins when the window is there to be seen
            self._started = True
            self._timer.start()

    @property
    def _closed(self) -> bool:
        """Whether the window has gone: matplotlib takes the figure's canvas away some time before it says so."""
        return self._ended or self._scene.figure.canvas is not self._canvas

    def _close(self) -> None:
        from matplotlib import pyplot

        self._end()
        pyplot.close(self._scene.figure)

    def _end(self) -> None:
        """Draw no more: events that were under way when the window closed find no canvas."""
        self._ended = True
        self._timer.stop()
