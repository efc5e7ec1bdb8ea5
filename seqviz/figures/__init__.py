"""How records look as charts: record in, picture out.

What may live here: pure functions from records to a Plotly figure or a small SVG.
What may not: Streamlit, widgets, words (they come in as arguments).
"""
