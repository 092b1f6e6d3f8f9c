from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SERVICE = Path(__file__).parents[1] / "examples" / "model_service" / "service.py"


class Client:
    def __init__(self, model: str, live: str) -> None:
        self.model, self.live = model, live

    def post(self, path: str, given: object = None, kind: str = "application/json") -> Any:
        asked = urllib.request.Request(self.model + path, json.dumps(given or {}).encode(), {"Content-Type": kind})
        with urllib.request.urlopen(asked, timeout=60) as answered:
            return json.load(answered)

    def status(self) -> Any:
        with urllib.request.urlopen(f"{self.model}/status", timeout=60) as answered:
            return json.load(answered)

    def live_run(self) -> Any:
        with urllib.request.urlopen(f"{self.live}/api/v1/runs/iris", timeout=60) as answered:
            return json.load(answered)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Both services, started by the one command of the README, on ports that are free."""
    home = tmp_path_factory.mktemp("home")
    environment = {name: text for name, text in os.environ.items() if name != "LIVEPLOT_TOKEN"}
    environment |= {"HOME": str(home), "XDG_DATA_HOME": "", "XDG_STATE_HOME": ""}
    command = [sys.executable, str(SERVICE), "--port", "0", "--live-port", "0", "--pause", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        while "the model is at" not in said:
            said = process.stdout.readline()
            assert said, "it ended"
        model, live = (word.strip(",\n") for word in said.split() if word.startswith("http"))
        yield Client(model, live.removesuffix("/runs/iris"))
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def refused(call: Any) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as found:
        call()
    with found.value as answer:
        return answer.code, json.load(answer)["description"]


def test_a_model_is_trained_watched_asked_and_reset(service: Client) -> None:
    assert service.post("/hi") == {"msg": "hello world"}
    assert service.status()["trained"] is False
    setosa, virginica = [5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]
    assert refused(lambda: service.post("/predict", {"flowers": [setosa]})) == (
        409, "the model is not trained yet; POST /train first",
    )  # fmt: skip

    trained = service.post("/train")
    assert trained["trained_now"] is True
    assert trained["test_accuracy"] > 0.9
    assert service.post("/predict", {"flowers": [setosa, virginica]}) == {"species": ["setosa", "virginica"]}

    assert service.post("/train")["trained_now"] is False
    run = service.live_run()
    assert run["rows"] == trained["rows"] == 201
    assert run["columns"] == ["epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy"]

    service.post("/reset")
    assert service.status() == {"trained": False, "rows": 0, "live": f"{service.live}/runs/iris"}
    assert service.post("/train")["trained_now"] is True
    deadline = time.monotonic() + 10
    while service.live_run()["epoch"] == run["epoch"] and time.monotonic() < deadline:
        time.sleep(0.1)
    assert service.live_run()["epoch"] == run["epoch"] + 1
    assert service.live_run()["rows"] == 201


def test_what_is_no_flower_is_refused_by_what_is_wrong_with_it(service: Client) -> None:
    for wrong in ({}, {"flowers": [[1, 2]]}, {"flowers": "many"}, {"flowers": [[None, 1, 2, 3]]}, [1],
                  {"flowers": [[10**400, 1, 2, 3]]}):  # fmt: skip
        code, description = refused(lambda wrong=wrong: service.post("/predict", wrong))
        assert code == 422
        assert description.startswith('send {"flowers": ')
    for kind in ("application/x-www-form-urlencoded", ""):
        code, description = refused(lambda kind=kind: service.post("/predict", {"flowers": [[1, 2, 3, 4]]}, kind))
        assert (code, description) == (415, "send it with the header Content-Type: application/json")
