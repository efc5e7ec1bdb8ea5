"""One computation at a time, each kept: how pages call `run(config)`.

Serialised compute is faster here than threads that fight for the interpreter's lock, and what
everybody in a class asks for is computed once.
"""

import threading
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import streamlit as st

Config = TypeVar("Config")
Record = TypeVar("Record")

COMPUTE = threading.Semaphore(1)


def cached(run: Callable[[Config], Record], entries: int = 128) -> Callable[[Config], Record]:
    """`run` with a memory of the last `entries` configurations, shared by all visitors.

    `run` is pure, its config is a frozen dataclass of plain values, and what it returns is
    handed to everyone as it is: a frozen record that nobody changes. Errors are not kept.
    """

    @st.cache_resource(max_entries=entries, show_spinner=False)
    @wraps(run)
    def compute(config: Config) -> Record:
        with COMPUTE:
            return run(config)

    return compute
