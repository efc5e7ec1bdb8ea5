"""What the page has to tell the reader: one clear sentence each, in the reader's language.

A notice keeps what came as it came. It becomes words only when it is drawn, so that it follows
the language, and it is drawn as plain text: nothing in it is read as HTML or markdown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from re import sub

import streamlit as st

from seqviz.text import Words
from seqviz.text.characters import clip


@dataclass(frozen=True)
class Notice:
    """A sentence `notice.<kind>` of `notices.toml`, or any other key with a dot in it.

    `about` is the key of the control it speaks of; its label becomes `{name}`. Values that are
    tuples are options of that control and are listed by their labels.
    """

    kind: str
    values: Mapping[str, object] = field(default_factory=dict)
    about: str = ""

    def text(self, words: Words) -> str:
        """The sentence in the language of `words`."""
        values = {name: self._value(words, value) for name, value in self.values.items()}
        if self.about:
            label = words(f"control.{self.about}.label")
            values["name"] = words("notice.name", label=label, key=self.about)
        return words(self.kind if "." in self.kind else f"notice.{self.kind}", **values)

    def _value(self, words: Words, value: object) -> str:
        if isinstance(value, tuple):
            return ", ".join(str(option) for option in value)
        if isinstance(value, float):
            return f"{value:g}"
        return clip(str(value))


def draw(notices: Iterable[Notice], words: Words) -> None:
    """Draw the notices as one list, announced to screen readers; nothing when there are none."""
    sentences = list(dict.fromkeys(notice.text(words) for notice in notices))
    if sentences:
        items = "".join(f'<li dir="auto">{escape(sentence)}</li>' for sentence in sentences)
        label = escape(words("frame.notices"), quote=True)
        st.html(f'<ul class="seqviz-notices" role="status" aria-label="{label}">{items}</ul>')


def plain(text: str) -> str:
    """The text for a label that Streamlit reads as markdown, so that nothing in it acts.

    Punctuation is escaped, and an invisible word joiner breaks what is recognised after the
    escapes are gone: emoji names, web and mail addresses.
    """
    escaped = sub(r"([!-/:-@\[-`{-~])", r"\\\1", clip(text, 200))
    return sub(r"([:@]|www)", "\\1\u2060", escaped)
