"""Every knob of a page, declared once with its type: what it may be, how it is drawn, its link.

    CONTROLS = (
        Choice("cell", ("rnn", "lstm", "gru"), "lstm"),
        Number("length", 1, 200, 4),
        Number("gain", 0.0, 3.0, 1.0, step=0.05),
        Text("text", "hello", limit=200),
        Numbers("signal", (0.0, 1.0, 0.0), -100.0, 100.0, limit=200),
        Toggle("peepholes", False),
    )
    page = Page("cell", CONTROLS)
    page.values["length"]                 # valid from the start, before anything is drawn
    page.controls("cell", "length")       # draws the widgets in a row

Words: `[control.length] label = "...", help = "..."` and for a Choice one word per option
(`[control.cell] lstm = "LSTM"`). Anything that came from outside, by the link or by the widget,
goes through the same check: it becomes a valid value, and a notice says what came instead.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

import streamlit as st

from seqviz.text import Words
from seqviz.text.characters import characters, first
from seqviz.ui.notices import Notice

Value = str | int | float | bool | tuple[float, ...]
NAMED_ENTRIES = 5


@dataclass(frozen=True)
class Reading:
    """A valid value and what had to be said on the way to it."""

    value: Value
    notices: tuple[Notice, ...] = ()


class Control(Protocol):
    """One knob. `read` takes what stands in a link or in the widget, whatever it is."""

    @property
    def key(self) -> str: ...
    @property
    def default(self) -> Value: ...
    def read(self, raw: object) -> Reading: ...
    def write(self, value: Value) -> str: ...
    def shown(self, value: Value) -> object: ...
    def draw(self, words: Words, locked: bool) -> None: ...


@dataclass(frozen=True)
class Choice:
    """One of a few names, as buttons or as a menu; `quiet` keeps its label for screen readers.

    `like` is the control whose words its options share, where that is not its own; `width` is that
    of the menu in pixels.
    """

    key: str
    options: tuple[str, ...]
    default: str
    look: Literal["buttons", "menu"] = "buttons"
    quiet: bool = False
    like: str = ""
    width: int = 240

    def read(self, raw: object) -> Reading:
        if raw in self.options:
            return Reading(raw)
        told = {"got": raw, "options": self.options, "used": self.default}
        return Reading(self.default, (Notice("unknown_choice", told, self.key),))

    def write(self, value: Value) -> str:
        return str(value)

    def shown(self, value: Value) -> object:
        return value

    def draw(self, words: Words, locked: bool) -> None:
        self._draw(words, _common(words, self.key, locked))

    def stand_in(self, words: Words, value: str) -> None:
        """Show another value in its place, which nobody can change; its own value stays."""
        key = f"{self.key}:stand-in"
        st.session_state[key] = value
        self._draw(words, _common(words, self.key, True) | {"key": key})

    def _draw(self, words: Words, shown: dict[str, Any]) -> None:
        def label(option: str) -> str:
            key = f"control.{self.like or self.key}.{option}"
            return words(key) if key in words else option

        if self.quiet:
            shown |= {"label_visibility": "collapsed", "help": None}
        if self.look == "buttons":
            st.segmented_control(options=self.options, required=True, format_func=label, **shown)
        else:
            st.selectbox(options=self.options, format_func=label, width=self.width, **shown)


@dataclass(frozen=True)
class Number:
    """A number between two bounds, as a slider or a field; whole when its bounds are."""

    key: str
    low: float
    high: float
    default: float
    step: float = 1
    look: Literal["slider", "field"] = "slider"

    @property
    def whole(self) -> bool:
        return all(isinstance(n, int) for n in (self.low, self.high, self.default, self.step))

    def read(self, raw: object) -> Reading:
        got = "" if raw is None else raw
        bounds = {"low": self.low, "high": self.high, "used": self.default, "got": got}
        try:
            number = float(cast(str, raw))
        except (TypeError, ValueError, OverflowError):
            return Reading(self.default, (Notice("not_number", bounds, self.key),))
        if not math.isfinite(number):
            return Reading(self.default, (Notice("not_finite", bounds, self.key),))
        used = min(max(number, self.low), self.high)
        used = round(used) if self.whole else float(f"{used:.12g}")
        told = {"got": raw, "limit": self.high if number > self.high else self.low, "used": used}
        if number > self.high:
            return Reading(used, (Notice("above", told, self.key),))
        if number < self.low:
            return Reading(used, (Notice("below", told, self.key),))
        if self.whole and used != number:
            return Reading(used, (Notice("not_whole", told, self.key),))
        return Reading(used)

    def write(self, value: Value) -> str:
        return repr(value)

    def shown(self, value: Value) -> object:
        return value

    def draw(self, words: Words, locked: bool) -> None:
        low, high, step = (n if self.whole else float(n) for n in (self.low, self.high, self.step))
        if self.look == "slider":
            st.slider(
                min_value=low,
                max_value=high,
                step=step,
                width=240,
                **_common(words, self.key, locked),
            )
        else:
            st.number_input(
                min_value=low,
                max_value=high,
                step=step,
                width=160,
                **_common(words, self.key, locked),
            )


@dataclass(frozen=True)
class Toggle:
    """Yes or no."""

    key: str
    default: bool = False

    def read(self, raw: object) -> Reading:
        known = {"true": True, "1": True, "false": False, "0": False}
        value = known.get(str(raw).lower())
        if value is not None:
            return Reading(value)
        told = {"got": raw, "used": self.write(self.default)}
        return Reading(self.default, (Notice("not_toggle", told, self.key),))

    def write(self, value: Value) -> str:
        return str(value).lower()

    def shown(self, value: Value) -> object:
        return value

    def draw(self, words: Words, locked: bool) -> None:
        st.toggle(**_common(words, self.key, locked))


@dataclass(frozen=True)
class Text:
    """The reader's own text, at most `limit` characters as the reader counts them."""

    key: str
    default: str
    limit: int = 200

    def read(self, raw: object) -> Reading:
        text = str(raw if raw is not None else "")
        if not text:
            return Reading(self.default, (Notice("empty", {"used": self.default}, self.key),))
        kept = first(text, self.limit)
        count = len(characters(text))
        if count <= self.limit:
            return Reading(kept)
        told = {"count": f"{count:,}", "limit": self.limit}
        return Reading(kept, (Notice("too_long", told, self.key),))

    def write(self, value: Value) -> str:
        return str(value)

    def shown(self, value: Value) -> object:
        return value

    def draw(self, words: Words, locked: bool) -> None:
        st.text_input(width=320, **_common(words, self.key, locked))


