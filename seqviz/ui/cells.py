"""A control for cells of a matrix that are blocked, as a reader writes them: `3, 2-3, 2-*`."""

import re
from dataclasses import dataclass

import streamlit as st

from seqviz.text import Words
from seqviz.ui.controls import Reading, Value
from seqviz.ui.notices import Notice

CELL = re.compile(r"(?:(\*|\d{1,3})-)?(\*|\d{1,3})", re.ASCII)
ENTRIES, NAMED = 64, 5


@dataclass(frozen=True)
class Cells:
    """Cells of the weights that are blocked: `3` is key 3 for all, `2-3` for query 2, `2-*` all."""

    key: str
    default: str = ""

    def read(self, raw: object) -> Reading:
        entries = [entry.strip() for entry in str(raw if raw is not None else "").split(",")]
        entries = [entry for entry in entries if entry]
        good = [found for entry in entries if (found := cell(entry)) is not None]
        bad = [entry for entry in entries if cell(entry) is None]
        notices = [Notice("told.no_cell", {"got": entry}, self.key) for entry in bad[:NAMED]]
        if bad[NAMED:]:
            notices.append(Notice("told.no_cells", {"count": len(bad[NAMED:])}, self.key))
        if len(good) > ENTRIES:
            told = {"count": len(good), "limit": ENTRIES}
            notices.append(Notice("told.many_cells", told, self.key))
        kept = dict.fromkeys(written(found) for found in good[:ENTRIES])
        return Reading(", ".join(kept), tuple(notices))

    def write(self, value: Value) -> str:
        return str(value)

    def shown(self, value: Value) -> object:
        return value

    def draw(self, words: Words, locked: bool) -> None:
        st.text_input(
            width=320,
            label=words(f"control.{self.key}.label"),
            help=words(f"control.{self.key}.help"),
            placeholder=words(f"control.{self.key}.placeholder"),
            key=self.key,
            disabled=locked,
        )


def cell(entry: str) -> tuple[int | None, int | None] | None:
    """(query, key) from 0, None is every one; None where it names no cell."""
    found = CELL.fullmatch(entry)
    if found is None:
        return None
    query, key = (None if part in (None, "*") else int(part) - 1 for part in found.groups())
    return None if -1 in (query, key) else (query, key)


def written(found: tuple[int | None, int | None]) -> str:
    """A blocked cell as a reader writes it."""
    query, key = ("*" if place is None else str(place + 1) for place in found)
    return key if query == "*" and key != "*" else f"{query}-{key}"
