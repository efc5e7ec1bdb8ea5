"""The app: Streamlit runs `seqviz/ui/frame.py`, ready before the first visitor comes."""

import streamlit as st

from seqviz import serving
from seqviz.launch import FRAME
from seqviz.ui import component, qr

routes = [*component.routes(), *qr.routes()]
app = st.App(FRAME, routes=routes, lifespan=serving.lifespan)
