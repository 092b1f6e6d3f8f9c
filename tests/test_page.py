"""The live page, in a real Chromium, before a real server."""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from PIL import Image

import serving
from devtools import Browser, Page, browsing
from served import Served, served

Open = Callable[..., Page]

COLUMNS = ["loss", "accuracy"]
FOLLOWS = "document.querySelector('#follow').getAttribute('aria-pressed') === 'true'"
STATE = "document.querySelector('#state').dataset.state"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("devtools")) as browser:
        yield browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Open]:
    """Open pages that must neither break, nor run what they show, nor ask anything of anybody but the server."""
    pages: list[tuple[Page, str]] = []
    person = chromium.person()

    def open_page(
        server: Served, path: str = "/", *, apart: bool = False, screen: tuple[int, int, float] = (1280, 900, 1),
        phone: bool = False,
    ) -> Page:  # fmt: skip
        page = chromium.open(person=chromium.person() if apart else person)
        page.emulate(*screen, phone=phone)
        pages.append((page, server.url))
        page.go(server.url + path)
        return page

    yield open_page
    for page, url in pages:
        page.close()
        assert not page.errors
        assert not page.dialogs
        assert not page.violations
        asked = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, page.urls) if parts.scheme != "data"}
        assert asked == {url}


@pytest.fixture
def run(request: pytest.FixtureRequest, server: Served) -> Iterator[str]:
    """The name of a run of 20 rows that no other test knows."""
    name = request.node.name.split("[")[0].removeprefix("test_")[:100]
    server.post(name, values(20), columns=COLUMNS)
    yield name
    if any(found["run"] == name for found in server.ask("GET", "/api/v1/runs")["runs"]):
        server.ask("DELETE", f"/api/v1/runs/{name}")


def values(count: int, first: int = 1) -> list[list[float]]:
    return [[1 / row, 1 - 1 / row] for row in range(first, first + count)]


def shown(page: Page, row: int, seconds: float = 10.0) -> None:
    """Wait until the picture is that of a row."""
    page.until(f"document.querySelector('#picture').dataset.row === '{row}'", seconds)


def pixels(page: Page) -> np.ndarray:
    """The picture as it is seen, shape (height, width, 3)."""
    code = """(() => {
      const seen = document.querySelector("#picture"), copy = document.createElement("canvas");
      [copy.width, copy.height] = [seen.width, seen.height];
      copy.getContext("2d").drawImage(seen, 0, 0);
      return copy.toDataURL();
    })()"""
    return decoded(page.evaluate(code))


def decoded(address: str) -> np.ndarray:
    import base64

    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB"))


# ---- The list


def test_an_empty_list_says_how_a_run_is_made_and_shows_it_as_soon_as_it_is(tmp_path: Path, opened: Open) -> None:
    with served(tmp_path) as server:
        page = opened(server)
        page.until("!document.querySelector('#empty').hidden")
        assert page.text("#by-command") == f"liveplot push {server.url}/ loss.csv"
        lines = page.text("#by-python")
        assert f'liveplot_cli.push("{server.url}/"' in lines
        server.post("first", values(3), title="The first of all")
        page.until("document.querySelector('.runs a') !== null")
        assert page.text(".runs .title") == "The first of all"
        assert page.text(".runs .name") == "first"
        assert page.text(".runs .count") == "3 rows"
        assert page.evaluate("document.querySelector('.runs .dot').classList.contains('live')")
        assert page.evaluate("document.querySelector('#empty').hidden")
        server.post("first", values(2, 4))
        page.until("document.querySelector('.runs .count').innerText === '5 rows'")
        page.click(".runs a")
        page.until("location.pathname === '/runs/first'")
        shown(page, 5)


def test_the_two_ways_to_a_first_run_lead_there(tmp_path: Path, opened: Open) -> None:
    with served(tmp_path) as server:
        page = opened(server)
        page.until("!document.querySelector('#empty').hidden")
        _, *arguments = page.text("#by-command").split()
        lines = page.text("#by-python")
        (tmp_path / "loss.csv").write_text("loss\n3\n2\n1\n")
        known = serving.environment(LIVEPLOT_TOKEN=server.token, XDG_STATE_HOME=str(tmp_path))
        for command in (["-m", "liveplot_cli", *arguments], ["-c", lines]):
            subprocess.run([sys.executable, *command], cwd=tmp_path, env=known, check=True, timeout=serving.PATIENCE)
        seen = "[...document.querySelectorAll('.runs a')].map(one => one.innerText.split(/\\s+/).slice(0, 2).join(' '))"
        page.until(f"{seen}.sort().join() === 'first 100,loss 3'")


