"""Hugging Face: `Trainer(..., callbacks=[LiveplotCallback("http://127.0.0.1:8000/", "digits")])`."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

from liveplot_cli.client.push import Push, push
from liveplot_cli.client.remote import find_run

_ABOUT_THE_MACHINE = ("_runtime", "_per_second", "total_flos")


class LiveplotCallback(TrainerCallback):
    """Sends what the trainer logs, its step first, to a run of the live service; `options` are those of `push`.

    How fast it was is left out, and so is the summary at the end. Of several processes it is the first that sends.
    """

    def __init__(self, url: str, run: str | None = None, **options: Any) -> None:
        find_run(url, run)  # what is wrong with it is told now, and not when training begins
        self._given = (url, run)
        self._options = options
        self._push: Push | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Open the run; what is trained further goes on in it, even if it was reset before."""
        if state.is_world_process_zero:
            self._push = push(*self._given, **self._options)
            self._options = {**self._options, "reset": False}

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Send what was logged."""
        if self._push is None or not logs or "train_runtime" in logs:
            return
        measured = {name: value for name, value in logs.items() if not name.endswith(_ABOUT_THE_MACHINE)}
        self._push({"step": state.global_step, **measured})

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Send what is left."""
        if self._push is not None:
            self._push.close()
            self._push = None