@dataclass(frozen=True)
class Numbers:
    """The reader's own numbers, separated by commas, each between two bounds."""

    key: str
    default: tuple[float, ...]
    low: float
    high: float
    limit: int = 200

    def read(self, raw: object) -> Reading:
        text = str(raw if raw is not None else "")
        entries = [(place, entry.strip()) for place, entry in enumerate(text.split(","), start=1)]
        entries = [(place, entry) for place, entry in entries if entry]
        numbers = [(place, entry, _finite(entry)) for place, entry in entries]
        good = [(place, entry, number) for place, entry, number in numbers if number is not None]
        if not good:
            instead = {"got": text, "used": self.write(self.default)}
            return Reading(self.default, (Notice("no_numbers", instead, self.key),))
        bad = [{"place": p, "got": entry} for p, entry, number in numbers if number is None]
        notices = self._each("bad_entr", bad)
        if len(good) > self.limit:
            told = {"count": f"{len(good):,}", "limit": self.limit}
            notices += [Notice("too_many", told, self.key)]
            good = good[: self.limit]
        values = tuple(min(max(number, self.low), self.high) for _, _, number in good)
        outside = [
            {"place": place, "got": entry, "low": self.low, "high": self.high, "used": used}
            for (place, entry, number), used in zip(good, values, strict=True)
            if used != number
        ]
        return Reading(values, tuple(notices + self._each("clamped_entr", outside)))

    def _each(self, kind: str, told: Sequence[Mapping[str, object]]) -> list[Notice]:
        """A notice for each of the first few entries, and one for all the others."""
        named = [Notice(f"{kind}y", values, self.key) for values in told[:NAMED_ENTRIES]]
        rest = told[NAMED_ENTRIES:]
        if rest:
            named.append(Notice(f"{kind}ies", {**rest[0], "count": len(rest)}, self.key))
        return named

    def write(self, value: Value) -> str:
        return ",".join(f"{number:.12g}" for number in cast(Sequence[float], value))

    def shown(self, value: Value) -> object:
        return ", ".join(self.write(value).split(","))

    def draw(self, words: Words, locked: bool) -> None:
        st.text_input(width=320, **_common(words, self.key, locked))


SEED = Number("seed", 0, 999_999, 1, look="field")
SHARED: tuple[Control, ...] = (SEED,)


def _common(words: Words, key: str, locked: bool) -> dict[str, Any]:
    """What every widget gets: its label and help from the words, its key, whether it is locked."""
    help_key = f"control.{key}.help"
    return {
        "label": words(f"control.{key}.label"),
        "help": words(help_key) if help_key in words else None,
        "key": key,
        "disabled": locked,
    }


def _finite(entry: str) -> float | None:
    try:
        number = float(entry)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
