"""Keras: `model.fit(..., callbacks=[LiveplotCallback("http://127.0.0.1:8000/", "digits")])`."""

from __future__ import annotations

from typing import Any

import keras

from liveplot_cli.client.push import Push, push
from liveplot_cli.client.remote import find_run


class LiveplotCallback(keras.callbacks.Callback):
    """Sends the logs of each epoch, its number first, to a run of the live service; `options` are those of `push`."""

    def __init__(self, url: str, run: str | None = None, **options: Any) -> None:
        super().__init__()
        find_run(url, run)  # what is wrong with it is told now, and not when training begins
        self._given = (url, run)
        self._options = options
        self._push: Push | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Open the run; what is fitted further goes on in it, even if it was reset before."""
        self._push = push(*self._given, **self._options)
        self._options = {**self._options, "reset": False}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Send what was measured."""
        if self._push is not None:
            self._push({"epoch": epoch + 1, **(logs or {})})

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Send what is left."""
        if self._push is not None:
            self._push.close()
            self._push = None
