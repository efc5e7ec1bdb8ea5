"""A page with one control of every kind, drawn as the frame would draw it."""

import streamlit as st

from seqviz.ui import language
from seqviz.ui.controls import Choice, Number, Numbers, Text, Toggle
from seqviz.ui.page import Page

language.choose()
page = Page(
    "cell",
    (
        Choice("mode", ("fresh", "trained"), "fresh"),
        Choice("cell", ("rnn", "lstm", "gru"), "lstm"),
        Number("length", 1, 200, 4),
        Number("gain", 0.0, 3.0, 1.0, step=0.05),
        Text("text", "hello", limit=5),
        Numbers("numbers", (0.0, 1.0), -100.0, 100.0, limit=4),
        Toggle("wipe"),
        Choice("act", ("tanh", "relu"), "tanh", look="menu"),
    ),
)
page.header()
if page.values["mode"] == "trained":
    page.lock(gain=2.0)
language.switch("language")
page.controls("mode", "cell", "length", "gain", "text", "wipe", "act", "seed")
if page.values["cell"] != "rnn":
    page.controls("numbers")
page.button("mode.trained", mode="trained")
with page.section("predict") as opened:
    if opened:
        page.predict("largest", "Which <b>one</b>?", ["*a*", ":smile: $x$"], 1, "Because {x} <i>.")
page.try_this(relu={"act": "relu"}, wipe={"wipe": True, "length": 7})
page.share()
page.downloads(csv=lambda: "a,b\n")
page.finish()
st.session_state["values"] = page.values
st.session_state["link"] = page.link()
