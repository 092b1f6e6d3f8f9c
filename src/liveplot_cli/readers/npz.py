"""NumPy's `.npz`: a zip archive of arrays, each a `.npy`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from liveplot_cli.errors import DataError, LiveplotError, UsageError, listed, quoted
from liveplot_cli.option import option

# numpy and zipfile are imported where they are used: the command line reads this file for its help.
if TYPE_CHECKING:
    from zipfile import ZipFile

    from liveplot_cli.history import History
    from liveplot_cli.input import Input
    from liveplot_cli.selection import Selection


@dataclass(frozen=True)
class Npz:
    """An archive of arrays, one of which is the history."""

    suffixes: ClassVar[tuple[str, ...]] = (".npz",)

    key: str | None = option(
        None,
        "--key",
        group="Reading",
        metavar="NAME",
        parse=str,
        shown="the only one",
        help="Array of an .npz file to read.",
    )

    @classmethod
    def recognizes(cls, start: bytes) -> bool:
        """Whether a file is one, by its first bytes."""
        return start.startswith(b"PK\x03\x04")

    def read(self, source: Input, selection: Selection) -> History:
        """The array as a history; nothing in the archive is executed or unpacked to a file.

        Raises `UsageError` where it must be said which array, and `DataError` for an archive that can't be used.
        """
        import io
        from zipfile import ZipFile

        from liveplot_cli.formats import npy_format
        from liveplot_cli.history import History

        if not source.start:
            raise DataError("the file is empty")
        stream = source.stream if source.path is not None else io.BytesIO(source.whole())
        try:
            with ZipFile(stream) as archive, archive.open(self._member(archive)) as member:
                header = npy_format.read_header(member)
                numbers = npy_format.read_numbers(header, source, member)
        except (LiveplotError, MemoryError):
            raise
        except NotImplementedError:
            raise DataError("its arrays are compressed in a way that Python does not know; save them again") from None
        except RuntimeError:  # what zipfile says of a password
            raise DataError("its arrays are encrypted; save them without a password") from None
        except Exception as error:  # of zipfile, and of whatever has compressed the array
            raise DataError(f"this is not a readable .npz file ({type(error).__name__}); was it cut short?") from None
        return selection.pick_columns(History(numbers))

    def _member(self, archive: ZipFile) -> str:
        """The file in the archive that is the array asked for, or the only one."""
        members = {name.removesuffix(".npy"): name for name in archive.namelist()}
        if not members:
            raise DataError("there is no array in it")
        if self.key is None and len(members) == 1:
            return next(iter(members.values()))
        if self.key in members:
            return members[self.key]
        if self.key is None:
            raise UsageError(f"it holds several arrays, {listed(members)}", cure=("key", next(iter(members))))
        raise UsageError(f"there is no array {quoted(self.key)} in it; it holds {listed(members)}")
