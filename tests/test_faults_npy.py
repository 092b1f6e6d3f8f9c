"""Section B of docs/reliability.md: what an .npy or .npz file may hold. Each test is named by its case."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import wave_matrix
from faults import SMALL, Place, run_cli

MATRIX = wave_matrix(4, 3)
WHOLE = MATRIX.tobytes()


class Canary:
    """Makes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("canary"),)


def npy(array: object) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def crafted(shape: str, data: bytes = b"", dtype: str = "'<f8'", version: int = 1, header: str | None = None) -> bytes:
    """A file whose header says anything."""
    text = (header or f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}").encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2 if version == 1 else 4, "little") + text + data


GOOD = npy(MATRIX)
REFUSED: dict[str, tuple[bytes, str]] = {
    "B01 objects": (npy(np.array([Canary(), 1], object)), "it holds Python objects, which are never loaded"),
    "B02 a pickle": (pickle.dumps(Canary()), r"this is not a .npy file: it starts with b'\\x80"),
    "B02 a CSV": (b"1,2\n3,4\n", "this is not a .npy file: it starts with b'1,2"),
    "B03 no byte": (b"", "the file is empty"),
    "B03 one byte": (GOOD[:1], "not a .npy file"),
    "B03 magic only": (GOOD[:6], "the .npy header is cut short"),
    "B03 half a header": (GOOD[:40], "the .npy header is broken"),
    "B03 a byte less": (GOOD[:-1], "it has 95 bytes of numbers where its header says 96; was it cut short?"),
    "B03 half": (GOOD[: len(GOOD) - 48], "it has 48 bytes of numbers where its header says 96"),
    "B04 a byte more": (GOOD + b"\0", "it has 97 bytes of numbers where its header says 96"),
    "B05 version 9": (GOOD.replace(b"NUMPY\x01", b"NUMPY\x09", 1), "the .npy header is broken"),
    "B06 far too large": (
        crafted("(1000000, 1000000)", bytes(100)),
        "it has 100 bytes of numbers where its header says",
    ),
    "B07 beyond all": (crafted(f"({2**63 - 1}, {2**63 - 1})", WHOLE), "where its header says"),
    "B07 negative": (crafted("(-4, 3)", WHOLE), r"its shape is \(-4, 3\)"),
    "B07 twice negative": (crafted("(-4, -3)", WHOLE), r"its shape is \(-4, -3\)"),
    "B07 a truth": (crafted("(True, 12)", WHOLE), r"its shape is \(True, 12\)"),
    "B07 fractions": (crafted("(4.0, 3)", WHOLE), "the .npy header is broken"),
    "B07 70 dimensions": (crafted(str((1,) * 70), bytes(8)), "a history has rows and columns, not the shape"),
    "B08 void": (crafted(f"({10**12},)", dtype="'|V0'"), "it holds .*; save integers or floats instead"),
    "B08 no characters": (crafted(f"({10**12},)", dtype="'|S0'"), "it holds .*; save integers or floats instead"),
    "B08 no letters": (crafted(f"({10**12},)", dtype="'<U0'"), "it holds .*; save integers or floats instead"),
    "B09 a long header": (crafted("", header=" " * 20_000), "the .npy header is broken"),
    "B09 an endless header": (b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(100), "the .npy header is broken"),
    "B10 deep": (crafted("", header="(" * 9_990), "the .npy header is broken"),
    "B10 code": (crafted("", header="__import__('pathlib').Path('canary').touch()"), "the .npy header is broken"),
    "B10 a list": (crafted("", header="[1, 2]"), "the .npy header is broken"),
    "B10 more keys": (
        crafted("", header="{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'x': 1}"),
        "the .npy header is broken",
    ),
    "B11 complex": (npy(np.ones((2, 2), complex)), "it holds complex128"),
    "B11 bytes": (npy(np.array([b"a"])), "it holds .*S1"),
    "B11 text": (npy(np.array(["a"])), "it holds .*U1"),
    "B11 dates": (npy(np.array(["2024-01-01"], "M8[D]")), "it holds datetime64"),
    "B11 a structure": (npy(np.zeros(2, [("a", "f8")])), "it holds "),
    "B14 a number": (npy(np.float64(3)), r"not the shape \(\)"),
    "B14 four dimensions": (npy(np.ones((2, 2, 2, 2))), r"not the shape \(2, 2, 2, 2\)"),
    "B15 no rows": (npy(np.ones((0, 4))), r"the history is empty: its shape is \(0, 4\)"),
    "B15 no columns": (npy(np.ones((4, 0))), r"the history is empty: its shape is \(4, 0\)"),
    "B20 a zip": (b"PK\x03\x04" + bytes(60), r"not a .npy file: it starts with b'PK"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(place: Place, case: str) -> None:
    content, says = REFUSED[case]
    (place.folder / "h.npy").write_bytes(content)
    (place.folder / "a.gif").write_bytes(b"what stood here before")
    run_cli(place, "render", "h.npy", "-o", "a.gif", *SMALL, code=3, says=f"h.npy: .*{says}", megabytes=150)


def test_b09_a_header_of_gigabytes_is_not_read(place: Place) -> None:
    with (place.folder / "h.npy").open("wb") as file:
        file.write(b"\x93NUMPY\x02\x00\xff\xff\xff\xff")
        file.truncate(5 << 30)
    run_cli(place, "render", "h.npy", "-o", "a.gif", code=3, says="the .npy header is broken", megabytes=150)


def film(place: Place, array: np.ndarray, says: str = "", name: str = "h") -> bytes:
    np.save(place.folder / f"{name}.npy", array)
    run_cli(place, "render", f"{name}.npy", "-o", "a.gif", "-t", "x", *SMALL, says=says, again=False)
    return (place.folder / "a.gif").read_bytes()


WHOLE_NUMBERS = np.array([[0, 1], [1, 0], [1, 1]])


@pytest.mark.parametrize(
    "dtype",
    ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "longdouble"],
    ids=lambda dtype: f"B12 {dtype}",
)
def test_any_type_of_number(place: Place, dtype: str) -> None:
    assert film(place, WHOLE_NUMBERS.astype(dtype)) == film(place, WHOLE_NUMBERS.astype(float))


def test_b12_the_largest_of_numbers(place: Place) -> None:
    film(place, np.array([[2**64 - 1, 0]], np.uint64))
    film(place, np.array([[np.inf, 1], [0, 2]], np.float16), says="1 of 4 cells hold no finite number")


@pytest.mark.parametrize("form", ["B13 big-endian", "B13 Fortran", "B13 strided"])
def test_any_order_of_bytes(place: Place, form: str) -> None:
    forms = {
        "B13 big-endian": MATRIX.astype(">f8"),
        "B13 Fortran": np.asfortranarray(MATRIX),
        "B13 strided": np.repeat(MATRIX, 2, axis=1)[:, ::2],
    }
    assert film(place, forms[form]) == film(place, MATRIX)


def test_b14_three_dimensions_are_pictures(place: Place) -> None:
    film(place, np.arange(24).reshape(2, 3, 4))


def test_b14_one_dimension_is_one_column(place: Place) -> None:
    assert film(place, MATRIX[:, 0]) == film(place, MATRIX[:, :1])


def test_b16_ten_gigabytes_stay_in_their_file(place: Place) -> None:
    rows, columns = 1 << 24, 80
    with (place.folder / "h.npy").open("wb") as file:
        file.write(crafted(f"({rows}, {columns})"))
        file.truncate(file.tell() + rows * columns * 8)
    few = ("-k", "line", "--duration", "1", "--fps", "5")
    run_cli(place, "render", "h.npy", "-o", "a.gif", *few, *SMALL, again=False)


def test_b16_more_columns_than_can_be_named(place: Place) -> None:
    with (place.folder / "h.npy").open("wb") as file:
        file.write(crafted(f"({1 << 24}, 2)"))
        file.truncate(file.tell() + (1 << 24) * 16)
    says = "the history has 16,777,216 columns"
    run_cli(place, "render", "h.npy", "-o", "a.gif", "-T", code=6, says=says)


def test_b17_a_file_that_shrinks_is_told(place: Place) -> None:
    """A sabotaged command cuts the file when its rows have begun to be read."""
    np.save(place.folder / "h.npy", np.ones((4000, 1000)))
    cutting = """
import os, sys
from liveplot_cli import row_file
read, reads = row_file._read_at, 0
def read_at(*place):
    global reads
    reads += 1
    if reads == 3:
        os.truncate("h.npy", 200_000)
    return read(*place)
row_file._read_at = read_at
"""
    started = place.start("render", "h.npy", "-o", "a.gif", "--every", "100", "-j", "1", *SMALL, sabotage=cutting)
    started.end(3, "was cut or replaced while it was being read", ignoring=["h.npy"])


def npz(place: Place, **arrays: np.ndarray) -> None:
    np.savez(place.folder / "h.npz", **arrays)


def test_b18_one_array_is_read(place: Place) -> None:
    npz(place, weights=MATRIX)
    run_cli(place, "render", "h.npz", "-o", "a.gif", "-t", "x", *SMALL)
    assert (place.folder / "a.gif").read_bytes() == film(place, MATRIX)


def test_b18_several_arrays_need_a_key(place: Place) -> None:
    npz(place, weights=MATRIX, losses=MATRIX[:2])
    run_cli(
        place, "render", "h.npz", "-o", "a.gif", code=2, says="several arrays, 'weights', 'losses'; try --key weights"
    )
    run_cli(place, "render", "h.npz", "-o", "a.gif", "--key", "x", code=2, says="there is no array 'x' in it")
    run_cli(place, "render", "h.npz", "-o", "a.gif", "--key", "losses", *SMALL)


def archive(place: Place, name: str, content: bytes, **how: Any) -> None:
    with zipfile.ZipFile(place.folder / "h.npz", "w", **how) as file:
        file.writestr(name, content)


def test_b18_names_are_shown_and_never_written_to(place: Place) -> None:
    with zipfile.ZipFile(place.folder / "h.npz", "w") as file:
        file.writestr("../../evil\x1b.npy", GOOD)
        file.writestr("b.npy", GOOD)
    run_cli(place, "render", "h.npz", "-o", "a.gif", code=2, says=r"'\.\./\.\./evil\\x1b'")
    run_cli(place, "render", "h.npz", "-o", "a.gif", "--key", "../../evil\x1b", *SMALL)


def test_b19_a_bomb(place: Place) -> None:
    header = crafted("(1073741824, 1)")
    with zipfile.ZipFile(place.folder / "h.npz", "w", zipfile.ZIP_DEFLATED) as file, file.open("a.npy", "w") as member:
        member.write(header)
        for _ in range(64):
            member.write(bytes(1 << 20))
    says = r"its numbers take 8,192 MB of memory, or more, of the 4,096 MB they may; try --max-memory"
    run_cli(place, "render", "h.npz", "-o", "a.gif", code=6, says=says, megabytes=150)


def test_b19_a_bomb_that_hides_its_size(place: Place) -> None:
    with zipfile.ZipFile(place.folder / "h.npz", "w", zipfile.ZIP_DEFLATED) as file, file.open("a.npy", "w") as member:
        member.write(crafted("(4, 3)"))
        for _ in range(256):
            member.write(bytes(1 << 20))
    run_cli(place, "render", "h.npz", "-o", "a.gif", code=3, says="it goes on behind the 96 bytes", megabytes=150)


def test_b20_broken_archives(place: Place) -> None:
    npz(place, a=MATRIX)
    whole = (place.folder / "h.npz").read_bytes()
    for broken, says in (
        (whole[: len(whole) // 2], "not a readable .npz file .BadZipFile"),
        (whole.replace(WHOLE[:16], bytes(16)), "not a readable .npz file .BadZipFile"),
        (b"", "the file is empty"),
        (b"1,2\n3,4\n", "not a readable .npz file"),
        (whole[:6] + bytes([whole[6] | 1]) + whole[7:], ""),
    ):
        (place.folder / "h.npz").write_bytes(broken)
        if says:
            run_cli(place, "render", "h.npz", "-o", "a.gif", code=3, says=says)


def test_b20_an_encrypted_archive(place: Place) -> None:
    npz(place, a=MATRIX)
    content = bytearray((place.folder / "h.npz").read_bytes())
    central = content.index(b"PK\x01\x02")
    content[6] |= 1
    content[central + 8] |= 1
    (place.folder / "h.npz").write_bytes(content)
    run_cli(place, "render", "h.npz", "-o", "a.gif", code=3, says="its arrays are encrypted")


def test_b20_an_empty_archive_and_one_of_no_arrays(place: Place) -> None:
    with zipfile.ZipFile(place.folder / "h.npz", "w"):
        pass
    run_cli(place, "render", "h.npz", "-o", "a.gif", code=3, says="there is no array in it|not a readable")
    archive(place, "notes.txt", b"1,2\n")
    run_cli(place, "render", "h.npz", "-o", "a.gif", code=3, says="this is not a .npy file")
    assert os.listdir(place.folder) == ["h.npz"]  # noqa: PTH208
