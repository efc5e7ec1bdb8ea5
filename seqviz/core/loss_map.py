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
from typing import TypeAlias

import torch
from torch import Tensor

from seqviz.core.jacobians import Slopes, step_slopes
from seqviz.core.unroll import Trace

BLOCK = 24
PARTS = ("h", "c", "state")
_POWERS = 90.0

Step: TypeAlias = Callable[[Tensor, Tensor], None]


@dataclass(frozen=True)
class _Blocks:
    """What happens within n blocks of B steps; the first block may begin before step 0.

    reach (n, S, S) is ∂s_end/∂(state before the block); columns (n, S, B, P) the part of Φ(b, k)
    that is asked for, in the precision asked for, divided by exp(shrunk) (n, B); entered (n, B, S)
    the block's own losses at the state before it, and inner (n, B, B) ln of their norms within it,
    indexed [t, k]. What stands for the `filled` steps before step 0 means nothing.
    """

    reach: Tensor
    columns: Tensor
    shrunk: Tensor
    entered: Tensor
    inner: Tensor
    filled: int


def loss_norms(trace: Trace, direct: Tensor, part: str = "h") -> Tensor:
    """ln‖∂ℓ_t/∂h_k‖, (T, T) indexed [t, k], −inf for k > t, in float64.

    `direct` (T, H) is ∂ℓ_t/∂h_t, row t from the loss at t. part "c" is ∂ℓ_t/∂c_k with c_k → h_k of
    the same step included (as in `gradients`), "state" the joint (h_k, c_k).

    For a run in float32 the one large product is in float32, with everything in it near 1: a norm
    is then right to about 1e-6 of itself, unless nearly all of the product cancels.
    """
    _check(trace, direct, part)
    precision = trace.h.dtype
    slopes, lstm = step_slopes(trace, torch.float64), trace.kind == "lstm"
    step, size = (_lstm_step if lstm else _plain_step)(slopes), _block(slopes)
    state = trace.h.shape[-1] * (2 if lstm else 1)
    start = torch.nn.functional.pad(direct.double(), (0, state - direct.shape[-1]))
    within = _within(step, start, size, _taker(slopes, part), precision)
    count, _, _, width = within.columns.shape
    length = count * size
    found = start.new_full((length, length), -math.inf)
    rows, scale = start.new_zeros(length, state), start.new_zeros(length)
    handed, products = torch.empty_like(rows), torch.empty(length, size * width, dtype=precision)
    for b in reversed(range(count)):
        here, later = slice(b * size, (b + 1) * size), slice((b + 1) * size, None)
        found[here, here] = within.inner[b]
        arriving = products[later]
        torch.mm(rows[later].to(precision), within.columns[b].flatten(1), out=arriving)
        norms = torch.linalg.vector_norm(arriving.unflatten(-1, (size, width)), dim=-1)
        logs = norms.double().log_().add_(within.shrunk[b]).add_(scale[later, None])
        found[later, here] = logs
        torch.mm(rows[later], within.reach[b], out=handed[later])
        handed[here] = within.entered[b]
        rows, handed = handed, rows
        _rescale(rows[here.start :], scale[here.start :])
    return found[within.filled :, within.filled :]


def _within(
    step: Step,
    start: Tensor,
    size: int,
    take: Callable[[Tensor, Tensor], Tensor],
    precision: torch.dtype,
) -> _Blocks:
    """All blocks at once, from their last step to their first."""
    state, count = start.shape[-1], -(-len(start) // size)
    places = torch.arange(len(start) - count * size, len(start)).clamp_min(0)
    places = places.unflatten(0, (count, size))
    rows = start.new_zeros(count, state + size, state)
    rows[:, :state] = torch.eye(state, dtype=rows.dtype)
    inner = rows.new_full((count, size, size), -math.inf)
    shrunk, columns = rows.new_zeros(count, size), rows.new_empty(0)
    for j in reversed(range(size)):
        entered = rows[:, : state + size - j]
        entered[:, -1] = start[places[:, j]]
        parts = take(entered, places[:, j])
        if j == size - 1:
            columns = rows.new_empty(count, state, size, parts.shape[-1], dtype=precision)
        inner[:, j:, j] = torch.linalg.vector_norm(parts[:, state:], dim=-1).log().flip(1)
        largest = _sound(parts[:, :state].abs().amax((1, 2)))
        columns[:, :, j] = parts[:, :state] / largest[:, None, None]
        shrunk[:, j] = largest.log()
        step(entered, places[:, j])
    filled = count * size - len(start)
    return _Blocks(rows[:, :state], columns, shrunk, rows[:, state:].flip(1), inner, filled)


def _taker(slopes: Slopes, part: str) -> Callable[[Tensor, Tensor], Tensor]:
    """The part of rows (n, m, S) that is asked for, (n, m, P), each block at its own step."""
    hidden = slopes.weight.shape[-1]
    if part == "state" or slopes.kind != "lstm":
        return lambda rows, _: rows
    if part == "h":
        return lambda rows, _: rows[..., :hidden]
    through = slopes.vectors["within"]
    return lambda rows, at: rows[..., hidden:] + rows[..., :hidden] * through[at][:, None]


def _plain_step(slopes: Slopes) -> Step:
    """Rows times the Jacobians of their blocks' steps."""

    def step(rows: Tensor, at: Tensor) -> None:
        rows.copy_(torch.bmm(rows, slopes.at(at)))

    return step


def _lstm_step(slopes: Slopes) -> Step:
    """As `_plain_step`, by the halves of the Jacobian."""

    def step(rows: Tensor, at: Tensor) -> None:
        within, kept, through = slopes.halves(at)
        own, cell = rows.chunk(2, dim=-1)
        cell.addcmul_(own, within[:, None])
        own.copy_(torch.bmm(rows, through))
        cell.mul_(kept[:, None])

    return step


def _block(slopes: Slopes) -> int:
    """How many factors like these can be multiplied, and their entries squared, within float64.

    By the largest term that an entry of a Jacobian is a sum of.
    """
    largest = slopes.largest()
    if not largest.isfinite().all():
        return 1
    powers = float(largest[largest > 0].log10().abs().max()) if largest.any() else 0.0
    return BLOCK if powers * BLOCK <= _POWERS else max(1, int(_POWERS / powers))


def _rescale(rows: Tensor, scale: Tensor) -> None:
    """Divide every row by its largest entry and remember the logarithm."""
    divisor = _sound(rows.abs().amax(-1))
    rows /= divisor[:, None]
    scale += divisor.log()


def _sound(largest: Tensor) -> Tensor:
    """What can be divided by: 1 in place of 0, ∞ and NaN."""
    return torch.where((largest > 0) & largest.isfinite(), largest, torch.ones_like(largest))


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
