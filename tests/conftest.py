"""Fixtures that several test files share: the browser, its pages, and the running app."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import torch
from hypothesis import settings
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from seqviz.launch import lan_address
from tests import chromium
from tests.app_server import AppServer

REQUIRE_ALL = bool(os.environ.get("SEQVIZ_REQUIRE_ALL"))
HERE = ("localhost", "127.0.0.1", "", lan_address())

settings.register_profile("seqviz", deadline=None)
settings.load_profile("seqviz")
torch.set_num_threads(1)
expect.set_options(timeout=30_000)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where everything can be tested, a skipped test is a failed run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if REQUIRE_ALL and skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever opens a browser carries the mark."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for the whole run."""
    path = chromium.find(playwright)
    if path is None:
        pytest.skip(chromium.MISSING)
    running = chromium.launch(playwright, path)
    yield running
    running.close()


class Visitors:
    """Opens pages, and remembers what went wrong in them: errors, and requests to outside."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.contexts: list[BrowserContext] = []
        self.errors: list[str] = []
        self.outside: list[str] = []

    def __call__(self, **context: object) -> Page:
        """A page in a context of its own; options as for `browser.new_context`."""
        options = {"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **context}
        self.contexts.append(self.browser.new_context(**options))  # type: ignore[arg-type]
        self.contexts[-1].on("request", lambda request: self._request(request.url))
        page = self.contexts[-1].new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about", "file") and parts.hostname not in HERE:
            self.outside.append(url)

    def close(self) -> None:
        for context in self.contexts:
            context.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visitors]:
    """`visit()` opens a new visitor's page. No page may raise an error or leave this machine."""
    visitors = Visitors(browser)
    yield visitors
    visitors.close()
    assert visitors.outside == []
    assert visitors.errors == []


@pytest.fixture
def page(visit: Visitors) -> Page:
    """One visitor's page, empty."""
    return visit()


@pytest.fixture(scope="session")
def server() -> Iterator[AppServer]:
    """The app, running for the whole session; its log is printed when it stumbled."""
    with AppServer() as running:
        yield running
        assert "Traceback" not in running.log(), running.log()


@pytest.fixture
def fresh_server() -> Iterator[Callable[..., AppServer]]:
    """`fresh_server()` starts an app that has had no visitor; arguments as for AppServer."""
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(AppServer(**how))
