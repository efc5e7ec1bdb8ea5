"""The pictures' own way to the browser: which notes go, when they go ahead, and what is shown."""

import asyncio
import json
import queue
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page
from starlette.applications import Starlette

from seqviz.ui import wire
from seqviz.ui.component import HERE
from seqviz.ui.wire import Pictures

ONE, TWO = {"scene": {"title": "one"}}, {"scene": {"title": "two"}}
GOODBYE = {"type": "websocket.disconnect", "code": 1001}


class Browser:
    """The browser's end of a wire, with no network between: the server runs in its own thread."""

    def __init__(self, reader: str) -> None:
        self.got: queue.Queue[Any] = queue.Queue()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.says: asyncio.Queue[Any] = asyncio.Queue()
        self.say({"type": "websocket.connect"})
        path = f"/seqviz/wire/{reader}"
        scope = {"type": "websocket", "path": path, "headers": [], "subprotocols": []}
        served = Starlette(routes=wire.routes())(scope, self.says.get, self._take)
        self.served = asyncio.run_coroutine_threadsafe(served, self.loop)
        self.first = self.got.get(timeout=10)["type"]
        self.settle()

    async def _take(self, message: Any) -> None:
        self.got.put(message)

    def say(self, message: Any) -> None:
        self.loop.call_soon_threadsafe(self.says.put_nowait, message)

    def settle(self) -> None:
        """Wait until the server has done what it was doing."""
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self.loop).result(10)

    def note(self) -> Any:
        return json.loads(self.got.get(timeout=10)["bytes"])

    def leave(self) -> None:
        self.say(GOODBYE)
        self.served.result(10)
        self.settle()

    def stop(self) -> None:
        self.leave()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture(name="pictures")
def some_pictures() -> Pictures:
    return Pictures()


@pytest.fixture(name="browser_end")
def a_browser(pictures: Pictures) -> Iterator[Browser]:
    there = Browser(pictures.reader)
    yield there
    there.stop()


def said(pictures: Pictures, picture: Any, place: str = "player") -> Any:
    return json.loads(pictures.note(place, picture))


def test_without_a_wire_the_element_brings_every_picture(pictures: Pictures) -> None:
    head = {"reader": pictures.reader, "place": "player"}
    assert said(pictures, ONE) == {**head, "turn": 1, "picture": ONE}
    assert said(pictures, TWO) == {**head, "turn": 2, "picture": TWO}
    assert said(pictures, ONE) == {**head, "turn": 3, "picture": ONE}


def test_the_same_picture_again_is_the_same_note(pictures: Pictures) -> None:
    first = pictures.note("player", ONE)
    browser = Browser(pictures.reader)
    assert pictures.note("player", ONE) == first
    ahead = pictures.note("player", TWO)
    assert b"picture" not in ahead
    browser.stop()
    assert pictures.note("player", TWO) == ahead


def test_over_an_open_wire_the_picture_goes_ahead(pictures: Pictures, browser_end: Browser) -> None:
    head = {"reader": pictures.reader, "place": "player"}
    assert browser_end.first == "websocket.accept"
    assert said(pictures, ONE) == {**head, "turn": 1, "picture": ONE}
    assert browser_end.got.empty()
    assert said(pictures, TWO) == {**head, "turn": 2}
    assert browser_end.note() == {**head, "turn": 2, "picture": TWO}


def test_each_place_of_a_page_has_its_own_turns(pictures: Pictures, browser_end: Browser) -> None:
    said(pictures, ONE)
    assert said(pictures, ONE, "second")["turn"] == 1
    assert said(pictures, TWO, "second") == {
        "reader": pictures.reader, "place": "second", "turn": 2,
    }  # fmt: skip
    assert browser_end.note()["place"] == "second"
    assert said(pictures, ONE)["turn"] == 1


def test_after_the_browser_left_the_element_brings_the_picture(pictures: Pictures) -> None:
    browser = Browser(pictures.reader)
    said(pictures, ONE)
    browser.stop()
    assert said(pictures, TWO)["picture"] == TWO
    assert pictures.reader not in wire.OPEN


def test_a_picture_that_was_missed_goes_again_with_the_element(
    pictures: Pictures, browser_end: Browser
) -> None:
    said(pictures, ONE)
    assert "picture" not in said(pictures, TWO)
    pictures.missed("player")
    again = said(pictures, TWO)
    assert (again["turn"], again["picture"]) == (3, TWO)
    assert said(pictures, ONE)["picture"] == ONE


def test_an_older_wire_that_closes_leaves_the_newer_one_open(
    pictures: Pictures, browser_end: Browser
) -> None:
    said(pictures, ONE)
    newer = Browser(pictures.reader)
    browser_end.leave()
    assert "picture" not in said(pictures, TWO)
    assert newer.note()["picture"] == TWO
    newer.stop()
    assert said(pictures, ONE)["picture"] == ONE


def test_a_wire_carries_the_pictures_of_its_own_reader(
    pictures: Pictures, browser_end: Browser
) -> None:
    other = Pictures()
    assert other.reader != pictures.reader
    said(other, ONE)
    assert said(other, TWO)["picture"] == TWO
    browser_end.settle()
    assert browser_end.got.empty()


