"""`animation.save("film.gif", writer="liveplot")`: import this module, and matplotlib knows the writer.

`liveplot_cli.save` does the same and can use several processes; this is for scripts that choose a writer by its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from matplotlib.animation import AbstractMovieWriter, writers
from matplotlib.colors import to_rgba

from liveplot_cli import timing
from liveplot_cli.animated import drawn_here
from liveplot_cli.errors import UsageError
from liveplot_cli.write import SEGMENT, filming, targets

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@writers.register("liveplot")
class LiveplotWriter(AbstractMovieWriter):
    """Writes what `Animation.save` hands it, whole or not at all; `options` are those of the file's format."""

    def __init__(self, fps: float = 5, metadata: dict[str, str] | None = None, **options: object) -> None:
        super().__init__(fps, metadata=metadata)  # type: ignore[arg-type]  # any rate will do
        self._rate = timing.rate(str(fps))
        self._options = options
        self._open = ExitStack()

    @classmethod
    def isAvailable(cls) -> bool:  # noqa: N802 - the name that matplotlib asks for
        """Always: nothing else needs to be installed."""
        return True

    def _supports_transparency(self) -> bool:
        """So it tells matplotlib, which would else hold the paper at the colour it has at the beginning."""
        return True

    @contextmanager
    def saving(self, fig: Figure, outfile: Any, dpi: float | None = None, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Write the frames that the block grabs; nothing is written where it fails."""
        with self._open:
            self.setup(fig, outfile, dpi, *args, **kwargs)
            yield self

    def setup(self, fig: Figure, outfile: Any, dpi: float | None = None) -> None:
        """Begin a film of this figure."""
        super().setup(fig, outfile, dpi)
        found = targets([outfile], self._options)
        self._animated = self._open.enter_context(drawn_here(fig, dpi))
        self._film = self._open.enter_context(
            filming(found, self._animated.size, self._animated.paper, self._rate, None, self._options)
        )
        self._frames = 0

    def grab_frame(self, **savefig_kwargs: Any) -> None:
        """Take the figure as it stands for the next frame."""
        color = savefig_kwargs.pop("facecolor", None)
        if savefig_kwargs.pop("transparent", False) or savefig_kwargs:
            raise UsageError("the writer takes facecolor for savefig, and nothing else")
        if color is not None and to_rgba(color) != to_rgba(self.fig.get_facecolor()):
            self.fig.set_facecolor(color)
        pixels = self._animated.pixels(self._animated.moving() or None, verify=self._frames % SEGMENT == 0)
        self._film.add(pixels)
        self._frames += 1

    def finish(self) -> None:
        """Put the film in its place, where `setup` was called by hand."""
        self._open.close()
