"""The callbacks in the libraries they are for: each trains a small model, in a process of its own, for real."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from liveplot_cli import UsageError
from receiver import Receiver, Run, receiving

MODULES = Path(__file__).parents[1] / "src" / "liveplot_cli" / "callbacks"

KERAS = """
import os
os.environ["KERAS_BACKEND"] = "jax"
import keras, numpy as np
from liveplot_cli.callbacks.keras import LiveplotCallback
keras.utils.set_random_seed(1)
inputs = np.random.default_rng(1).normal(size=(64, 4))
outputs = inputs.sum(axis=1, keepdims=True)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("sgd", "mse", metrics=["mae"])
callback = LiveplotCallback(url, "model", reset=True)
for _ in range(2):
    model.fit(inputs, outputs, epochs=3, validation_split=0.25, verbose=0, callbacks=[callback])
"""

TORCH = """
import torch
torch.manual_seed(1)
inputs = torch.randn(64, 4)
outputs = inputs.sum(dim=1, keepdim=True)
"""

LIGHTNING = f"""{TORCH}
import lightning.pytorch as lightning
from liveplot_cli.callbacks.lightning import LiveplotCallback
class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
    def training_step(self, batch, _):
        loss = torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])
        self.log("loss", loss)
        return loss
    def validation_step(self, batch, _):
        self.log("val_loss", torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1]))
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(inputs, outputs), batch_size=16)
trainer = lightning.Trainer(
    max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
    enable_model_summary=False, callbacks=[LiveplotCallback(url, "model")],
)
trainer.fit(Model(), loader, loader)
"""

HUGGINGFACE = f"""{TORCH}
import tempfile, transformers
from liveplot_cli.callbacks.huggingface import LiveplotCallback
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
    def forward(self, x, labels):
        found = self.layer(x)
        return {{"loss": torch.nn.functional.mse_loss(found, labels), "logits": found}}
data = [{{"x": x, "labels": y}} for x, y in zip(inputs, outputs)]
with tempfile.TemporaryDirectory() as folder:
    arguments = transformers.TrainingArguments(
        folder, num_train_epochs=3, per_device_train_batch_size=16, logging_steps=4, eval_strategy="epoch",
        save_strategy="no", report_to=[], use_cpu=True, learning_rate=0.1, disable_tqdm=True,
    )
    transformers.Trainer(
        Model(), arguments, train_dataset=data, eval_dataset=data, callbacks=[LiveplotCallback(url, "model")]
    ).train()
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from receiving()


def trained(receiver: Receiver, program: str, *libraries: str) -> Run:
    """The run that a program has sent; the test is skipped where a library is not installed."""
    missing = [name for name in libraries if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: make callbacks")
    done = subprocess.run(
        [sys.executable, "-c", f"url = {receiver.url!r}\n{program}"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return receiver.runs["model"]


def falls(run: Run, name: str) -> bool:
    """Whether a column's numbers, where it has any, fall from the first to the last."""
    values = [value for value in run.column(name) if value is not None]
    return len(values) > 1 and values[-1] < values[0]


def test_keras(receiver: Receiver) -> None:
    run = trained(receiver, KERAS, "keras", "jax")
    assert run.columns == ["epoch", "loss", "mae", "val_loss", "val_mae"]
    assert run.column("epoch") == [1, 2, 3, 1, 2, 3]
    assert all(falls(run, name) for name in run.columns[1:])
    assert None not in [value for row in run.rows for value in row]


def test_lightning(receiver: Receiver) -> None:
    run = trained(receiver, LIGHTNING, "torch", "lightning")
    assert run.columns[:2] == ["epoch", "step"]
    assert (run.column("epoch"), run.column("step")) == ([0, 1, 2], [4, 8, 12])
    assert falls(run, "loss")
    assert falls(run, "val_loss")


def test_hugging_face(receiver: Receiver) -> None:
    run = trained(receiver, HUGGINGFACE, "torch", "transformers", "accelerate")
    assert run.columns[0] == "step"
    assert run.column("step") == [4, 4, 8, 8, 12, 12]
    assert falls(run, "loss")
    assert falls(run, "eval_loss")
    assert not [name for name in run.columns if "second" in name or "runtime" in name]


@pytest.mark.parametrize("module", sorted(path.stem for path in MODULES.glob("[!_]*.py")))
def test_an_address_that_is_none_is_told_when_the_callback_is_made(module: str) -> None:
    library = {"keras": "keras", "lightning": "lightning", "huggingface": "transformers"}[module]
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} not installed: make callbacks")
    program = f"from liveplot_cli.callbacks.{module} import LiveplotCallback; LiveplotCallback('nowhere', 'a')"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120,
        env=os.environ | {"KERAS_BACKEND": "jax"},
    )  # fmt: skip
    assert UsageError.__name__ in done.stderr
