r"""Truncated backpropagation through time: the state goes on from block to block, the gradient
does not.

The forward run and its loss are those of the whole sequence. At every K-th step the state (h, and
c of an LSTM) is detached, so of all terms ∂ℓ_t/∂s_k only those remain whose t and k share a block:
what lies further back is not small, it is exactly 0. The estimate is biased. Williams & Peng 1990
(BPTT(K, K) in their notation); Tallec & Ollivier 2017.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqviz.core.gradient_map import recurrent_total
from seqviz.core.jacobians import cell_to_hidden, step_jacobians
from seqviz.core.model import SequenceModel, build_model
from seqviz.core.norms import norm
from seqviz.core.training import NO_TARGET, Checkpoint, descend, sequence_loss
from seqviz.core.unroll import Trace, run_steps

LAG_SIGNS = ("A", "B")
LAG_NOISE = ("x", "y")


@dataclass(frozen=True)
class Truncated:
    """What is left of ∂L/∂W_hh with blocks of `block` steps.

    dh, dc (T, H) are the truncated gradients of the states (dc None unless LSTM), gradient (kH, H)
    that of W_hh. cosine is between it and the full gradient, ratio its norm over the full one's;
    1 and 1 when nothing is cut, nan where a norm is 0.
    """

    block: int
    dh: Tensor
    dc: Tensor | None
    gradient: Tensor
    cosine: float
    ratio: float


def truncate(trace: Trace, direct: Tensor, blocks: Sequence[int]) -> tuple[Truncated, ...]:
    """Truncated BPTT for each block length, beside the full gradient; O(T S²) each.

    `direct` (T, H) is ∂ℓ_t/∂h_t of the losses. Blocks start at step 0; a block of T or more is
    the full gradient.
    """
    if trace.reverse:
        raise ValueError("truncate: expected a forward trace, got a reversed one")
    if direct.shape != trace.h.shape:
        raise ValueError(
            f"truncate: expected direct of shape {tuple(trace.h.shape)}, got {tuple(direct.shape)}"
        )
    if any(block < 1 for block in blocks):
        raise ValueError(f"truncate: expected blocks of 1 step or more, got {list(blocks)}")
    steps = step_jacobians(trace)
    full = recurrent_total(trace, *_cut(trace, steps, direct, len(trace)))
    return tuple(_compared(trace, steps, direct, block, full) for block in blocks)


def truncated_logits(model: SequenceModel, xs: Tensor, block: int) -> Tensor:
    """As `model(xs)`, the same numbers, with the state detached after every `block` steps."""
    if block < 1:
        raise ValueError(f"truncated_logits: expected a block of 1 step or more, got {block}")
    if model.options.what_if is not None:
        raise ValueError("truncated_logits: expected a model without what-if, got one with")
    h, c, found = model.h0, model.c0, []
    for part in xs.split(block):
        record = run_steps(model.cell, part, h, c, model.options)
        found.append(record.h)
        h, c = record.h[-1].detach(), getattr(record, "c", None)
        c = None if c is None else c[-1].detach()
    return model.logits(torch.cat(found))


def lag_task(lag: int, count: int = 32, seed: int = 0) -> tuple[Tensor, Tensor]:
    """One-hot xs (lag + 1, count, 4) and targets (lag + 1, count): which letter came first?

    A or B, then `lag` letters x and y drawn evenly; asked once, after the last. As many begin
    with A as with B, so a model that remembers nothing is at ln 2 on sequences it has not seen.
    """
    if lag < 1 or count < 2 or count % 2:
        raise ValueError(f"lag_task: expected a lag from 1 and an even count, got {lag}, {count}")
    generator = torch.Generator().manual_seed(seed)
    first = torch.arange(count) % len(LAG_SIGNS)
    noise = torch.randint(len(LAG_NOISE), (lag, count), generator=generator) + len(LAG_SIGNS)
    tokens = torch.cat([first[None], noise])
    xs = torch.nn.functional.one_hot(tokens, len(LAG_SIGNS) + len(LAG_NOISE)).double()
    targets = torch.full((lag + 1, count), NO_TARGET)
    targets[-1] = first
    return xs, targets


def lag_model(kind: str = "lstm", hidden_size: int = 16, seed: int = 0) -> SequenceModel:
    """A fresh model for `lag_task`."""
    return build_model(kind, LAG_SIGNS + LAG_NOISE, LAG_SIGNS, hidden_size, seed=seed)


def train_lag(
    model: SequenceModel,
    lag: int,
    block: int,
    steps: int = 150,
    lr: float = 0.02,
    count: int = 32,
    seed: int = 0,
) -> Generator[Checkpoint, None, None]:
    """`training.descend` on new sequences of `lag_task` each time, gradients cut to blocks.

    One update for a whole sequence of lag + 1 steps. With block > lag nothing is cut. With
    block ≤ lag no gradient of the answer reaches the first letter, so nothing makes the cell keep
    it; what an untrained state still happens to hold can be read all the same (a GRU over 7 steps,
    an LSTM no longer over 12).
    """

    def loss_at(step: int) -> Tensor:
        xs, targets = lag_task(lag, count, seed + step)
        return sequence_loss(truncated_logits(model, xs, block), targets)

    return descend(model, loss_at, steps, lr)


def _compared(trace: Trace, steps: Tensor, direct: Tensor, block: int, full: Tensor) -> Truncated:
    dh, dc = _cut(trace, steps, direct, block)
    found = recurrent_total(trace, dh, dc)
    one, whole = norm(found, (0, 1)), norm(full, (0, 1))
    cosine = float((found / one * (full / whole)).sum())
    return Truncated(block, dh, dc, found, cosine, float(one / whole))


def _cut(trace: Trace, steps: Tensor, direct: Tensor, block: int) -> tuple[Tensor, Tensor | None]:
    """∂L/∂h_k and ∂L/∂c_k of every step, nothing handed back from a block to the one before."""
    size, hidden = steps.shape[-1], direct.shape[-1]
    start = torch.nn.functional.pad(direct, (0, size - hidden))
    rows, row = [start[0]] * len(steps), start[-1]
    for k in reversed(range(len(steps))):
        if k + 1 < len(steps):
            row = start[k] if (k + 1) % block == 0 else start[k] + row @ steps[k + 1]
        rows[k] = row
    found = torch.stack(rows)
    dh = found[:, :hidden]
    if trace.kind != "lstm":
        return dh, None
    return dh, found[:, hidden:] + dh * cell_to_hidden(trace)
