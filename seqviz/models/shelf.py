"""Trained weights as small .npz files (arrays only, nothing pickled) and back.

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

from seqviz.core.model import SequenceModel, Words
from seqviz.core.parameters import cell_of

SHELF = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class About:
    """What is known of a shipped model.

    task      hello, brackets, lag or korean
    kind      lstm, gru or rnn
    trained   how: steps, learning rate, seed, batch, lengths, …
    measured  what it can do: figures of these very weights, each held by a test
    """

    name: str
    task: str
    kind: str
    hidden_size: int
    vocabulary: tuple[str, ...]
    classes: tuple[str, ...]
    trained: dict[str, Any]
    measured: dict[str, Any]


class ShippedModel(SequenceModel):
    """A trained model that knows where it comes from."""

    about: About


def available() -> list[str]:
    """The names `load` takes."""
    return sorted(path.stem for path in SHELF.glob("*.npz"))


def load(name: str) -> ShippedModel:
    """The shipped model of that name: a module of the caller's own, from a file read once."""
    if name not in available():
        raise ValueError(f"load: expected one of {', '.join(available())}, got {name!r}")
    about, arrays = _read(SHELF / f"{name}.npz")
    state = {key: torch.from_numpy(array.copy()) for key, array in arrays.items()}
    model = ShippedModel(
        cell_of(
            about.kind,
            state["cell.weight_ih"],
            state["cell.weight_hh"],
            state["cell.bias_ih"],
            state["cell.bias_hh"],
        ),
        _readout(state),
        Words(about.vocabulary, about.classes),
        state=(state["h0"], state.get("c0")),
    )
    model.about = about
    return model


def save(model: SequenceModel, about: About, folder: Path = SHELF) -> Path:
    """Write model and about to `folder`; a model with variants has no place on this shelf."""
    if model.options.activation or model.options.peepholes or model.options.reset != "after":
        raise ValueError(f"save: expected PyTorch's own cell, got {model.options}")
    folder.mkdir(exist_ok=True)
    path = folder / f"{about.name}.npz"
    text = json.dumps(asdict(about), ensure_ascii=False, sort_keys=True).encode()
    arrays = {key: value.numpy() for key, value in model.state_dict().items()}
    np.savez_compressed(path, about=np.frombuffer(text, np.uint8), **arrays)
    return path


@cache
def _read(path: Path) -> tuple[About, dict[str, np.ndarray]]:
    with np.load(path, allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    told: dict[str, Any] = json.loads(arrays.pop("about").tobytes())
    for key in ("vocabulary", "classes"):
        told[key] = tuple(told[key])
    return About(**told), arrays


def _readout(state: dict[str, Tensor]) -> nn.Linear:
    weight = state["readout.weight"]
    readout = nn.Linear(weight.shape[1], weight.shape[0], device="meta", dtype=weight.dtype)
    readout.weight = nn.Parameter(weight)
    readout.bias = nn.Parameter(state["readout.bias"])
    return readout
