"""Turn a history of numbers into a moving picture.

`render` writes files, `animation` hands back a matplotlib `FuncAnimation`, `read` loads a `History`, `show` plays it,
`push` sends rows to the live service as they come up, `recorder` writes them to a file that can be read meanwhile,
`live` plots them in a notebook.
Each is imported when it is first used, so that the command line answers at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liveplot_cli.client.push import Push as Push
    from liveplot_cli.client.push import push as push
    from liveplot_cli.errors import DataError as DataError
    from liveplot_cli.errors import LimitError as LimitError
    from liveplot_cli.errors import LiveplotError as LiveplotError
    from liveplot_cli.errors import MissingError as MissingError
    from liveplot_cli.errors import OutputError as OutputError
    from liveplot_cli.errors import UsageError as UsageError
    from liveplot_cli.history import History as History
    from liveplot_cli.jobs.animate import animation as animation
    from liveplot_cli.jobs.render import render as render
    from liveplot_cli.jobs.save import save as save
    from liveplot_cli.jobs.show import show as show
    from liveplot_cli.notebook import Live as Live
    from liveplot_cli.notebook import live as live
    from liveplot_cli.readers import read as read
    from liveplot_cli.recording import Recorder as Recorder
    from liveplot_cli.recording import recorder as recorder
    from liveplot_cli.write import Rendered as Rendered

_HOMES = {
    "DataError": "errors",
    "History": "history",
    "LimitError": "errors",
    "Live": "notebook",
    "LiveplotError": "errors",
    "MissingError": "errors",
    "OutputError": "errors",
    "Push": "client.push",
    "Recorder": "recording",
    "Rendered": "write",
    "UsageError": "errors",
    "animation": "jobs.animate",
    "live": "notebook",
    "push": "client.push",
    "read": "readers",
    "recorder": "recording",
    "render": "jobs.render",
    "save": "jobs.save",
    "show": "jobs.show",
}

__all__ = [
    "DataError",
    "History",
    "LimitError",
    "Live",
    "LiveplotError",
    "MissingError",
    "OutputError",
    "Push",
    "Recorder",
    "Rendered",
    "UsageError",
    "animation",
    "live",
    "push",
    "read",
    "recorder",
    "render",
    "save",
    "show",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
