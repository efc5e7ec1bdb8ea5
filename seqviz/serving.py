"""What happens once in the life of a server: say where it is, open the browser, warm up, freeze.

The browser loads its part while the server warms up; whoever comes in the meantime sees the frame,
waits for the end of it, and then has a page at once.

Streamlit collects all garbage after every rerun. With torch imported that walks a quarter of a
million objects and costs each visitor about 100 ms; frozen objects are not walked.
"""

import asyncio
import gc
import os
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import streamlit as st
from streamlit import config, net_util
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime, SessionClient
from streamlit.web.server import server_util

from seqviz.launch import DEFAULT_PORT, home, lan_address, taken

FIRST_VISIT_S = 60
OTHERS_AFTER_S = 3.0
ASKED_EVERY_S = 0.02
ASKED = 250


@dataclass
class Warmth:
    """Whether the process is warm, as it is where no server runs, and who warms it."""

    there: threading.Event = field(default_factory=threading.Event)
    visitor: str = ""


WARMTH = Warmth()
WARMTH.there.set()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Let visitors in, and warm up while their browsers load."""
    net_util.get_external_ip = no_external_ip
    send_at_once()
    WARMTH.there.clear()
    warming = asyncio.create_task(warm_up())
    opening = asyncio.create_task(open_browser(announce()))
    yield
    warming.cancel()
    opening.cancel()


def send_at_once() -> None:
    """Have the system send each message when it is written.

    Otherwise the second of several small messages waits until the first one is acknowledged, which
    a browser may put off for 40 ms (RFC 896, RFC 1122 §4.2.3.2). asyncio switches that off only for
    sockets that name their protocol, which Streamlit's does not; connections inherit it from the
    socket that listens.
    """
    sockets = [each for each in gc.get_objects() if issubclass(type(each), socket.socket)]
    for found in sockets:
        if found.fileno() >= 0 and listens(found):
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def listens(found: socket.socket) -> bool:
    """Whether a socket waits for connections over TCP."""
    return (
        found.family in (socket.AF_INET, socket.AF_INET6)
        and found.type == socket.SOCK_STREAM
        and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    )


async def warm_up() -> None:
    """Load and run once what every visitor needs, and take it out of garbage collection.

    What all pages need comes first; the other pages once the first reader's is likely drawn.
    """
    gc.disable()
    try:
        await asyncio.to_thread(load_torch)
        await visit("")
    finally:
        gc.freeze()
        gc.enable()
        WARMTH.there.set()
    await asyncio.sleep(OTHERS_AFTER_S)
    for page in sorted((home() / "pages").glob("*.py")):
        await visit(page.stem)
    await asyncio.to_thread(freeze)


def wait_until_warm(session: str) -> None:
    """Where a visitor's script waits for the end of `warm_up`; the first visitor is part of it."""
    if session != WARMTH.visitor:
        WARMTH.there.wait()


def load_torch() -> None:
    """Import torch, keep it to one thread, and have it compute once, both ways.

    `torch.set_num_threads` does not reach OpenMP in threads that begin later, and Streamlit begins
    one for each run: there a tanh of 400 numbers would start a helper, and wait for it. What the
    environment says when torch is loaded holds in all of them.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")

    import torch

    torch.set_num_threads(1)
    cell = torch.nn.LSTMCell(2, 2)
    h, c = cell(torch.ones(2))
    (h.sum() + c.sum()).backward()


class FirstVisitor(SessionClient):
    """Somebody who opens a page from inside, and only waits until it is there."""

    def __init__(self) -> None:
        self.served = asyncio.Event()

    def write_forward_msg(self, msg: ForwardMsg) -> None:
        if msg.WhichOneof("type") == "script_finished":
            self.served.set()


async def visit(page: str) -> None:
    """Run a page once, "" for the start, so that all it imports and keeps is there for all."""
    runtime = Runtime.instance()
    visitor = FirstVisitor()
    session = WARMTH.visitor = runtime.connect_session(visitor, user_info={})
    hello = BackMsg()
    hello.rerun_script.query_string = ""
    hello.rerun_script.page_name = page
    runtime.handle_backmsg(session, hello)
    try:
        await asyncio.wait_for(visitor.served.wait(), FIRST_VISIT_S)
    finally:
        runtime.close_session(session)


def freeze() -> None:
    """Take what is there now, and will stay, out of every later garbage collection."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def no_external_ip() -> None:
    """Streamlit would ask a server outside for this; seqviz asks nobody anything."""


def announce() -> str:
    """Print where the app is and tell the Share panel; the address."""
    port = config.get_option("server.port")
    if port != DEFAULT_PORT and not config.is_manually_set("server.port"):
        print(f"Port {DEFAULT_PORT} is taken, so seqviz uses {port}.")
    address = config.get_option("server.address") or "localhost"
    url = server_util.get_url(server_util.get_display_address(address))
    print(f"seqviz: {url}", flush=True)
    if os.environ.get("SEQVIZ_CLASS"):
        announce_class()
    return url


async def open_browser(url: str) -> None:
    """Once the server listens, open the browser, unless headless."""
    if config.get_option("server.headless"):
        return
    for _ in range(ASKED):
        if await asyncio.to_thread(taken, config.get_option("server.port")):
            break
        await asyncio.sleep(ASKED_EVERY_S)
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def announce_class() -> None:
    """Print the address for the class and leave it in SEQVIZ_CLASS_URL for the Share panel."""
    address = lan_address()
    if address is None:
        print("seqviz: no local network found, so a class cannot reach this machine.", flush=True)
        return
    os.environ["SEQVIZ_CLASS_URL"] = server_util.get_url(address)
    print(f"For the class: {os.environ['SEQVIZ_CLASS_URL']}", flush=True)
