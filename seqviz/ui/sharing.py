"""The Share panel: the link as others reach it, and the same link as a QR code."""

import os
from base64 import b64encode
from html import escape
from urllib.parse import urljoin

import segno
import streamlit as st

from seqviz.text import Words
from seqviz.ui import component
from seqviz.ui.qr import qr_svg


def draw(link: str, words: Words) -> None:
    """The field with the link, a copy button and the QR code of `link`."""
    class_url = os.environ.get("SEQVIZ_CLASS_URL", "")
    base = f"{class_url.rstrip('/')}/" if class_url else ""
    component.share({key: words(f"share.{key}") for key in ("link", "copy", "copied")}, base)
    if class_url:
        st.caption(words("share.class"))
    try:
        picture = qr_svg(urljoin(base or st.context.url or "", link))
    except segno.DataOverflowError:
        st.caption(words("share.qr_too_long"))
        return
    data = b64encode(picture.encode()).decode()
    alt = escape(words("share.qr"), quote=True)
    st.html(f'<img class="seqviz-qr" alt="{alt}" src="data:image/svg+xml;base64,{data}">')
