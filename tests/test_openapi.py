"""The OpenAPI document against the routes, by themselves and by a program that believes every word of it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from falcon.inspect import inspect_app

import serving
from liveplot_cli.service.access import Access
from liveplot_cli.service.app import application
from liveplot_cli.service.resources import Service
from liveplot_cli.service.runs import Quota
from serving import Server

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "negative_data_rejection",
)  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving.running(tmp_path_factory.mktemp("service") / "kept") as server:
        assert server.append("a", [[1, 2], [3, None], [2, 5]], columns=["step", "loss"], title="A run").status == 200
        yield server


def test_schemathesis_finds_nothing_that_is_not_as_documented(service: Server, tmp_path: Path) -> None:
    """Whatever it sends, valid or not: no 5xx, and statuses, types and bodies are those of the document."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{service.url}/openapi.json",
        "-H", f"Authorization: Bearer {service.token}", "--checks", ",".join(CHECKS), "--max-examples", "12",
        "--phases", "examples,coverage,fuzzing", "--generation-deterministic", "--exclude-path-regex", "events$",
        "--no-color", "--no-shrink", "--warnings", "off", "--continue-on-failure",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-30000:] + done.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested, done.stdout[-2000:]
    assert int(tested[1]) >= 20, done.stdout[-2000:]


def test_the_document_has_every_route_and_nothing_else(service: Server) -> None:
    document = service.ask("GET", "/openapi.json").json
    described = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    app = application(Service(None, None, None, Access("a" * 16), Quota(), Path()))  # type: ignore[arg-type]
    routed = {
        (route.path, method.method)
        for route in inspect_app(app).routes
        for method in route.methods
        if not method.internal
    }
    assert described == routed
