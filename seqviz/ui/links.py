"""The address: what a link holds, how it is read, what it may not say.

A link holds everything: the version of its meaning, the page, the language and the value of
every control, defaults too, so that it keeps its meaning when a default changes. The player adds
its step, unit and pins by itself.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from urllib.parse import urlencode

import streamlit as st

from seqviz.ui.notices import Notice

VERSION = 1
PLAYER = ("t", "u", "pin")
PLATFORM = ("v", "lang", "embed", "embed_options")
TRACKING = re.compile(r"utm_\w+|\w*clid")
PIN = re.compile(r"[A-Za-z]\w*(\.[1-9]\d{0,8}){1,3}")
NAMED_UNKNOWN = 3

Address = Mapping[str, Sequence[str]]


def link(page: str, language: str, values: Mapping[str, str]) -> str:
    """Relative address of a page in a state: `cell?v=1&lang=ko&cell=gru&...`."""
    return f"{page}?{urlencode({'v': VERSION, 'lang': language, **values})}"


def address() -> Address:
    """The parameters of the address that the page was opened with, each with all its values."""
    return {key: st.query_params.get_all(key) for key in st.query_params}


def last(found: Address, key: str) -> str | None:
    """The value that counts when a parameter stands more than once: the last."""
    values = found.get(key)
    return values[-1] if values else None


def check(found: Address, known: Collection[str]) -> Iterator[Notice]:
    """What a link says that cannot be: version, step, unit, pins, unknown parameters."""
    version = last(found, "v")
    if version is None:
        if any(key in found for key in known):
            yield Notice("no_version", {"used": VERSION})
    elif version != str(VERSION):
        yield Notice("unknown_version", {"got": version, "used": VERSION})
    for key, kind in (("t", "not_step"), ("u", "not_unit")):
        value = last(found, key)
        if value is not None and not (value.isascii() and value.isdigit() and int(value[:9]) > 0):
            yield Notice(kind, {"got": value})
    for pins in found.get("pin", ()):
        for pin in pins.split(","):
            if not PIN.fullmatch(pin):
                yield Notice("not_pin", {"got": pin})
    allowed = {*known, *PLAYER, *PLATFORM}
    unknown = [key for key in found if key not in allowed and not TRACKING.fullmatch(key)]
    for key in unknown[:NAMED_UNKNOWN]:
        yield Notice("unknown_parameter", {"got": key})
    if unknown[NAMED_UNKNOWN:]:
        yield Notice("unknown_parameters", {"count": len(unknown[NAMED_UNKNOWN:])})
