"""What is left on a disk when the power goes: of every file the bytes that were flushed, of every folder its names."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_LINE = re.compile(r"(\d+) +(.*)", re.DOTALL)
_CALL = re.compile(r'(\w+)\((?:AT_FDCWD[^,]*, )?(?:(\d+)<([^>]*)>|"((?:\\x..)*)")(?:, )?(.*)\) += (-?\d+)', re.DOTALL)
_TRACED = "openat,unlink,pwrite64,ftruncate,fdatasync,fsync,write"


def recorded(command: Sequence[str], log: Path) -> None:
    """Run a command and record what it does with files, byte for byte, and what it says."""
    strace = ("strace", "-f", "-y", "-xx", "-s", "100000", "-qq", "-e", "signal=none", "--seccomp-bpf", "-o", str(log))
    done = subprocess.run(
        [*strace, "-e", f"trace={_TRACED}", *command], capture_output=True, text=True, timeout=100, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@dataclass
class _File:
    """A file: what of it is on the disk, and what is only said to be."""

    flushed: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)  # where, and what; None: it ends there

    def flush(self, count: int) -> None:
        for change in self.pending[:count]:
            _apply(self.flushed, *change)
        del self.pending[:count]


@dataclass
class Disk:
    """A folder as it is on the disk."""

    folder: str
    files: dict[str, _File] = field(default_factory=dict)  # by the names that the processes see
    kept: dict[str, _File] = field(default_factory=dict)  # by the names that are on the disk
    flushes: int = 0

    def left(self, where: Path, chance: random.Random | None = None) -> None:
        """Write down what a power cut would leave now; by chance some of what was not flushed, too, and half writes."""
        where.mkdir(parents=True)
        for name, file in self.kept.items():
            content = bytearray(file.flushed)
            for place, what in file.pending if chance else ():
                assert chance is not None
                if chance.random() < 0.5:
                    half = what[: len(what) // 2 // 512 * 512] if what and chance.random() < 0.3 else what
                    _apply(content, place, half)
            (where / Path(name).name).write_bytes(content)

    def said(self, log: Path) -> Iterator[bytes]:
        """Replay what was recorded; stops at whatever was said on stdout, before anything after it is done."""
        begun: dict[str, tuple[str, int]] = {}
        for line in log.read_text(encoding="latin-1").splitlines():
            found = _LINE.fullmatch(line)
            assert found, line
            process, text = found.groups()
            if text.endswith("<unfinished ...>"):
                text = text.removesuffix("<unfinished ...>").rstrip()
                begun[process] = (text, self._pending(text))
                continue
            if text.startswith("<... "):
                start, count = begun.pop(process)
                text = start + text.partition("resumed>")[2]
            else:
                count = self._pending(text)
            yield from self._done(text, count)

    def _pending(self, text: str) -> int:
        """How much was written before a flush began: what comes while it lasts may miss it."""
        found = re.match(r"f(?:data)?sync\(\d+<([^>]*)>", text)
        file = self.files.get(_bytes(found[1]).decode()) if found else None
        return len(file.pending) if file else 0

    def _done(self, text: str, count: int) -> Iterator[bytes]:
        found = _CALL.match(text)
        if not found or int(found[6]) < 0:
            return
        call, descriptor, path, said_path, rest, _ = found.groups()
        name = _bytes(path or said_path or "").decode()
        if call == "write" and descriptor == "1":
            yield _bytes(rest)
        elif call == "openat" and "O_CREAT" in rest and Path(name).parent == Path(self.folder):
            self.files.setdefault(name, _File())
        elif call == "unlink":
            self.files.pop(name, None)
        elif call in ("fsync", "fdatasync"):
            self._flush(name, count)
        elif call == "pwrite64" and name in self.files:
            self.files[name].pending.append((int(rest.rpartition(", ")[2]), _bytes(rest)))
        elif call == "ftruncate" and name in self.files:
            self.files[name].pending.append((int(rest), None))

    def _flush(self, name: str, count: int) -> None:
        self.flushes += 1
        if name == self.folder:
            self.kept = dict(self.files)
        elif name in self.files:
            self.files[name].flush(count)


def _apply(content: bytearray, place: int, what: bytes | None) -> None:
    content.extend(bytes(max(0, place - len(content))))
    if what is None:
        del content[place:]
    else:
        content[place : place + len(what)] = what


def _bytes(text: str) -> bytes:
    """What strace says with -xx, up to the end of its first string."""
    return bytes.fromhex(text.strip().removeprefix('"').partition('"')[0].replace("\\x", ""))