def test_the_list_is_in_the_order_of_changes_and_can_be_searched(tmp_path: Path, opened: Open) -> None:
    with served(tmp_path) as server:
        names = [f"run-{number}" for number in range(10)]
        for name in names:
            server.post(name, values(1))
        page = opened(server)
        found = "[...document.querySelectorAll('.runs .title')].map(one => one.innerText)"
        page.until(f"{found}.length === 10")
        assert page.evaluate(found) == names[::-1]
        server.post("run-4", values(1, 2))
        page.until(f"{found}[0] === 'run-4'")
        page.click("#filter")
        page.write("RUN-7")
        assert page.until(f"{found}.length === 1 && {found}") == ["run-7"]
        page.write("xyz")
        page.until("!document.querySelector('#none-found').hidden")


# ---- Rows as they come


def test_rows_that_another_process_posts_are_seen_soon(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    took = []
    for row in range(21, 28):
        time.sleep(0.3)
        posted = time.monotonic()
        server.post(run, values(1, row))
        shown(page, row)
        took.append(time.monotonic() - posted)
    print(f"from the post to the picture: {statistics.median(took):.3f} s, at most {max(took):.3f} s")  # pytest -s
    assert statistics.median(took) < 2
    assert page.text("#rows") == "27 rows"
    assert page.text("#place") == "row 27 of 27"
    assert page.evaluate(FOLLOWS)


def test_a_page_that_was_first_waits_for_the_first_row(server: Served, opened: Open) -> None:
    page = opened(server, "/runs/not-yet")
    page.until(f"{STATE} === 'waiting'")
    assert f"liveplot push {server.url}/runs/not-yet" in page.text("#notice")
    assert page.evaluate("document.querySelector('#to-play').disabled")
    server.post("not-yet", values(1), columns=COLUMNS, title="Here it is")
    shown(page, 1)
    page.until(f"{STATE} === 'live'")
    page.until("document.querySelector('#title').innerText === 'Here it is'")
    assert page.text("#columns summary") == "2 columns"
    page.click("#columns summary")
    assert page.text("#columns ul").split() == COLUMNS
    above = "(() => { const at = document.querySelector('#columns li:last-child').getBoundingClientRect();"
    above += " return document.elementFromPoint(at.x + 5, at.y + 5).closest('#columns') !== null; })()"
    assert page.evaluate(above)  # and not under the picture


def test_a_picture_is_the_one_that_the_server_drew(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}?row=7&kind=bar")
    shown(page, 7)
    [asked] = [url for url in page.urls if "frame.png" in url]
    assert "row=7" in asked
    drawn = page.evaluate(
        f"fetch({json.dumps(asked)}).then(answer => answer.blob()).then(blob => new Promise(done => {{"
        " const reader = new FileReader(); reader.onload = () => done(reader.result); reader.readAsDataURL(blob); }))"
    )
    np.testing.assert_array_equal(pixels(page), decoded(drawn))


def test_columns_and_a_title_that_come_later_are_shown(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    server.post(run, [[0.1, 0.9, 3.0]], columns=[*COLUMNS, "rate"], title="Wider")
    page.until("document.querySelector('#title').innerText === 'Wider'")
    page.until("document.querySelector('#columns summary').innerText === '3 columns'")


def test_many_rows_at_once_are_drawn_as_the_newest_and_not_one_by_one(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    before = sum("frame.png" in url for url in page.urls)
    for row in range(21, 121):
        server.post(run, values(1, row))
    shown(page, 120)
    assert sum("frame.png" in url for url in page.urls) - before < 40
    assert page.text("#rows") == "120 rows"


def test_a_run_is_live_in_the_list_and_on_its_page_while_rows_come_in(tmp_path: Path, opened: Open) -> None:
    good, muted = "rgb(11, 115, 90)", "rgb(95, 105, 114)"
    color = "getComputedStyle(document.querySelector('#state'), '::before').backgroundColor"
    with served(tmp_path) as server:
        server.post("calm", values(3))
        page, overview = opened(server, "/runs/calm"), opened(server)
        shown(page, 3)
        dot = "document.querySelector('.runs .dot').classList.contains('live')"
        overview.until("document.querySelector('.runs .dot') !== null")

        def comes(row: int) -> None:
            server.post("calm", values(1, row))
            page.until("document.querySelector('#state').innerText === 'live'")
            assert page.evaluate(color) == good
            server.post("calm", values(1, row + 1))
            overview.until(dot)

        comes(4)
        page.until("document.querySelector('#state').innerText === 'idle'", 15)
        overview.until(f"!{dot}", 15)
        assert page.evaluate(color) == muted
        assert page.evaluate(STATE) == "live"  # and connected
        assert "connected" in page.evaluate("document.querySelector('#state').title")
        comes(6)  # it goes on after a rest


# ---- What becomes of a connection


def test_after_a_restart_the_page_shows_what_came_later_and_nothing_twice(tmp_path: Path, opened: Open) -> None:
    with served(tmp_path) as server:
        server.post("again", values(10), columns=COLUMNS)
        page = opened(server, "/runs/again")
        shown(page, 10)
        server.kill()
        page.until(f"{STATE} === 'reconnecting'")
        time.sleep(0.3)
        server.start()
        server.post("again", values(5, 11))
        shown(page, 15, 20)
        page.until(f"{STATE} === 'live'")
        assert page.text("#rows") == "15 rows"
        server.post("again", values(1, 16))
        shown(page, 16)
        server.stop()  # this time it says good-bye
        page.until(f"{STATE} === 'reconnecting' || {STATE} === 'offline'")
        server.start()
        page.until(f"{STATE} === 'live'", 20)
        server.post("again", values(1, 17))
        shown(page, 17)
        assert page.text("#rows") == "17 rows"


def test_a_network_that_is_gone_is_told_and_so_is_its_return(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    page.offline(True)
    page.evaluate("dispatchEvent(new Event('offline'))")
    page.until(f"{STATE} === 'offline'")
    server.post(run, values(3, 21))
    page.offline(False)
    shown(page, 23, 20)
    page.until(f"{STATE} === 'live'")
    assert page.text("#rows") == "23 rows"


def test_a_reset_clears_the_page(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    page.press("home")
    shown(page, 1)
    server.reset(run)
    page.until(f"{STATE} === 'reset'")
    assert "was reset" in page.text("#notice")
    assert page.evaluate("document.querySelector('#rows').hidden")
    assert page.evaluate("document.querySelector('#picture').dataset.row === undefined")
    server.post(run, values(2))
    shown(page, 2)
    page.until(f"{STATE} === 'live'")
    assert page.evaluate("document.querySelector('#picture').dataset.epoch") == "2"
    assert page.text("#rows") == "2 rows"


def test_a_run_that_is_deleted_and_made_again(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    server.ask("DELETE", f"/api/v1/runs/{run}")
    page.until(f"{STATE} === 'deleted'")
    assert "deleted" in page.text("#notice")
    server.post(run, values(4))
    shown(page, 4)
    page.until(f"{STATE} === 'live'")


def test_two_tabs_show_the_same(server: Served, run: str, opened: Open) -> None:
    one, other = (opened(server, f"/runs/{run}") for _ in range(2))
    for page in (one, other):
        shown(page, 20)
    one.press("home")
    server.post(run, values(1, 21))
    shown(other, 21)
    shown(one, 1)
    assert one.text("#place") == "row 1 of 21"


def test_seven_tabs_of_one_browser_all_show_the_newest(server: Served, run: str, opened: Open) -> None:
    pages = [opened(server, f"/runs/{run}") for _ in range(7)]
    for page in pages:
        shown(page, 20, 20)

    def few_are_live() -> bool:
        states = [page.evaluate(STATE) for page in pages]
        return 1 <= states.count("live") <= 3 and states.count("live") + states.count("polling") == 7

    serving.wait_for(few_are_live, 20)  # those who signed at once see that they were too many
    server.post(run, values(1, 21))
    for page in pages:
        shown(page, 21)
    live = next(page for page in pages if page.evaluate(STATE) == "live")
    pages.remove(live)
    live.go(f"{server.url}/")  # another may have its stream
    server.post(run, values(1, 22))
    for page in pages:
        shown(page, 22)


def test_a_page_that_gets_no_stream_polls(tmp_path: Path, opened: Open) -> None:
    with served(tmp_path, "--max-viewers", "1") as server:
        server.post("many", values(5))
        first, second = opened(server, "/runs/many", apart=True), opened(server, "/runs/many", apart=True)
        for page in (first, second):
            shown(page, 5)
        second.until(f"{STATE} === 'polling'")
        assert "viewers" in second.evaluate("document.querySelector('#state').title")
        assert second.text("#state").endswith(", asked every 2 s")
        server.post("many", values(1, 6))
        shown(second, 6)


def test_a_tab_that_is_hidden_asks_for_nothing(tmp_path: Path, opened: Open) -> None:
    with served(tmp_path) as server:
        server.post("hidden", values(20))
        page = opened(server, "/runs/hidden")
        shown(page, 20)
        until_viewers(server, 1)
        page.minimize(True)
        page.until("document.hidden")
        asked = len(page.urls)
        server.post("hidden", values(3, 21))
        until_viewers(server, 0)
        assert len(page.urls) == asked
        page.minimize(False)
        shown(page, 23)
        assert any("last_event_id=1-20" in url for url in page.urls)


def until_viewers(server: Served, count: int) -> None:
    end = time.monotonic() + 30
    while f"liveplot_viewers {count}\n" not in server.ask("GET", "/metrics"):
        assert time.monotonic() < end
        time.sleep(0.2)


# ---- Rows as they were


def test_scrubbing_back_stops_following_and_the_end_resumes_it(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    assert page.evaluate(FOLLOWS)
    page.evaluate(
        "const slider = document.querySelector('#slider'); slider.value = 8; slider.dispatchEvent(new Event('input'))"
    )
    shown(page, 8)
    assert not page.evaluate(FOLLOWS)
    server.post(run, values(1, 21))
    page.until("document.querySelector('#place').innerText === 'row 8 of 21'")
    shown(page, 8)
    page.click("#follow")
    shown(page, 21)
    assert page.evaluate(FOLLOWS)
    page.click("#to-back")
    shown(page, 20)
    assert not page.evaluate(FOLLOWS)
    page.click("#to-forward")
    shown(page, 21)
    assert page.evaluate(FOLLOWS)
    page.click("#to-first")
    shown(page, 1)
    page.click("#to-last")
    shown(page, 21)
    assert page.evaluate(FOLLOWS)


def test_play_runs_through_the_rows_and_then_follows(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}?speed=5")
    shown(page, 20)
    page.evaluate(
        "window.seen = []; const picture = document.querySelector('#picture');"
        "new MutationObserver(() => seen.push(Number(picture.dataset.row)))"
        ".observe(picture, {attributeFilter: ['data-row']})"
    )
    page.click("#to-play")
    shown(page, 1)
    assert page.evaluate("document.querySelector('#to-play').ariaLabel") == "Pause"
    page.until(FOLLOWS)
    shown(page, 20)
    assert page.evaluate("document.querySelector('#to-play').ariaLabel") == "Play"
    seen = page.evaluate("seen.slice(seen.indexOf(1))")
    assert seen == sorted(seen)
    assert len(set(seen)) > 10
    page.press("home")
    page.press("space")
    page.until("Number(document.querySelector('#picture').dataset.row) >= 3")
    page.press("space")
    stopped = page.text("#place")
    time.sleep(0.6)
    assert page.text("#place") == stopped


def test_the_keyboard_does_it_all(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    for key, shift, row in (
        ("left", False, 19), ("left", True, 9), ("right", False, 10), ("home", False, 1), ("right", True, 11),
        ("end", False, 20), ("home", False, 1), ("f", False, 20),
    ):  # fmt: skip
        page.press(key, shift=shift)
        shown(page, row)
    assert page.evaluate(FOLLOWS)
    page.press("?", shift=True)
    assert page.evaluate("document.querySelector('#keys').open")
    page.press("left")  # is the dialog's
    page.press("escape")
    page.until("!document.querySelector('#keys').open")
    assert page.text("#place") == "row 20 of 20"
    page.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.press("t")
    page.press("k")
    assert page.evaluate("document.activeElement.id") == "kind"
    page.press("escape")
    page.press("tab")
    assert page.evaluate("document.activeElement.id") == "limits"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_keys_that_the_browser_knows_stay_its_own(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    page.evaluate("document.querySelector('#theme').focus()")
    page.press("space")
    assert page.evaluate("document.querySelector('#to-play').ariaLabel") == "Play"
    page.evaluate(
        "document.querySelector('#limits').value = 'typed', "
        "document.querySelector('#limits').dispatchEvent(new Event('change'))"
    )
    assert page.evaluate("document.activeElement.id") == "typed"
    page.write("0,2")
    for key in ("f", "home", "left"):
        page.press(key)
    assert page.evaluate(FOLLOWS)


def test_a_list_hands_the_keys_back_when_something_is_chosen(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    page.until("document.querySelectorAll('#kind option').length > 5")
    for key, select, presses in (
        ("k", "kind", ["down", "enter"]), ("k", "kind", ["enter"]), ("k", "kind", ["escape"]),
        ("l", "limits", ["down", "enter"]), ("l", "limits", ["escape"]),
    ):  # fmt: skip
        page.press(key)
        page.until(f"document.querySelector('#{select}').matches(':open')")
        for press in presses:
            page.press(press)
        page.until("document.activeElement === document.body")
        page.press("home")
        shown(page, 1)
        page.press("end")
        shown(page, 20)
    chosen = "['kind', 'limits'].map(id => document.getElementById(id).selectedIndex)"
    assert page.evaluate(chosen) == [1, 1]


def test_a_closed_list_keeps_the_arrows_until_escape(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    for select in ("kind", "limits", "speed"):
        page.until(f"document.querySelector('#{select}').options.length > 3")
        page.evaluate(f"document.querySelector('#{select}').focus()")
        page.press("down")
        page.press("down")
        assert page.evaluate("[document.activeElement.id, document.activeElement.selectedIndex]") == [select, 2]
        page.press("escape")
        assert page.evaluate("document.activeElement === document.body")
    page.press("home")
    shown(page, 1)


@pytest.mark.parametrize(("key", "limits"), [("enter", "0,2"), ("escape", "0,1")])
def test_a_field_hands_the_keys_back(server: Served, run: str, opened: Open, key: str, limits: str) -> None:
    page = opened(server, f"/runs/{run}?limits=0,1")
    shown(page, 20)
    page.evaluate("document.querySelector('#typed').select()")
    page.write("0,2")
    page.press("home")  # is the field's
    page.press(key)
    assert page.evaluate("document.activeElement === document.body")
    assert page.evaluate("document.querySelector('#typed').value") == limits
    page.press("home")
    shown(page, 1)
    page.until(f"location.search === '?limits={quote(limits, safe='')}&row=1'")


def test_a_reload_and_a_link_keep_place_kind_and_limits(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    choose(page, "#kind", "bar")
    choose(page, "#limits", "typed")
    page.write("0,5")
    page.press("enter")
    choose(page, "#speed", "2")
    page.evaluate("document.activeElement.blur()")
    for _ in range(5):
        page.press("left")
    page.until("location.search === '?kind=bar&limits=0%2C5&speed=2&row=15'")
    shown(page, 15)
    page.reload()
    shown(page, 15)
    assert page.urls[-1].count("ylim=0%2C5") or any("ylim=0%2C5" in url and "row=15" in url for url in page.urls)
    chosen = "['kind', 'limits', 'typed', 'speed'].map(id => document.getElementById(id).value)"
    page.until("document.querySelectorAll('#kind option').length > 5")
    assert page.evaluate(chosen) == ["bar", "typed", "0,5", "2"]
    assert "bar" in page.evaluate("document.querySelector('#picture').ariaLabel")
    page.press("end")
    page.until("location.search === '?kind=bar&limits=0%2C5&speed=2'")


def choose(page: Page, selector: str, value: str) -> None:
    found = f"document.querySelector({json.dumps(selector)})"
    page.until(f"[...{found}.options].some(one => one.value === {json.dumps(value)})")
    page.evaluate(f"{found}.value = {json.dumps(value)}, {found}.dispatchEvent(new Event('change'))")


@pytest.mark.parametrize(("kind", "option"), [("line", "ylim"), ("race", "xlim"), ("", "ylim")])
def test_limits_are_those_of_the_values(server: Served, run: str, opened: Open, kind: str, option: str) -> None:
    page = opened(server, f"/runs/{run}?limits=each{'&kind=' * bool(kind)}{kind}")
    shown(page, 20)
    until_asked(page, f"{option}=each")


@pytest.mark.parametrize(("wanted", "sent"), [("each", "each"), ("0,1", "0%2C1")])
def test_limits_are_drawn_though_the_chart_is_the_servers_choice(
    server: Served, run: str, opened: Open, wanted: str, sent: str
) -> None:
    server.post(run, [[9, 9]])
    page = opened(server, f"/runs/{run}?row=20&speed=20")
    shown(page, 20)
    page.until("document.querySelector('#kind').options[0].text === 'Auto (trace)'")
    before = pixels(page)
    limit(page, wanted)
    until_asked(page, "frame.png", f"ylim={sent}")
    until_changed(page, before)
    page.click("[data-film=gif]")
    until_asked(page, "animation.gif", f"ylim={sent}")
    choose(page, "#kind", "race")
    until_asked(page, "frame.png", "kind=race", f"xlim={sent}")
    page.click("[data-film=webp]")
    until_asked(page, "animation.webp", "kind=race", f"xlim={sent}")
    drawn = "document.querySelector('#picture').ariaLabel.split(' ')[0]"
    page.until(f"{drawn} === 'race'")
    asked = len(page.urls)
    choose(page, "#kind", "")
    page.until(f"{drawn} === 'trace'")
    assert not any("xlim" in url for url in page.urls[asked:])
    limit(page, "")
    page.until("document.querySelector('#notice').hidden")
    until_same(page, before)


def test_a_chart_that_becomes_the_servers_choice_has_the_limits(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}?kind=race&limits=0,3&speed=20")
    shown(page, 20)
    choose(page, "#kind", "")
    until_asked(page, "frame.png", "ylim=0%2C3")
    page.until("!document.querySelector('[data-film=gif]').disabled")
    page.click("[data-film=gif]")
    until_asked(page, "animation.gif", "ylim=0%2C3")
    assert not any("kind=" not in url for url in page.urls if "xlim" in url)


def test_limits_that_are_none_are_told_though_the_chart_is_the_servers_choice(
    server: Served, run: str, opened: Open
) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    limit(page, "abc")
    page.until("document.querySelector('#notice').innerText.includes('abc')")
    limit(page, "0,2")
    page.until("document.querySelector('#notice').hidden")


def limit(page: Page, limits: str) -> None:
    """Choose limits from the list, or type those that are not there."""
    offered = page.evaluate("[...document.querySelector('#limits').options].map(one => one.value)")
    choose(page, "#limits", limits if limits in offered else "typed")
    if limits not in offered:
        page.evaluate("document.querySelector('#typed').value = '', document.querySelector('#typed').focus()")
        page.write(limits)
        page.press("enter")


def until_asked(page: Page, *words: str) -> None:
    """Wait until something was asked for whose address has all the words."""
    end = time.monotonic() + 10
    while not any(all(word in url for word in words) for url in page.urls):
        assert time.monotonic() < end, page.urls
        time.sleep(0.05)


def until_changed(page: Page, before: np.ndarray) -> None:
    end = time.monotonic() + 10
    while np.array_equal(pixels(page), before):
        assert time.monotonic() < end
        time.sleep(0.05)


def until_same(page: Page, before: np.ndarray) -> None:
    end = time.monotonic() + 10
    while not np.array_equal(pixels(page), before):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_can_not_be_drawn_is_told_in_the_servers_words(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}?limits=7,7")
    page.until("document.querySelector('#notice').innerText.includes('leaves no room between the limits')")
    choose(page, "#limits", "")
    page.until("document.querySelector('#notice').hidden")
    shown(page, 20)


# ---- Files


@pytest.mark.parametrize("suffix", ["gif", "mp4", "webp", "html"])
def test_films_are_rendered_and_saved(server: Served, run: str, opened: Open, suffix: str) -> None:
    page = opened(server, f"/runs/{run}?speed=20")
    shown(page, 20)
    content = saved(page, f"[data-film={suffix}]", f"{run}.{suffix}", 60)
    assert page.text("#saving").endswith("is saved as your browser saves files.")
    begins = {"gif": b"GIF89a", "mp4": b"\0\0\0", "webp": b"RIFF", "html": b"<!doctype html>"}[suffix]
    assert content.lower().startswith(begins.lower())


def test_rows_are_saved_as_they_are(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    lines = saved(page, "[data-table=csv]", f"{run}.csv").decode().splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert len(lines) == 21
    array = np.load(io.BytesIO(saved(page, "[data-table=npy]", f"{run}.npy")))
    np.testing.assert_array_equal(array, values(20))


def saved(page: Page, selector: str, name: str, seconds: float = 10.0) -> bytes:
    page.click(selector)
    end = time.monotonic() + seconds
    while name not in page.browser.saved:
        assert time.monotonic() < end, (page.browser.saved, page.text("#saving"))
        time.sleep(0.05)
    return (page.browser.downloads / page.browser.saved[name]).read_bytes()


# ---- Who may see it


def test_a_server_that_asks_for_its_token_is_told_it_once(tmp_path: Path, opened: Open) -> None:
    with served(tmp_path, "--host", "0.0.0.0") as server:
        server.post("secret", values(5))
        page = opened(server, "/runs/secret", apart=True)
        page.until("document.querySelector('#admission').open")
        assert page.evaluate("document.activeElement.id") == "token"
        page.write("not the token at all")
        page.press("enter")
        page.until("document.querySelector('#refusal').innerText.includes('not this server')")
        page.evaluate("document.querySelector('#token').value = ''")
        page.write(server.token)
        page.click("#admit")
        shown(page, 5)
        assert not page.evaluate("document.querySelector('#admission').open")
        assert page.evaluate("document.cookie") == ""  # no script can read it
        page.reload()
        shown(page, 5)
        assert not page.evaluate("document.querySelector('#admission').open")


def test_the_address_that_the_server_prints_opens_the_page_and_is_forgotten(tmp_path: Path, opened: Open) -> None:
    with served(tmp_path, "--host", "0.0.0.0") as server:
        server.post("secret", values(5))
        [fragment] = [word.partition("/#")[2] for word in server.said.split() if "/#code=" in word]
        page = opened(server, "/healthz", apart=True)
        page.send("Page.navigate", url=f"{server.url}/#{fragment}")
        page.until("document.querySelector('.runs a') !== null")
        assert page.evaluate("location.href") == f"{server.url}/"
        assert not page.evaluate("document.querySelector('#admission').open")


# ---- What is hostile

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(2)>',
    "javascript:alert(3)",
    "</script><script>alert(4)</script>",
    "'-alert(5)-'",
    "{{alert(6)}} ${alert(7)}",
    "<style>*{display:none}</style>",
    "<a href=//example.org/>out</a>",
    "two\nlines\r\nand\u2028more",
    "\u202egnol si sihT\u202c",
    "\x1b[31mred\x07",
    "&lt;b&gt;&amp;",
]


def test_hostile_titles_and_names_are_shown_as_they_are(server: Served, opened: Open) -> None:
    page = opened(server)
    for number, words in enumerate(HOSTILE):
        name = f"hostile-{number}"
        server.post(name, values(2), title=words, columns=[words, f"{words} again"])
        page.go(f"{server.url}/runs/{name}")
        shown(page, 2)
        assert page.evaluate("document.querySelector('#title').textContent") == words
        heard = page.evaluate("[...document.querySelectorAll('#columns li')].map(one => one.textContent)")
        assert heard == [words, f"{words} again"]
        assert page.evaluate("document.querySelectorAll('#title *, #columns bdi *, main script, main img').length") == 0
    page.go(f"{server.url}/")
    titles = "[...document.querySelectorAll('.runs .title')].map(one => one.textContent)"
    page.until(f"{titles}.length >= {len(HOSTILE)}")
    assert set(HOSTILE) <= set(page.evaluate(titles))
    assert page.evaluate("document.querySelectorAll('.runs .title *, main script, main img').length") == 0
    for number in range(len(HOSTILE)):
        server.ask("DELETE", f"/api/v1/runs/hostile-{number}")


def test_hostile_addresses_do_nothing(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}?kind=bar&limits={quote('<img src=x onerror=alert(1)>')}")
    page.until("!document.querySelector('#notice').hidden")
    assert "onerror" in page.text("#notice")
    page.go(f"{server.url}/runs/{run}?kind={quote('<script>alert(1)</script>')}")
    page.until("document.querySelector('#notice').innerText.includes('<script>')")


def test_a_page_that_would_run_what_it_is_given_is_noticed(server: Served, chromium: Browser) -> None:
    """Were the words markup, this is what the tests above would see."""
    page = chromium.open(f"{server.url}/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>')")
    end = time.monotonic() + 10
    while not page.violations:
        assert time.monotonic() < end
        time.sleep(0.05)
    page.evaluate("setTimeout(() => alert(2))")
    while not page.dialogs:
        assert time.monotonic() < end
        time.sleep(0.05)
    page.evaluate("setTimeout(() => { throw new Error('ours') })")
    while not any("ours" in error for error in page.errors):
        assert time.monotonic() < end
        time.sleep(0.05)
    page.close()


# ---- How it looks, and to whom


def test_colours_are_the_systems_until_others_are_chosen(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    page.prefer(color_scheme="dark")
    shown(page, 20)
    corner = [22, 25, 29]  # the paper of the theme dark
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.until(f"{paper} === 'rgb(22, 25, 29)'")
    until_corner(page, corner)
    page.click("#theme")
    assert page.until(f"{paper} === 'rgb(255, 255, 255)'")
    until_corner(page, [255, 255, 255])
    page.reload()
    shown(page, 20)
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    page.click("#theme")
    page.prefer(color_scheme="light")
    page.until(f"{paper} === 'rgb(255, 255, 255)'")  # it goes with the system again


def until_corner(page: Page, color: list[int]) -> None:
    end = time.monotonic() + 10
    while pixels(page)[2, 2].tolist() != color:
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("width", "height", "scale"),
    [
        (360, 640, 3), (390, 844, 2), (568, 320, 2), (740, 360, 2), (844, 390, 3), (768, 1024, 2), (1280, 620, 1),
        (1280, 800, 1), (1440, 900, 2), (1920, 1080, 1),
    ],
)  # fmt: skip
def test_the_page_fits_its_screen(server: Served, run: str, opened: Open, width: int, height: int, scale: int) -> None:
    is_phone = width < 900
    page = opened(server, f"/runs/{run}?limits=0,3", screen=(width, height, scale), phone=is_phone)
    shown(page, 20)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    outside = page.evaluate(
        "[...document.querySelectorAll('main:not([hidden]) *, header *')].filter(one => one.checkVisibility()"
        " && !one.matches('.facts, .facts > *, details *')).filter(one => { const at = one.getBoundingClientRect();"
        " return at.width && (at.left < -1 || at.right > innerWidth + 1); }).map(one => one.outerHTML.slice(0, 80))"
    )
    assert outside == []
    drawn = page.evaluate(
        "(() => { const one = document.querySelector('#picture'); return one.width / one.clientWidth; })()"
    )
    assert drawn >= min(scale, 2) * 0.66 if scale > 1 else drawn == 1  # pixel upon pixel, where there are few
    bottom = page.evaluate("document.querySelector('#picture').getBoundingClientRect().bottom")
    assert bottom <= height  # whatever is beneath it
    if height >= 720:
        assert is_phone or page.evaluate("document.documentElement.scrollHeight") == height
    ratio = page.evaluate(
        "(() => { const one = document.querySelector('#picture'), at = one.getBoundingClientRect();"
        " return at.width / at.height * one.height / one.width; })()"
    )
    assert ratio == pytest.approx(1, abs=0.01)
    if is_phone:
        small = page.evaluate(
            "[...document.querySelectorAll('button, select, input')].filter(one => one.checkVisibility())"
            ".filter(one => one.getBoundingClientRect().height < 44).map(one => one.id || one.outerHTML)"
        )
        assert small == []


@pytest.mark.parametrize(("width", "height", "name"), [(390, 844, "n"), (844, 390, "n" * 60), (1280, 800, "n" * 100)])
def test_many_columns_with_long_names_fit_the_screen(
    server: Served, opened: Open, width: int, height: int, name: str
) -> None:
    columns = [f"block_{number}/" + ("self_attention " if number % 2 else "kernel_") * 12 for number in range(30)]
    server.post(name, [[number / 30 for number in range(30)]] * 2, columns=columns, title="Many")
    page = opened(server, f"/runs/{name}", screen=(width, height, 2), phone=width < 900)
    shown(page, 2)
    page.click("#columns summary")
    page.until("document.querySelector('#columns').open")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    edges = "(() => { const at = document.querySelector('#columns ul').getBoundingClientRect();"
    edges += " return [at.left, at.right, at.width]; })()"
    page.until(f"{edges}[0] >= 16 && {edges}[1] <= {width} - 16")
    assert page.evaluate(f"{edges}[2]") > 150
    inside = "document.querySelector('#columns ul').scrollWidth <= document.querySelector('#columns ul').clientWidth"
    assert page.evaluate(inside)
    server.ask("DELETE", f"/api/v1/runs/{name}")


def test_titles_in_the_list_begin_at_one_place_in_whatever_direction(tmp_path: Path, opened: Open) -> None:
    with served(tmp_path) as server:
        titles = {"left-to-right": "Loss of 3 runs", "right-to-left": "הפסד של 3 ריצות"}
        for name, title in titles.items():
            server.post(name, values(2), title=title)
        page = opened(server)
        page.until("document.querySelectorAll('.runs .title').length === 2")
        found = page.evaluate(
            "Object.fromEntries([...document.querySelectorAll('.runs .title')].map(one => { const words = new Range();"
            " words.selectNodeContents(one); return [one.textContent, [Math.round(words.getBoundingClientRect().left),"
            " getComputedStyle(one).direction, getComputedStyle(one).unicodeBidi]]; }))"
        )
        (left, *own), (start, *other) = (found[title] for title in titles.values())
        assert left == start
        assert own == ["ltr", "isolate"]
        assert other == ["rtl", "isolate"]


def test_every_control_has_a_name(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    shown(page, 20)
    page.send("Accessibility.enable")
    nodes = [node for node in page.send("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
    named = {(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes}
    controls = {(role, name) for role, name in named if role in ("button", "combobox", "slider", "link", "image")}
    assert all(name for _, name in controls), controls
    assert {("slider", "Row"), ("button", "Play"), ("combobox", "Chart"), ("combobox", "Limits")} <= controls
    assert any(role == "image" and "at row 20" in name for role, name in controls)
    assert page.evaluate("document.querySelector('#slider').getAttribute('aria-valuetext')") == "row 20 of 20"


def test_nothing_moves_for_those_who_do_not_want_it(server: Served, run: str, opened: Open) -> None:
    page = opened(server, f"/runs/{run}")
    server.post(run, values(1, 21))
    shown(page, 21)
    page.until("document.getAnimations().length > 0")
    page.prefer(reduced_motion="reduce")
    page.until("document.getAnimations().length === 0")
