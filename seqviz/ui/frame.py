"""Placeholder frame."""

import streamlit as st

st.title("seqviz")
