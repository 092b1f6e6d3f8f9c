"""Chromium, driven by its DevTools protocol: pages that are opened, pressed and looked at, and what they asked."""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Words = dict[str, Any]

PATIENCE = 30.0  # seconds until an answer must be there

# What a key is called, its code, its number and the text it types.
KEYS = {
    "space": (" ", "Space", 32, " "),
    "left": ("ArrowLeft", "ArrowLeft", 37, ""),
    "right": ("ArrowRight", "ArrowRight", 39, ""),
    "down": ("ArrowDown", "ArrowDown", 40, ""),
    "home": ("Home", "Home", 36, ""),
    "end": ("End", "End", 35, ""),
    "enter": ("Enter", "Enter", 13, "\r"),
    "escape": ("Escape", "Escape", 27, ""),
    "tab": ("Tab", "Tab", 9, ""),
    "?": ("?", "Slash", 191, "?"),
}


@dataclass
class Page:
    """A page that is open, with what it said, asked for and broke since then."""

    browser: Browser
    target: str
    session: str
    errors: list[str] = field(default_factory=list)  # uncaught ones, and what was logged as one
    dialogs: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)  # of the content security policy
    urls: list[str] = field(default_factory=list)

    def send(self, method: str, **words: object) -> Words:
        """Ask the browser for something about this page."""
        return self.browser.send(method, self.session, **words)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, a promise's when it is kept; raises `AssertionError` for what it throws."""
        said = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in said, f"{expression}: {said['exceptionDetails']}"
        return said["result"].get("value")

    def until(self, expression: str, seconds: float = 10.0) -> Any:
        """The value of an expression as soon as it is true; raises `AssertionError` if it is not in so many seconds."""
        end = time.monotonic() + seconds
        while not (value := self.evaluate(expression)):
            state = "document.body.innerText.slice(0, 2000)"
            assert time.monotonic() < end, f"{expression} is still {value!r}; the page shows {self.evaluate(state)!r}"
            time.sleep(0.02)
        return value

    def text(self, selector: str) -> str:
        """The words that are seen of an element."""
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText"))

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key, by its name in `KEYS` or its letter, wherever the focus is."""
        name, code, number, text = KEYS.get(key) or (key, f"Key{key.upper()}", ord(key.upper()), key)
        words: Words = {"key": name, "code": code, "windowsVirtualKeyCode": number, "modifiers": 8 * shift}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **words)
        self.send("Input.dispatchKeyEvent", type="keyUp", **words)

    def write(self, text: str) -> None:
        """Type a text where the focus is."""
        self.send("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of an element."""
        found = json.dumps(selector)
        x, y = self.evaluate(
            f"(() => {{ const found = document.querySelector({found}); found.scrollIntoView({{block: 'nearest'}});"
            " const at = found.getBoundingClientRect(); return [at.x + at.width / 2, at.y + at.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def emulate(self, width: int, height: int, scale: float = 1, *, phone: bool = False) -> None:
        """Give the page a screen of so many pixels, which a phone has with fingers upon it."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=phone)

    def prefer(self, **features: str) -> None:
        """Set what a person prefers, as `color_scheme="dark"`."""
        media = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in features.items()]
        self.send("Emulation.setEmulatedMedia", features=media)

    def offline(self, off: bool) -> None:
        """Take the network away, or give it back."""
        self.send(
            "Network.emulateNetworkConditions", offline=off, latency=0, downloadThroughput=-1, uploadThroughput=-1
        )

    def minimize(self, away: bool) -> None:
        """Put the page's window away, or show it again."""
        window = self.browser.send("Browser.getWindowForTarget", targetId=self.target)["windowId"]
        state = "minimized" if away else "normal"
        self.browser.send("Browser.setWindowBounds", windowId=window, bounds={"windowState": state})

    def go(self, url: str) -> None:
        """Open another address, and wait until it is loaded."""
        self.send("Page.navigate", url=url)
        self.until(f"location.href === {json.dumps(url)} && document.readyState === 'complete'", PATIENCE)

    def reload(self) -> None:
        """Load the page again."""
        self.evaluate("window.isOld = true")
        self.send("Page.reload")
        self.until("!window.isOld && document.readyState === 'complete'", PATIENCE)

    def screenshot(self, path: Path) -> None:
        """Keep what is seen as a PNG."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        """Close the page."""
        self.browser.send("Target.closeTarget", targetId=self.target)
        self.browser.pages.pop(self.session, None)

    def _hear(self, method: str, words: Words) -> None:
        """Take note of what happened."""
        if method == "Page.javascriptDialogOpening":
            self.dialogs.append(words["message"])
            self.browser.post("Page.handleJavaScriptDialog", self.session, accept=False)
        elif method == "Runtime.exceptionThrown":
            details = words["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and words["type"] in ("error", "warning"):
            self.errors.append(" ".join(str(one.get("value", one.get("description"))) for one in words["args"]))
        elif method == "Audits.issueAdded" and words["issue"]["code"] == "ContentSecurityPolicyIssue":
            self.violations.append(json.dumps(words["issue"]["details"]))
        elif method == "Network.requestWillBeSent":
            self.urls.append(words["request"]["url"])


@dataclass
class Browser:
    """A running Chromium."""

    process: subprocess.Popen[bytes]
    questions: Any
    answers: Any
    pages: dict[str, Page] = field(default_factory=dict)
    downloads: Path = Path()
    saved: dict[str, str] = field(default_factory=dict)  # downloads that are whole, by their names: where each lies

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, queue.Queue[Words]] = {}
        self._downloads: dict[str, str] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, method: str, session: str = "", **words: object) -> Words:
        """Ask for something, and take the answer; raises `AssertionError` for a refusal."""
        box = self.post(method, session, **words)
        try:
            said = box.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"Chromium does not answer {method}") from None
        assert "error" not in said, f"{method}: {said['error']}"
        result: Words = said["result"]
        return result

    def post(self, method: str, session: str = "", **words: object) -> queue.Queue[Words]:
        """Ask for something, without waiting for the answer."""
        box: queue.Queue[Words] = queue.Queue()
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = box
            question = {"id": number, "method": method, "params": words} | ({"sessionId": session} if session else {})
            self.questions.write(json.dumps(question).encode() + b"\0")
            self.questions.flush()
        return box

    def person(self) -> str:
        """Somebody new, who shares no cookies and nothing that is kept with anybody else."""
        context = self.send("Target.createBrowserContext", disposeOnDetach=True)["browserContextId"]
        self.send(
            "Browser.setDownloadBehavior", behavior="allowAndName", browserContextId=context,
            downloadPath=str(self.downloads), eventsEnabled=True,
        )  # fmt: skip
        return str(context)

    def open(self, url: str = "about:blank", person: str = "") -> Page:
        """A new page in a window of its own, of a person."""
        context = person or self.person()
        target = self.send("Target.createTarget", url="about:blank", newWindow=True, browserContextId=context)[
            "targetId"
        ]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, target, session)
        for domain in ("Page", "Runtime", "Network", "Audits"):
            page.send(f"{domain}.enable")
        if url != "about:blank":
            page.go(url)
        return page

    def _listen(self) -> None:
        """Hand answers to those who wait for them, and events to their pages, until the browser ends."""
        rest = b""
        with suppress(OSError, ValueError):
            while part := os.read(self.answers.fileno(), 1 << 20):
                *lines, rest = (rest + part).split(b"\0")
                for line in lines:
                    self._take(json.loads(line))

    def _take(self, said: Words) -> None:
        if "id" in said:
            self._waiting.pop(said["id"]).put(said)
        elif said["method"] == "Browser.downloadWillBegin":
            self._downloads[said["params"]["guid"]] = said["params"]["suggestedFilename"]
        elif said["method"] == "Browser.downloadProgress" and said["params"]["state"] == "completed":
            self.saved[self._downloads[said["params"]["guid"]]] = said["params"]["guid"]
        elif page := self.pages.get(said.get("sessionId", "")):
            page._hear(said["method"], said["params"])


@contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """Chromium without a screen, its own files in a folder, downloads in `downloads` there; gone after the block."""
    to_browser, from_browser = os.pipe(), os.pipe()
    reads, writes = (fcntl.fcntl(pipe, fcntl.F_DUPFD_CLOEXEC, 10) for pipe in (to_browser[0], from_browser[1]))
    os.close(to_browser[0])
    os.close(from_browser[1])

    def connect() -> None:  # it reads what it is asked from 3, and answers on 4
        os.dup2(reads, 3)
        os.dup2(writes, 4)

    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
        "--force-color-profile=srgb", "--no-proxy-server", "--hide-scrollbars", "--remote-debugging-pipe",
        f"--user-data-dir={folder}", "about:blank",
    ]  # fmt: skip
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=said, start_new_session=True, pass_fds=(3, 4), preexec_fn=connect
        )
    os.close(reads)
    os.close(writes)
    with os.fdopen(to_browser[1], "wb") as questions, os.fdopen(from_browser[0], "rb") as answers:
        try:
            browser = Browser(process, questions, answers, downloads=folder / "downloads")
            browser.downloads.mkdir()
            yield browser
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
