"""A window of any matplotlib GUI backend."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from types import FrameType
from typing import Any, TypeVar

from matplotlib import rc_context

from liveplot_cli.drawing import style
from liveplot_cli.drawing.controls import HEIGHT, Controls
from liveplot_cli.errors import MissingError
from liveplot_cli.screening import Screening
from liveplot_cli.signals import Interrupted, handled

_CURE = (
    "start it where there is a desktop, set DISPLAY, install a GUI toolkit (pip install PySide6-Essentials), "
    "or write a file with 'liveplot render HISTORY -o out.gif'"
)
_HINT = "? keys"
_Answer = TypeVar("_Answer", bound=Callable[..., None])


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


def play(screening: Screening) -> None:
    """Show what is screened until the window is closed; raises `Interrupted` for a signal that came meanwhile.

    It is drawn in the screening's looks, and whatever goes wrong in the window is raised when that is closed.
    """
    from matplotlib import pyplot

    look = screening.look
    width, height = look.pixels
    with style.applied(look):
        with rc_context({"toolbar": "None"}):
            figure = pyplot.figure(
                num=style.legible(screening.name),
                figsize=(width / look.dpi, height / look.dpi + HEIGHT),
                dpi=look.dpi,
            )
        screening.build(look, figure, below=HEIGHT)
        shown = _Window(screening)
        with handled(shown.stop):
            pyplot.show(block=True)
        with suppress(Exception):  # a window that was destroyed from outside can't be closed, nor when Python ends
            pyplot.close(figure)
    if shown.signum is not None:
        raise Interrupted(shown.signum)
    if shown.error is not None:
        raise shown.error


def _answer(method: _Answer) -> _Answer:
    """A method that answers an event: toolkits print what it raises, and go on."""

    @wraps(method)
    def answered(window: _Window, *event: Any) -> None:
        try:
            method(window, *event)
        except Exception as error:
            window.error = window.error or error
            window.close()

    return answered  # type: ignore[return-value]


class _Window:
    """The scene and its controls in a window, a timer that plays it, keys and a mouse that steer it."""

    def __init__(self, screening: Screening) -> None:
        self.signum: int | None = None
        self.error: Exception | None = None
        self._screening = screening
        self._figure = screening.scene.figure
        self._controls = Controls(self._figure)
        canvas: Any = self._figure.canvas
        self._canvas = canvas
        self._timer = canvas.new_timer(interval=1)
        self._timer.single_shot = True
        self._drawing = self._sliding = False
        self._started = self._ended = False
        # matplotlib's own keys would zoom, save and toggle axes.
        canvas.mpl_disconnect(canvas.manager.key_press_handler_id)
        for event, answer in (
            ("key_press_event", self._press),
            ("button_press_event", self._grasp),
            ("motion_notify_event", self._slide),
            ("button_release_event", self._let_go),
            ("resize_event", self._resize),
            ("draw_event", self._complete),
            ("close_event", self._end),
        ):
            canvas.mpl_connect(event, answer)
        self._timer.add_callback(self._tick)

    def stop(self, signum: int, _: FrameType | None) -> None:
        """Answer a signal: remember it and let the timer close the window, for a GUI swallows exceptions."""
        self.signum = signum

    def close(self) -> None:
        """Close the window."""
        from matplotlib import pyplot

        self._end()
        pyplot.close(self._figure)

    @_answer
    def _tick(self) -> None:
        if self.signum is not None:
            self.close()
            return
        if self._screening.refresh(time.monotonic()):
            self._draw()
        if not self._closed:
            self._timer.interval = max(1, round(1000 * self._screening.wait(time.monotonic())))
            self._timer.start()

    @_answer
    def _press(self, event: Any) -> None:
        if event.key == "q":
            self.close()
        elif event.key and self._screening.press(event.key):
            self._controls.show_keys(self._screening.keys() if self._screening.lists_keys else [])
            self._draw()

    @_answer
    def _grasp(self, event: Any) -> None:
        if event.button == 1 and self._controls.place(event.x, event.y) is not None:
            self._sliding = True
            self._slide(event)

    @_answer
    def _slide(self, event: Any) -> None:
        if self._sliding:
            self._screening.seek(self._controls.place(event.x, event.y, held=True) or 0.0)
            self._draw()

    def _let_go(self, _: Any) -> None:
        self._sliding = False

    @_answer
    def _resize(self, _: Any) -> None:
        if not self._closed:
            self._screening.scene.fix_layout()
            self._controls.show_keys(self._screening.keys() if self._screening.lists_keys else [])

    @_answer
    def _complete(self, _: Any) -> None:
        """Complete matplotlib's own drawings, which lack what moves, before the toolkit shows them."""
        self._draw(blit=False)

    def _draw(self, *, blit: bool = True) -> None:
        if self._drawing or self._closed:
            return
        self._drawing = True
        screening = self._screening
        try:
            left = "  ·  ".join(filter(None, (screening.when, screening.where)))
            right = screening.note or f"{screening.how}  ·  {_HINT}"
            screening.draw(self._controls.artists(screening.place, screening.section, left, right))
            if blit:
                self._canvas.blit(self._figure.bbox)
        finally:
            self._drawing = False
        if not self._started and not self._closed:  # the film begins when the window is there to be seen
            self._started = True
            self._timer.start()

    @property
    def _closed(self) -> bool:
        """Whether the window has gone: matplotlib takes the figure's canvas away some time before it says so."""
        return self._ended or self._figure.canvas is not self._canvas

    def _end(self, _: Any = None) -> None:
        """Draw no more: events that were under way when the window closed find no canvas."""
        self._ended = True
        self._timer.stop()
