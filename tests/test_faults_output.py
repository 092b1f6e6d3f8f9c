"""Section D of docs/reliability.md: where a film may be sent. Each test is named by its case."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import films
from conftest import wave_matrix
from faults import COMMAND, OLD, SMALL, Place, run_cli
from hostile import AS_NOBODY, NOBODY, history, immutable, injected, let_nobody_in, mounted
from liveplot_cli import OutputError, UsageError, render

RENDER = ("render", "h.npy")
# Its input is missing, too: what is said of the output is said before any work.
NO_WORK = ("render", "missing.npy")
MOST_OF_A_NAME = 255
# From the first picture on.
NO_MORE_FILES = """
import os, resource, liveplot_cli.scene as scene
pixels = scene.Scene.pixels
def limiting(*place):
    most = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return pixels(*place)
scene.Scene.pixels = limiting
"""


def test_d01_a_missing_folder(place: Place) -> None:
    run_cli(place, *NO_WORK, "-o", "nowhere/a.gif", code=4, says="there is no folder '/")


@pytest.mark.parametrize(
    ("output", "options", "says"),
    [
        ("folder.gif", [], "it is a folder"),
        ("h.npy/", [], "a file of that name is there"),
        ("full/", [], "already holds files"),
        ("new/", ["--format", "gif"], "that is a folder, and gif is a file"),
        ("folder.gif", ["--force"], "it is a folder"),
    ],
)
def test_d02_a_folder(place: Place, output: str, options: list[str], says: str) -> None:
    history(place)
    for name in ("folder.gif", "full"):
        (place.folder / name).mkdir()
    (place.folder / "full" / "kept").write_bytes(OLD)
    run_cli(place, *NO_WORK, "-o", output, *options, code=2, says=says)


@pytest.mark.parametrize("output", ["closed/a.gif", "closed/frames/"])
def test_d03_a_folder_closed_to_us(place: Place, output: str) -> None:
    let_nobody_in(place)
    (place.folder / "closed").mkdir(0o555)
    run_cli(place, *NO_WORK, "-o", output, code=4, says="its folder is closed", sabotage=AS_NOBODY)


@pytest.mark.parametrize("output", ["small/a.gif", "small/old.gif", "small/frames/"])
def test_d03_a_file_system_that_is_only_read(place: Place, output: str) -> None:
    with mounted(place.folder / "small") as folder:
        (folder / "old.gif").write_bytes(OLD)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        run_cli(place, *NO_WORK, "-o", output, code=4, says="its folder is closed")


def test_d03_a_folder_and_a_file_that_nobody_can_change(place: Place) -> None:
    (place.folder / "fixed").mkdir()
    (place.folder / "old.gif").write_bytes(OLD)
    with immutable(place.folder / "fixed"), immutable(place.folder / "old.gif"):
        run_cli(place, *NO_WORK, "-o", "fixed/a.gif", code=4, says="its folder is closed")
        run_cli(place, *NO_WORK, "-o", "old.gif", code=4, says="it is closed to writing")
        history(place)
        run_cli(place, *RENDER, "-o", "old.gif", "--force", *SMALL, code=4, says="Operation not permitted")


def test_d04_an_old_file_is_replaced(place: Place) -> None:
    history(place, old="a.gif")
    run_cli(place, *RENDER, "-o", "a.gif", *SMALL)


def test_d04_an_old_file_is_left_where_that_is_asked(place: Place) -> None:
    (place.folder / "a.gif").write_bytes(OLD)
    (place.folder / "dangling.gif").symlink_to("nothing.gif")
    run_cli(place, *NO_WORK, "-o", "a.gif", "--no-clobber", code=2, says="'a.gif' exists")
    history(place)
    run_cli(place, *RENDER, "-o", "b.gif", "-o", "dangling.gif", "-o", "-", "--no-clobber", *SMALL, stdout=None,
            again=False, ignoring=["nothing.gif"])  # fmt: skip


def test_d04_a_file_that_comes_meanwhile_is_left_too(place: Place) -> None:
    history(place)
    sabotage = (
        "import pathlib, liveplot_cli.scene as scene\n"
        "pixels = scene.Scene.pixels\n"
        "scene.Scene.pixels = lambda *place: [pathlib.Path('a.gif').write_bytes(b'theirs'), pixels(*place)][1]\n"
    )
    place.start(*RENDER, "-o", "a.gif", "--no-clobber", *SMALL, sabotage=sabotage).end(
        2, "'a.gif' exists", or_new={"a.gif": b"theirs"}
    )
    assert (place.folder / "a.gif").read_bytes() == b"theirs"


def test_d05_a_file_closed_to_us_is_overwritten_by_force_alone(place: Place) -> None:
    let_nobody_in(place)
    history(place, old="a.gif")
    (place.folder / "a.gif").chmod(0o444)
    run_cli(place, *NO_WORK, "-o", "a.gif", code=4, says="it is closed to writing; try --force$", sabotage=AS_NOBODY)
    run_cli(place, *RENDER, "-o", "a.gif", "--force", *SMALL, sabotage=AS_NOBODY)
    assert (place.folder / "a.gif").stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_d06_modes(place: Place, mask: int) -> None:
    history(place, old="old.gif")
    (place.folder / "old.gif").chmod(0o640)
    run_cli(place, *RENDER, "-o", "new.gif", "-o", "old.gif", "-o", "new.mp4", "-o", "frames/", *SMALL, again=False,
            prepared=partial(os.umask, mask))  # fmt: skip
    modes = {path.name: path.stat().st_mode & 0o777 for path in place.folder.iterdir()}
    assert modes["old.gif"] == 0o640
    assert modes["new.gif"] == modes["new.mp4"] == 0o666 & ~mask
    assert modes["frames"] == 0o777 & ~mask


def test_d06_an_old_file_keeps_its_owner(place: Place) -> None:
    history(place, old="a.gif")
    os.chown(place.folder / "a.gif", NOBODY, NOBODY)
    (place.folder / "a.gif").chmod(0o640)
    run_cli(place, "render", "h.npy", "-o", "a.gif", *SMALL)
    facts = (place.folder / "a.gif").stat()
    assert (facts.st_uid, facts.st_gid, facts.st_mode & 0o777) == (NOBODY, NOBODY, 0o640)


@pytest.mark.parametrize("old", [True, False], ids=["to a file", "to nothing"])
def test_d07_a_link_is_kept_and_followed(place: Place, old: bool) -> None:
    history(place)
    (place.folder / "elsewhere").mkdir()
    real, link = place.folder / "elsewhere" / "real.gif", place.folder / "a.gif"
    if old:
        real.write_bytes(OLD)
    link.symlink_to("elsewhere/real.gif")
    run_cli(place, *RENDER, "-o", "a.gif", *SMALL, ignoring=["elsewhere/real.gif"])
    assert str(link.readlink()) == "elsewhere/real.gif"
    assert films.gifsicle(real).images == 12


def test_d07_a_loop_of_links(place: Place) -> None:
    (place.folder / "a.gif").symlink_to("b.gif")
    (place.folder / "b.gif").symlink_to("a.gif")
    run_cli(place, *NO_WORK, "-o", "a.gif", code=4, says="'a.gif': Too many levels of symbolic links")


def whole(content: bytes, path: Path, frames: int = 12) -> bool:
    """Whether bytes that were sent somewhere are a film, as other programs see it."""
    path.write_bytes(content)
    if content.startswith(b"GIF"):
        return films.gifsicle(path).images == frames
    return int(films.ffprobe(path)["nb_read_frames"]) == frames


def test_d08_devices_are_written_and_stay(place: Place) -> None:
    history(place)
    before = Path("/dev/null").stat()
    run_cli(place, *RENDER, "-o", "/dev/null", *SMALL, again=False)
    run_cli(place, *RENDER, "-o", "/dev/null", "--format", "mp4", *SMALL, again=False)
    assert (Path("/dev/null").stat().st_mode, Path("/dev/null").stat().st_ino) == (before.st_mode, before.st_ino)
    run_cli(place, *RENDER, "-o", "/dev/full", *SMALL, code=4, says="'/dev/full': No space left")
    run_cli(place, *NO_WORK, "-o", "/dev/null", "--format", "png", code=2, says="that is no folder")


@pytest.mark.parametrize(("name", "linked"), [("pipe", False), ("pipe.mp4", False), ("pipe", True)])
def test_d08_a_pipe_with_a_name_is_given_the_film(place: Place, name: str, linked: bool) -> None:
    history(place)
    os.mkfifo(place.folder / name)
    (place.folder / "link").symlink_to(name)
    reader = ["sh", "-c", f"cat {name} > {place.root}/got"]
    with subprocess.Popen(reader, cwd=place.folder) as process:
        try:
            run_cli(place, *RENDER, "-o", "link" if linked else name, *SMALL, again=False)
            process.wait(10)
        finally:
            process.kill()
    assert (place.folder / name).is_fifo()
    assert whole((place.root / "got").read_bytes(), place.root / "film")


def test_d08_a_pipe_without_a_reader_is_waited_for_until_ctrl_c(place: Place) -> None:
    history(place)
    os.mkfifo(place.folder / "pipe")
    run = place.start(*RENDER, "-o", "pipe", *SMALL)
    wait_for(lambda: any(place.temporary.iterdir()))
    time.sleep(1)
    assert run.process.poll() is None
    run.process.send_signal(signal.SIGINT)
    run.end(-signal.SIGINT, "^Aborted.$")


def wait_for(ready: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_d08_an_open_file_is_written_on_where_it_stands(place: Place, name: str) -> None:
    history(place)
    (place.folder / "link").symlink_to("/dev/stdout")
    (place.folder / "log").write_bytes(b"a line\n")
    with (place.folder / "log").open("ab") as log:
        place.start(*RENDER, "-o", name, *SMALL, stdout=log).end(ignoring=["log"])
    content = (place.folder / "log").read_bytes()
    assert content.startswith(b"a line\nGIF89a")
    assert whole(content[7:], place.root / "film")


def test_d08_a_number_that_no_open_file_has(place: Place) -> None:
    run_cli(place, *NO_WORK, "-o", "/dev/fd/77", code=4, says="'/dev/fd/77': Bad file descriptor")


def test_d08_a_socket_and_a_disk_are_refused(place: Place) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place.folder / "socket"))
        os.mknod(place.folder / "disk", 0o600 | 0o060000, os.makedev(7, 200))
        for name in ("socket", "disk"):
            run_cli(place, *NO_WORK, "-o", name, code=2, says=f"'{name}': it is neither a file, a pipe")


@pytest.mark.parametrize("format", ["gif", "html", "mp4", "webp"])
def test_d09_stdout_holds_the_film_and_nothing_else(place: Place, format: str) -> None:
    history(place)
    options = ["--format", format] if format != "gif" else []
    done = run_cli(place, *RENDER, "-o", "-", *options, "-v", *SMALL, stdout=None, says="(?m)^-: 12 frames, 0.60 s")
    run_cli(place, *RENDER, "-o", f"a.{format}", *SMALL, again=False)
    assert done.stdout == (place.folder / f"a.{format}").read_bytes()


def test_d09_stdout_beside_a_file(place: Place) -> None:
    history(place)
    run_cli(place, *RENDER, "-o", "a.mp4", "-o", "-", *SMALL, stdout=None)


def test_d09_pictures_are_no_stream(place: Place) -> None:
    run_cli(place, *NO_WORK, "-o", "-", "--format", "png", code=2, says="'-': png is a folder")


def test_d09_a_terminal_is_spared(place: Place) -> None:
    parent, child = pty.openpty()
    place.start(*NO_WORK, "-o", "-", stdout=child).end(2, "'-': it is a terminal; name a file")
    place.start(*NO_WORK, "-o", "/dev/stdout", stdout=child).end(2, "it is a terminal; name a file")
    os.close(child)
    os.close(parent)


def test_d09_a_pipe_that_does_not_wait_takes_the_film_in_pieces(place: Place) -> None:
    """The system writes a part of what it is given and refuses the rest for now."""
    history(place, rows=200)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    run = place.start(*RENDER, "-o", "/dev/stdout", stdout=writing)
    os.close(writing)
    got = b""
    while piece := os.read(reading, 4096):
        got += piece
        time.sleep(0.0005)
    os.close(reading)
    run.end()
    assert len(got) > 1 << 16  # more than a pipe holds
    assert whole(got, place.root / "film", frames=200)


@pytest.mark.parametrize("name", ["h.npy", "./h.npy", "../here/h.npy", "hard", "soft", "hard.gif"])
def test_d10_the_file_that_is_read(place: Place, name: str) -> None:
    history(place)
    for link in ("hard", "hard.gif"):
        os.link(place.folder / "h.npy", place.folder / link)
    (place.folder / "soft").symlink_to("h.npy")
    run_cli(place, *RENDER, "-o", name, "--format", "gif", "--force", code=2, says="is the file that is read")


@pytest.mark.parametrize(
    "names", [("a.gif", "./a.gif"), ("old.gif", "hard.gif"), ("old.gif", "soft.gif"), ("-", "/dev/stdout"), ("f/", "f")]
)
def test_d10_one_output_by_two_names(place: Place, names: tuple[str, str]) -> None:
    (place.folder / "old.gif").write_bytes(OLD)
    os.link(place.folder / "old.gif", place.folder / "hard.gif")
    (place.folder / "soft.gif").symlink_to("old.gif")
    (place.folder / "f").mkdir()
    run_cli(place, *NO_WORK, "-o", names[0], "-o", names[1], code=2, says="is named twice")


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("plain", "a folder of frames, which ends in /"),
        ("a.mp4.tmp", "its suffix is none of .gif, .html, .mp4, .webp"),
        ("a.webm", "its suffix is none of .gif, .html, .mp4, .webp"),
        ("a.apng", "its suffix is none of .gif, .html, .mp4, .webp"),
        (".gif", "a folder of frames, which ends in /"),
        ("a\x1b[31m\n.xyz", r"'a\\x1b\[31m\\n.xyz'"),
    ],
)
def test_d11_a_name_that_says_no_format(place: Place, output: str, says: str) -> None:
    run_cli(place, *NO_WORK, "-o", output, code=2, says=says)


def test_d11_a_format_that_there_is_not(place: Place) -> None:
    run_cli(place, *NO_WORK, "-o", "a.gif", "--format", "zip", code=2, says="the formats are gif, html, mp4, png, webp")


def test_d11_a_format_goes_before_a_suffix(place: Place) -> None:
    history(place)
    run_cli(place, *RENDER, "-o", "A.GIF", "-o", "B.Mp4", *SMALL, again=False)
    names = [word for name in ("plain", "b.gif", "ünï☃ %d*.x") for word in ("-o", name)]
    run_cli(place, *RENDER, *names, "--format", "mp4", *SMALL, again=False)
    for name in ("plain", "b.gif", "ünï☃ %d*.x"):
        assert films.ffprobe(place.folder / name)["codec_name"] == "h264"
    run_cli(place, *RENDER, "-o", "frames", "--format", "png", *SMALL, again=False)
    assert len(list((place.folder / "frames").iterdir())) == 12


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_d12_the_longest_name_and_one_longer(place: Place, suffix: str) -> None:
    history(place)
    name = "x" * (MOST_OF_A_NAME - len(suffix)) + suffix
    run_cli(place, *RENDER, "-o", name, *SMALL, again=False)
    run_cli(place, *NO_WORK, "-o", "x" + name, code=4, says="File name too long")


@pytest.mark.parametrize("free", [0, 1, -1], ids=["at the header", "in the middle", "at the end"])
@pytest.mark.parametrize("output", ["a.gif", "a.mp4", "frames/"])
def test_d13_a_full_disk(place: Place, output: str, free: int) -> None:
    history(place)
    with mounted(place.folder / "small", "-o", f"size={40 if '.' in output else 80}k") as folder:
        run_cli(place, *RENDER, "-o", f"small/{output}", *SMALL, again=False)
        taken = os.statvfs(folder).f_blocks - os.statvfs(folder).f_bfree
        films.run("rm", "-r", str(folder / output))
        (folder / "old.gif").write_bytes(OLD)
        left = os.statvfs(folder).f_bfree
        with (folder / "ballast").open("wb") as ballast:
            ballast.write(bytes(4096 * (left - (taken + free if free < 0 else free))))
        run_cli(place, *RENDER, "-o", f"small/{output}", *SMALL, code=4, says="No space left on device")
        assert sorted(path.name for path in folder.iterdir()) == ["ballast", "old.gif"]


@pytest.mark.parametrize("outputs", [["a.gif"], ["a.mp4"], ["a.gif", "a.mp4"]], ids=str)
@pytest.mark.parametrize("limit", [100, 3000])
def test_d14_a_limit_on_the_length_of_files(place: Place, outputs: list[str], limit: int) -> None:
    history(place, old="a.gif")
    named = [word for name in outputs for word in ("-o", name)]
    limiting = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
    run_cli(place, *RENDER, *named, *SMALL, sabotage=limiting, code=4, says="File too large")


@pytest.mark.parametrize(
    ("call", "error", "output"),
    [
        ("write", "EIO", "a.gif"),
        ("write", "ENOSPC", "a.mp4"),
        ("write", "EDQUOT", "a.gif"),
        ("fsync", "EIO", "a.gif"),
        ("fsync", "ENOSPC", "a.mp4"),
        ("rename", "EIO", "a.gif"),
        ("rename", "EDQUOT", "a.mp4"),
        ("close", "EDQUOT", "a.gif"),
        ("close", "EIO", "a.mp4"),
    ],
)
def test_d15_a_disk_that_fails(place: Place, output: str, call: str, error: str) -> None:
    history(place, old=output)
    says = {"EIO": "Input/output error", "ENOSPC": "No space left", "EDQUOT": "Disk quota exceeded"}[error]
    if call == "close":  # of our files alone: an import ends by closing files too, whose failure is not ours
        sabotage = (
            "import os, errno\n"
            "close = os.close\n"
            "def failing(number):\n"
            "    mine = '.liveplot-' in os.readlink(f'/proc/self/fd/{number}')\n"
            "    close(number)\n"
            f"    if mine: raise OSError(errno.{error}, os.strerror(errno.{error}))\n"
            "os.close = failing\n"
        )
        run_cli(
            place, *RENDER, "-o", output, *SMALL, sabotage=sabotage, code=4, says=f"cannot write '{output}': {says}"
        )
        return
    run_cli(place, *RENDER, "-o", output, *SMALL, prefix=injected(f"{call}:error={error}:when=1"), code=4,
            says=f"cannot write '{output}': {says}")  # fmt: skip


def test_d15_of_several_outputs_none_is_replaced_where_one_does_not_reach_the_disk(place: Place) -> None:
    history(place, old="a.gif")
    (place.folder / "a.mp4").write_bytes(OLD)
    for number in (1, 2):
        run_cli(place, *RENDER, "-o", "a.gif", "-o", "a.mp4", *SMALL, code=4, says="Input/output error",
                prefix=injected(f"fsync:error=EIO:when={number}"))  # fmt: skip


def test_d15_a_folder_whose_entries_cannot_be_flushed_is_no_fault_of_the_film(place: Place) -> None:
    history(place, old="a.gif")
    run_cli(place, *RENDER, "-o", "a.gif", *SMALL, prefix=injected("fsync:error=EIO:when=2"), again=False)


@pytest.mark.parametrize("output", ["a.gif", "a.mp4"])
@pytest.mark.parametrize("when", [1, 2, 3])
def test_d16_a_disk_that_loses_bytes_and_says_nothing(place: Place, output: str, when: int) -> None:
    """The call says that it has written 40 bytes, or the one that the call is for, and has written nothing."""
    history(place, old=output)
    lost = 40 if when < 3 or output == "a.mp4" else 1
    run_cli(place, *RENDER, "-o", output, *SMALL, code=4, says=f"'{output}' was not written whole: ",
            prefix=injected(f"write:retval={lost if output == 'a.gif' else 4}:when={when}"))  # fmt: skip


def test_d17_few_open_files_and_no_processes(place: Place) -> None:
    history(place, rows=200)
    run_cli(place, *RENDER, "-o", "a.gif", *SMALL, prefix=["prlimit", "--nofile=16"], again=False)
    run_cli(place, *RENDER, "-o", "b.gif", *SMALL, sabotage=NO_MORE_FILES, code=4,
            says="Too many open files")  # fmt: skip
    let_nobody_in(place)
    run_cli(place, *RENDER, "-o", "c.gif", "-j", "2", *SMALL, says="no worker processes can be started here",
            sabotage=f"{AS_NOBODY}\nresource.setrlimit(resource.RLIMIT_NPROC, (1, 1))",
            again=False)  # fmt: skip


def test_d18_two_at_once(place: Place) -> None:
    history(place)
    for number in (1, 2):
        run_cli(place, *RENDER, "-o", f"{number}.gif", "-t", str(number), *SMALL, again=False)
    for _ in range(2):
        both = [
            subprocess.Popen([*COMMAND, *RENDER, "-o", "a.gif", "-t", str(number), "-q", *SMALL], cwd=place.folder)
            for number in (1, 2)
        ]
        assert [process.wait(timeout=30) for process in both] == [0, 0]
        content = (place.folder / "a.gif").read_bytes()
        assert content in [(place.folder / f"{number}.gif").read_bytes() for number in (1, 2)]
    assert not list(place.folder.glob(".liveplot-*"))


def test_d19_a_folder_that_is_gone(place: Place) -> None:
    history(place)
    gone = "import os\nos.mkdir('gone')\nos.chdir('gone')\nos.rmdir(os.getcwd())\n"
    run_cli(place, *NO_WORK, "-o", "a.gif", sabotage=gone, code=4, says="'a.gif': No such file")
    for name in ("a.gif", "a.mp4"):
        path = place.folder / name
        place.start("render", place.folder / "h.npy", "-o", path, *SMALL, sabotage=gone).end(ignoring=[name])
        assert whole(path.read_bytes(), place.root / "film")


def test_d19_no_place_for_temporary_files(place: Place) -> None:
    history(place)
    environment = {"TMPDIR": str(place.root / "missing")}
    run_cli(place, *RENDER, "-o", "a.gif", *SMALL, environment=environment, again=False)
    with mounted(place.root / "full", "-o", "size=4k") as folder:
        (folder / "ballast").write_bytes(bytes(4096))
        run_cli(place, *RENDER, "-o", "a.gif", *SMALL, environment={"TMPDIR": str(folder)}, again=False)
    with mounted(place.root / "full", "-o", "size=4k") as folder:
        run_cli(place, *RENDER, "-o", "-", *SMALL, environment={"TMPDIR": str(folder)}, code=4,
                says="cannot write '-': No space left on device")  # fmt: skip
        assert not list(folder.iterdir())


@pytest.mark.parametrize("closing", [[], ["stdout"], ["stderr"], ["stdin", "stdout", "stderr"]], ids=str)
@pytest.mark.parametrize("output", ["a.gif", "a.mp4"])
def test_d20_nobody_listens(place: Place, output: str, closing: list[str]) -> None:
    history(place)

    def prepare() -> None:
        for name in closing:
            os.close(["stdin", "stdout", "stderr"].index(name))

    with Path("/dev/full").open("wb") as full:
        place.start(*RENDER, "-o", output, *SMALL, stdout=full, prepared=prepare).end(ignoring=[output])
    assert whole((place.folder / output).read_bytes(), place.root / "film")


def test_d20_the_numbers_of_closed_streams_are_not_those_of_other_files(place: Place) -> None:
    """Or what a library says on stderr would end in the film."""
    history(place)
    sabotage = (
        "import os, liveplot_cli.scene as scene\n"
        "pixels, nothing = scene.Scene.pixels, os.stat('/dev/null')\n"
        "def looking(*place):\n"
        "    assert all(os.path.samestat(os.fstat(number), nothing) for number in range(3))\n"
        "    return pixels(*place)\n"
        "scene.Scene.pixels = looking\n"
    )
    run_cli(place, *RENDER, "-o", "a.gif", *SMALL, sabotage=sabotage, again=False, ignoring=["a.gif"],
            prepared=lambda: [os.close(number) for number in range(3)])  # fmt: skip


def test_d20_stdout_that_takes_no_film(place: Place) -> None:
    history(place)
    with Path("/dev/full").open("wb") as full:
        place.start(*RENDER, "-o", "-", *SMALL, stdout=full).end(4, "cannot write '-': No space left on device")
    for name in ("-", "/dev/stdout"):
        run_cli(place, *NO_WORK, "-o", name, prepared=partial(os.close, 1), code=4, says="stdout is closed")


def test_python_has_the_same_options(tmp_path: Path) -> None:
    (written,) = render(wave_matrix(3, 9), tmp_path / "film", format="gif", size=(320, 214), dpi=30)
    assert films.gifsicle(written.path).images == 3
    with pytest.raises(UsageError, match="exists"):
        render(wave_matrix(3, 9), tmp_path / "film", format="gif", no_clobber=True)
    with pytest.raises(OutputError, match="No space left"):
        render(wave_matrix(3, 9), "/dev/full", size=(320, 214), dpi=30)
    np.save(tmp_path / "h.npy", wave_matrix(3, 9))
    with pytest.raises(UsageError, match="the file that is read"):
        render(tmp_path / "h.npy", tmp_path / "h.npy", format="gif")
