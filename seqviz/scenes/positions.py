"""The scene of attention with the words and their places drawn apart, before they are added."""

from collections.abc import Mapping
from collections.abc import Sequence as Row
from dataclasses import replace
from typing import Any

from seqviz.scenes.attention import run_scene
from seqviz.scenes.scene import Scene


def places_scene(
    run: Any, model: Any, labels: Mapping[str, str], targets: Row[str | None] | None, **shown: Any
) -> Scene:
    """`run_scene` that begins with the words alone and, where they are added, their positions.

    `labels` say in the reader's language what the sheets word, place and answer show. The answer
    is a label of the word, not what comes next.
    """
    scene = run_scene(run, model, targets=targets, **shown)
    nodes = [
        {**node, "label": labels["answer"]} if node["tensor"] == "p" else node
        for node in scene.layout.nodes
    ]
    at = next(place for place, node in enumerate(nodes) if node["id"] == "x")
    before = []
    if "positions" in scene.by_name:
        word = "embedded" if "embedded" in scene.by_name else "vector"
        common = {**nodes[at], "row": None, "join": ""}
        before = [
            {**common, "id": "word", "tensor": word, "label": labels["word"]},
            {**common, "id": "place", "tensor": "positions", "label": labels["place"], "join": "+"},
        ]
        nodes[at] = {**nodes[at], "join": "="}
    return replace(
        scene,
        layout=replace(scene.layout, nodes=(*nodes[:at], *before, *nodes[at:])),
        sequence=replace(scene.sequence, asks="label"),
    )
