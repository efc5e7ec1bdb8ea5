"""Cells with chosen parameters: initialisations, initial states, counts.

Everything random comes from a `torch.Generator` of its own, seeded by the caller; the global
generator is neither read nor moved.
"""

import math
from typing import TypeAlias

import torch
from torch import Tensor, nn

Cell: TypeAlias = nn.RNNCell | nn.LSTMCell | nn.GRUCell

CELLS: dict[str, type[Cell]] = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}
BLOCKS: dict[str, int] = {"rnn": 1, "lstm": 4, "gru": 3}
INITS = ("default", "orthogonal", "identity", "xavier", "he")

_STATE_STREAM = 0x5EED


def kind_of(cell: nn.Module) -> str:
    """rnn, lstm or gru."""
    for kind, cell_type in CELLS.items():
        if isinstance(cell, cell_type):
            return kind
    raise ValueError(
        f"cell: expected nn.RNNCell, nn.LSTMCell or nn.GRUCell, got {type(cell).__name__}"
    )


def cell_of(
    kind: str,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None = None,
    bias_hh: Tensor | None = None,
    nonlinearity: str = "tanh",
) -> Cell:
    """A cell holding copies of these tensors, in PyTorch's layout and gate order."""
    options = {"nonlinearity": nonlinearity} if kind == "rnn" else {}
    # Made empty: PyTorch would draw parameters from the global stream of random numbers.
    cell = CELLS[kind](0, 0, bias=bias_ih is not None, dtype=weight_ih.dtype, **options)
    cell.input_size, cell.hidden_size = weight_ih.shape[1], weight_hh.shape[1]
    for name, value in (
        ("weight_ih", weight_ih),
        ("weight_hh", weight_hh),
        ("bias_ih", bias_ih),
        ("bias_hh", bias_hh),
    ):
        if value is not None:
            setattr(cell, name, nn.Parameter(value.detach().clone()))
    return cell


def copy_cell(cell: Cell) -> Cell:
    """A cell of its own with the parameters the given one has now."""
    nonlinearity = cell.nonlinearity if isinstance(cell, nn.RNNCell) else "tanh"
    return cell_of(
        kind_of(cell), cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh, nonlinearity
    )


def make_cell(
    kind: str,
    input_size: int,
    hidden_size: int,
    *,
    init: str = "default",
    gain: float = 1.0,
    forget_bias: float | None = None,
    seed: int,
    dtype: torch.dtype = torch.float64,
) -> Cell:
    """A fresh cell, the same for the same arguments.

    init:
        default     all parameters uniform in ±1/√H; the very numbers PyTorch gives after
                    `torch.manual_seed(seed)` (docs of torch.nn.RNNCell, LSTMCell, GRUCell)
        orthogonal  each gate's block of weight_hh orthogonal (Saxe 2013), biases 0
        identity    each gate's block of weight_hh the identity (Le 2015), biases 0
        xavier      each gate's block of weight_ih and weight_hh uniform, variance
                    2/(fan_in + fan_out) (Glorot 2010), biases 0
        he          each gate's block of weight_ih and weight_hh normal, variance 2/fan_in
                    (He 2015), biases 0
    gain multiplies weight_hh afterwards. forget_bias (LSTM only) is what b_if + b_hf comes to:
    it is written into bias_ih, and that part of bias_hh becomes 0.
    """
    _check_choices(kind, input_size, hidden_size, init, forget_bias)
    generator = torch.Generator().manual_seed(seed)
    bound = 1 / math.sqrt(hidden_size)
    rows = BLOCKS[kind] * hidden_size
    weight_ih, weight_hh, bias_ih, bias_hh = (
        torch.empty(shape, dtype=dtype).uniform_(-bound, bound, generator=generator)
        for shape in ((rows, input_size), (rows, hidden_size), (rows,), (rows,))
    )
    if init != "default":
        bias_ih.zero_()
        bias_hh.zero_()
        for block in weight_hh.split(hidden_size):
            _fill(block, init, generator)
        for block in weight_ih.split(hidden_size) if init in ("xavier", "he") else ():
            _fill(block, init, generator)
    weight_hh.mul_(gain)
    if forget_bias is not None:
        bias_ih[hidden_size : 2 * hidden_size] = forget_bias
        bias_hh[hidden_size : 2 * hidden_size] = 0
    return cell_of(kind, weight_ih, weight_hh, bias_ih, bias_hh)


def _check_choices(
    kind: str, input_size: int, hidden_size: int, init: str, forget_bias: float | None
) -> None:
    if kind not in CELLS:
        raise ValueError(f"make_cell: expected kind {', '.join(CELLS)}, got {kind!r}")
    if init not in INITS:
        raise ValueError(f"make_cell: expected init {', '.join(INITS)}, got {init!r}")
    if input_size < 1 or hidden_size < 1:
        raise ValueError(
            f"make_cell: expected sizes of 1 or more, got input {input_size}, hidden {hidden_size}"
        )
    if forget_bias is not None and kind != "lstm":
        raise ValueError(f"make_cell: expected forget_bias for lstm only, got {kind}")


def _fill(block: Tensor, init: str, generator: torch.Generator) -> None:
    if init == "orthogonal":
        nn.init.orthogonal_(block, generator=generator)
    elif init == "identity":
        nn.init.eye_(block)
    elif init == "xavier":
        nn.init.xavier_uniform_(block, generator=generator)
    else:
        nn.init.kaiming_normal_(block, nonlinearity="relu", generator=generator)


def initial_state(
    kind: str,
    hidden_size: int,
    how: str = "zero",
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
) -> tuple[Tensor, Tensor | None]:
    """(h0, c0), each (H,); c0 is None unless lstm. `how` is zero, or random: uniform in ±1."""
    if how not in ("zero", "random"):
        raise ValueError(f"initial_state: expected zero or random, got {how!r}")
    generator = torch.Generator().manual_seed(seed ^ _STATE_STREAM)
    states = torch.zeros(2, hidden_size, dtype=dtype)
    if how == "random":
        states.uniform_(-1, 1, generator=generator)
    return states[0].clone(), states[1].clone() if kind == "lstm" else None


def parameter_count(
    kind: str,
    input_size: int,
    hidden_size: int,
    biases: int = 2,
    peepholes: bool = False,
    layers: int = 1,
    directions: int = 1,
) -> int:
    """How many numbers the cell learns: k·H·(D + H + biases), k = 1, 4, 3, plus 3H of peepholes.

    PyTorch has two biases a gate, most papers one. Layers above the first read all directions
    of the one below.
    """
    total = 0
    for layer in range(layers):
        width = input_size if layer == 0 else directions * hidden_size
        one = BLOCKS[kind] * hidden_size * (width + hidden_size + biases)
        total += directions * (one + (3 * hidden_size if peepholes else 0))
    return total
