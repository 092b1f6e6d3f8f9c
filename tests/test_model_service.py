"""The example as its README starts it, beside a `liveplot serve` of the same user that runs already."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

import serving

SERVICE = Path(__file__).parents[1] / "examples" / "model_service" / "service.py"
JSON = {"Content-Type": "application/json"}
SETOSA, VIRGINICA = [5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]


class Client:
    def __init__(self, process: subprocess.Popen[str], model: str, live: str) -> None:
        self.process, self.model, self.live = process, model, live

    @property
    def port(self) -> str:
        return self.model.rpartition(":")[2]

    def post(self, path: str, given: object = None, headers: dict[str, str] = JSON) -> Any:
        return answered(urllib.request.Request(self.model + path, json.dumps(given or {}).encode(), headers))

    def status(self) -> Any:
        return answered(f"{self.model}/status")

    def live_run(self) -> Any:
        return answered(f"{self.live}/api/v1/runs/iris")

    def is_training(self) -> bool:
        return self.status().get("epoch", 0) > 0 and self.status()["state"] == "training"


def answered(asked: str | urllib.request.Request) -> Any:
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)


def refused(call: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as found:
        call()
    with found.value as answer:
        return answer.code, json.load(answer)["description"]


def start(home: Path, *options: str) -> subprocess.Popen[str]:
    environment = serving.environment(HOME=str(home), XDG_STATE_HOME="", TMPDIR=str(home))
    return subprocess.Popen(
        [sys.executable, str(SERVICE), *options], env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def client(process: subprocess.Popen[str]) -> Client:
    """What the process serves, as soon as it says where."""
    assert process.stdout is not None
    assert process.stderr is not None
    said = process.stdout.readline()
    assert said.startswith("the model is at "), said + process.stderr.read()
    model, live = (word.strip(",\n") for word in said.split() if word.startswith("http"))
    return Client(process, model, live.removesuffix("/runs/iris"))


@contextmanager
def running(home: Path, *options: str, ended_by: signal.Signals) -> Iterator[Client]:
    """The example for a while. Whatever ends it, it leaves no process behind, and has nothing to complain of."""
    with start(home, *options) as process:
        try:
            service = client(process)
            yield service
            left = serving.descendants(process.pid)
            process.send_signal(ended_by)
            code = process.wait(serving.PATIENCE)
        finally:
            process.kill()
        assert code == (-ended_by if ended_by == signal.SIGKILL else 0)
        serving.wait_for(lambda: not any(map(serving.is_alive, left)))
        assert process.stderr is not None
        words = process.stderr.read().splitlines()
        assert [line for line in words if not line.startswith("the token of those who write is in ")] == []


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def users(home: Path) -> Iterator[serving.Server]:
    """A `liveplot serve` of the user's own."""
    folder = home / ".local" / "share" / "liveplot"
    folder.parent.mkdir(parents=True)
    with serving.running(folder) as server:
        yield server


@pytest.fixture(scope="module")
def service(home: Path, users: serving.Server) -> Iterator[Client]:
    """The example with a live service that it has started itself, though the user's store is in use."""
    with running(home, "--port", "0", "--live-port", "0", "--pause", "0.01", ended_by=signal.SIGINT) as service:
        yield service


@pytest.fixture
def forgetful(service: Client) -> Client:
    """The same with nothing learned."""
    service.post("/reset")
    return service


def test_a_model_is_trained_watched_asked_and_reset(forgetful: Client) -> None:
    service = forgetful
    assert service.post("/hi") == {"msg": "hello world"}
    assert service.status() == {"state": "untrained", "live": f"{service.live}/runs/iris"}
    assert refused(lambda: service.post("/predict", {"flowers": [SETOSA]})) == (
        409, "the model is not trained yet; POST /train first",
    )  # fmt: skip

    trained = service.post("/train")
    assert (trained["trained_now"], trained["state"], trained["epoch"]) == (True, "trained", 200)
    assert trained["test_accuracy"] > 0.9
    assert service.post("/predict", {"flowers": [SETOSA, VIRGINICA]}) == {"species": ["setosa", "virginica"]}

    assert service.post("/train")["trained_now"] is False
    run = service.live_run()
    assert run["rows"] == 201
    assert run["columns"] == ["epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy"]

    assert service.post("/reset") == service.status() == {"state": "untrained", "live": f"{service.live}/runs/iris"}


