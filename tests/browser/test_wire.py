"""The pictures' own way, in the running app: ahead where it is open, and never missed elsewhere."""

import json
import re

from playwright.sync_api import Page, WebSocket, WebSocketRoute, expect

from tests.app_server import AppServer
from tests.conftest import Visitors

WIRE = re.compile("/seqviz/wire/")


def text(frame: bytes | str) -> str:
    """What can be read in a frame."""
    return frame if isinstance(frame, str) else frame.decode("utf-8", "replace")


def choose(page: Page, cell: str) -> None:
    """Another cell, and its equations in the picture: the LSTM alone has a c."""
    page.get_by_role("radio", name=cell, exact=True).first.click()
    expect(page.locator(".seqviz")).to_have_attribute("aria-label", re.compile(cell))


def open_page(server: AppServer, page: Page) -> None:
    page.goto(f"{server.url}/cell?v=1&lang=en&mode=fresh&t=2")
    expect(page.locator(".seqviz")).to_have_attribute("aria-label", re.compile("LSTM"))


def test_a_changed_control_sends_its_picture_ahead_and_once(server: AppServer, page: Page) -> None:
    came: list[dict[str, object]] = []
    elements: list[str] = []

    def listen(socket: WebSocket) -> None:
        if WIRE.search(socket.url):
            socket.on("framereceived", lambda frame: came.append(json.loads(frame)))
        else:
            socket.on("framereceived", lambda frame: elements.append(text(frame)))

    page.on("websocket", listen)
    open_page(server, page)
    page.wait_for_load_state("networkidle")
    elements.clear()
    choose(page, "GRU")
    page.wait_for_function("new URL(location.href).searchParams.get('cell') === 'gru'")
    assert [(note["place"], note["turn"]) for note in came] == [("player", 2)]
    assert '"turn":2}' in "".join(elements)
    assert '"picture"' not in "".join(elements)
    expect(page.locator(".place")).to_have_text("t = 2 / 4")


def test_where_no_wire_can_be_opened_pictures_come_with_the_page(
    server: AppServer, visit: Visitors
) -> None:
    page = visit()
    page.route_web_socket(WIRE, lambda wire: wire.close())
    open_page(server, page)
    for cell in ("GRU", "RNN", "LSTM"):
        choose(page, cell)


def test_a_picture_lost_on_the_way_is_asked_for_again(server: AppServer, visit: Visitors) -> None:
    page = visit()

    def swallow(wire: WebSocketRoute) -> None:
        there = wire.connect_to_server()
        there.on_message(lambda message: None)

    page.route_web_socket(WIRE, swallow)
    open_page(server, page)
    page.wait_for_load_state("networkidle")
    choose(page, "GRU")
    choose(page, "RNN")
    page.wait_for_function("new URL(location.href).searchParams.get('cell') === 'rnn'")
