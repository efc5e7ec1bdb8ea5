r"""Step Jacobians J_t = ∂s_t/∂s_{t−1} in closed form, all steps of a trace at once.

s is h (RNN, GRU) or (h, c) stacked (LSTM). With d(v, M) = diag(v) M and σ' = q(1 − q):

    RNN   d(φ'(a), W_hh)
    GRU   diag(z) + d((h₋ − n) z', U_z) + d((1 − z) n' r, U_n) + d((1 − z) n' q r', U_r)
          where q = U_n h₋ + b_hn; with reset before the matmul the last two are
          d((1 − z) n', U_n [diag(r) + d(h₋ r', U_r)])
          where z writes, 1 − z takes the place of z, and −z' that of z'
    LSTM  ∂c/∂c = diag(f + c₋ f' p_f + g i' p_i)
          ∂c/∂h = d(c₋ f', U_f) + d(g i', U_i) + d(i g', U_g)
          ∂h/∂h = d(φ(c) o', U_o) + diag(k) ∂c/∂h,   ∂h/∂c = diag(k) ∂c/∂c
          k = o φ'(c) + φ(c) o' p_o

A forced gate does not move, so its derivative is 0; a state that is wiped passes nothing on.
"""

import torch
from torch import Tensor

from seqviz.core.activations import find_activation
from seqviz.core.unroll import Trace


def step_jacobians(trace: Trace) -> Tensor:
    """(T, S, S), S = H or 2H for an LSTM; row t is the step at time t (reversed runs: t+1 → t)."""
    what_if = trace.options.what_if
    if what_if is not None and what_if.wipe:
        size = trace.h.shape[-1] * (2 if trace.kind == "lstm" else 1)
        return trace.h.new_zeros(len(trace), size, size)
    with torch.no_grad():
        return {"rnn": _rnn, "lstm": _lstm, "gru": _gru}[trace.kind](trace)


def last_state_products(trace: Trace, jacobians: Tensor | None = None) -> Tensor:
    """∂s_T/∂s_t for every t, (T, S, S): the product of the Jacobians of the steps after t.

    One matrix product a step, O(T S³).
    """
    steps = step_jacobians(trace) if jacobians is None else jacobians
    product = torch.eye(steps.shape[-1], dtype=steps.dtype)
    order = range(len(steps)) if trace.reverse else reversed(range(len(steps)))
    found = torch.empty_like(steps)
    for t in order:
        found[t] = product
        product = product @ steps[t]
    return found


def _scaled(vectors: Tensor, weight: Tensor) -> Tensor:
    """d(v_t, W) for every step."""
    return vectors[..., None] * weight


def gate_slope(trace: Trace, gate: str) -> Tensor:
    """q(1 − q) of a gate, (T, H); 0 where it is forced."""
    q = getattr(trace, gate)
    free = getattr(trace, f"{gate}_free")
    if free is None:
        return q * (1 - q)
    force = trace.options.what_if.force  # type: ignore[union-attr]
    slope = free * (1 - free)
    steps = slice(None) if force.step is None else force.step  # type: ignore[union-attr]
    units = slice(None) if force.unit is None else force.unit  # type: ignore[union-attr]
    slope[steps, units] = 0
    return slope


def activation_slope(trace: Trace, pre: str) -> Tensor:
    """φ' at the field `pre`, (T, H)."""
    name = trace.options.activation or str(getattr(trace.cell, "nonlinearity", "tanh"))
    return find_activation(name).derivative(getattr(trace, pre))


def cell_to_hidden(trace: Trace) -> Tensor:
    """∂h_t/∂c_t of the same step, elementwise (T, H): o φ'(c), and through o with peepholes."""
    through = trace.o * activation_slope(trace, "c")
    if trace.options.peepholes is not None:
        through = through + trace.c_act * gate_slope(trace, "o") * trace.options.peepholes.p_o
    return through.detach()


def _rnn(trace: Trace) -> Tensor:
    return _scaled(activation_slope(trace, "h_pre"), trace.cell.weight_hh)


def _gru(trace: Trace) -> Tensor:
    u_r, u_z, u_n = trace.cell.weight_hh.chunk(3)
    r, z, n, h_prev = trace.r, trace.z, trace.n, trace.h_prev
    r_slope, z_slope = gate_slope(trace, "r"), gate_slope(trace, "z")
    keep, turn = (z, z_slope) if trace.options.update == "keeps" else (1 - z, -z_slope)
    into_n = (1 - keep) * activation_slope(trace, "n_pre")
    if trace.options.reset == "after":
        through_n = _scaled(into_n * r, u_n) + _scaled(into_n * trace.n_h * r_slope, u_r)
    else:
        inner = torch.diag_embed(r) + _scaled(h_prev * r_slope, u_r)
        through_n = into_n[..., None] * (u_n @ inner)
    return torch.diag_embed(keep) + _scaled((h_prev - n) * turn, u_z) + through_n


def _lstm(trace: Trace) -> Tensor:
    u_i, u_f, u_g, u_o = trace.cell.weight_hh.chunk(4)
    i, f, g, c_prev = trace.i, trace.f, trace.g, trace.c_prev
    i_slope, f_slope, o_slope = (gate_slope(trace, gate) for gate in "ifo")
    dc_dc, k = f, cell_to_hidden(trace)
    if trace.options.peepholes is not None:
        p = trace.options.peepholes
        dc_dc = f + c_prev * f_slope * p.p_f + g * i_slope * p.p_i
    dc_dh = (
        _scaled(c_prev * f_slope, u_f)
        + _scaled(g * i_slope, u_i)
        + _scaled(i * activation_slope(trace, "g_pre"), u_g)
    )
    hidden = f.shape[-1]
    found = f.new_zeros(len(f), 2 * hidden, 2 * hidden)
    found[:, :hidden, :hidden] = _scaled(trace.c_act * o_slope, u_o) + k[..., None] * dc_dh
    found[:, hidden:, :hidden] = dc_dh
    found[:, :hidden, hidden:].diagonal(dim1=1, dim2=2).copy_(k * dc_dc)
    found[:, hidden:, hidden:].diagonal(dim1=1, dim2=2).copy_(dc_dc)
    return found
