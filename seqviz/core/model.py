r"""A recurrent cell with an output layer and the words it knows.

h_t, c_t = cell(x_t, h_{t-1}, c_{t-1})
o_t      = W_hy h_t + b_y        logits: no activation of their own, the softmax is in the loss
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from seqviz.core.lstm import Peepholes
from seqviz.core.parameters import Cell, initial_state, kind_of, make_cell
from seqviz.core.training import NO_TARGET
from seqviz.core.unroll import Options, Trace, run_steps, unroll
from seqviz.core.what_if import WhatIf

H0_CHOICES = ("zero", "random", "learned")
PLAIN = Options()

_READOUT_STREAM = 0x0DD0
_PEEPHOLE_STREAM = 0x9EE9


@dataclass(frozen=True)
class Words:
    """The tokens a model reads and the labels it answers with, in the order of their indices."""

    vocabulary: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, words in (("vocabulary", self.vocabulary), ("classes", self.classes)):
            if len(set(words)) != len(words):
                raise ValueError(f"Words: expected each of {name} once, got {words}")


class SequenceModel(nn.Module):
    """A cell, its initial state and, unless `readout` is None, logits at every step.

    h0 and c0 are buffers (H,), or parameters if `learn_state`; c0 is None unless the cell is an
    LSTM. Parameters of the peepholes are parameters of the model.
    """

    h0: Tensor
    c0: Tensor | None

    def __init__(
        self,
        cell: Cell,
        readout: nn.Linear | None = None,
        words: Words = Words(),
        options: Options = PLAIN,
        state: tuple[Tensor, Tensor | None] | None = None,
        learn_state: bool = False,
    ) -> None:
        super().__init__()
        _check_sizes(cell, readout, words)
        self.cell = cell
        self.readout = readout
        self.words = words
        self.options = options
        self.peepholes = options.peepholes
        self.learn_state = learn_state
        h0, c0 = state or initial_state(kind_of(cell), cell.hidden_size, dtype=cell.weight_ih.dtype)
        for name, value in (("h0", h0), ("c0", c0)):
            if learn_state and value is not None:
                self.register_parameter(name, nn.Parameter(value))
            else:
                self.register_buffer(name, value)

    @property
    def kind(self) -> str:
        """rnn, lstm or gru."""
        return kind_of(self.cell)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        return self.words.vocabulary

    @property
    def classes(self) -> tuple[str, ...]:
        return self.words.classes

    def encode(self, tokens: Sequence[str]) -> Tensor:
        """One-hot rows (T, V); a token outside the vocabulary is a row of zeros (see `unknown`)."""
        index = {token: position for position, token in enumerate(self.vocabulary)}
        xs = self.cell.weight_ih.new_zeros(len(tokens), len(self.vocabulary))
        for t, token in enumerate(tokens):
            if token in index:
                xs[t, index[token]] = 1
        return xs

    def unknown(self, tokens: Sequence[str]) -> tuple[str, ...]:
        """The tokens that `encode` can only write as zeros, each once, in order of appearance."""
        return tuple(dict.fromkeys(token for token in tokens if token not in self.vocabulary))

    def encode_targets(self, labels: Sequence[str | None]) -> Tensor:
        """Class indices (T,); NO_TARGET where the label is None or no class of this model."""
        index = {label: position for position, label in enumerate(self.classes)}
        return torch.tensor(
            [NO_TARGET if label is None else index.get(label, NO_TARGET) for label in labels]
        )

    def logits(self, h: Tensor) -> Tensor:
        """W_hy h + b_y: (..., H) to (..., C)."""
        if self.readout is None:
            raise ValueError("logits: expected a model with a readout, got one without")
        return self.readout(h)

    def forward(self, xs: Tensor) -> Tensor:
        """Logits (T, C) for xs (T, D), or (T, ..., C) for a batch, with the autograd graph."""
        return self.logits(run_steps(self.cell, xs, self.h0, self.c0, self.options).h)

    def trace(
        self, xs: Tensor, what_if: WhatIf | None = None, activation: str | None = None
    ) -> Trace:
        """The record of a run over xs (T, D); φ and what-if may differ from training."""
        options = replace(
            self.options,
            what_if=what_if or self.options.what_if,
            activation=activation or self.options.activation,
        )
        return unroll(self.cell, xs, self.h0, self.c0, options)


def build_model(
    kind: str,
    vocabulary: Sequence[str],
    classes: Sequence[str],
    hidden_size: int,
    *,
    activation: str | None = None,
    peepholes: bool = False,
    reset: str = "after",
    init: str = "default",
    gain: float = 1.0,
    forget_bias: float | None = None,
    h0: str = "zero",
    input_size: int | None = None,
    seed: int,
) -> SequenceModel:
    """A fresh float64 model, the same for the same arguments.

    Cell as `make_cell`; peepholes and readout uniform in ±1/√H (as torch.nn.Linear), each from a
    stream of its own. h0 (and c0) zero, random and fixed, or learned from zero. Without a
    vocabulary the input is `input_size` numbers a step; without classes there is no readout.
    """
    if h0 not in H0_CHOICES:
        raise ValueError(f"build_model: expected h0 {', '.join(H0_CHOICES)}, got {h0!r}")
    width = len(vocabulary) or input_size
    if not width:
        raise ValueError("build_model: expected a vocabulary or an input_size, got neither")
    cell = make_cell(
        kind, width, hidden_size, init=init, gain=gain, forget_bias=forget_bias, seed=seed
    )
    holes = Peepholes(hidden_size, seed=seed ^ _PEEPHOLE_STREAM) if peepholes else None
    return SequenceModel(
        cell,
        _make_readout(hidden_size, len(classes), seed) if classes else None,
        Words(tuple(vocabulary), tuple(classes)),
        Options(activation=activation, peepholes=holes, reset=reset),
        initial_state(kind, hidden_size, "random" if h0 == "random" else "zero", seed),
        learn_state=h0 == "learned",
    )


def _make_readout(hidden_size: int, classes: int, seed: int) -> nn.Linear:
    generator = torch.Generator().manual_seed(seed ^ _READOUT_STREAM)
    bound = 1 / math.sqrt(hidden_size)
    readout = nn.Linear(hidden_size, classes, device="meta", dtype=torch.float64)
    for name, shape in (("weight", (classes, hidden_size)), ("bias", (classes,))):
        drawn = torch.empty(shape, dtype=torch.float64)
        setattr(readout, name, nn.Parameter(drawn.uniform_(-bound, bound, generator=generator)))
    return readout


def _check_sizes(cell: Cell, readout: nn.Linear | None, words: Words) -> None:
    if words.vocabulary and len(words.vocabulary) != cell.input_size:
        raise ValueError(
            f"SequenceModel: expected a vocabulary of {cell.input_size} (the cell's input size), "
            f"got {len(words.vocabulary)}"
        )
    if readout is None:
        if words.classes:
            raise ValueError("SequenceModel: expected a readout for the classes, got None")
        return
    wanted = (len(words.classes) or readout.out_features, cell.hidden_size)
    if tuple(readout.weight.shape) != wanted:
        raise ValueError(
            f"SequenceModel: expected a readout weight of shape {wanted}, "
            f"got {tuple(readout.weight.shape)}"
        )
