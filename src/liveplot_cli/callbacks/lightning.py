"""Lightning: `Trainer(callbacks=[LiveplotCallback("http://127.0.0.1:8000/", "digits")])`."""

from __future__ import annotations

from typing import Any

try:
    from lightning.pytorch import Callback
except ModuleNotFoundError:  # its other name, whose classes are others
    from pytorch_lightning import Callback

from liveplot_cli.client.push import Push, push
from liveplot_cli.client.remote import find_run


class LiveplotCallback(Callback):
    """Sends what has been logged by the end of each epoch to a run of the live service; `options` are those of `push`.

    Of several processes it is the first that sends.
    """

    def __init__(self, url: str, run: str | None = None, **options: Any) -> None:
        find_run(url, run)  # what is wrong with it is told now, and not when training begins
        self._given = (url, run)
        self._options = options
        self._push: Push | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the run; what is fitted further goes on in it, even if it was reset before."""
        if trainer.is_global_zero:
            self._push = push(*self._given, **self._options)
            self._options = {**self._options, "reset": False}

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Send what was logged, of validation too."""
        if self._push is not None:
            self._push({"epoch": trainer.current_epoch, "step": trainer.global_step, **trainer.callback_metrics})

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Send what is left."""
        if self._push is not None:
            self._push.close()
            self._push = None

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Send what is left, for training will not go on."""
        self.on_train_end(trainer, pl_module)
