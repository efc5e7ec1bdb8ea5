"""The scene of the page `compare`: the scenes of its cells in one, under the names a, b and c.

Each tensor keeps its operation, its operands renamed with it, so every value of every model still
says where it came from. What is drawn together is on one scale.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from seqviz.models.comparison import CompareRecord, differing
from seqviz.scenes import origins
from seqviz.scenes.cell import record_scene
from seqviz.scenes.operations import Array
from seqviz.scenes.scene import Layout, Operand, Operation, Scene, Tensor

PROBED = "tests/core/test_probe.py"
DIFFERENCE = "ab"
BARE = Layout(0, 0, (), ())
Quantities = tuple[tuple[str, tuple[str, ...]], ...]
TRACKS: Quantities = (
    ("hidden", ("h",)),
    ("cell", ("c",)),
    ("forget", ("f", "z")),
    ("input", ("i", "r")),
    ("candidate", ("g", "n")),
    ("output", ("o",)),
    ("sum", ("h_pre",)),
)


def compare_scene(
    record: CompareRecord,
    labels: Sequence[str],
    title: str = "",
    label: Callable[[str], str] = lambda token: token,
) -> Scene:
    """One scene of all the cells, called `labels`; `label` says how a token is drawn."""
    parts = [record_scene(cell, label=label) for cell in record.cells]
    named = list(zip(record.names, parts, strict=True))
    tensors = [_renamed(tensor, name) for name, part in named for tensor in part.tensors]
    drawn = {tensor.name for tensor in tensors}
    tensors += [_difference(parts[0], parts[1], name) for name in differing(record)]
    tensors += _knowledge(record)
    states, gates = _strips(record, drawn, TRACKS[:2]), _strips(record, drawn, TRACKS[2:])
    tracks = (*_known_curve(record), *states, _gradient_curve(record), *gates)
    return Scene(
        kind="compare",
        title=title,
        steps=record.steps,
        tensors=tuple(tensors),
        layout=BARE,
        substeps=(),
        sequence=replace(parts[0].sequence, classes=None, prediction=None, unknown=()),
        panels=tuple(name for track in (*states, *gates) for name in track["tensors"]),
        rest=record.steps - 1,
        groups=tuple(_group(n, part, own) for (n, part), own in zip(named, labels, strict=True)),
        tracks=tracks,
    )


def _renamed(tensor: Tensor, group: str) -> Tensor:
    """The tensor and all it is computed from, under the group's name."""
    operands = tuple(
        replace(
            operand,
            tensor=f"{group}_{operand.tensor}",
            edge=None if operand.edge is None else f"{group}_{operand.edge}",
        )
        for operand in tensor.operation.operands
    )
    operation = replace(tensor.operation, operands=operands)
    return replace(tensor, name=f"{group}_{tensor.name}", operation=operation, group=group)


def _group(name: str, part: Scene, label: str) -> dict[str, Any]:
    sequence = part.sequence
    return {
        "name": name,
        "label": label,
        "kind": part.kind,
        "prediction": None if sequence.prediction is None else f"{name}_{sequence.prediction}",
        "classes": sequence.classes,
        "unknown": sequence.unknown,
    }


def _difference(first: Scene, second: Scene, name: str) -> Tensor:
    """A − B of one tensor, unit by unit."""
    a, b = first[name], second[name]
    with np.errstate(all="ignore"):
        values = a.values - b.values
    operation = Operation("sub", (Operand(f"a_{name}"), Operand(f"b_{name}")))
    return Tensor(
        f"{DIFFERENCE}_{name}",
        f"Δ{a.symbol}",
        a.axes,
        values,
        a.role,
        operation,
        sent=False,
        group=DIFFERENCE,
    )


def _knowledge(record: CompareRecord) -> list[Tensor]:
    """The measured accuracies of the probes, one number a step."""
    made = []
    for name, known in zip(record.names, record.known, strict=False):
        made.append(_share(name, "known", "first token from h", "hidden", known.h.accuracy))
        if known.both is not None:
            both = known.both.accuracy
            made.append(_share(name, "known_hc", "first token from h, c", "cell", both))
    return made


def _share(group: str, name: str, symbol: str, role: str, values: Any) -> Tensor:
    array: Array = np.asarray(values, dtype=np.float64)
    given = Operation("given", (), {"vouched": PROBED, **origins.PROBE})
    return Tensor(
        f"{group}_{name}", symbol, ("time",), array, role, given, scale="unit", group=group
    )


def _strips(
    record: CompareRecord, drawn: set[str], quantities: Quantities
) -> tuple[dict[str, Any], ...]:
    """Each quantity of every model that has it, on one scale, then its differences.

    A difference is drawn on a scale that also holds what it is a difference of.
    """
    differences = differing(record)
    tracks: list[dict[str, Any]] = []
    for key, fields in quantities:
        names = [f"{n}_{f}" for n in record.names for f in fields if f"{n}_{f}" in drawn]
        if names:
            tracks.append({"form": "strips", "name": key, "tensors": names})
        for field in fields:
            if field in differences:
                tensors, beside = [f"{DIFFERENCE}_{field}"], [f"a_{field}", f"b_{field}"]
                track = {"form": "strips", "name": f"difference_{key}"}
                tracks.append({**track, "tensors": tensors, "beside": beside})
    return tuple(tracks)


def _known_curve(record: CompareRecord) -> tuple[dict[str, Any], ...]:
    if record.sample is None:
        return ()
    first = record.known[0].h
    names = []
    for name, known in zip(record.names, record.known, strict=True):
        names.append(f"{name}_known")
        if known.both is not None:
            names.append(f"{name}_known_hc")
    noise = 2 * (first.chance * (1 - first.chance) / first.tested) ** 0.5
    curve = {"form": "curves", "name": "known", "scale": "share", "tensors": names}
    return ({**curve, "chance": first.chance, "noise": noise, "tested": first.tested},)


def _gradient_curve(record: CompareRecord) -> dict[str, Any]:
    names = []
    for name, cell in zip(record.names, record.cells, strict=True):
        names.append(f"{name}_dh_norm")
        if cell.trace.kind == "lstm":
            names.append(f"{name}_dc_norm")
    judged = all(cell.loss is not None for cell in record.cells)
    of = "gradient" if judged else "gradient_state"
    loss = record.config.loss
    return {"form": "curves", "name": of, "scale": "log", "tensors": names, "loss": loss}
