"""What the page `compare` computes: up to three cells over one input, and what each still knows.

`compare(config)` is pure: the same configuration, which holds the seed, gives the same numbers.
Who changes one slot gets the others as they were: the last few cells, and what each was found to
know, are kept.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import torch
from torch import Tensor

from seqviz.core.probe import Probe, probe
from seqviz.core.unroll import Trace, walk
from seqviz.models import load
from seqviz.models.experiment import CellConfig, CellRecord, run, shipped
from seqviz.models.first_token import Sample, sample

NAMES = ("a", "b", "c")
SMALL = 1600
SEQUENCES, FEWER = 512, 256
KEPT = 24


Question: TypeAlias = tuple[str, tuple[str, ...] | None, int, int, int]


@dataclass(frozen=True)
class Slot:
    """One of the models to compare: what it has of its own. `forget_bias` is the LSTM's."""

    cell: str = "rnn"
    mode: str = "fresh"
    init: str = "default"
    activation: str = "tanh"
    forget_bias: float | None = None


@dataclass(frozen=True)
class CompareConfig:
    """Everything the page can be asked for, as plain values: the slots, and what they share.

    `length` 0 means the input's own. A trained slot has the size it was trained with, and gives
    it to the fresh ones, so that like is compared with like.
    """

    slots: tuple[Slot, ...] = (Slot("rnn"), Slot("lstm"), Slot("gru"))
    source: str = "lag"
    text: tuple[str, ...] = ("h", "e", "l", "l", "o")
    numbers: tuple[float, ...] = (0.0, 1.0, 0.0, 0.0)
    length: int = 0
    hidden: int = 8
    seed: int = 1
    loss: str = "last"


@dataclass(frozen=True)
class Known:
    """How well the first token can be read: off h, and off (h, c) where there is a c."""

    h: Probe
    both: Probe | None


@dataclass(frozen=True)
class CompareRecord:
    """One run of every slot, in order, under the names a, b, c.

    `known` is empty where the input has no two first tokens to tell apart.
    """

    config: CompareConfig
    cells: tuple[CellRecord, ...]
    sample: Sample | None
    known: tuple[Known, ...]

    @property
    def steps(self) -> int:
        return len(self.cells[0].trace)

    @property
    def names(self) -> tuple[str, ...]:
        return NAMES[: len(self.cells)]

    @property
    def exploded(self) -> int | None:
        """The first step at which any of the cells is too large to be shown."""
        return min((r.exploded for r in self.cells if r.exploded is not None), default=None)


def compare(config: CompareConfig) -> CompareRecord:
    """Run every slot over the same input, and ask each what it knows of the first token."""
    if not 1 < len(config.slots) <= len(NAMES):
        raise ValueError(f"compare: expected two or three slots, got {len(config.slots)}")
    hidden = shared_hidden(config) or config.hidden
    ones = [cell_config(config, slot, hidden) for slot in config.slots]
    cells = tuple(map(_ran, ones))
    steps = len(cells[0].trace)
    count = SEQUENCES if steps * hidden <= SMALL else FEWER
    question = (config.source, _alphabet(cells), steps, config.seed, count)
    asked = _asked(question)
    known = () if asked is None else tuple(_known(one, question) for one in ones)
    return CompareRecord(config, cells, asked, known)


def cell_config(config: CompareConfig, slot: Slot, hidden: int) -> CellConfig:
    """What the page `cell` would be asked for to show this slot alone."""
    return CellConfig(
        cell=slot.cell,
        mode=slot.mode,
        source=config.source,
        text=config.text,
        numbers=config.numbers,
        length=config.length,
        activation=slot.activation,
        init=slot.init,
        forget_bias=slot.forget_bias,
        hidden=hidden,
        seed=config.seed,
        loss=config.loss,
    )


def shared_hidden(config: CompareConfig) -> int | None:
    """The size of the trained models among the slots; None where there are none."""
    asked = (cell_config(config, slot, config.hidden) for slot in config.slots)
    names = [shipped(one) for one in asked if one.mode == "trained"]
    return next((load(name).cell.hidden_size for name in names if name is not None), None)


def states(trace: Trace, xs: Tensor) -> tuple[Tensor, Tensor | None]:
    """h (T, N, H) of the traced cell over a batch xs (T, N, D), and c where it has one."""
    h0 = trace.h0.expand(xs.shape[1], -1)
    c0 = None if trace.c0 is None else trace.c0.expand(xs.shape[1], -1)
    with torch.inference_mode():
        each, _, _ = walk(trace.cell, xs, h0, c0, trace.options)
    h, *c = (torch.stack(column) for column in zip(*each, strict=True))
    return h, c[0] if c else None


def differing(record: CompareRecord) -> tuple[str, ...]:
    """The values whose difference A − B can be shown: the same name, cell by cell, and shape.

    h always, if the sizes agree; c and the gates if both cells are of one kind.
    """
    first, second = (cell.trace for cell in record.cells[:2])
    if first.h.shape != second.h.shape:
        return ()
    if first.kind != second.kind:
        return ("h",)
    return {"rnn": ("h",), "lstm": ("h", "c", "f", "i", "g", "o"), "gru": ("h", "z", "r", "n")}[
        first.kind
    ]


@lru_cache(KEPT)
def _ran(config: CellConfig) -> CellRecord:
    return run(config)


@lru_cache(KEPT)
def _asked(question: Question) -> Sample | None:
    return sample(*question)


@lru_cache(KEPT)
def _known(config: CellConfig, question: Question) -> Known:
    """What the cell of this configuration knows, asked a question that there is."""
    cell, asked = _ran(config), _asked(question)
    assert asked is not None
    h, c = states(cell.trace, asked.encode(cell.model))
    classes = len(asked.firsts)
    both = None if c is None else probe(torch.cat([h, c], dim=-1), asked.labels, classes)
    return Known(probe(h, asked.labels, classes), both)


def _alphabet(cells: tuple[CellRecord, ...]) -> tuple[str, ...] | None:
    """The tokens that every model knows, in the first one's order; None if they read numbers."""
    if cells[0].task.values is not None:
        return None
    first, *others = (cell.model.vocabulary for cell in cells)
    return tuple(token for token in first if all(token in other for other in others))
