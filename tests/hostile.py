"""Hostile surroundings that are real: other users, small and closed file systems, system calls that fail."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from conftest import wave_matrix
from faults import OLD, Place

NOBODY = 65534
# Everything is loaded while we may still read it: the virtual environment may lie where nobody else can.
AS_NOBODY = f"""
import os, resource, liveplot_cli, liveplot_cli.cli
for format in ("gif", "html", "mp4", "webp"):
    liveplot_cli.render([[1.0, 2.0], [3.0, 4.0]], "/dev/null", format=format, size="320x214", dpi=30, jobs=1)
os.setgroups([]), os.setresgid({NOBODY}, {NOBODY}, {NOBODY}), os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
"""


def history(place: Place, rows: int = 12, old: str = "") -> None:
    """A history `h.npy` in the place's folder, and a file that stands there already."""
    np.save(place.folder / "h.npy", wave_matrix(rows, 30))
    if old:
        (place.folder / old).write_bytes(OLD)


def let_nobody_in(place: Place) -> None:
    """Open the way to the place's folder, which belongs to nobody from now on."""
    for folder in (place.folder, *place.folder.parents[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    place.folder.chmod(0o777)


@contextmanager
def mounted(folder: Path, *how: str) -> Iterator[Path]:
    """A file system in memory at a folder."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", *how, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def immutable(path: Path) -> Iterator[None]:
    """A file or folder that not even root can change."""
    subprocess.run(["chattr", "+i", str(path)], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(path)], check=True)


def injected(*faults: str, signals: bool = False) -> tuple[str, ...]:
    """What stands before a command whose system calls fail as told: `fsync:error=EIO`. Signals need the slow way."""
    calls = ",".join(fault.partition(":")[0] for fault in faults)
    wanted = [word for fault in faults for word in ("-e", f"inject={fault}")]
    quick = [] if signals else ["--seccomp-bpf"]
    return "strace", "-f", *quick, "-qq", "-o", "/dev/null", "-e", f"trace={calls}", *wanted
