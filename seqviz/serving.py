"""What happens once in the life of a server: warm up, freeze, say where it is, open the browser.

Streamlit collects all garbage after every rerun. With torch imported that walks a quarter of a
million objects and costs each visitor about 100 ms; frozen objects are not walked.
"""

import asyncio
import gc
import os
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from streamlit import config, net_util
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime, SessionClient
from streamlit.web.server import server_util

from seqviz.launch import DEFAULT_PORT, lan_address

FIRST_VISIT_S = 60


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Make the process ready, then let visitors in."""
    net_util.get_external_ip = no_external_ip
    await asyncio.to_thread(load_torch)
    await visit()
    await asyncio.to_thread(freeze)
    announce()
    yield


def load_torch() -> None:
    """Import torch, keep it to one thread, and have it compute once, both ways."""
    import torch

    torch.set_num_threads(1)
    cell = torch.nn.LSTMCell(2, 2)
    h, c = cell(torch.ones(2))
    (h.sum() + c.sum()).backward()


class FirstVisitor(SessionClient):
    """Somebody who opens the start page from inside, and only waits until it is there."""

    def __init__(self) -> None:
        self.served = asyncio.Event()

    def write_forward_msg(self, msg: ForwardMsg) -> None:
        if msg.WhichOneof("type") == "script_finished":
            self.served.set()


async def visit() -> None:
    """Run the start page once, so that all it imports and keeps is there for everybody."""
    runtime = Runtime.instance()
    visitor = FirstVisitor()
    session = runtime.connect_session(visitor, user_info={})
    hello = BackMsg()
    hello.rerun_script.query_string = ""
    runtime.handle_backmsg(session, hello)
    try:
        await asyncio.wait_for(visitor.served.wait(), FIRST_VISIT_S)
    finally:
        runtime.close_session(session)


def freeze() -> None:
    """Take what is there now, and will stay, out of every later garbage collection."""
    gc.collect()
    gc.freeze()


def no_external_ip() -> None:
    """Streamlit would ask a server outside for this; seqviz asks nobody anything."""


def announce() -> None:
    """Print where the app is, tell the Share panel, and open the browser unless headless."""
    port = config.get_option("server.port")
    if port != DEFAULT_PORT and not config.is_manually_set("server.port"):
        print(f"Port {DEFAULT_PORT} is taken, so seqviz uses {port}.")
    address = config.get_option("server.address") or "localhost"
    url = server_util.get_url(server_util.get_display_address(address))
    print(f"seqviz: {url}", flush=True)
    if os.environ.get("SEQVIZ_CLASS"):
        announce_class()
    if not config.get_option("server.headless"):
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def announce_class() -> None:
    """Print the address for the class and leave it in SEQVIZ_CLASS_URL for the Share panel."""
    address = lan_address()
    if address is None:
        print("seqviz: no local network found, so a class cannot reach this machine.", flush=True)
        return
    os.environ["SEQVIZ_CLASS_URL"] = server_util.get_url(address)
    print(f"For the class: {os.environ['SEQVIZ_CLASS_URL']}", flush=True)
