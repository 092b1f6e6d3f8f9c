"""A run as a file: its rows as CSV or as an array."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from math import isnan
from typing import ClassVar

import falcon.asgi
import numpy as np

from liveplot_cli.errors import quoted
from liveplot_cli.service.resources import Operation, Resource, Service, refuse_unknown, run_name
from liveplot_cli.service.runs import RefusedError, Run, Values

_AT_ONCE = 1 << 16  # values of a part
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # with which a spreadsheet takes a cell for a formula


class History(Resource):
    """All rows of a run."""

    operations: ClassVar = {
        "GET": Operation(
            "read", "All rows, as CSV or as an array of NumPy.", {200: "text/csv|application/octet-stream"},
            ("malformed", "not_found", "broken"),
        )
    }  # fmt: skip

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, run: str, suffix: str) -> None:
        """Send the rows that there are now, in parts that take little memory."""
        name = run_name(run)
        if suffix not in ("csv", "npy"):
            raise RefusedError("not_found", f"there is no history {quoted(suffix)}; there are csv and npy")
        refuse_unknown(req, self.operations["GET"])
        found = await asyncio.wrap_future(self.service.store.run(name))
        resp.set_header("Content-Disposition", f'attachment; filename="{name}.{suffix}"')
        if suffix == "csv":
            resp.content_type = "text/csv; charset=utf-8; header=present"
            resp.stream = _parts(self.service, found, csv_header(found.columns), as_csv)
        else:
            resp.content_type = "application/octet-stream"
            resp.stream = _parts(self.service, found, npy_header(found), lambda values: values.astype("<f8").tobytes())


async def _parts(service: Service, run: Run, head: bytes, written: Callable[[Values], bytes]) -> AsyncIterator[bytes]:
    yield head
    at_once = max(1, _AT_ONCE // max(1, len(run.columns)))
    for start in range(1, run.rows + 1, at_once):
        numbers = range(start, min(start + at_once, run.rows + 1))
        yield written(await asyncio.wrap_future(service.store.rows(run, numbers)))


def csv_header(columns: Sequence[str]) -> bytes:
    """The names of the columns, none of which a spreadsheet would run as a formula."""
    return _line([f"'{name}" if name.startswith(_FORMULAS) else name for name in columns]).encode()


def as_csv(values: Values) -> bytes:
    """Rows as lines; a gap is an empty cell, and each number as short as it can be read back exactly."""
    lines = [
        ",".join("" if isnan(value) else repr(value) for value in row)
        for row in values.tolist()
    ]  # fmt: skip
    return "".join(f"{line}\r\n" for line in lines).encode()


def npy_header(run: Run) -> bytes:
    """The head of an array of all rows (NEP 1)."""
    with io.BytesIO() as file:
        facts = {"descr": "<f8", "fortran_order": False, "shape": (run.rows, len(run.columns))}
        np.lib.format.write_array_header_1_0(file, facts)
        return file.getvalue()


def _line(cells: Sequence[str]) -> str:
    with io.StringIO() as file:
        csv.writer(file).writerow(cells)
        return file.getvalue()
