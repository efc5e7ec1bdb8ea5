"""A bare page with the player in it, and what the tests of the picture ask of it."""

import re
from typing import Any

import numpy as np
import torch
from playwright.sync_api import Locator, Page, Position

from seqviz import player
from seqviz.core.gradients import gradients
from seqviz.core.parameters import make_cell
from seqviz.core.unroll import unroll
from seqviz.scenes import Scene, Sequence
from seqviz.scenes.recurrent import cell_scene
from seqviz.text import player_words

WORDS = dict(player_words("en"))
LOAD = """async ([source, payload]) => {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  window.module = await import(url);
  URL.revokeObjectURL(url);
  window.payload = payload;
  window.player = window.module.mount(document.getElementById("root"), payload);
}"""
CONTRAST = """(selector) => [...document.querySelectorAll(selector)]
  .filter((text) => text.textContent && text.getClientRects().length)
  .map((text) => {
    const { parseColour, contrast } = window.module;
    const ink = parseColour(getComputedStyle(text).fill);
    const under = parseColour(text.parentNode.querySelector("rect").getAttribute("fill"));
    return [text.textContent, contrast(ink, under)];
  })"""


def hello() -> Scene:
    """An untrained LSTM on one-hot "hell" that rests on the second l."""
    cell = make_cell("lstm", 4, 4, seed=1)
    trace = unroll(cell, torch.eye(4, dtype=torch.float64)[[0, 1, 2, 2]])
    random = np.random.default_rng(0)
    return cell_scene(
        trace,
        gradients=gradients(trace, "last"),
        readout=(random.normal(size=(4, 4)), random.normal(size=4)),
        sequence=Sequence(tuple("hell"), tuple("ello"), tuple("helo"), "p"),
        title="hello",
        mark=(2, 3),
        rest=3,
    )


def payload(scene: Scene | dict[str, Any], **options: Any) -> dict[str, Any]:
    return player.payload(scene, WORDS, {"host": "html", "language": "en", **options})


def show(page: Page, scene: Scene | dict[str, Any], *, still: bool = True, **options: Any) -> Page:
    """A bare page with the player in it, in a frame of mind without motion unless asked."""
    if still:
        page.emulate_media(reduced_motion="reduce")
    page.set_content(
        f"<!doctype html><style>body {{ margin: 12px }}{player.css()}</style>"
        "<input id='outside'><div id='root'></div>"
    )
    page.evaluate(LOAD, [player.bundle("player.js", exports=True), payload(scene, **options)])
    return page


def step(page: Page) -> int:
    found = re.search(r"t = (\d+) /", page.locator(".place").inner_text())
    assert found
    return int(found[1])


def cell(page: Page, node: str, unit: int) -> Locator:
    return page.locator(f".strip[data-node={node}] .cell[data-unit='{unit}']")


def numbers(page: Page, node: str) -> list[str]:
    return page.locator(f".strip[data-node={node}] .cell-number").all_text_contents()


def printed(values: np.ndarray) -> list[str]:
    return [re.sub(r"^-(?=0\.00$)", "", f"{value:.2f}").replace("-", "−") for value in values]


def panel_point(page: Page, name: str, t: int, unit: int, scene: Scene) -> Position:
    box = page.locator(f".plot[data-panel={name}]").bounding_box()
    assert box
    steps, rows = scene[name].values.shape
    return {
        "x": (t + 0.5) * box["width"] / steps,
        "y": (unit + 0.5) * box["height"] / rows,
    }
