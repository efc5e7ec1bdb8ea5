r"""The GRU cell, in the open.

    r, z = σ(W_i· x + b_i· + W_h· h_{t-1} + b_h·)                      reset, update gate
    n    = φ(W_in x + b_in + r ⊙ (W_hn h_{t-1} + b_hn))                reset after the matmul
    n    = φ(W_in x + b_in + W_hn (r ⊙ h_{t-1}) + b_hn)                reset before the matmul
    h_t  = z ⊙ h_{t-1} + (1 − z) ⊙ n

Symbols, gate order (r, z, n) and the two biases are those of `torch.nn.GRUCell`, whose
parameters are used; it resets after the matmul, with φ = tanh. Reset before is Cho et al.
2014 (arXiv 1406.1078 v3); the two are different functions and their weights do not convert.
z keeps the old state here; in Chung et al. 2014 z writes, h_t = (1 − z) ⊙ h_{t-1} + z ⊙ n. The
two are the same function once the weights and biases of z are negated (`negate_update`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from seqviz.core.activations import find_activation
from seqviz.core.expect import expect_tensor
from seqviz.core.what_if import NOTHING, WhatIf

RESETS = ("after", "before")
UPDATES = ("keeps", "writes")


@dataclass(frozen=True)
class GRUStep:
    """Every value of one step in the order it is computed, each (H,) except x (D,).

    `q_x` and `q_h` are the parts from the input and from the state (each with its bias),
    `q_pre` their sum, `q_free` the gate before it is forced. Reset after: `n_gated` = r ⊙ n_h
    and `h_reset` is None; reset before: `h_reset` = r ⊙ h_prev and `n_gated` is None. `z_rest`
    is 1 − z; `kept` is h_prev times z (or z_rest where z writes), `written` n times the other.
    In a trace every field has a leading time axis.
    """

    x: Tensor
    h_prev: Tensor
    r_x: Tensor
    r_h: Tensor
    r_pre: Tensor
    r_free: Tensor | None
    r: Tensor
    z_x: Tensor
    z_h: Tensor
    z_pre: Tensor
    z_free: Tensor | None
    z: Tensor
    n_x: Tensor
    h_reset: Tensor | None
    n_h: Tensor
    n_gated: Tensor | None
    n_pre: Tensor
    n: Tensor
    z_rest: Tensor
    kept: Tensor
    written: Tensor
    h: Tensor


def advance(
    weight_hh: Tensor,
    bias_hh: Tensor | None,
    x_part: Tensor,
    state: tuple[Tensor, ...],
    t: int,
    phi: Callable[[Tensor], Tensor],
    what_if: WhatIf,
    reset: str,
    update: str,
) -> tuple[tuple[Tensor, ...], tuple[Tensor | None, ...]]:
    """One step from the ready x part (3H,): the new state (h,) and what `assemble` takes."""
    h_prev = what_if.enter(state[0])
    if reset == "after":
        r_h, z_h, n_h = linear(h_prev, weight_hh, bias_hh).chunk(3, -1)
    else:
        W_hr, W_hz, W_hn = weight_hh.chunk(3)
        b_hr, b_hz, b_hn = (None, None, None) if bias_hh is None else bias_hh.chunk(3)
        r_h, z_h = linear(h_prev, W_hr, b_hr), linear(h_prev, W_hz, b_hz)
    r_x, z_x, n_x = x_part.chunk(3, -1)
    r_pre = r_x + r_h
    r_free, r = what_if.hold("r", torch.sigmoid(r_pre), t)
    z_pre = z_x + z_h
    z_free, z = what_if.hold("z", torch.sigmoid(z_pre), t)
    h_reset = n_gated = None
    if reset == "after":
        n_gated = r * n_h
        n_pre = n_x + n_gated
    else:
        h_reset = r * h_prev
        n_h = linear(h_reset, W_hn, b_hn)
        n_pre = n_x + n_h
    n = phi(n_pre)
    z_rest = 1 - z
    keep, write = (z, z_rest) if update == "keeps" else (z_rest, z)
    kept = keep * h_prev
    written = write * n
    h = kept + written
    values = (h_prev, r_h, r_pre, r_free, r, z_h, z_pre, z_free, z, h_reset, n_h, n_gated)
    return (h,), (*values, n_pre, n, z_rest, kept, written, h)


def assemble(x: Tensor, x_part: Tensor, values: tuple) -> GRUStep:
    """The record of one step, or of many when every value has a leading time axis."""
    r_x, z_x, n_x = x_part.chunk(3, -1)
    h_prev, r_h, r_pre, r_free, r, z_h, z_pre, z_free, z, h_reset, n_h, n_gated = values[:12]
    n_pre, n, z_rest, kept, written, h = values[12:]
    return GRUStep(
        *(x, h_prev),
        *(r_x, r_h, r_pre, r_free, r),
        *(z_x, z_h, z_pre, z_free, z),
        *(n_x, h_reset, n_h, n_gated, n_pre, n),
        *(z_rest, kept, written, h),
    )


def gru_step(
    cell: nn.GRUCell,
    x: Tensor,
    h: Tensor,
    *,
    activation: str = "tanh",
    reset: str = "after",
    update: str = "keeps",
    what_if: WhatIf | None = None,
) -> GRUStep:
    """One step on x (D,) from the state h (H,); φ of the candidate n is `activation`."""
    what_if = what_if or NOTHING
    dtype = cell.weight_ih.dtype
    expect_tensor("gru_step", "x", x, (cell.input_size,), dtype)
    expect_tensor("gru_step", "h", h, (cell.hidden_size,), dtype)
    check_reset("gru_step", reset, update)
    what_if.check("gru_step", "gru", cell.hidden_size, 1)
    phi = find_activation(activation).function
    x_part = linear(x, cell.weight_ih, cell.bias_ih)
    _, values = advance(
        *(cell.weight_hh, cell.bias_hh, x_part, (h,), 0, phi, what_if, reset, update)
    )
    return assemble(x, x_part, values)


def negate_update(cell: nn.GRUCell) -> None:
    """Negate the weights and biases of z in place: what keeps now writes, and the reverse."""
    rows = slice(cell.hidden_size, 2 * cell.hidden_size)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter[rows].neg_()


def check_reset(where: str, reset: str, update: str = "keeps") -> None:
    """Refuse a reset that is neither after nor before the matmul, or a z that does nothing."""
    if reset not in RESETS:
        raise ValueError(f"{where}: expected reset after or before, got {reset!r}")
    if update not in UPDATES:
        raise ValueError(f"{where}: expected update keeps or writes, got {update!r}")


def equations(
    activation: str = "tanh",
    reset: str = "after",
    forced: str | None = None,
    update: str = "keeps",
) -> dict[str, str]:
    """LaTeX of every computed field of `GRUStep`, in order; `forced` names a forced gate."""
    check_reset("equations", reset, update)
    keep, write = ("z_t", "z'_t") if update == "keeps" else ("z'_t", "z_t")
    phi = find_activation(activation).latex
    if reset == "after":
        candidate = {
            "n_h": r"n^{h}_t = W_{hn}\,h_{t-1} + b_{hn}",
            "n_gated": r"n^{r}_t = r_t \odot n^{h}_t",
            "n_pre": r"\bar{n}_t = n^{x}_t + n^{r}_t",
        }
    else:
        candidate = {
            "h_reset": r"h^{r}_t = r_t \odot h_{t-1}",
            "n_h": r"n^{h}_t = W_{hn}\,h^{r}_t + b_{hn}",
            "n_pre": r"\bar{n}_t = n^{x}_t + n^{h}_t",
        }
    return {
        **_gate_equations("r", forced),
        **_gate_equations("z", forced),
        "n_x": r"n^{x}_t = W_{in}\,x_t + b_{in}",
        **candidate,
        "n": rf"n_t = {phi}(\bar{{n}}_t)",
        "z_rest": r"z'_t = 1 - z_t",
        "kept": rf"\mathrm{{kept}}_t = {keep} \odot h_{{t-1}}",
        "written": rf"\mathrm{{written}}_t = {write} \odot n_t",
        "h": r"h_t = \mathrm{kept}_t + \mathrm{written}_t",
    }


def _gate_equations(q: str, forced: str | None) -> dict[str, str]:
    lines = {
        f"{q}_x": rf"{q}^{{x}}_t = W_{{i{q}}}\,x_t + b_{{i{q}}}",
        f"{q}_h": rf"{q}^{{h}}_t = W_{{h{q}}}\,h_{{t-1}} + b_{{h{q}}}",
        f"{q}_pre": rf"\bar{{{q}}}_t = {q}^{{x}}_t + {q}^{{h}}_t",
    }
    if forced == q:
        lines[f"{q}_free"] = rf"\tilde{{{q}}}_t = \sigma(\bar{{{q}}}_t)"
        lines[q] = rf"{q}_t = \mathrm{{force}}(\tilde{{{q}}}_t)"
    else:
        lines[q] = rf"{q}_t = \sigma(\bar{{{q}}}_t)"
    return lines


EQUATIONS = equations()
