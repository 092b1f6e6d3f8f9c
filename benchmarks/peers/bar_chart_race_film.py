"""bar_chart_race as its documentation shows it: ten bars, ten steps from row to row; saved by Pillow's writer.

Its last version, 0.1.0 of 2020, is as it was but for one call that pandas 3 no longer has, which is put back here.
"""

from __future__ import annotations

from typing import Any

import bar_chart_race
import pandas as pd
from task import DPI, FPS, TWEEN, Task, asked

TOP = 10
LABELS = 0.32  # inches; it widens the figure by as much as its labels take


def put_back() -> None:
    """Let `Series.fillna` take a method again, which is `ffill()` in newer words."""
    fillna = pd.Series.fillna

    def old(series: Any, *given: Any, method: str | None = None, **named: Any) -> Any:
        return series.ffill() if method == "ffill" else fillna(series, *given, **named)

    pd.Series.fillna = old


def film(task: Task) -> None:
    """The highest values as bars, with their names and numbers and the row's."""
    titles = [task.title(TWEEN * row) for row in range(len(task.values))]
    rows = pd.DataFrame(task.values, columns=list(task.names), index=titles)
    width, height = task.size
    bar_chart_race.bar_chart_race(
        rows,
        str(task.path),
        n_bars=TOP,
        steps_per_period=TWEEN,
        period_length=1000 * TWEEN / FPS,
        figsize=(width / DPI - LABELS, height / DPI),
        dpi=DPI,
        writer="pillow",
        filter_column_colors=True,
    )


if __name__ == "__main__":
    put_back()
    film(asked())
