r"""The LSTM cell, in the open.

    i, f, o = σ(W_i· x + b_i· + W_h· h_{t-1} + b_h·)       input, forget, output gate
    g       = φ(W_ig x + b_ig + W_hg h_{t-1} + b_hg)       candidate (not a gate)
    c_t     = f ⊙ c_{t-1} + i ⊙ g
    h_t     = o ⊙ φ(c_t)

Symbols, gate order (i, f, g, o) and the two biases are those of `torch.nn.LSTMCell`, whose
parameters are used; φ is tanh there. With peepholes i and f also see c_{t-1} and o sees the
new c_t, each through a vector p. Hochreiter & Schmidhuber 1997; forget gate: Gers,
Schmidhuber & Cummins 2000; peepholes: Gers & Schmidhuber 2000.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from seqviz.core.activations import find_activation
from seqviz.core.expect import expect_tensor
from seqviz.core.what_if import NOTHING, WhatIf


@dataclass(frozen=True)
class LSTMStep:
    """Every value of one step in the order it is computed, each (H,) except x (D,).

    `q_x` and `q_h` are the parts from the input and from the state (each with its bias), `q_c`
    the peephole part, `q_pre` their sum, `q_free` the gate before it is forced. In a trace
    every field has a leading time axis. Parts that the variant lacks are None.
    """

    x: Tensor
    h_prev: Tensor
    c_prev: Tensor
    i_x: Tensor
    i_h: Tensor
    i_c: Tensor | None
    i_pre: Tensor
    i_free: Tensor | None
    i: Tensor
    f_x: Tensor
    f_h: Tensor
    f_c: Tensor | None
    f_pre: Tensor
    f_free: Tensor | None
    f: Tensor
    g_x: Tensor
    g_h: Tensor
    g_pre: Tensor
    g: Tensor
    kept: Tensor
    written: Tensor
    c: Tensor
    o_x: Tensor
    o_h: Tensor
    o_c: Tensor | None
    o_pre: Tensor
    o_free: Tensor | None
    o: Tensor
    c_act: Tensor
    h: Tensor


class Peepholes(nn.Module):
    """The vectors p_i, p_f, p_o (H,) through which the gates see the cell state."""

    def __init__(self, hidden_size: int, *, seed: int = 0, dtype: torch.dtype = torch.float64):
        super().__init__()
        bound = 1 / math.sqrt(hidden_size)
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.empty(3, hidden_size, dtype=dtype).uniform_(
            -bound, bound, generator=generator
        )
        self.p_i = nn.Parameter(drawn[0].clone())
        self.p_f = nn.Parameter(drawn[1].clone())
        self.p_o = nn.Parameter(drawn[2].clone())


def advance(
    weight_hh: Tensor,
    bias_hh: Tensor | None,
    x_part: Tensor,
    state: tuple[Tensor, ...],
    t: int,
    phi: Callable[[Tensor], Tensor],
    what_if: WhatIf,
    peepholes: Peepholes | None,
) -> tuple[tuple[Tensor, ...], tuple[Tensor | None, ...]]:
    """One step from the ready x part (4H,): the new state (h, c) and what `assemble` takes."""
    h_prev, c_prev = what_if.enter(state[0]), what_if.enter(state[1])
    h_part = linear(h_prev, weight_hh, bias_hh)
    i_pre, f_pre, g_pre, o_pre = (x_part + h_part).chunk(4, -1)
    i_c = f_c = o_c = None
    if peepholes is not None:
        i_c, f_c = peepholes.p_i * c_prev, peepholes.p_f * c_prev
        i_pre, f_pre = i_pre + i_c, f_pre + f_c
    i_free, i = what_if.hold("i", torch.sigmoid(i_pre), t)
    f_free, f = what_if.hold("f", torch.sigmoid(f_pre), t)
    g = phi(g_pre)
    kept = f * c_prev
    written = i * g
    c = kept + written
    if peepholes is not None:
        o_c = peepholes.p_o * c
        o_pre = o_pre + o_c
    o_free, o = what_if.hold("o", torch.sigmoid(o_pre), t)
    c_act = phi(c)
    h = o * c_act
    values = (h_prev, c_prev, h_part, i_c, i_pre, i_free, i, f_c, f_pre, f_free, f, g_pre, g)
    return (h, c), (*values, kept, written, c, o_c, o_pre, o_free, o, c_act, h)


def assemble(x: Tensor, x_part: Tensor, values: tuple) -> LSTMStep:
    """The record of one step, or of many when every value has a leading time axis."""
    i_x, f_x, g_x, o_x = x_part.chunk(4, -1)
    h_prev, c_prev, h_part, i_c, i_pre, i_free, i, f_c, f_pre, f_free, f, g_pre, g = values[:13]
    i_h, f_h, g_h, o_h = h_part.chunk(4, -1)
    kept, written, c, o_c, o_pre, o_free, o, c_act, h = values[13:]
    return LSTMStep(
        *(x, h_prev, c_prev),
        *(i_x, i_h, i_c, i_pre, i_free, i),
        *(f_x, f_h, f_c, f_pre, f_free, f),
        *(g_x, g_h, g_pre, g),
        *(kept, written, c),
        *(o_x, o_h, o_c, o_pre, o_free, o),
        *(c_act, h),
    )


def lstm_step(
    cell: nn.LSTMCell,
    x: Tensor,
    h: Tensor,
    c: Tensor,
    *,
    activation: str = "tanh",
    peepholes: Peepholes | None = None,
    what_if: WhatIf | None = None,
) -> LSTMStep:
    """One step on x (D,) from the state h, c (H,); φ (for g and for c) is `activation`."""
    what_if = what_if or NOTHING
    dtype = cell.weight_ih.dtype
    expect_tensor("lstm_step", "x", x, (cell.input_size,), dtype)
    expect_tensor("lstm_step", "h", h, (cell.hidden_size,), dtype)
    expect_tensor("lstm_step", "c", c, (cell.hidden_size,), dtype)
    check_peepholes("lstm_step", peepholes, cell)
    what_if.check("lstm_step", "lstm", cell.hidden_size, 1)
    phi = find_activation(activation).function
    x_part = linear(x, cell.weight_ih, cell.bias_ih)
    _, values = advance(cell.weight_hh, cell.bias_hh, x_part, (h, c), 0, phi, what_if, peepholes)
    return assemble(x, x_part, values)


def check_peepholes(where: str, peepholes: Peepholes | None, cell: nn.LSTMCell) -> None:
    """Refuse peepholes that do not fit the cell."""
    for name in ("p_i", "p_f", "p_o") if peepholes is not None else ():
        vector = getattr(peepholes, name)
        expect_tensor(where, name, vector, (cell.hidden_size,), cell.weight_ih.dtype)


def equations(
    activation: str = "tanh", peepholes: bool = False, forced: str | None = None
) -> dict[str, str]:
    """LaTeX of every computed field of `LSTMStep`, in order; `forced` names a forced gate."""
    phi = find_activation(activation).latex
    return {
        **_gate_equations("i", "c_{t-1}" if peepholes else None, forced),
        **_gate_equations("f", "c_{t-1}" if peepholes else None, forced),
        "g_x": r"g^{x}_t = W_{ig}\,x_t + b_{ig}",
        "g_h": r"g^{h}_t = W_{hg}\,h_{t-1} + b_{hg}",
        "g_pre": r"\bar{g}_t = g^{x}_t + g^{h}_t",
        "g": rf"g_t = {phi}(\bar{{g}}_t)",
        "kept": r"\mathrm{kept}_t = f_t \odot c_{t-1}",
        "written": r"\mathrm{written}_t = i_t \odot g_t",
        "c": r"c_t = \mathrm{kept}_t + \mathrm{written}_t",
        **_gate_equations("o", "c_t" if peepholes else None, forced),
        "c_act": rf"\hat{{c}}_t = {phi}(c_t)",
        "h": r"h_t = o_t \odot \hat{c}_t",
    }


def _gate_equations(q: str, seen: str | None, forced: str | None) -> dict[str, str]:
    lines = {
        f"{q}_x": rf"{q}^{{x}}_t = W_{{i{q}}}\,x_t + b_{{i{q}}}",
        f"{q}_h": rf"{q}^{{h}}_t = W_{{h{q}}}\,h_{{t-1}} + b_{{h{q}}}",
    }
    total = rf"\bar{{{q}}}_t = {q}^{{x}}_t + {q}^{{h}}_t"
    if seen is not None:
        lines[f"{q}_c"] = rf"{q}^{{c}}_t = p_{q} \odot {seen}"
        total += rf" + {q}^{{c}}_t"
    lines[f"{q}_pre"] = total
    if forced == q:
        lines[f"{q}_free"] = rf"\tilde{{{q}}}_t = \sigma(\bar{{{q}}}_t)"
        lines[q] = rf"{q}_t = \mathrm{{force}}(\tilde{{{q}}}_t)"
    else:
        lines[q] = rf"{q}_t = \sigma(\bar{{{q}}}_t)"
    return lines


EQUATIONS = equations()
