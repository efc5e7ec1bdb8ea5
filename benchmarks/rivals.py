"""The same picture by other means: what the player is measured against."""

import sys
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

STEPS, HIDDEN = 100, 16
STRIPS = ("i", "f", "g", "o", "c", "h")

FLOOR = """<!doctype html><meta charset="utf-8"><body tabindex="0"><p id="step">0</p>
<script>
  const step = document.getElementById("step");
  addEventListener("keydown", () => { step.textContent = Number(step.textContent) + 1; });
</script>"""

KEYS = """
const plot = document.querySelector(".js-plotly-plot");
const step = document.createElement("p");
step.id = "step";
step.textContent = "0";
document.body.prepend(step);
addEventListener("keydown", async (event) => {
  if (event.key !== "ArrowRight") return;
  const next = (Number(step.textContent) + 1) % STEPS;
  const at_once = { transition: { duration: 0 }, frame: { duration: 0, redraw: true } };
  await Plotly.animate(plot, [String(next)], { mode: "immediate", ...at_once });
  step.textContent = next;
});
"""

RERUN = """
import streamlit as st
from benchmarks.rivals import figure, strips

st.session_state.setdefault("t", 1)
t = st.slider("t", 1, {steps}, key="t")
st.plotly_chart(figure(strips(), t), key="picture")
st.write(t)
"""


def strips() -> dict[str, np.ndarray]:
    """A heat strip (hidden, time) for each gate and state, as float32."""
    random = np.random.default_rng(0)
    return {name: random.uniform(-1, 1, (HIDDEN, STEPS)).astype(np.float32) for name in STRIPS}


def figure(values: dict[str, np.ndarray], t: int) -> go.Figure:
    """The heat strips up to step t, one above the other."""
    picture = make_subplots(rows=len(values), cols=1, shared_xaxes=True, vertical_spacing=0.02)
    for row, strip in enumerate(shown(values, t).values(), start=1):
        picture.add_trace(go.Heatmap(z=strip, zmin=-1, zmax=1, showscale=False), row=row, col=1)
    picture.update_layout(height=640, margin={"l": 30, "r": 10, "t": 10, "b": 20})
    return picture


def shown(values: dict[str, np.ndarray], t: int) -> dict[str, np.ndarray]:
    """The strips with everything after step t left out."""
    return {name: np.where(np.arange(STEPS) < t, strip, np.nan) for name, strip in values.items()}


def frames_figure() -> go.Figure:
    """The picture with one Plotly frame a step."""
    values = strips()
    picture = figure(values, 1)
    picture.frames = [
        go.Frame(data=[go.Heatmap(z=z) for z in shown(values, t + 1).values()], name=str(t))
        for t in range(STEPS)
    ]
    return picture


def frames_json() -> str:
    """The picture and its frames as Plotly sends them."""
    json: str = frames_figure().to_json()
    return json


def plotly_frames(path: Path) -> None:
    """An HTML file with the frames; the right arrow shows the next."""
    script = KEYS.replace("STEPS", str(STEPS))
    frames_figure().write_html(path, include_plotlyjs=True, post_script=script)


def rerun_app(folder: Path) -> tuple[str, ...]:
    """The command for a Streamlit app that draws the picture again for each step."""
    script = folder / "rerun.py"
    script.write_text(RERUN.format(steps=STEPS), encoding="utf-8")
    return sys.executable, "-m", "streamlit", "run", str(script)
