"""What `liveplot serve` is asked for: where it listens, where it keeps runs, who may read, how much there may be."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liveplot_cli.errors import UsageError, quoted
from liveplot_cli.limits import count, size
from liveplot_cli.option import option

if TYPE_CHECKING:
    from pathlib import Path

LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))
PORT = 8000
_LEAST_STORE = 1 << 20  # bytes


def address(text: str) -> str:
    """An address to listen on; one of IPv6 may stand in brackets, as in a URL."""
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def port(text: str) -> int:
    """A port, 0 for one that is free."""
    if not (text.isascii() and text.isdigit() and int(text) < 1 << 16):
        raise ValueError(f"{quoted(text)} is not a port from 0 to 65535")
    return int(text)


def host_name(text: str) -> str:
    """A name, perhaps with a port, as a browser would send it."""
    if not text or not text.isascii() or any(character in text for character in " /@?#\\") or not text.isprintable():
        raise ValueError(f"{quoted(text)} is not a host such as plots.example.org or localhost:9000")
    return text.lower()


def store_address(text: str) -> str:
    """The address of a store that is no file of ours."""
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError(f"{quoted(text)} is no address such as postgresql://user@host/database")
    return text


def default_folder() -> Path:
    """Where runs are kept by themselves: this user's own data (XDG base directory specification)."""
    from pathlib import Path

    home = os.environ.get("XDG_DATA_HOME", "")
    base = Path(home) if Path(home).is_absolute() else Path("~/.local/share").expanduser()
    return base / "liveplot"


@dataclass(frozen=True)
class Serving:
    """Where the service listens, what it keeps, and for whom."""

    host: str = option(
        "127.0.0.1", "--host", group="Work", metavar="ADDRESS", parse=address,
        help="Address to listen on; any other than this machine's own asks readers for the token, too.",
    )  # fmt: skip
    port: int = option(
        PORT, "--port", group="Work", metavar="N", parse=port, help="Port to listen on; 0 takes one that is free."
    )
    folder: str | None = option(
        None, "--folder", group="Work", metavar="DIR", parse=str, shown="~/.local/share/liveplot",
        help="Where runs and the token are kept.",
    )  # fmt: skip
    store: str = option(
        "", "--store", group="Work", metavar="URL", parse=store_address, shown="a SQLite file in the folder",
        help="Where rows are kept instead: postgresql://… for several servers of the same runs.",
    )  # fmt: skip
    token_file: str | None = option(
        None, "--token-file", group="Work", metavar="FILE", parse=str, shown="token in the folder",
        help="File with the token that writers must know; the variable LIVEPLOT_TOKEN goes before it.",
    )  # fmt: skip
    public_read: bool = option(
        False, "--public-read", group="Work", shown="", help="Let anyone who reaches the address read, without a token."
    )
    allow_host: tuple[str, ...] = option(
        (), "--allow-host", group="Work", metavar="HOST", parse=host_name, many=True, shown="this machine's own",
        help="A name by which browsers may call the service, as behind a proxy; repeat it for several.",
    )  # fmt: skip
    max_runs: int = option(
        1_000, "--max-runs", group="Work", metavar="N", parse=count, shown="1,000", help="Most runs that are kept."
    )
    max_rows: int = option(
        1_000_000, "--max-rows", group="Work", metavar="N", parse=count, shown="1,000,000",
        help="Most rows that a run may have.",
    )  # fmt: skip
    max_store: int = option(
        10 << 30, "--max-store", group="Work", metavar="SIZE", parse=size, shown="10G",
        help="Most bytes that the SQLite file may take.",
    )  # fmt: skip
    max_viewers: int = option(
        200, "--max-viewers", group="Work", metavar="N", parse=count,
        help="Most viewers that follow runs at once, and a tenth of them, but 20 at least, one run.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        if "\0" in self.host or not self.host:
            raise UsageError(f"host: {quoted(self.host)} is no address")
        if self.max_store < _LEAST_STORE:
            raise UsageError(f"max_store: a store takes {_LEAST_STORE >> 20}M at least")

    @property
    def place(self) -> Path:
        """The folder of runs and the token."""
        from pathlib import Path

        return Path(self.folder) if self.folder else default_folder()

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches the address."""
        return self.host in LOOPBACK or self.host.startswith("127.")
