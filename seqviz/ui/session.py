"""The values of a page's controls through a reader's visit: from the link, then from the widgets.

The link is read once, when a page opens, and the widgets at every run after that, both through
the same checks and both before the first widget is drawn. The frame writes the values back into
the address after every run (`component.py`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import streamlit as st

from seqviz.text import Words
from seqviz.ui import links
from seqviz.ui.controls import SHARED, Choice, Control, Reading, Value
from seqviz.ui.notices import Notice
from seqviz.ui.wire import Pictures

MISSING = object()
BEYOND = ("above", "below", "too_long", "too_many")


@dataclass
class Session:
    """What a reader's session keeps between runs: the values of one page and its notices.

    `trying` is the *Try this* that the page was opened with, `start` the values it set, as a link
    writes them, and `strayed` whether a control has changed since.
    """

    page: str
    pictures: Pictures = field(default_factory=Pictures)
    values: dict[str, Value] = field(default_factory=dict)
    notices: dict[str, tuple[Notice, ...]] = field(default_factory=dict)
    link_notices: tuple[Notice, ...] = ()
    trying: str = ""
    start: dict[str, str] = field(default_factory=dict)
    strayed: bool = False


class Controls:
    """The knobs of one page in one run of its script."""

    def __init__(self, page: str, declared: Sequence[Control]) -> None:
        declared = (*declared, *(c for c in SHARED if c.key not in {d.key for d in declared}))
        self.declared = {control.key: control for control in declared}
        if len(self.declared) != len(declared):
            raise ValueError(f"Controls: expected unique keys, got {[c.key for c in declared]}")
        self.locked: set[str] = set()
        self.offered: dict[str, Collection[str]] = {}
        self._moved: set[str] = set()
        self._overruled: set[str] = set()
        session = st.session_state.get("seqviz")
        if isinstance(session, Session) and session.page == page:
            self.session = session
            self.opened = False
            self._read_widgets()
        else:
            self.opened = True
            self.session = Session(page)
            st.session_state["seqviz"] = self.session
            self._read_link()

    @property
    def values(self) -> dict[str, Value]:
        """The valid value of every control, by key."""
        return self.session.values

    @property
    def notices(self) -> list[Notice]:
        """What the reader has to be told about the link and the controls."""
        told = [notice for notices in self.session.notices.values() for notice in notices]
        kept = [n for n in told if n.kind not in BEYOND or n.about not in self._overruled]
        return [*self.session.link_notices, *kept]

    def overrule(self, about: str) -> Mapping[str, object]:
        """Leave unsaid that this control's value went beyond its limits, for who says it better.

        The values of what is left unsaid: what came, and how many there were.
        """
        self._overruled.add(about)
        unsaid = [n.values for n in self.session.notices.get(about, ()) if n.kind in BEYOND]
        return {k: v for values in unsaid for k, v in values.items() if k in ("got", "count")}

    def write(self, changes: Mapping[str, Value] | None = None) -> dict[str, str]:
        """Every value as it stands in a link, with some of them changed."""
        values = {**self.values, **self._known(changes or {})}
        return {key: control.write(values[key]) for key, control in self.declared.items()}

    def write_changed(self) -> dict[str, str]:
        """The values that are not their defaults: all that a link of this version needs to say."""
        written = self.write()
        changed = (k for k, c in self.declared.items() if self.values[k] != c.default)
        return {key: written[key] for key in changed}

    def write_shared(self) -> dict[str, str]:
        """The values that go along to another page."""
        keys = {control.key for control in SHARED}
        return {key: value for key, value in self.write().items() if key in keys}

    def tell(self, notice: Notice) -> None:
        """Say something about the link for as long as the page is open."""
        self.session.link_notices += (notice,)

    def set(self, changes: Mapping[str, Value]) -> None:
        """Give controls new values; only before they are drawn, or from a button's callback."""
        for key, value in self._known(changes).items():
            control = self.declared[key]
            if value != self.values[key]:
                self._keep(key, control.read(control.shown(value)))
            st.session_state[key] = control.shown(self.values[key])

    def lock(self, values: Mapping[str, Value]) -> None:
        """Show these values and let nobody change them in this run."""
        for key, value in self._known(values).items():
            wrong_in_link = bool(self.session.notices[key])
            self.set({key: value})
            if wrong_in_link:
                used = self.declared[key].write(value)
                self.session.notices[key] = (Notice("locked", {"used": used}, key),)
        self.locked.update(values)

    def draw(self, key: str, words: Words) -> None:
        """Draw one control here, with its value unless its widget has just brought it.

        A widget in a closed panel is not there in the browser yet: it takes the value of the last
        run only, and without one it would come up at its lowest. A value on its way back to a
        widget that the reader is still moving would move it against the reader.
        """
        control = self.declared[key]
        if key not in self._moved:
            st.session_state[key] = control.shown(self.values[key])
        if isinstance(control, Choice) and key in self.offered:
            offered = {*self.offered[key], self.values[key]}
            control = replace(control, options=tuple(o for o in control.options if o in offered))
        control.draw(words, key in self.locked)

    def _read_link(self) -> None:
        found = links.address()
        self.session.trying = links.last(found, links.TRY) or ""
        self.session.link_notices = tuple(links.check(found, self.declared))
        for key, control in self.declared.items():
            raw = links.last(found, key)
            reading = Reading(control.default) if raw is None else control.read(raw)
            if len(found.get(key, ())) > 1:
                repeated = Notice("repeated", {"count": len(found[key])}, key)
                reading = Reading(reading.value, (repeated, *reading.notices))
            self._keep(key, reading)
            st.session_state[key] = control.shown(reading.value)
        self.session.start = self.write()

    def _read_widgets(self) -> None:
        """Take over what the reader changed; what was said of a value goes when it changes.

        Notices that went with any change would move the page under the reader's hand.
        """
        for key, control in self.declared.items():
            now = st.session_state.get(key, MISSING)
            if now is MISSING or now == control.shown(self.values[key]):
                continue
            self.session.strayed = True
            self._keep(key, control.read(now))
            shown = control.shown(self.values[key])
            if shown != now:
                st.session_state[key] = shown
            else:
                self._moved.add(key)

    def _keep(self, key: str, reading: Reading) -> None:
        self.session.values[key] = reading.value
        self.session.notices[key] = reading.notices

    def _known(self, changes: Mapping[str, Value]) -> Mapping[str, Value]:
        strange = [key for key in changes if key not in self.declared]
        if strange:
            raise ValueError(f"Controls: expected {', '.join(self.declared)}, got {strange}")
        return changes
