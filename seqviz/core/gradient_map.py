r"""Every loss at every step: the (t, k) map, and what one weight owes to each step.

L = Σ_t ℓ_t and ℓ_t sees h_t directly. With the step Jacobians J_t of `jacobians` the gradient of
each loss at each earlier state is a chain, and one matrix product a step gives them all:

    V_k = [g_k; V_{k+1} J_{k+1}],     row t of V_k = ∂ℓ_t/∂s_k,     g_k = ∂ℓ_k/∂s_k

O(T² S²) in all. Pascanu, Mikolov & Bengio 2013, eq. (5): the weight gradient is the sum over t and
k of (∂ℓ_t/∂s_k) ∂⁺s_k/∂W; a truncated one keeps the terms whose t and k share a block.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqviz.core.jacobians import (
    activation_slope,
    cell_to_hidden,
    gate_slope,
    step_jacobians,
)
from seqviz.core.norms import norm
from seqviz.core.unroll import Trace


@dataclass(frozen=True)
class GradientMap:
    """∂ℓ_t/∂h_k and ∂ℓ_t/∂c_k for every loss step t and state step k ≤ t.

    dh, dc are (T, T, H), indexed [t, k], zero for k > t; dc (None unless LSTM) includes
    c_k → h_k of the same step, as `gradients` does. h_norm and c_norm are (T, T).
    """

    dh: Tensor
    dc: Tensor | None
    h_norm: Tensor
    c_norm: Tensor | None

    def within(self, block: int | None) -> Tensor:
        """∂L/∂h_k (T, H) with only the losses of k's own block of `block` steps; None for all."""
        return (self.dh * self._kept(block)[..., None]).sum(dim=0)

    def _kept(self, block: int | None) -> Tensor:
        return same_block(len(self.dh), block).to(self.dh.dtype)


def same_block(steps: int, block: int | None) -> Tensor:
    """(T, T) bool: whether t and k fall into the same block of `block` steps (None: always)."""
    if block is None:
        return torch.ones(steps, steps, dtype=torch.bool)
    if block < 1:
        raise ValueError(f"same_block: expected a block of 1 step or more, got {block}")
    place = torch.arange(steps) // block
    return place[:, None] == place[None, :]


def gradient_map(trace: Trace, direct: Tensor) -> GradientMap:
    """The map of a forward trace; `direct` (T, H) is ∂ℓ_t/∂h_t, row t from the loss at t."""
    steps, hidden = trace.h.shape
    if trace.reverse:
        raise ValueError("gradient_map: expected a forward trace, got a reversed one")
    if direct.shape != trace.h.shape:
        raise ValueError(
            f"gradient_map: expected direct of shape {(steps, hidden)}, got {tuple(direct.shape)}"
        )
    jacobians = step_jacobians(trace)
    size = jacobians.shape[-1]
    chains = direct.new_zeros(steps, steps, size)
    rows = direct.new_zeros(0, size)
    start = torch.cat([direct, direct.new_zeros(steps, size - hidden)], dim=-1)
    for k in reversed(range(steps)):
        if k + 1 < steps:
            rows = rows @ jacobians[k + 1]
        rows = torch.cat([start[k : k + 1], rows])
        chains[k:, k] = rows
    dh = chains[..., :hidden]
    if trace.kind != "lstm":
        return GradientMap(dh, None, norm(dh), None)
    dc = chains[..., hidden:] + dh * cell_to_hidden(trace)
    return GradientMap(dh, dc, norm(dh), norm(dc))


@dataclass(frozen=True)
class WeightGradient:
    """∂L/∂W_hh, itemised: `items[k]` is G_k = δ_k s_kᵀ, the share of step k; Σ_k G_k is `total`.

    items (T, kH, H); norms (T,) their Frobenius norms. ‖total‖ ≤ Σ norms.
    """

    items: Tensor
    norms: Tensor
    total: Tensor


def recurrent_gradient(trace: Trace, dh: Tensor, dc: Tensor | None = None) -> WeightGradient:
    """What W_hh owes to each step, from the total ∂L/∂h_k (and ∂L/∂c_k for an LSTM)."""
    deltas = recurrent_deltas(trace, dh, dc)
    items = deltas[..., None] * trace.h_prev[:, None, :]
    if trace.kind == "gru" and trace.options.reset == "before":
        hidden = trace.h.shape[-1]
        items[:, 2 * hidden :] = deltas[:, 2 * hidden :, None] * trace.h_reset[:, None, :]
    return WeightGradient(items, norm(items, (1, 2)), items.sum(dim=0))


def recurrent_total(trace: Trace, dh: Tensor, dc: Tensor | None = None) -> Tensor:
    """∂L/∂W_hh (kH, H), as `recurrent_gradient(...).total`, without one matrix a step."""
    if trace.kind == "gru" and trace.options.reset == "before":
        return recurrent_gradient(trace, dh, dc).total
    return recurrent_deltas(trace, dh, dc).T @ trace.h_prev


def recurrent_deltas(trace: Trace, dh: Tensor, dc: Tensor | None = None) -> Tensor:
    """∂L/∂(W_hh h + b_hh) of every step, (T, kH) in PyTorch's gate order.

    They are the pre-activation gradients, except that a GRU with reset after the matmul meets
    W_hn h + b_hn only through r.
    """
    deltas = preactivation_deltas(trace, dh, dc)
    if trace.kind == "gru" and trace.options.reset == "after":
        into_r, into_z, into_n = deltas.chunk(3, -1)
        return torch.cat([into_r, into_z, into_n * trace.r], dim=-1)
    return deltas


def preactivation_deltas(trace: Trace, dh: Tensor, dc: Tensor | None = None) -> Tensor:
    """δ_t = ∂L/∂a_t, a the pre-activations (h_pre; i_pre f_pre g_pre o_pre; r_pre z_pre n_pre).

    (T, kH). Σ_t δ_t x_tᵀ is the gradient of W_ih, Σ_t δ_t that of b_ih, and W_ihᵀ δ_t that of x_t.
    dh, dc are total gradients; dc includes c_k → h_k of the same step, as everywhere here.
    A forced gate has δ = 0.
    """
    if trace.kind == "rnn":
        return dh * activation_slope(trace, "h_pre")
    if trace.kind == "lstm":
        if dc is None:
            raise ValueError("preactivation_deltas: expected dc for an LSTM, got None")
        return torch.cat(
            [
                dc * trace.g * gate_slope(trace, "i"),
                dc * trace.c_prev * gate_slope(trace, "f"),
                dc * trace.i * activation_slope(trace, "g_pre"),
                dh * trace.c_act * gate_slope(trace, "o"),
            ],
            dim=-1,
        )
    keeps = trace.options.update == "keeps"
    keep, sign = (trace.z, 1.0) if keeps else (trace.z_rest, -1.0)
    into_n = dh * (1 - keep) * activation_slope(trace, "n_pre")
    into_z = sign * dh * (trace.h_prev - trace.n) * gate_slope(trace, "z")
    if trace.options.reset == "after":
        of_r = into_n * trace.n_h
    else:
        u_n = trace.cell.weight_hh.chunk(3)[2].detach()
        of_r = (into_n @ u_n) * trace.h_prev
    return torch.cat([of_r * gate_slope(trace, "r"), into_z, into_n], dim=-1)
