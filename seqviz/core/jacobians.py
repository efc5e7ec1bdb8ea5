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

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seqviz.core.activations import find_activation
from seqviz.core.unroll import Trace

GATES = {"rnn": ("h",), "gru": ("r", "z", "n"), "lstm": ("i", "f", "g", "o")}


@dataclass(frozen=True)
class Slopes:
    """What the step Jacobians of a run are made of: W_hh, and vectors (T, H) that scale its rows.

    rnn   h φ'
    gru   keep the diagonal; z, r, n what scales U_z, U_r, U_n; with reset before the matmul
          into_r stands between U_n and U_r
    lstm  within k, kept the diagonal of ∂c/∂c; i, f, g what scales U in ∂c/∂h, o in ∂h/∂h
    """

    kind: str
    weight: Tensor
    vectors: dict[str, Tensor]

    def at(self, steps: Tensor | slice) -> Tensor:
        """The Jacobians (n, S, S) of some steps."""
        found, weight = self._taken(steps), self.weight
        if self.kind == "rnn":
            return _scaled(found["h"], weight)
        if self.kind == "gru":
            return _gru(found, weight)
        within, kept, through = self.halves(steps)
        own, into_c = through.chunk(2, dim=1)
        hidden = kept.shape[-1]
        formed = kept.new_zeros(len(kept), 2 * hidden, 2 * hidden)
        formed[:, :hidden, :hidden] = own + within[..., None] * into_c
        formed[:, hidden:, :hidden] = into_c
        formed[:, :hidden, hidden:].diagonal(dim1=1, dim2=2).copy_(within * kept)
        formed[:, hidden:, hidden:].diagonal(dim1=1, dim2=2).copy_(kept)
        return formed

    def halves(self, steps: Tensor | slice) -> tuple[Tensor, Tensor, Tensor]:
        """within, kept (n, H) and through (n, 2H, H) of an LSTM: its J in half the numbers.

        through is ∂h/∂h with c_t held still above ∂c/∂h. With u = v_h within + v_c

            (v_h, v_c) J = ((v_h, u) through, u kept)
        """
        found, (u_i, u_f, u_g, u_o) = self._taken(steps), self.weight.chunk(4)
        kept, hidden = found["kept"], self.weight.shape[-1]
        through = kept.new_empty(len(kept), 2 * hidden, hidden)
        torch.mul(found["o"][..., None], u_o, out=through[:, :hidden])
        into_c = torch.mul(found["f"][..., None], u_f, out=through[:, hidden:])
        into_c.addcmul_(found["i"][..., None], u_i).addcmul_(found["g"][..., None], u_g)
        return found["within"], kept, through

    def largest(self) -> Tensor:
        """The largest |term| of any entry of each Jacobian (T,): its size, if nothing cancels."""
        rows = self.weight.abs().amax(1).chunk(len(GATES[self.kind]))
        scale = dict(zip(GATES[self.kind], rows, strict=True))
        terms = [
            (values.abs() * scale.get(name, 1)).amax(1)
            for name, values in self.vectors.items()
            if name not in ("within", "into_r")
        ]
        found = torch.stack(terms).amax(0)
        within = self.vectors.get("within")
        return found if within is None else found * within.abs().amax(1).clamp_min(1)

    def _taken(self, steps: Tensor | slice) -> dict[str, Tensor]:
        return {name: values[steps] for name, values in self.vectors.items()}


def step_jacobians(trace: Trace, dtype: torch.dtype | None = None) -> Tensor:
    """(T, S, S), S = H or 2H for an LSTM; row t is the step at time t (reversed runs: t+1 → t).

    Computed in `dtype` from the values of the run; None for the type of the run.
    """
    return step_slopes(trace, dtype).at(slice(None))


def step_slopes(trace: Trace, dtype: torch.dtype | None = None) -> Slopes:
    """What the step Jacobians of a trace are made of; nothing passes a state that is wiped."""
    weight = trace.cell.weight_hh.detach()
    if dtype not in (None, weight.dtype):
        weight, values = weight.to(dtype), vars(trace.record).items()
        wide = {name: value.to(dtype) for name, value in values if value is not None}
        trace = replace(trace, record=replace(trace.record, **wide))
    with torch.no_grad():
        found = {"rnn": _rnn_slopes, "lstm": _lstm_slopes, "gru": _gru_slopes}[trace.kind](trace)
    what_if = trace.options.what_if
    if what_if is not None and what_if.wipe:
        found = {name: torch.zeros_like(values) for name, values in found.items()}
    return Slopes(trace.kind, weight, found)


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


def _rnn_slopes(trace: Trace) -> dict[str, Tensor]:
    return {"h": activation_slope(trace, "h_pre")}


def _gru_slopes(trace: Trace) -> dict[str, Tensor]:
    r, z, n, h_prev = trace.r, trace.z, trace.n, trace.h_prev
    r_slope, z_slope = gate_slope(trace, "r"), gate_slope(trace, "z")
    keep, turn = (z, z_slope) if trace.options.update == "keeps" else (1 - z, -z_slope)
    into_n = (1 - keep) * activation_slope(trace, "n_pre")
    found = {"keep": keep, "z": (h_prev - n) * turn}
    if trace.options.reset == "after":
        return {**found, "n": into_n * r, "r": into_n * trace.n_h * r_slope}
    return {**found, "n": into_n, "r": h_prev * r_slope, "into_r": r}


def _gru(found: dict[str, Tensor], weight: Tensor) -> Tensor:
    u_r, u_z, u_n = weight.chunk(3)
    formed = _scaled(found["z"], u_z)
    if "into_r" in found:
        inner = torch.diag_embed(found["into_r"]) + _scaled(found["r"], u_r)
        formed += found["n"][..., None] * (u_n @ inner)
    else:
        formed += _scaled(found["n"], u_n) + _scaled(found["r"], u_r)
    formed.diagonal(dim1=1, dim2=2).add_(found["keep"])
    return formed


def _lstm_slopes(trace: Trace) -> dict[str, Tensor]:
    i, f, g, c_prev = trace.i, trace.f, trace.g, trace.c_prev
    i_slope, f_slope, o_slope = (gate_slope(trace, gate) for gate in "ifo")
    kept = f
    if trace.options.peepholes is not None:
        p = trace.options.peepholes
        kept = f + c_prev * f_slope * p.p_f + g * i_slope * p.p_i
    return {
        "within": cell_to_hidden(trace),
        "kept": kept,
        "i": g * i_slope,
        "f": c_prev * f_slope,
        "g": i * activation_slope(trace, "g_pre"),
        "o": trace.c_act * o_slope,
    }
