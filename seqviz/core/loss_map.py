r"""The (t, k) map of losses as norms alone, in blocks of steps so that it costs a few products.

ln‖∂ℓ_t/∂s_k‖ for every loss t and every state k ≤ t. With Φ(b, k) = J_b … J_{k+1}, the product of
step Jacobians from the end b of k's block, and d_t the gradient of loss t that arrives at b,

    ∂ℓ_t/∂s_k = d_t Φ(b, k)

The Φ of all blocks are built together, one step of every block at a time; then the blocks are
walked from the last, and one matrix product gives all losses at all steps of a block: T² S H
multiplications, against T² S² and T small products step by step. Rows are kept near 1 and their
logarithms aside, so nothing underflows. Natural logarithms; −inf is an exact zero.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from seqviz.core.jacobians import cell_to_hidden, step_jacobians
from seqviz.core.unroll import Trace

BLOCK = 16
PARTS = ("h", "c", "state")
_ORDINARY = (1e-8, 1e8)


@dataclass(frozen=True)
class _Blocks:
    """What happens within n blocks of B steps, the first block filled up with J = 1 at its front.

    reach (n, S, S) is ∂s_end/∂(state before the block); columns (n, S, B, P) the part of Φ(b, k)
    that is asked for; entered (n, B, S) the block's own losses at the state before it, and inner
    (n, B, B) ln of their norms within it, indexed [k, t].
    """

    reach: Tensor
    columns: Tensor
    entered: Tensor
    inner: Tensor
    filled: int


def loss_norms(trace: Trace, direct: Tensor, part: str = "h") -> Tensor:
    """ln‖∂ℓ_t/∂h_k‖, (T, T) indexed [t, k], −inf for k > t, in float64.

    `direct` (T, H) is ∂ℓ_t/∂h_t, row t from the loss at t. part "c" is ∂ℓ_t/∂c_k with c_k → h_k of
    the same step included (as in `gradients`), "state" the joint (h_k, c_k).
    """
    _check(trace, direct, part)
    steps = step_jacobians(trace).detach().double()
    start = torch.nn.functional.pad(direct.double(), (0, steps.shape[-1] - direct.shape[-1]))
    within = _within(steps, start, _block(steps), _taker(trace, part))
    length = within.inner.shape[0] * within.inner.shape[1]
    found = steps.new_full((length, length), -math.inf)
    rows, scale = steps.new_zeros(length, steps.shape[-1]), steps.new_zeros(length)
    size = within.inner.shape[1]
    for b in reversed(range(len(within.inner))):
        here, later = slice(b * size, (b + 1) * size), slice((b + 1) * size, None)
        found[here, here] = within.inner[b]
        columns = within.columns[b]
        arriving = (rows[later] @ columns.flatten(1)).unflatten(-1, columns.shape[1:])
        found[here, later] = (torch.linalg.vector_norm(arriving, dim=-1).log()).T + scale[later]
        rows[later] = rows[later] @ within.reach[b]
        rows[here] = within.entered[b]
        _rescale(rows[here.start :], scale[here.start :])
    return found[within.filled :, within.filled :].T


def _within(
    steps: Tensor, start: Tensor, size: int, take: Callable[[Tensor, Tensor], Tensor]
) -> _Blocks:
    """All blocks at once, from their last step to their first."""
    state, count = steps.shape[-1], -(-len(steps) // size)
    filled = count * size - len(steps)
    identity = torch.eye(state, dtype=steps.dtype)
    factors = torch.cat([identity.expand(filled, -1, -1), steps]).unflatten(0, (count, size))
    entering = torch.cat([start.new_zeros(filled, state), start]).unflatten(0, (count, size))
    places = torch.arange(-filled, len(steps)).clamp_min(0).unflatten(0, (count, size))
    rows = torch.cat([identity.expand(count, -1, -1), start.new_zeros(count, size, state)], dim=1)
    inner = steps.new_full((count, size, size), -math.inf)
    columns = []
    for j in reversed(range(size)):
        known = state + size - j
        rows[:, known - 1] = entering[:, j]
        parts = take(rows[:, :known], places[:, j])
        columns.append(parts[:, :state])
        norms = torch.linalg.vector_norm(parts[:, state:], dim=-1)
        inner[:, j, j:] = norms.log().flip(1)
        rows[:, :known] = torch.bmm(rows[:, :known], factors[:, j])
    entered = rows[:, state:].flip(1)
    return _Blocks(rows[:, :state], torch.stack(columns[::-1], 2), entered, inner, filled)


def _taker(trace: Trace, part: str) -> Callable[[Tensor, Tensor], Tensor]:
    """The part of rows (n, m, S) that is asked for, (n, m, P), each block at its own step."""
    hidden = trace.h.shape[-1]
    if part == "state" or trace.kind != "lstm":
        return lambda rows, _: rows.clone()
    if part == "h":
        return lambda rows, _: rows[..., :hidden].clone()
    through = cell_to_hidden(trace).double()
    return lambda rows, at: rows[..., hidden:] + rows[..., :hidden] * through[at][:, None]


def _block(steps: Tensor) -> int:
    """Blocks whose products stay within float64; one step at a time for extraordinary factors."""
    largest = steps.abs().amax((1, 2))
    low, high = _ORDINARY
    ordinary = (largest == 0) | ((largest > low) & (largest < high))
    return BLOCK if bool(ordinary.all()) else 1


def _rescale(rows: Tensor, scale: Tensor) -> None:
    """Divide every row by its largest entry and remember the logarithm."""
    largest = rows.abs().amax(-1)
    sound = (largest > 0) & largest.isfinite()
    divisor = torch.where(sound, largest, torch.ones_like(largest))
    rows /= divisor[:, None]
    scale += divisor.log()


def _check(trace: Trace, direct: Tensor, part: str) -> None:
    if trace.reverse:
        raise ValueError("loss_norms: expected a forward trace, got a reversed one")
    if part not in PARTS:
        raise ValueError(f"loss_norms: expected part {', '.join(PARTS)}, got {part!r}")
    if part == "c" and trace.kind != "lstm":
        raise ValueError(f"loss_norms: expected part c for an lstm only, got {trace.kind}")
    if direct.shape != trace.h.shape:
        raise ValueError(
            f"loss_norms: expected direct of shape {tuple(trace.h.shape)}, "
            f"got {tuple(direct.shape)}"
        )
