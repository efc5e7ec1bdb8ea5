"""A scene's numbers as files: NPZ for NumPy, CSV for a spreadsheet. Full float64."""

import csv
import io
from typing import Any

import numpy as np

from seqviz.scenes.scene import Scene


def to_npz(scene: Scene) -> bytes:
    """Every tensor by name, plus `inputs`, the tokens; no pickled objects."""
    file = io.BytesIO()
    arrays: dict[str, Any] = {tensor.name: tensor.values for tensor in scene.tensors}
    np.savez_compressed(file, inputs=np.array(scene.sequence.inputs), **arrays)
    return file.getvalue()


def to_csv(scene: Scene) -> str:
    """One row per step and unit of every stepped tensor: tensor, step, token, unit, value.

    Steps and units count from 1. A token that a spreadsheet would take for a formula gets an
    apostrophe in front.
    """
    file = io.StringIO()
    write = csv.writer(file, lineterminator="\n").writerow
    write(("tensor", "step", "token", "unit", "value"))
    for tensor in scene.tensors:
        if not scene.stepped(tensor.name):
            continue
        table = tensor.values.reshape(scene.steps, -1)
        for t, (token, row) in enumerate(zip(scene.sequence.inputs, table, strict=True), start=1):
            for unit, value in enumerate(row, start=1):
                write((tensor.name, t, _safe(token), unit, repr(float(value))))
    return file.getvalue()


def _safe(token: str) -> str:
    return f"'{token}" if token.startswith(("=", "+", "-", "@", "\t", "\r")) else token