@pytest.mark.parametrize("name", ["x", "0" * 15, "0" * 17, "G" * 16, "%00" * 16])
def test_a_name_that_nobody_gave_is_refused(name: str) -> None:
    browser = Browser(name)
    assert browser.first == "websocket.close"
    browser.served.result(10)
    assert wire.OPEN == {}
    browser.stop()


LOAD = """async (source) => {
  globalThis.sockets = [];
  globalThis.WebSocket = class {
    constructor(address) { this.address = String(address); sockets.push(this); }
    close() { this.closed = true; this.onclose(); }
  };
  const { followPlace } = await import(
    URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  Object.assign(globalThis, { shown: [], asked: [], stopped: 0 });
  const mount = ({ data }) => { shown.push(data); return () => { stopped += 1; }; };
  const setTriggerValue = (...what) => asked.push(what);
  const read = (bytes) => JSON.parse(new TextDecoder().decode(bytes));
  const encoded = (note) => new TextEncoder().encode(JSON.stringify({ reader: "abc", ...note }));
  globalThis.element = (note) => {
    const component = { data: encoded(note), parentElement: document.body, setTriggerValue };
    globalThis.leave = followPlace(component, mount, read);
  };
  globalThis.arrive = (note) => sockets.at(-1).onmessage({ data: encoded(note).buffer });
}"""
NOTE = '{{ place: "p", turn: {0}, picture: "{0}" }}'
BARE = '{{ place: "p", turn: {0} }}'


@pytest.fixture(name="follower")
def a_page_that_follows(page: Page) -> Page:
    page.clock.install()
    page.goto("data:text/html,<base href='http://localhost/base/'>")
    page.evaluate(LOAD, (HERE / "wire.js").read_text("utf-8"))
    return page


def run(page: Page, *steps: str) -> list[str]:
    """What is shown after these steps; a number is a whole note, in brackets a bare one."""
    for step in steps:
        page.evaluate(step)
    shown: list[str] = page.evaluate("shown")
    return shown


def whole(turn: int) -> str:
    return NOTE.format(turn)


def bare(turn: int) -> str:
    return BARE.format(turn)


def test_one_wire_is_opened_beside_the_page(follower: Page) -> None:
    run(follower, f"element({whole(1)})", f"element({whole(2)})")
    addresses = follower.evaluate("sockets.map(({ address }) => address)")
    assert addresses == ["ws://localhost/base/seqviz/wire/abc"]


@pytest.mark.parametrize("order", ["wire first", "element first"])
def test_what_goes_ahead_is_shown_once(follower: Page, order: str) -> None:
    run(follower, f"element({whole(1)})")
    steps = [f"arrive({whole(2)})", f"element({bare(2)})"]
    assert run(follower, *(steps if order == "wire first" else steps[::-1])) == ["1", "2"]
    follower.clock.run_for(60_000)
    assert follower.evaluate("asked") == []


def test_an_older_note_changes_nothing(follower: Page) -> None:
    steps = (f"element({whole(1)})", f"arrive({whole(3)})", f"element({bare(2)})")
    assert run(follower, *steps, f"arrive({whole(2)})", f"element({whole(2)})") == ["1", "3"]
    follower.clock.run_for(60_000)
    assert follower.evaluate("asked") == []


def test_what_never_comes_is_asked_for_and_the_wire_opened_anew(follower: Page) -> None:
    run(follower, f"element({whole(1)})", "sockets[0].onopen()", f"element({bare(2)})")
    follower.clock.run_for(1_000)
    assert follower.evaluate("asked") == []
    follower.clock.run_for(2_000)
    assert follower.evaluate("asked") == [["missed", True]]
    assert follower.evaluate("sockets[0].closed")
    assert run(follower, f"element({whole(3)})") == ["1", "3"]
    assert follower.evaluate("sockets.length") == 2


def test_a_wire_that_never_opened_is_not_tried_again(follower: Page) -> None:
    steps = (f"element({whole(1)})", "sockets[0].onclose()", f"element({whole(2)})")
    assert run(follower, *steps) == ["1", "2"]
    assert follower.evaluate("sockets.length") == 1


def test_a_place_that_comes_back_shows_the_newest_picture(follower: Page) -> None:
    run(follower, f"element({whole(1)})", f"arrive({whole(2)})", "leave()")
    assert follower.evaluate("stopped") == 1
    assert run(follower, f"arrive({whole(3)})") == ["1", "2"]
    assert run(follower, f"element({bare(3)})") == ["1", "2", "3"]


def test_nobody_asks_for_what_left_the_page(follower: Page) -> None:
    run(follower, f"element({whole(1)})", f"element({bare(2)})", "leave()")
    follower.clock.run_for(60_000)
    assert follower.evaluate("asked") == []


def test_a_picture_that_cannot_be_shown_is_tried_with_the_next_note(follower: Page) -> None:
    run(follower, f"element({whole(1)})")
    with pytest.raises(Exception, match="broken"):
        follower.evaluate(
            "(note) => { shown.push = () => { throw new Error('broken'); }; arrive(note); }",
            {"place": "p", "turn": 2, "picture": "2"},
        )
    assert run(follower, "delete shown.push", f"element({bare(2)})") == ["1", "2"]
