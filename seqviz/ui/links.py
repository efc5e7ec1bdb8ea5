"""The address: what a link holds, how it is read, what it may not say.

A link holds everything: the version of its meaning, the page, the language and the value of
every control, defaults too, so that it keeps its meaning when a default changes. The player adds
its step, unit and pins by itself.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from seqviz.ui.notices import Notice

VERSION = 1
SHOWN = {
    "level": ("flow", "numbers", "arithmetic"),
    "view": ("unrolled", "rolled"),
    "future": ("faint", "hidden"),
    "speed": ("0.25", "0.5", "1", "2", "4", "8", "24"),
}
PLAYER = ("t", "u", "pin", "point", "s", "head", *SHOWN)
TRY = "try"
PLATFORM = ("v", "lang", TRY, "embed", "embed_options")
TRACKING = re.compile(r"utm_\w+|\w*clid")
PIN = re.compile(r"[^\s.]+(\.[1-9]\d{0,8}){2}")
POINT = re.compile(r"[^\s.,]+\.[1-9]\d{0,3}(,-?\d{1,7}(\.\d{1,4})?){2}")
DRAGGED = ("query", "keys", "values")
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
    """What a link says that cannot be: its version, parameters that nobody knows."""
    version = last(found, "v")
    if version is None:
        if any(key in found for key in known):
            yield Notice("no_version", {"used": VERSION})
    elif version != str(VERSION):
        yield Notice("unknown_version", {"got": version, "used": VERSION})
    allowed = {*known, *PLAYER, *PLATFORM}
    unknown = [key for key in found if key not in allowed and not TRACKING.fullmatch(key)]
    for key in unknown[:NAMED_UNKNOWN]:
        yield Notice("unknown_parameter", {"got": key})
    if unknown[NAMED_UNKNOWN:]:
        yield Notice("unknown_parameters", {"count": len(unknown[NAMED_UNKNOWN:])})


def check_cursor(found: Address, scene: Mapping[str, Any]) -> Iterator[Notice]:
    """What a link asks the player for and cannot have: step, unit, pins, points of a scene."""
    steps = scene["steps"]
    t, u = _counted(found, "t"), _counted(found, "u")
    if t == 0:
        yield Notice("not_step", {"got": last(found, "t")})
    elif t is not None and t > steps:
        yield Notice("step_above", {"got": t, "limit": steps})
    tensors = {tensor["name"]: tensor for tensor in scene.get("tensors", ())}
    units = _sizes(tensors["h"], scene)[1] if "h" in tensors else u
    if u == 0:
        yield Notice("not_unit", {"got": last(found, "u")})
    elif u is not None and units is not None and u > units:
        yield Notice("unit_above", {"got": u, "limit": units})
    for pin in found.get("pin", ()):
        yield from _check_pin(pin, tensors, scene)
    nodes = scene.get("layout", {}).get("nodes", ())
    drawn = {node["tensor"] for node in nodes if node.get("part") in DRAGGED}
    for point in found.get("point", ()):
        if not POINT.fullmatch(point) or point.split(".", 1)[0] not in drawn:
            yield Notice("not_point", {"got": point})
    yield from _check_shown(found, scene)


def _check_pin(pin: str, tensors: Mapping[str, Any], scene: Mapping[str, Any]) -> Iterator[Notice]:
    """A pin that is no value of the scene, or a value beyond its steps or units."""
    name, step, unit = pin.rsplit(".", 2) if PIN.fullmatch(pin) else ("", "", "")
    if name not in tensors:
        yield Notice("not_pin", {"got": pin})
        return
    steps, units = _sizes(tensors[name], scene)
    if int(step) > steps or int(unit) > units:
        yield Notice("pin_beyond", {"got": pin, "steps": steps, "units": units})


def _sizes(tensor: Mapping[str, Any], scene: Mapping[str, Any]) -> tuple[int, int]:
    """At how many steps a tensor has a value of its own, and of how many numbers that is."""
    shape = tensor["shape"]
    if tensor["axes"] and tensor["axes"][0] == scene["step_axis"]:
        return shape[0], math.prod(shape[1:])
    return 1, math.prod(shape)


def _check_shown(found: Address, scene: Mapping[str, Any]) -> Iterator[Notice]:
    """Stages and heads that the scene does not have, ways to show it that there are not."""
    nodes = scene.get("layout", {}).get("nodes", ())
    heads = max((len(node.get("heads", ())) for node in nodes), default=0)
    limits = {"s": len(scene.get("substeps", ())), "head": max(1, heads)}
    for key, limit in limits.items():
        value = _counted(found, key)
        if value is not None and not 1 <= value <= limit:
            yield Notice("not_shown", {"key": key, "got": last(found, key)})
    for key, choices in SHOWN.items():
        if key in found and last(found, key) not in choices:
            yield Notice("not_shown", {"key": key, "got": last(found, key)})


def _counted(found: Address, key: str) -> int | None:
    """A number counted from 1; 0 when what stands there is none, None when nothing does."""
    value = last(found, key)
    if value is None:
        return None
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
