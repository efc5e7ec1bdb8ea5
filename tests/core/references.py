"""What the core is held against: random cells, and the equations written out a second time.

`by_hand` shares no code with seqviz: one small matrix a gate, products with `@`, σ and tanh from
exp. Its states are nodes of an autograd graph made of primitive operations, which a fused
`nn.LSTMCell` does not offer (its h hangs on an inner c, not on the c it returns).
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from seqviz.core.lstm import Peepholes
from seqviz.core.parameters import CELLS, Cell
from seqviz.core.unroll import Options

T, D, H = 9, 3, 5
KINDS = ("rnn", "lstm", "gru")
NAMES = ("tanh", "sigmoid", "relu", "identity")
ModuleType = type[nn.RNN] | type[nn.LSTM] | type[nn.GRU]
FUSED: dict[str, ModuleType] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}

VARIANTS = [
    *(("rnn", name, False, "after") for name in NAMES),
    *(("lstm", name, peepholes, "after") for name, peepholes in product(NAMES, (False, True))),
    *(("gru", name, False, reset) for name, reset in product(NAMES, ("after", "before"))),
]


def close(ours: Tensor | None, theirs: Tensor, atol: float = 1e-12) -> None:
    assert ours is not None
    torch.testing.assert_close(ours.detach(), theirs.detach(), rtol=0, atol=atol)


def numbers(seed: int, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype)


def random_cell(
    kind: str, seed: int = 1, bias: bool = True, dtype: torch.dtype = torch.float64, **options: Any
) -> Any:
    """PyTorch's cell with every weight and both biases random and large enough to matter."""
    cell = CELLS[kind](D, H, bias=bias, dtype=dtype, **options)
    for index, parameter in enumerate(cell.parameters()):
        drawn = numbers(100 * seed + index, *parameter.shape)
        parameter.data.copy_(0.6 * drawn)
    return cell


def random_start(kind: str, seed: int = 2) -> tuple[Tensor, Tensor | None]:
    return numbers(seed, H), numbers(seed + 50, H) if kind == "lstm" else None


def random_peepholes(seed: int = 3, size: int = H) -> Peepholes:
    peepholes = Peepholes(size)
    for index, vector in enumerate(peepholes.parameters()):
        vector.data.copy_(numbers(seed + index, size))
    return peepholes


def options_of(name: str, peepholes: bool, reset: str) -> Options:
    return Options(name, random_peepholes() if peepholes else None, reset)


def fused_of(kind: str, cell: Cell, **options: Any) -> nn.Module:
    fused = FUSED[kind](D, H, bias=cell.bias, dtype=torch.float64, **options)
    fused.load_state_dict({f"{name}_l0": value for name, value in cell.state_dict().items()})
    return fused


def logistic(a: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-a))


PHI: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": lambda a: (torch.exp(a) - torch.exp(-a)) / (torch.exp(a) + torch.exp(-a)),
    "sigmoid": logistic,
    "relu": lambda a: torch.where(a > 0, a, torch.zeros_like(a)),
    "identity": lambda a: a * 1.0,
}


def by_hand(
    kind: str, cell: Cell, xs: Tensor, h: Tensor, c: Tensor | None, options: Options
) -> tuple[list[Tensor], list[Tensor]]:
    """All h_t and all c_t (empty unless lstm), each a node of the graph."""
    phi, vectors = PHI[options.activation or "tanh"], options.peepholes
    hs, cs = [], []
    for x in xs:
        if kind == "rnn":
            h = phi(_sum(cell, 0, x, h))
        elif kind == "lstm":
            assert c is not None
            see_i, see_f, see_o = (
                (vectors.p_i, vectors.p_f, vectors.p_o) if vectors else (torch.zeros(H),) * 3
            )
            i = logistic(_sum(cell, 0, x, h) + see_i * c)
            f = logistic(_sum(cell, 1, x, h) + see_f * c)
            c = f * c + i * phi(_sum(cell, 2, x, h))
            cs.append(c)
            h = logistic(_sum(cell, 3, x, h) + see_o * c) * phi(c)
        else:
            h = _gru_by_hand(cell, x, h, phi, options.reset)
        hs.append(h)
    return hs, cs


def _gru_by_hand(
    cell: Cell, x: Tensor, h: Tensor, phi: Callable[[Tensor], Tensor], reset: str
) -> Tensor:
    r, z = logistic(_sum(cell, 0, x, h)), logistic(_sum(cell, 1, x, h))
    if reset == "after":
        n = phi(_from_x(cell, 2, x) + r * _from_h(cell, 2, h))
    else:
        n = phi(_from_x(cell, 2, x) + _from_h(cell, 2, r * h))
    return z * h + (1 - z) * n


def _sum(cell: Cell, block: int, x: Tensor, h: Tensor) -> Tensor:
    return _from_x(cell, block, x) + _from_h(cell, block, h)


def _from_x(cell: Cell, block: int, x: Tensor) -> Tensor:
    rows = slice(block * H, (block + 1) * H)
    part = cell.weight_ih[rows] @ x
    return part + cell.bias_ih[rows] if cell.bias else part


def _from_h(cell: Cell, block: int, h: Tensor) -> Tensor:
    rows = slice(block * H, (block + 1) * H)
    part = cell.weight_hh[rows] @ h
    return part + cell.bias_hh[rows] if cell.bias else part


def stacked(states: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(states)).detach()