def test_what_is_no_flower_is_refused_by_what_is_wrong_with_it(service: Client) -> None:
    for wrong in ({}, {"flowers": [[1, 2]]}, {"flowers": "many"}, {"flowers": [[None, 1, 2, 3]]}, [1],
                  {"flowers": [[10**400, 1, 2, 3]]}):  # fmt: skip
        code, description = refused(lambda wrong=wrong: service.post("/predict", wrong))
        assert code == 422
        assert description.startswith('send {"flowers": ')
    for headers in ({"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": ""}):
        code, description = refused(lambda sent=headers: service.post("/predict", {"flowers": [SETOSA]}, sent))
        assert (code, description) == (415, "send it with the header Content-Type: application/json")


def test_two_who_train_at_once_train_once_and_others_are_answered_meanwhile(forgetful: Client) -> None:
    service = forgetful
    with ThreadPoolExecutor() as threads:
        asked = [threads.submit(service.post, "/train") for _ in range(2)]
        serving.wait_for(service.is_training)
        assert service.post("/hi") == {"msg": "hello world"}
        assert refused(lambda: service.post("/predict", {"flowers": [SETOSA]})) == (
            409, "the model is being trained; GET /status says how far it is",
        )  # fmt: skip
        assert not any(answer.done() for answer in asked)
        answers = [answer.result() for answer in asked]
    assert sorted(answer["trained_now"] for answer in answers) == [False, True]
    assert [answer["state"] for answer in answers] == ["trained", "trained"]
    assert service.live_run()["rows"] == 201


def test_a_reset_ends_a_training_and_those_who_wait_for_it(forgetful: Client) -> None:
    service = forgetful
    with ThreadPoolExecutor() as threads:
        asked = [threads.submit(service.post, "/train") for _ in range(2)]
        serving.wait_for(service.is_training)
        assert service.post("/reset")["state"] == "untrained"
        answers = [answer.result() for answer in asked]
    assert [(answer["trained_now"], answer["state"]) for answer in answers] == [(False, "untrained")] * 2
    assert service.status()["state"] == "untrained"
    epoch = service.live_run()["epoch"]
    assert service.post("/train")["trained_now"] is True
    run = service.live_run()
    assert (run["epoch"], run["rows"]) == (epoch + 1, 201)


def test_a_live_service_of_the_user_is_used_and_goes_on(home: Path, users: serving.Server, service: Client) -> None:
    options = ("--port", "0", "--live-port", str(users.port), "--pause", "0")
    with running(home, *options, ended_by=signal.SIGHUP) as other:
        assert other.live == users.url != service.live
        assert not serving.descendants(other.process.pid)
        assert other.post("/train")["trained_now"] is True
        assert users.get("/runs/iris").json["rows"] == 201
    assert users.get("/runs/iris").status == 200


def test_neither_the_end_nor_a_crash_leaves_the_live_service_behind(home: Path) -> None:
    """The end comes during a training."""
    ends = (signal.SIGTERM, signal.SIGKILL)
    with ThreadPoolExecutor() as threads, ExitStack() as stack:
        for ended_by in ends:
            options = ("--port", "0", "--live-port", "0")
            service = stack.enter_context(running(home, *options, ended_by=ended_by))
            assert serving.descendants(service.process.pid)
            threads.submit(service.post, "/train")
            serving.wait_for(service.is_training)


def test_a_port_in_use_is_told_by_the_option_that_changes_it(
    home: Path, users: serving.Server, service: Client
) -> None:
    taken = service.port
    cases = {
        ("--port", taken, "--live-port", str(users.port)): "--port",
        ("--port", "0", "--live-port", taken): "--live-port",
    }
    for options, other in cases.items():
        with start(home, *options) as process:
            said = process.communicate(timeout=serving.PATIENCE)[1]
        assert process.returncode == 1
        assert said == (
            f"Error: 127.0.0.1 port {taken} can't be listened on: Address already in use; take another {other}\n"
        )
