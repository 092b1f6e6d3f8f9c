"""The server: one process under uvicorn, started by one command; or the application for gunicorn."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from liveplot_cli.errors import MissingError, UsageError, quoted
from liveplot_cli.option import build, options_of
from liveplot_cli.service import stores
from liveplot_cli.service.access import Access, found_token, lower, own_names
from liveplot_cli.service.app import application, close
from liveplot_cli.service.bounds import Asgi, Bounded
from liveplot_cli.service.changes import Changes
from liveplot_cli.service.pictures import Pictures
from liveplot_cli.service.resources import Service
from liveplot_cli.service.runs import Quota
from liveplot_cli.serving import Serving
from liveplot_cli.signals import end, handled

_log = logging.getLogger(__name__)

_HEAD_SECONDS = 10.0  # for the head of a request to come
_REST_SECONDS = 2.0  # for the rest of a body, when the server is asked to stop
_LONGEST_HEAD = 16_384  # bytes
_MOST_CONNECTIONS = 1_000
_LAST_SECONDS = 5  # for answers that are under way when the server is asked to stop


def serve(serving: Serving, say: Callable[[str], object]) -> None:
    """Serve until a signal comes; `say` is told where.

    Raises `MissingError` where the address or the store is in use, `UsageError` for one that would be open to all.
    """
    with _listening(serving) as listening, asyncio.Runner() as runner:
        url = _url(serving.host, listening.getsockname()[1])
        service, token_place = assembled(serving)
        kept = "PostgreSQL" if serving.store else serving.place / "runs.db"
        server = _Server(service)
        # From the first word on, every signal that would end it, hanging up included, has it end in good order.
        with _address_known(serving.place, url), handled(server.handle_exit):
            say(f"liveplot serves {url}/ and keeps rows in {kept}")
            if not service.access.open_read:
                say(f"open it once with {url}/#code={service.access.code()}")
            say(f"the token of those who write is in {token_place}")
            runner.run(server.serve(sockets=[listening]))
    if server.ended_by is not None:
        end(server.ended_by)


def assembled(serving: Serving) -> tuple[Service, str]:
    """The service, and where its token is from."""
    token, token_place = found_token(Path(serving.token_file) if serving.token_file else None, serving.place)
    quota = Quota(runs=serving.max_runs, rows=serving.max_rows, bytes=serving.max_store)
    store = stores.opened(serving.store, serving.place, quota)
    access = Access(
        token, lower(serving.allow_host), own_names(serving.host), open_read=serving.is_local or serving.public_read
    )
    folder = None if serving.store else serving.place
    service = Service(store, Changes(), Pictures(store, folder), access, quota, folder, serving.max_viewers)
    return service, token_place


def app() -> Asgi:
    """The application for another server, as `gunicorn -k asgi 'liveplot_cli.service.server:app()'`.

    Its options are those of `liveplot serve`, as variables: LIVEPLOT_FOLDER, LIVEPLOT_STORE, LIVEPLOT_ALLOW_HOST and so
    on. Without LIVEPLOT_PUBLIC_READ readers need the token, for it is not known here where the server listens.
    """
    given = {name: os.environ.get(f"LIVEPLOT_{name.upper()}") for name in options_of(Serving)}
    options: dict[str, Any] = {name: value for name, value in given.items() if value}
    options["public_read"] = given["public_read"] in ("1", "true", "yes")
    options["allow_host"] = tuple(filter(None, (given["allow_host"] or "").split(",")))
    options.setdefault("host", "0.0.0.0")
    service, _ = assembled(build(Serving, options))
    return Bounded(application(service))


class _Server(uvicorn.Server):
    """A server that lets those go who follow a run, when it is asked to stop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # not a line for each who sends rubbish
        self.ended_by: int | None = None  # the signal that asked for the end first
        super().__init__(
            uvicorn.Config(
                Bounded(application(service)),
                http=_Protocol, ws="none", lifespan="on", loop="asyncio", log_config=None, access_log=False,
                server_header=False, proxy_headers=False, timeout_keep_alive=5,
                timeout_graceful_shutdown=_LAST_SECONDS, limit_concurrency=_MOST_CONNECTIONS,
                h11_max_incomplete_event_size=_LONGEST_HEAD,
            )
        )  # fmt: skip

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to stop."""
        self.ended_by = self.ended_by or sig
        super().handle_exit(sig, frame)
        # A signal may come in the midst of anything: what it changes is changed between two steps of the loop.
        with suppress(RuntimeError):
            asyncio.get_running_loop().call_soon_threadsafe(self._service.drain)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal comes, which may have been there before."""
        try:
            await super().serve(sockets)
        finally:
            await close(self._service)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let go, and end when all has been answered."""
        self._service.drain()
        await super().shutdown(sockets)


class _Protocol(H11Protocol):
    """HTTP whose requests must begin soon: a connection that dribbles its head is closed."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for a request, for a while."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take what comes, and see whether it is a request by now."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._await_head()
        elif self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        if self._deadline is not None:
            self._deadline.cancel()

    def shutdown(self) -> None:
        """Answer what has been asked; a question that is still being asked has a moment to come to its end."""
        super().shutdown()
        if self.conn.their_state is h11.SEND_BODY:
            self.loop.call_later(_REST_SECONDS, self._cut)

    def _cut(self) -> None:
        if self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            self.transport.close()

    def _await_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(_HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._deadline = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()


@contextmanager
def _listening(serving: Serving) -> Iterator[socket.socket]:
    """A socket that listens where it was asked to."""
    try:
        found = socket.getaddrinfo(serving.host, serving.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"host: {quoted(serving.host)} is no address ({error})") from None
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
            listening.listen(2048)
        except OSError as error:
            raise MissingError(
                f"{serving.host} port {serving.port} can't be listened on: {error.strerror}; take another --port"
            ) from None
        listening.setblocking(False)
        yield listening


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


@contextmanager
def _address_known(folder: Path, url: str) -> Iterator[None]:
    """Have this user's own programs know to whom the token in the folder may be shown."""
    path = folder / "address"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            path.unlink()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{url}\n")
    except OSError as error:
        _log.warning("the address can't be kept in %s (%s); writers need LIVEPLOT_TOKEN", quoted(path), error)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
