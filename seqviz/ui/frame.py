"""The frame around every page: what Streamlit runs. A page is one entry in `PAGES`.

To add a page: its entry here, its file `pages/<name>.py`, and `<name>.toml` in each language.
"""

from html import escape
from typing import NamedTuple

import streamlit as st
from streamlit.navigation.page import StreamlitPage
from streamlit.runtime.scriptrunner import get_script_run_ctx

from seqviz.launch import FRAME, home
from seqviz.serving import WARMTH, wait_until_warm
from seqviz.text import Words
from seqviz.ui import component, language, links, notices
from seqviz.ui.controls import SHARED
from seqviz.ui.page import Page

STYLES = FRAME.with_suffix(".css")
ICON = "🔁"


class Entry(NamedTuple):
    """A page: its address and file name, and its group in the menu."""

    name: str
    group: str


PAGES = (
    Entry("cell", "sequences"),
    Entry("gradients", "learning"),
    Entry("compare", "learning"),
    Entry("attention", "attention"),
    Entry("multi-head", "attention"),
    Entry("positions", "attention"),
)
DEFAULT = "cell"


def main() -> None:
    """Draw the frame and the page that the address asks for."""
    unknown_language = language.choose()
    words = Words(language.current(), "frame")
    st.set_page_config(page_icon=ICON, layout="wide")
    st.html(STYLES)
    asked = st.navigation(pages(words), position="hidden")
    current = asked.url_path or DEFAULT
    st.session_state.pop("seqviz-page", None)
    with st.container(horizontal=True, vertical_alignment="center", key="seqviz-top"):
        st.html(menu(words, current, shared()))
        language.switch(words("frame.language"))
        if not WARMTH.there.is_set():
            warm(words)
    if unknown_language:
        notices.draw([unknown_language], Words(language.current(), "frame", "notices"))
    try:
        asked.run()
    except Exception:
        apologise(words, links.link(current, words.language, {}))
        raise
    page = st.session_state.get("seqviz-page")
    with st.container(key="seqviz-end"):
        if isinstance(page, Page):
            page.finish()
            component.host(page.language, page.address(), page.session)


def warm(words: Words) -> None:
    """Wait for the end of the warm-up; the browser loads the player meanwhile."""
    sign = st.empty()
    with sign.container():
        st.html(f'<p class="seqviz-warming" role="status">{escape(words("frame.warming"))}</p>')
        component.preload()
    context = get_script_run_ctx()
    wait_until_warm(context.session_id if context else "")
    sign.empty()


def apologise(words: Words, fresh: str) -> None:
    """Say that the page broke, and offer it anew; the log has the details."""
    text, link = escape(words("broken.text")), escape(words("broken.link"))
    anchor = f'<a href="{escape(fresh, quote=True)}" target="_self">{link}</a>'
    st.html(f'<p class="seqviz-notices seqviz-broken" role="alert">{text} {anchor}</p>')


def pages(words: Words) -> list[StreamlitPage]:
    """All pages; the default one a second time, because it would answer at `/` alone."""
    folder = home() / "pages"

    def page(name: str, default: bool) -> StreamlitPage:
        title = f"{words(f'page.{name}.title')} · {words('app.name')}"
        path = "start" if default else name
        return st.Page(folder / f"{name}.py", title=title, url_path=path, default=default)

    return [page(DEFAULT, default=True), *(page(entry.name, default=False) for entry in PAGES)]


def menu(words: Words, current: str, shared_values: dict[str, str]) -> str:
    """The menu as HTML: ordinary relative links, in groups."""
    groups: dict[str, list[str]] = {}
    for entry in PAGES:
        address = links.link(entry.name, words.language, shared_values)
        mark = ' aria-current="page"' if entry.name == current else ""
        text = escape(words(f"page.{entry.name}.menu"))
        anchor = f'<a href="{escape(address, quote=True)}" target="_self"{mark}>{text}</a>'
        groups.setdefault(entry.group, []).append(anchor)
    lists = "".join(
        f"<li><span>{escape(words(f'menu.{group}'))}</span>{''.join(anchors)}</li>"
        for group, anchors in groups.items()
    )
    name, label = escape(words("app.name")), escape(words("menu.label"), quote=True)
    return f'<nav class="seqviz-menu" aria-label="{label}"><b>{name}</b><ul>{lists}</ul></nav>'


def shared() -> dict[str, str]:
    """The values that go along from page to page."""
    found = links.address()
    raw = {c: st.session_state.get(c.key, links.last(found, c.key)) for c in SHARED}
    return {c.key: c.write(c.read(value).value) for c, value in raw.items() if value is not None}


main()
