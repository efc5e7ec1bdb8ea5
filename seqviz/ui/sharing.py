"""The Share panel: the link as others reach it, and the same link as a QR code."""

import os
from html import escape
from urllib.parse import urljoin

import streamlit as st

from seqviz.text import Words
from seqviz.ui import component, qr


def draw(link: str, short: str, words: Words) -> None:
    """The field with the link, a copy button, and the QR code of `short`, which says the same."""
    class_url = os.environ.get("SEQVIZ_CLASS_URL", "")
    base = f"{class_url.rstrip('/')}/" if class_url else ""
    own = {key: words(f"share.{key}") for key in ("link", "copy", "copied")}
    component.share(own, link.partition("?")[0], base)
    if class_url:
        st.caption(words("share.class"))
    whole = urljoin(base or st.context.url or "", short)
    if not qr.fits(whole):
        st.caption(words("share.qr_too_long"))
        return
    alt, source = (escape(text, quote=True) for text in (words("share.qr"), qr.qr_address(whole)))
    st.html(f'<img class="seqviz-qr" loading="lazy" alt="{alt}" src="{source}">')
