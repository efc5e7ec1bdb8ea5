"""Trained attention models as small .npz files, beside those of the recurrent cells.

The array `about` is a JSON text as bytes; the others are the model's state_dict, float64.
"""

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqviz.core.attention_model import AttentionModel, Design, empty_attention

SHELF = Path(__file__).parent / "weights" / "attention"


@dataclass(frozen=True)
class AttentionAbout:
    """What is known of a shipped model.

    family    follow, back or order
    trained   how: steps, learning rate, seed, batch, lengths, …
    measured  what it can do: figures of these very weights, each held by a test
    """

    name: str
    family: str
    design: Design
    trained: dict[str, Any]
    measured: dict[str, Any]


class ShippedAttention(AttentionModel):
    """A trained model that knows where it comes from."""

    about: AttentionAbout


def available_attention() -> list[str]:
    """The names `load_attention` takes."""
    return sorted(path.stem for path in SHELF.glob("*.npz"))


def load_attention(name: str) -> ShippedAttention:
    """The shipped model of that name: a module of the caller's own, from a file read once."""
    if name not in available_attention():
        names = ", ".join(available_attention())
        raise ValueError(f"load_attention: expected one of {names}, got {name!r}")
    about, arrays = _read(SHELF / f"{name}.npz")
    state = {key: torch.from_numpy(array.copy()) for key, array in arrays.items()}
    model = ShippedAttention(
        about.design, empty_attention(about.design), _readout(state), state.get("table")
    )
    model.load_state_dict(state)
    model.about = about
    return model


def save_attention(model: AttentionModel, about: AttentionAbout, folder: Path = SHELF) -> Path:
    """Write model and about to `folder`; the same model gives the same bytes."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{about.name}.npz"
    text = json.dumps(asdict(about), ensure_ascii=False, sort_keys=True).encode()
    arrays = {key: value.numpy() for key, value in model.state_dict().items()}
    np.savez_compressed(path, about=np.frombuffer(text, np.uint8), **arrays)
    return path


@cache
def _read(path: Path) -> tuple[AttentionAbout, dict[str, np.ndarray]]:
    with np.load(path, allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    told: dict[str, Any] = json.loads(arrays.pop("about").tobytes())
    return AttentionAbout(**told | {"design": Design(**told["design"])}), arrays


def _readout(state: dict[str, Tensor]) -> nn.Linear:
    weight = state["readout.weight"]
    outputs, width = weight.shape
    readout = nn.Linear(width, outputs, bias=False, device="meta", dtype=weight.dtype)
    readout.weight = nn.Parameter(weight)
    return readout
