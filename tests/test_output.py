"""Files are whole or not there, whatever happens: faults are injected for real."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import films
from conftest import Run, wave_matrix
from liveplot_cli import output

OLD = b"what stood here before"
NOBODY = 65534


def test_a_block_that_ends_well_replaces_the_file(tmp_path: Path) -> None:
    target = tmp_path / "out.gif"
    target.write_bytes(OLD)
    with output.File(target).part() as part:
        part.write_bytes(b"new")
        assert target.read_bytes() == OLD
        assert part.parent == tmp_path
        assert part.name.startswith(".")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("folder", [False, True])
def test_a_block_that_fails_leaves_the_old_and_nothing_else(
    tmp_path: Path, error: type[BaseException], folder: bool
) -> None:
    target = tmp_path / "out"
    if not folder:
        target.write_bytes(OLD)
    place = output.Folder(target) if folder else output.File(target)
    with pytest.raises(error), place.part() as part:
        half_written(part / "1.png" if folder else part, error)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([] if folder else [OLD])


def half_written(file: Path, error: type[BaseException]) -> None:
    file.write_bytes(b"half")
    raise error


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        for place in (output.File(tmp_path / "out.gif"), output.Folder(tmp_path / "frames")):
            with place.part() as part:
                place.settle(part)
    finally:
        os.umask(before)
    assert (tmp_path / "out.gif").stat().st_mode & 0o777 == 0o666 & ~mask
    assert (tmp_path / "frames").stat().st_mode & 0o777 == 0o777 & ~mask


def test_an_old_file_keeps_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "out.gif"
    target.touch(0o640)
    place = output.File(target)
    with place.part() as part:
        place.settle(part)
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_symbolic_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / "elsewhere" / "real.gif", tmp_path / "link.gif"
    real.write_bytes(OLD)
    link.symlink_to(real)
    with output.File(link).part() as part:
        part.write_bytes(b"new")
        assert part.parent == real.parent
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def limited(size: int) -> Callable[[], None]:
    """Let the child write files of at most `size` bytes, as a full disk would."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def command(folder: Path, *arguments: str) -> list[str]:
    np.save(folder / "h.npy", wave_matrix(300, 50))
    return [sys.executable, "-m", "liveplot_cli", "render", "h.npy", *arguments]


# For the others that are files: D14, in test_faults_output.py.
@pytest.mark.parametrize("outputs", [["out.webp"], ["out.html"], ["out.gif", "out.webp"], ["frames/"]], ids=str)
@pytest.mark.parametrize("size", [100, 20_000])
def test_a_disk_that_is_full_is_code_4_and_leaves_the_old_file(tmp_path: Path, outputs: list[str], size: int) -> None:
    for name in outputs:
        if "." in name:
            (tmp_path / name).write_bytes(OLD)
    arguments = [word for name in outputs for word in ("-o", name)]
    size = size // 10 if outputs == ["frames/"] else size
    done = subprocess.run(
        command(tmp_path, *arguments, "--size", "320x214", "--dpi", "40"),
        cwd=tmp_path,
        preexec_fn=limited(size),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert done.stderr.startswith(
        "Error: cannot write 'out." if outputs != ["frames/"] else "Error: cannot write 'frames'"
    )
    assert done.stderr.count("\n") == 1
    left = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "h.npy"}
    assert left == {name: OLD for name in outputs if "." in name}


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP)],
)
@pytest.mark.parametrize("delay", [0.02, 0.2, 0.6, 1.2])
def test_a_signal_leaves_the_old_file_and_shows_in_the_exit(
    tmp_path: Path, number: signal.Signals, status: int, delay: float
) -> None:
    (tmp_path / "out.gif").write_bytes(OLD)
    process = subprocess.Popen(
        command(tmp_path, "-o", "out.gif", "-o", "out.mp4", "--size", "1600x1200"),
        cwd=tmp_path, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    # The smallest delay is not before the program has taken charge of its signals.
    wait_for(lambda: handles(process.pid, number))
    time.sleep(delay)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == status, said
    assert said.splitlines()[-1] == "Aborted."
    assert "Traceback" not in said
    assert (tmp_path / "out.gif").read_bytes() == OLD
    assert sorted(path.name for path in tmp_path.iterdir()) == ["h.npy", "out.gif"]


def test_a_signal_whose_exception_was_swallowed_shows_in_the_exit() -> None:
    """As happens to one that arrives in a callback of an import."""
    program = """
import signal
from liveplot_cli import __main__, cli
def run(arguments):
    try:
        signal.raise_signal(signal.SIGTERM)
    except BaseException:
        return 0
cli.run = run
__main__.main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGTERM, "Aborted.\n")


def handles(process: int, number: signal.Signals) -> bool:
    """Whether a process has a handler of its own for a signal, from the kernel's word."""
    status = Path(f"/proc/{process}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    # Python itself catches SIGINT from the start; ours is there once SIGTERM is caught too.
    return all(int(caught, 16) >> (wanted - 1) & 1 for wanted in (number, signal.SIGTERM))


def wait_for(ready: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_a_shell_sees_130_after_ctrl_c(tmp_path: Path) -> None:
    line = " ".join(command(tmp_path, "-o", "out.gif", "--size", "1600x1200"))
    shell = subprocess.Popen(["sh", "-c", f"{line}; echo code $?"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    children = Path(f"/proc/{shell.pid}/task/{shell.pid}/children")
    wait_for(lambda: bool(children.read_text()))
    child = int(children.read_text())
    wait_for(lambda: handles(child, signal.SIGINT))
    os.kill(child, signal.SIGINT)
    assert shell.communicate(timeout=30)[0] == "code 130\n"


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(tmp_path, "-o", "out.gif"), cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    wait_for(lambda: handles(process.pid, signal.SIGTERM))
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert films.gifsicle(tmp_path / "out.gif").images == 300


def test_an_old_film_is_seen_whole_until_the_new_one_is(liveplot: Run, tmp_path: Path, waves: Path) -> None:
    liveplot("render", "waves.npy", "-o", "out.gif", "--size", "160x120")
    old = (tmp_path / "out.gif").read_bytes()
    process = subprocess.Popen(
        [sys.executable, "-m", "liveplot_cli", "render", "waves.npy", "-o", "out.gif", "--size", "320x240", "-q"],
        cwd=tmp_path,
    )
    seen = set()
    while process.poll() is None:
        seen.add((tmp_path / "out.gif").read_bytes())
    seen.add((tmp_path / "out.gif").read_bytes())
    assert seen == {old, (tmp_path / "out.gif").read_bytes()}
    assert films.gifsicle(tmp_path / "out.gif").size == (320, 240)
