"""A control for a number that may be left as it is: a toggle and, while it is on, a slider."""

from dataclasses import dataclass
from typing import cast

import streamlit as st

from seqviz.text import Words
from seqviz.ui.controls import Number, Reading, Value
from seqviz.ui.notices import Notice

ALONE = "init"


@dataclass(frozen=True)
class Settable:
    """A number between two bounds, or `init`: whatever the initialisation draws there.

    The slider begins at `usual` and, turned off and on again, at the number it last had. `like` is
    the control whose words this one shares, where they are not its own.

    Two widgets share one value: it stands in the session under `key`, theirs under `key:on` and
    `key:number`, and the one that the reader is moving is not written back.
    """

    key: str
    low: float
    high: float
    usual: float
    step: float
    like: str = ""

    @property
    def default(self) -> Value:
        return ALONE

    def read(self, raw: object) -> Reading:
        if raw == ALONE:
            return Reading(ALONE)
        reading = Number(self.key, self.low, self.high, self.usual, self.step).read(raw)
        if any(notice.kind in ("not_number", "not_finite") for notice in reading.notices):
            got = "" if raw is None else raw
            told = {"got": got, "low": self.low, "high": self.high, "used": ALONE}
            return Reading(ALONE, (Notice("not_settable", told, self.key),))
        return reading

    def write(self, value: Value) -> str:
        return ALONE if value == ALONE else f"{cast(float, value):.12g}"

    def shown(self, value: Value) -> object:
        return value

    def draw(self, words: Words, locked: bool) -> None:
        state, on, number = st.session_state, f"{self.key}:on", f"{self.key}:number"
        moved = state.pop(f"{self.key}:moved", None)
        value = state[self.key]
        if moved != on:
            state[on] = value != ALONE
        shared = f"control.{self.like or self.key}"
        st.toggle(
            words(f"{shared}.set"),
            help=words(f"{shared}.help"),
            key=on,
            disabled=locked,
            on_change=self._turn,
        )
        if value == ALONE:
            return
        state[f"{self.key}:last"] = value
        if moved != number:
            state[number] = value
        st.slider(
            words(f"control.{self.key}.label"),
            *(float(self.low), float(self.high)),
            step=float(self.step),
            key=number,
            width=240,
            disabled=locked,
            on_change=self._slide,
            label_visibility="collapsed",
        )

    def _turn(self) -> None:
        state = st.session_state
        last = state.get(f"{self.key}:last", float(self.usual))
        state[self.key] = last if state[f"{self.key}:on"] else ALONE
        state[f"{self.key}:moved"] = f"{self.key}:on"

    def _slide(self) -> None:
        state = st.session_state
        state[self.key] = state[f"{self.key}:number"]
        state[f"{self.key}:moved"] = f"{self.key}:number"
