"""What surrounds a page: frame, controls, links, notices. Knows Streamlit and all layers below."""
