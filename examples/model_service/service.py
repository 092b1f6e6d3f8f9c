"""A model behind a small HTTP service on Falcon, whose training can be watched live.

    python examples/model_service/service.py

starts it, and says where it is and where its training can be watched: at the `liveplot serve` that runs already, or
else at one that is started beside it. `POST /train` trains the model if it is not trained yet, and sends each epoch to
the live plot; `POST /predict` names the species of flowers; `POST /reset` forgets what was learned; `GET /status` says
how things stand; `POST /hi` says hello.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import falcon
import numpy as np
from classifier import Classifier, flowers
from live import Live, live_service

import liveplot_cli
from liveplot_cli import serving

RUN = "iris"


@dataclass(frozen=True)
class Standing:
    """How things stand at one moment. It is replaced as a whole, so that who looks at it needs no lock."""

    state: str = "untrained"  # then "training", then "trained"
    measured: Mapping[str, float] = field(default_factory=dict)  # the last epoch, with its losses and accuracies
    classifier: Classifier | None = None  # once it is trained


class Model:
    """The model, which many requests may use at once, and one at a time trains."""

    def __init__(self, live: Live, pause: float = 0.0) -> None:
        self.standing = Standing()
        self._live, self._pause = live, pause
        self._known = flowers()
        self._turn = threading.Lock()  # of the one who trains, as long as that takes
        self._change = threading.Lock()  # of the one who changes the standing or the life, for a moment
        self._life = 0  # its number; each reset begins another one

    def train(self) -> bool:
        """Train if that has not been done; whether it was done now. Who comes during a training waits for its end."""
        life = self._life
        with self._turn:
            if self.standing.classifier is not None or not self._go_on(life, Standing("training")):
                return False
            return self._learn(life)

    def _learn(self, life: int) -> bool:
        classifier, measured = Classifier(self._known), {}
        with liveplot_cli.push(
            self._live.url, RUN, title="Three species of iris", reset=True, folder=self._live.folder
        ) as run:
            for measured in classifier.train():
                run(**measured)
                if not self._go_on(life, Standing("training", measured)):
                    return False
                time.sleep(self._pause)
        return self._go_on(life, Standing("trained", measured, classifier))

    def _go_on(self, life: int, standing: Standing) -> bool:
        """Let things stand like this, unless a reset has ended the life in which they came to."""
        with self._change:
            if life == self._life:
                self.standing = standing
            return life == self._life

    def reset(self) -> None:
        """Forget what was learned, at once; who trains, or waits to, gives up."""
        with self._change:
            self._life += 1
            self.standing = Standing()

    def close(self) -> None:
        """End a training that is under way, and wait until its rows have been sent."""
        self.reset()
        with self._turn:
            pass

    def status(self) -> dict[str, object]:
        """How things stand, for a client."""
        now = self.standing
        return {"state": now.state, **now.measured, "live": f"{self._live.url}/runs/{RUN}"}


class Hi:
    """The smallest proof that the service is up."""

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = {"msg": "hello world"}


class Train:
    """Training, if there is need."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = {"trained_now": self._model.train(), **self._model.status()}


class Predict:
    """The species of flowers."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        measures = _measures(req)
        now = self._model.standing
        if now.state == "training":
            raise falcon.HTTPConflict(description="the model is being trained; GET /status says how far it is")
        if now.classifier is None:
            raise falcon.HTTPConflict(description="the model is not trained yet; POST /train first")
        resp.media = {"species": now.classifier.predict(measures)}


def _measures(req: falcon.Request) -> np.ndarray:
    """What was measured of the flowers in a request, shape (flowers, 4)."""
    if not (req.content_type or "").lower().startswith(falcon.MEDIA_JSON):  # curl -d by itself says it is a form
        raise falcon.HTTPUnsupportedMediaType(description="send it with the header Content-Type: application/json")
    given: Any = req.get_media()
    try:
        measures = np.array(given["flowers"], dtype=float)
    except (TypeError, KeyError, ValueError, OverflowError):
        measures = np.empty(0)
    if measures.ndim != 2 or measures.shape[1] != 4 or not np.isfinite(measures).all():
        raise falcon.HTTPUnprocessableEntity(description='send {"flowers": [[5.1, 3.5, 1.4, 0.2]]}, in centimetres')
    return measures


class Reset:
    """A new beginning."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._model.reset()
        resp.media = self._model.status()


class Status:
    """How things stand."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = self._model.status()


def application(model: Model) -> falcon.App:
    """The Falcon application of a model."""
    app = falcon.App()
    app.add_route("/hi", Hi())
    app.add_route("/train", Train(model))
    app.add_route("/predict", Predict(model))
    app.add_route("/reset", Reset(model))
    app.add_route("/status", Status(model))
    return app


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each request, so that others are answered while one trains."""

    daemon_threads = True  # the end waits for a training (`Model.close`), but for no client


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None: ...


def _listening(port: int, model: Model) -> WSGIServer:
    try:
        return make_server("127.0.0.1", port, application(model), _Server, _Quiet)
    except OSError as error:
        sys.exit(f"Error: 127.0.0.1 port {port} can't be listened on: {error.strerror}; take another --port")


def _end_in_order() -> None:
    """Have signals leave each `with` block on their way out; one that is ignored from outside (`nohup`) stays so."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: sys.exit())


def main() -> None:
    """Serve until a signal comes, such as that of Ctrl-C."""
    asked = argparse.ArgumentParser(description="A model behind a small HTTP service, watched live.")
    asked.add_argument("--port", type=serving.port, default=8001, help="of the model; 0 takes one that is free")
    asked.add_argument(
        "--live-port", type=serving.port, default=serving.PORT,
        help="of the live service: yours, if it runs there, else one that is started",
    )  # fmt: skip
    asked.add_argument("--pause", type=float, default=0.05, help="seconds after each epoch, to see it learn")
    given = asked.parse_args()
    _end_in_order()
    with (
        live_service(given.live_port) as live,
        closing(Model(live, given.pause)) as model,
        _listening(given.port, model) as server,
    ):
        url = f"http://127.0.0.1:{server.server_port}"
        print(f"the model is at {url}, its training at {live.url}/runs/{RUN}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
