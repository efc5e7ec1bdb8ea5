"""The app: Streamlit runs `seqviz/ui/frame.py`, ready before the first visitor comes."""

import streamlit as st

from seqviz import serving
from seqviz.launch import FRAME
from seqviz.ui import component

app = st.App(FRAME, routes=component.routes(), lifespan=serving.lifespan)
