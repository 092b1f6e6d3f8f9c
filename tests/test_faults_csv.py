"""Section A of docs/reliability.md: what a CSV file may hold. Each test is named by its case."""

from __future__ import annotations

import pytest

from faults import SMALL, Place, run_cli

REFUSED = {
    "A01": (b"", "the file is empty"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(place: Place, case: str) -> None:
    content, says = REFUSED[case]
    (place.folder / "h.csv").write_bytes(content)
    run_cli(place, "render", "h.csv", "-o", "a.gif", *SMALL, code=3, says=says)
