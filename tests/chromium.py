"""Chromium, playing films: a page that takes one film after another and hands back what it saw of them, as pixels."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

# A GIF or a WebP is decoded picture by picture, composed as it is seen; an MP4 is played by <video>, and drawn at some
# times.
PAGE = """<!doctype html><meta charset="utf-8"><body><script>
const post = (facts, parts) => {
  const head = new TextEncoder().encode(JSON.stringify(facts) + "\\n");
  return fetch("/answer", {method: "POST", body: new Blob([head, ...parts])});
};
const pixels = (source, width, height) => {
  const context = new OffscreenCanvas(width, height).getContext("2d", {willReadFrequently: true});
  context.drawImage(source, 0, 0);
  return context.getImageData(0, 0, width, height).data;
};
const event = (target, name) => new Promise((done, failed) => {
  target.addEventListener(name, done, {once: true});
  target.addEventListener("error", () => failed(target.error), {once: true});
});
const sleep = milliseconds => new Promise(done => setTimeout(done, milliseconds));
const settled = async (video, size) => {
  let shown = pixels(video, ...size);
  for (let tries = 0; tries < 50; tries++) {
    await sleep(50);
    const before = shown;
    shown = pixels(video, ...size);
    if (shown.every((value, place) => value === before[place])) break;
  }
  return shown;
};
async function pictures(data, wanted, type) {
  const decoder = new ImageDecoder({data, type, preferAnimation: true});
  await decoder.tracks.ready;
  await decoder.completed;
  const track = decoder.tracks.selectedTrack;
  const facts = {repetitions: String(track.repetitionCount), frames: track.frameCount, durations: []};
  const parts = [];
  for (let frameIndex = 0; frameIndex < track.frameCount; frameIndex++) {
    const {image} = await decoder.decode({frameIndex});
    facts.durations.push(image.duration);
    facts.size = [image.codedWidth, image.codedHeight];
    if (wanted === null || wanted.includes(frameIndex))
      parts.push(pixels(image, image.codedWidth, image.codedHeight));
    image.close();
  }
  decoder.close();
  return [facts, parts];
}
async function mp4(data, wanted) {
  const video = document.createElement("video");
  video.muted = true;
  const loaded = event(video, "loadeddata");
  video.src = URL.createObjectURL(new Blob([data], {type: "video/mp4"}));
  document.body.append(video);
  await loaded;
  const size = [video.videoWidth, video.videoHeight], parts = [];
  for (const time of wanted) {
    const sought = event(video, "seeked");
    const presented = new Promise(done => video.requestVideoFrameCallback(done));
    video.currentTime = time < 0 ? video.duration + time : time;
    await sought;
    // A picture that is there already is not presented again; one that is not may take a while to come.
    await Promise.race([presented, sleep(500)]);
    parts.push(await settled(video, size));
  }
  const facts = {duration: video.duration, size};
  video.remove();
  return [facts, parts];
}
async function page(data, wanted) {
  const frame = document.createElement("iframe");
  frame.width = frame.height = 900;
  const loaded = event(frame, "load");
  frame.src = URL.createObjectURL(new Blob([data], {type: "text/html"}));
  document.body.append(frame);
  await loaded;
  const inner = frame.contentDocument, canvas = inner.getElementById("film"), place = inner.getElementById("place");
  const label = inner.getElementById("play");
  const until = async done => {
    for (let tries = 0; !done(); tries++) {
      if (tries > 1000) throw new Error("it does not come to a frame: " + inner.getElementById("trouble").textContent);
      await sleep(10);
    }
  };
  await until(() => canvas.dataset.frame !== undefined);
  const facts = {started: label.textContent, played: [], size: [canvas.width, canvas.height]};
  while (label.textContent === "Pause" && facts.played.length < 3) {
    const before = canvas.dataset.frame;
    await until(() => canvas.dataset.frame !== before || label.textContent !== "Pause");
    facts.played.push(+canvas.dataset.frame);
  }
  const press = (key, target = inner.body) =>
    target.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
  if (label.textContent === "Pause") press(" ");
  const parts = [];
  for (const number of wanted ?? []) {
    if (typeof number === "string") press(number);
    else {
      place.value = number;
      place.dispatchEvent(new Event("input"));
    }
    await until(() => canvas.dataset.frame === place.value);
    parts.push(pixels(canvas, canvas.width, canvas.height));
  }
  Object.assign(facts, {
    title: inner.title, label: canvas.getAttribute("aria-label"), ended: label.textContent,
    shown: +canvas.dataset.frame, last: +place.max, where: place.getAttribute("aria-valuetext"),
    elements: inner.querySelectorAll("script, style, img, link, iframe, meta").length,
    requests: frame.contentWindow.performance.getEntriesByType("resource").map(entry => entry.name),
    colors: ["backgroundColor", "color"].map(name => frame.contentWindow.getComputedStyle(inner.body)[name]),
    wide: inner.documentElement.scrollWidth > frame.contentWindow.innerWidth,
  });
  frame.remove();
  return [facts, parts];
}
(async () => {
  for (;;) {
    const given = await fetch("/film");
    const wanted = JSON.parse(given.headers.get("wanted"));
    const type = given.headers.get("content-type");
    const play = type.startsWith("image/") ? pictures : type === "text/html" ? page : mp4;
    try {
      const [facts, parts] = await play(await given.arrayBuffer(), wanted, type);
      await post(facts, parts);
    } catch (error) {
      await post({error: String(error && (error.message || error))}, []);
    }
  }
})();
</script>"""


@dataclass
class Seen:
    """What Chromium says of a film, and the pixels of the pictures it showed, shape (pictures, height, width, 4)."""

    facts: dict[str, Any]
    pixels: np.ndarray

    @property
    def pictures(self) -> np.ndarray:
        """Their red, green and blue."""
        return self.pixels[..., :3]


class Chromium:
    """A running browser, whose page takes films one at a time."""

    def __init__(self) -> None:
        self.films: queue.Queue[tuple[str, str, bytes]] = queue.Queue()
        self.answers: queue.Queue[bytes] = queue.Queue()

    def gif(self, path: Path, wanted: Sequence[int] | None = None) -> Seen:
        """A GIF: its frames' durations in microseconds, its repetitions, and the frames wanted, by itself all."""
        return self._seen(path, "image/gif", wanted)

    def webp(self, path: Path, wanted: Sequence[int] | None = None) -> Seen:
        """A WebP: the same."""
        return self._seen(path, "image/webp", wanted)

    def page(self, path: Path, wanted: Sequence[int | str] = ()) -> Seen:
        """A page that plays a film: what it is like, and its pictures at the frames wanted or after keys pressed."""
        return self._seen(path, "text/html", wanted)

    def mp4(self, path: Path, wanted: Sequence[float]) -> Seen:
        """An MP4: its duration, and its pictures at some seconds; those below zero are counted from its end."""
        return self._seen(path, "video/mp4", wanted)

    def _seen(self, path: Path, kind: str, wanted: Sequence[object] | None) -> Seen:
        self.films.put((kind, json.dumps(wanted), path.read_bytes()))
        head, _, body = self.answers.get(timeout=60).partition(b"\n")
        facts = json.loads(head)
        assert "error" not in facts, facts["error"]
        width, height = facts["size"]
        return Seen(facts, np.frombuffer(body, np.uint8).reshape(-1, height, width, 4))


@contextmanager
def playing(folder: Path) -> Iterator[Chromium]:
    """Chromium with our page open, its own files in a folder, gone with all its processes when the block ends."""
    browser = Chromium()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, wanted, content = "text/html", "null", PAGE.encode()
            if self.path == "/film":
                kind, wanted, content = browser.films.get()
            self.send_response(200 if kind else 404)
            self.send_header("content-type", kind)
            self.send_header("wanted", wanted)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(content)

        def do_POST(self) -> None:
            browser.answers.put(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None: ...  # a browser that is killed hangs up

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
        "--force-color-profile=srgb", "--no-proxy-server", f"--user-data-dir={folder}",
        f"http://127.0.0.1:{server.server_port}/",
    ]  # fmt: skip
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
    try:
        yield browser
    finally:
        browser.films.put(("", "null", b""))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        server.shutdown()
        server.server_close()
