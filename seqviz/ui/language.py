"""The reader's language: from the link, else from the browser; then it stays in the address."""

import streamlit as st

from seqviz.text import LANGUAGES
from seqviz.ui import links
from seqviz.ui.notices import Notice

KEY = "lang"


def choose() -> Notice | None:
    """Settle the language of this run, and say so if the link asked for one that is not there."""
    if st.session_state.get(KEY) in LANGUAGES:
        return None
    asked = links.last(links.address(), KEY)
    browser = (st.context.locale or "").partition("-")[0].lower()
    st.session_state[KEY] = next((name for name in (asked, browser) if name in LANGUAGES), "en")
    if asked is None or asked in LANGUAGES:
        return None
    told = {"got": asked, "options": tuple(LANGUAGES), "used": current()}
    return Notice("unknown_language", told)


def current() -> str:
    """The language of this run, once it is settled."""
    return str(st.session_state[KEY])


def switch(label: str) -> None:
    """The switch between the languages; everything else on the page stays as it is."""
    st.segmented_control(
        label,
        list(LANGUAGES),
        required=True,
        format_func=LANGUAGES.__getitem__,
        key=KEY,
        label_visibility="collapsed",
    )
