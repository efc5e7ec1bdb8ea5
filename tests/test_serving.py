"""The warm-up: who waits for it, and that nobody waits for ever."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from seqviz import serving

TASKS = Path("/proc/self/task")
IN_A_NEW_THREAD = """
import os, threading
from seqviz.serving import load_torch

load_torch()
import torch

seen = []

def run():
    before = len(os.listdir("/proc/self/task"))
    torch.tanh(torch.ones(50, 8, dtype=torch.float64))
    seen.append(len(os.listdir("/proc/self/task")) - before)

thread = threading.Thread(target=run)
thread.start()
thread.join()
print(seen)
"""


@pytest.fixture(name="cold")
def a_cold_process() -> Iterator[None]:
    serving.WARMTH.there.clear()
    serving.WARMTH.visitor = "first"
    yield
    serving.WARMTH.there.set()
    serving.WARMTH.visitor = ""


def waiting(session: str) -> threading.Thread:
    thread = threading.Thread(target=serving.wait_until_warm, args=(session,), daemon=True)
    thread.start()
    return thread


def warm_up() -> None:
    """The warm-up on a loop of its own: a test session with a browser has one running already."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(serving.warm_up())).result()


def test_without_a_server_nobody_waits() -> None:
    waiting("anybody").join(5)
    assert serving.WARMTH.there.is_set()


def test_a_visitor_waits_until_it_is_warm_and_the_first_does_not(cold: None) -> None:
    first, other = waiting("first"), waiting("other")
    first.join(5)
    assert not first.is_alive()
    other.join(0.1)
    assert other.is_alive()
    serving.WARMTH.there.set()
    other.join(5)
    assert not other.is_alive()


def test_pages_open_even_where_the_warm_up_fails(
    cold: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(serving, "load_torch", broken)
    with pytest.raises(RuntimeError, match="on purpose"):
        warm_up()
    assert serving.WARMTH.there.is_set()


def test_every_page_is_visited_and_frozen_before_and_after(
    cold: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    async def visit(page: str) -> None:
        done.append(f"visit {page}" + (" warm" if serving.WARMTH.there.is_set() else ""))

    monkeypatch.setattr(serving, "load_torch", lambda: done.append("torch"))
    monkeypatch.setattr(serving, "visit", visit)
    monkeypatch.setattr(serving, "freeze", lambda: done.append("freeze"))
    monkeypatch.setattr(serving, "OTHERS_AFTER_S", 0)
    warm_up()
    assert done[:2] == ["torch", "visit "]
    assert {"visit attention warm", "visit cell warm"} <= set(done[2:-1])
    assert done[-1] == "freeze"


@pytest.mark.parametrize(("headless", "opened"), [(False, ["http://here"]), (True, [])])
def test_the_browser_opens_once_the_server_listens(
    monkeypatch: pytest.MonkeyPatch, headless: bool, opened: list[str]
) -> None:
    asked: list[bool] = []
    seen: list[str] = []
    there = threading.Event()

    def taken(port: int) -> bool:
        asked.append(len(asked) == 2)
        return asked[-1]

    def browse(url: str) -> None:
        assert asked == [False, False, True]
        seen.append(url)
        there.set()

    options = {"server.headless": headless, "server.port": 1}
    monkeypatch.setattr("streamlit.config.get_option", options.__getitem__)
    monkeypatch.setattr(serving, "taken", taken)
    monkeypatch.setattr("webbrowser.open", browse)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(serving.open_browser("http://here"))).result()
    assert headless or there.wait(5)
    assert seen == opened


def test_a_run_in_a_new_thread_starts_no_helpers_of_its_own() -> None:
    if not TASKS.exists() or os.cpu_count() == 1:
        return
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    command = [sys.executable, "-c", IN_A_NEW_THREAD]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["[0]"], done.stderr


def test_connections_send_each_message_at_once() -> None:
    with socket.socket(socket.AF_INET) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        serving.send_at_once()
        with socket.create_connection(server.getsockname()) as client:
            connection, _ = server.accept()
            with connection:
                assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
            assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
