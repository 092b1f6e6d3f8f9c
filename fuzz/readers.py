"""A coverage-guided fuzzer of the readers: `make fuzz`, or `python fuzz/readers.py FORMAT SECONDS`.

The first byte of an input chooses how it is read, the others are a file. What it is read as is held to the promises of
a history, and what it is refused with to those of an error; anything else is a crash, and ends the run.
"""

from __future__ import annotations

import gzip
import io
import logging
import sys
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import atheris
import numpy as np

with atheris.instrument_imports(include=["liveplot_cli"]):
    from liveplot_cli import input as inputs  # noqa: F401 - what is imported later is not watched
    from liveplot_cli import readers
    from liveplot_cli.errors import DataError, LimitError, UsageError
    from liveplot_cli.formats import npy_format, text_table  # noqa: F401

    readers.load_all()

EXAMPLES = Path(__file__).parents[1] / "examples"
WORK = Path(__file__).parent / "work"  # what was found to lead somewhere new is kept, and built upon the next time
FORMATS = ("csv", "tsv", "jsonl", "npy", "npz", "csv.gz", "jsonl.gz", "npy.gz", "npz.gz")
Way = dict[str, object]
OF_ALL: tuple[Way, ...] = (
    {}, {"transpose": True}, {"index": "none"}, {"index": 0, "columns": "1"}, {"rows": "::-2"}, {"strict": True},
)  # fmt: skip
OF_TEXT: tuple[Way, ...] = (
    *OF_ALL, {"encoding": "utf-16"}, {"encoding": "utf-7"}, {"encoding": "iso2022_jp"}, {"tail_ok": True},
)  # fmt: skip
OF_CSV: tuple[Way, ...] = (
    *OF_TEXT, {"header": True}, {"header": False}, {"delimiter": "space"}, {"delimiter": ";", "decimal": "comma"},
    {"delimiter": "#"}, {"delimiter": ";", "transpose": True},
)  # fmt: skip
WAYS = {"csv": OF_CSV, "tsv": OF_CSV, "jsonl": OF_TEXT, "npy": OF_ALL, "npz": (*OF_ALL, {"key": "a"})}
TURN_INTO_A_TEST = """
{crasher} holds the file, which was read with {way}. To make it a test, add its bytes to REFUSED or READ in
tests/test_fuzz.py: python -c "print(open('{crasher}', 'rb').read())"
"""


def seeds(form: str) -> Iterator[bytes]:
    """Small valid files of a format, the heads of the examples among them."""
    kind, _, packed = form.partition(".")
    for seed in _plain(kind):
        yield gzip.compress(seed, mtime=0) if packed else seed


def _plain(kind: str) -> Iterator[bytes]:
    array = _npy(np.arange(6.0).reshape(3, 2))
    if kind in ("csv", "tsv"):
        for path in sorted(EXAMPLES.glob("*.csv")):
            yield b"".join(path.read_bytes().splitlines(keepends=True)[:5])
        yield b"# a;b\r\n1,5;NA\r\n;2e-3\r\n"
        yield b'"a\nb"\tc\n"1"\t2\n\n3\t\n'
        yield b"date,x,\n2024-01-01,1,\n2024-02-01,-.5,\n"
        yield b" 1.0  2\n 3.0  nan\n"
        yield b"sep=|\nrun 1|1\nrun 2|inf\n"
        yield "ä,0\n1,2\n".encode("utf-16")
    elif kind == "jsonl":
        yield b'{"step": 1, "loss": {"train": 0.5, "val": null}}\n{"step": 2, "acc": "NaN"}\n'
        yield b'[1, true, -2e3]\r\n[4, "x", NaN]'
        yield b'\xef\xbb\xbf{"\\ud800": 1}\n\n{"a": [1], "b": {}}\n'
    elif kind == "npy":
        yield array
        for path in sorted(EXAMPLES.glob("*.npy")):
            yield _npy(np.load(path)[:2, :4])
        for dtype in ("?", ">i2", "<u8", "<f2", "<f4"):
            yield _npy(np.asfortranarray(np.array([[0, 1], [1, 0]], dtype)))
        yield array.replace(b"(3, 2), ", b"(3L, 2),")
        yield b"\x93NUMPY\2\0" + array[8:10] + b"\0\0" + array[10:]
    else:
        for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
            for names in (("a",), ("a", "b")):
                stream = io.BytesIO()
                with zipfile.ZipFile(stream, "w", how) as archive:
                    for name in names:
                        archive.writestr(f"{name}.npy", array)
                yield stream.getvalue()


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def fuzz(form: str, seconds: int, work: Path) -> None:
    """Read what the fuzzer makes up, for so many seconds; it ends the process itself."""
    path = work / f"h.{form}"
    ways = WAYS[form.partition(".")[0]]

    def read(data: bytes) -> None:
        way = ways[data[0] % len(ways)] if data else {}
        path.write_bytes(data[1:])
        try:
            hold(path, way)
        except BaseException:
            crasher = work / f"crasher.{form}"
            crasher.write_bytes(data[1:])
            print(TURN_INTO_A_TEST.format(crasher=crasher, way=way), file=sys.stderr)
            raise

    corpus = work / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(form)):
        for way in range(len(ways)):
            (corpus / f"{number}-{way}").write_bytes(bytes([way]) + seed)
    flags = [f"-max_total_time={seconds}", "-max_len=4096", "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *flags, f"-artifact_prefix={work}/", str(corpus)], read)
    atheris.Fuzz()


def hold(path: Path, way: Way) -> None:
    """Read a file and hold what comes of it to its promises."""
    try:
        history = readers.read(path, max_memory="100M", **way)
    except (DataError, LimitError, UsageError) as error:
        sentence = str(error)
        assert sentence.startswith(path.name), sentence
        assert sentence.isprintable(), ascii(sentence)
        assert len(sentence) < 300, sentence
        return
    rows, width = history.values.shape
    assert history.values.dtype == np.float64
    assert not np.isinf(history.values).any()
    assert (len(history.labels), len(history.columns)) == (rows, width)
    for row in range(min(rows, 3)):
        assert isinstance(history.label(row), str)


def main() -> None:
    """Fuzz the format that the command line names."""
    if len(sys.argv) != 3 or sys.argv[1] not in FORMATS:
        sys.exit(f"usage: python fuzz/readers.py {'|'.join(FORMATS)} SECONDS")
    warnings.simplefilter("error")
    logging.disable()
    fuzz(sys.argv[1], int(sys.argv[2]), WORK / sys.argv[1])


if __name__ == "__main__":
    main()
