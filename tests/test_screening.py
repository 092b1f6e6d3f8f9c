"""What screens share: rows that are taken in while somebody looks back, files that are written anew, what is saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from liveplot_cli import screening as screenings
from liveplot_cli.errors import LiveplotError
from liveplot_cli.growing.history import SoFar
from liveplot_cli.history import History
from liveplot_cli.jobs.show import show
from liveplot_cli.prepare import Prepared, prepare
from liveplot_cli.screening import Growth, Screening

VALUES = np.random.default_rng(5).uniform(1, 2, size=(40, 2))


class Rows:
    """A follower whose rows are put there."""

    name = "rows"

    def __init__(self) -> None:
        self.came = Event()
        self.ended = False
        self._so_far: SoFar | None = None

    def put(self, values: np.ndarray, edition: int = 0, before: int = 0) -> None:
        self._so_far = SoFar(History(values, columns=("a", "b"), name="rows"), before, edition)
        self.came.set()

    def so_far(self) -> SoFar | None:
        return self._so_far


def growth(rows: Rows) -> Growth:
    def prepared(histories: Sequence[History]) -> Prepared:
        return prepare(list(histories), "trace", {"size": "320x240"})

    return Growth([rows], prepared)  # type: ignore[list-item]


@pytest.fixture
def shown(themed: None) -> tuple[Screening, Rows]:
    rows = Rows()
    rows.put(VALUES[:20])
    grows = growth(rows)
    screening = Screening(grows.first(), growth=grows)
    screening.build(screening.look)
    return screening, rows


def refreshed(screening: Screening, now: list[float]) -> bool:
    """Look once more, so much later that there is time for a picture."""
    now[0] += 10
    changed = screening.refresh(now[0])
    screening.draw()
    return changed


def test_rows_are_followed_until_somebody_looks_back_and_again_from_the_end(shown: tuple[Screening, Rows]) -> None:
    screening, rows = shown
    now = [0.0]
    rows.put(VALUES[:25])
    assert refreshed(screening, now)
    assert (screening.where, screening.how, screening.when) == ("row 25 of 25", "following", "")
    assert screening.press("home")
    rows.put(VALUES[:30])
    refreshed(screening, now)
    assert (screening.where, screening.how, screening.when) == ("row 1 of 30", "paused", "0:00.0 of 0:01.5")
    screening.press("end")
    rows.put(VALUES[:33])
    refreshed(screening, now)
    assert screening.where == "row 33 of 33"


def test_a_file_that_is_written_anew_each_epoch_leaves_the_place_where_it_is(
    shown: tuple[Screening, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    screening, rows = shown
    now, clock = [0.0], [100.0]
    monkeypatch.setattr(screenings.time, "monotonic", lambda: clock[0])
    screening.player.seek(7)
    screening.press("[")
    for edition in (1, 2, 3):
        rows.put(VALUES[: 5 * edition], edition)  # it is on its way
        refreshed(screening, now)
        assert screening.where == f"row 8 of {19 + edition}"
        rows.put(VALUES[: 20 + edition], edition)
        refreshed(screening, now)
        assert screening.where == f"row 8 of {20 + edition}"
    assert screening.player.section == range(7, 23)
    rows.put(VALUES[:4], 4)
    refreshed(screening, now)
    clock[0] += 60  # and comes no further: it is another
    refreshed(screening, now)
    assert (screening.where, screening.player.section) == ("row 4 of 4", None)


def test_other_rows_in_a_file_of_the_same_name_are_another_film(shown: tuple[Screening, Rows]) -> None:
    screening, rows = shown
    [axes] = screening.scene.figure.axes
    screening.press("home")
    rows.put(VALUES[:2] / 1000, 1)
    refreshed(screening, [0.0])
    assert (screening.where, screening.how) == ("row 2 of 2", "following")
    assert axes.get_ylim()[1] < 0.1


def test_pictures_of_the_past_put_off_no_rows(shown: tuple[Screening, Rows], monkeypatch: pytest.MonkeyPatch) -> None:
    screening, rows = shown
    clock = [100.0]

    def slowly(position: float, above: object) -> None:
        clock[0] += 0.3

    monkeypatch.setattr(screenings.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(screening.scene, "draw", slowly)
    rows.put(VALUES[:25])
    screening.refresh(clock[0])
    screening.draw()
    screening.press("home")
    for _ in range(20):
        screening.press("right")
        screening.draw()
    rows.put(VALUES[:30])
    screening.refresh(clock[0])
    assert screening.where.endswith("of 30")
    screening.draw()
    rows.put(VALUES[:31])
    screening.refresh(clock[0])
    assert screening.where.endswith("of 30"), "after a slow one there is a pause"


def test_rows_that_are_kept_no_longer_move_the_place(shown: tuple[Screening, Rows]) -> None:
    screening, rows = shown
    screening.player.seek(12)
    rows.put(VALUES[10:30], before=10)
    refreshed(screening, [0.0])
    assert screening.player.position == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"theme": "nope"}, "nope"),
        ({"palette": "nope"}, "nope"),
        ({"title": "{foo}"}, "a field 'foo'"),
        ({"size": "100000x100000"}, "100000x100000|pixels"),
        ({"ylim": "a"}, "ylim: 'a' is neither"),
        ({"duration": "5"}, "takes no duration"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_told_before_the_first_row(
    tmp_path: Path, options: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveplot_cli.screens.window.require_display", lambda: None)
    with pytest.raises(LiveplotError, match=says):
        show(tmp_path / "not-there-yet.csv", follow=True, **options)
