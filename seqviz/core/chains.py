r"""How long chains of step Jacobians grow or shrink, in logarithms, so that nothing underflows.

∂s_t/∂s_k = J_t J_{t−1} … J_{k+1}. All rows that have entered at or after k are multiplied by
J_{k+1} at once; a row whose norm nears the end of float64 is divided by it, and the logarithm of
what was divided out is kept. Natural logarithms throughout; −inf is an exact zero.

    the last state           2 T S³       ∂s_T/∂s_k for every k
    every state, every step  T² S³        ∂s_t/∂s_k; None above a budget

The bound is eq. (6) and (7) of Pascanu, Mikolov & Bengio 2013.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from seqviz.core.activations import find_activation
from seqviz.core.jacobians import cell_to_hidden, step_jacobians
from seqviz.core.norms import FEW, log_norm, matrix_norms
from seqviz.core.unroll import Trace

FROBENIUS_BUDGET = 5e9
SPECTRAL_BUDGET = 5e8
PARTS = ("h", "c", "state")
_FAR = 1e100


@dataclass(frozen=True)
class StateNorms:
    """ln‖∂s_t/∂s_k‖ for `part` of the state: Frobenius, and the largest singular value or None.

    (T,) indexed [k] for the last t, or (T, T) indexed [t, k], −inf for k > t. A matrix with S rows
    has ‖·‖₂ ≤ ‖·‖_F ≤ √S ‖·‖₂.
    """

    part: str
    frobenius: Tensor
    spectral: Tensor | None


@dataclass(frozen=True)
class Factors:
    """A chain J_t, J_{t−1}, …, J_{k+1} in this order (n,), n = t − k, as natural logarithms.

    factors ln σ_max(J_j), products ln σ_max(J_t … J_j): what the chain comes to so far.
    """

    factors: Tensor
    products: Tensor


@dataclass(frozen=True)
class GradientNorms:
    """ln‖∂L/∂h_t‖, ln‖∂L/∂c_t‖ (LSTM, else None) and of the joint state, (T,)."""

    h: Tensor
    c: Tensor | None
    state: Tensor


@dataclass(frozen=True)
class Bound:
    """Three logarithms (T,) at each k, from the loosest to the truth; 0 at the last step.

    weight   (T−1−k) ln(γ σ_max(W_hh)): sufficient for vanishing below 0, only necessary for
             exploding above
    factors  Σ_{j>k} ln σ_max(J_j): the very factors, each at its own worst direction
    true     ln σ_max(J_{T−1} … J_{k+1})
    per_step is ln(γ σ_max(W_hh)).
    """

    per_step: float
    weight: Tensor
    factors: Tensor
    true: Tensor


@dataclass(frozen=True)
class KeptPath:
    """The path through the forget gate alone beside the whole derivative, at each k up to T.

    log_kept (T, H) is ln ∏_{j>k} f_j unit by unit (GRU: of what z keeps), log_direct (T,) the
    logarithm of its Frobenius norm as a diagonal matrix, and log_true that of ∂c_T/∂c_k
    (GRU: ∂h_T/∂h_k), every path through h and the gates included.
    """

    log_kept: Tensor
    log_direct: Tensor
    log_true: Tensor


def last_state_norms(
    trace: Trace, part: str = "h", spectral: bool = False, jacobians: Tensor | None = None
) -> StateNorms:
    """Of ∂s_T/∂s_k for every k; `jacobians` are those of the steps where they are known.

    part "h" is ∂h_T/∂h_k with c_k held still, "c" is ∂c_T/∂c_k with c_k → h_k included (as in
    `gradients`), "state" the whole Jacobian; all three are one for RNN and GRU.
    """
    steps = _forward("last_state_norms", trace, jacobians)
    take = _taker(trace, part)
    frobenius, largest = _products(steps, take, spectral)
    return StateNorms(part, frobenius, largest if spectral else None)


def factor_norms(trace: Trace, t: int, k: int, jacobians: Tensor | None = None) -> Factors:
    """The chain ∂s_t/∂s_k = J_t J_{t−1} … J_{k+1}, factor by factor; 0 ≤ k ≤ t < T.

    `jacobians` are those of the steps where they are known.
    """
    steps = _forward("factor_norms", trace, jacobians)
    if not 0 <= k <= t < len(steps):
        raise ValueError(
            f"factor_norms: expected 0 <= k <= t < {len(steps)}, got t = {t} and k = {k}"
        )
    chain = steps[k : t + 1]
    products = _products(chain, lambda rows, _: rows, spectral=True)[1]
    return Factors(matrix_norms(chain[1:]).log().flip(0), products[:-1].flip(0))


def state_norms(trace: Trace, part: str = "h", spectral: bool = False) -> StateNorms | None:
    """Of ∂s_t/∂s_k for every t and k, parts as in `last_state_norms`.

    None if T² S³ > 5e9 (show `last_state_norms` then). The spectral norms, when asked for, are
    None above 5e8.
    """
    steps = _forward("state_norms", trace)
    cost = float(len(steps)) ** 2 * steps.shape[-1] ** 3
    if cost > FROBENIUS_BUDGET:
        return None
    take, spectral = _taker(trace, part), spectral and cost <= SPECTRAL_BUDGET
    frobenius = steps.new_full((len(steps), len(steps)), -math.inf)
    largest = frobenius.clone() if spectral else None
    for k, first, rows, scale in _chains(steps, _identities(steps, len(steps))):
        one, top = _measure(take(rows, k), scale, spectral)
        frobenius[k, first:] = one
        if largest is not None:
            largest[k, first:] = top
    return StateNorms(part, frobenius.T, None if largest is None else largest.T)


def gradient_norms(trace: Trace, direct: Tensor, jacobians: Tensor | None = None) -> GradientNorms:
    """The curves of `gradients` for L = Σ_t ℓ_t, in logarithms: right for any T, O(T S²).

    `direct` (T, H) is ∂ℓ_t/∂h_t, `jacobians` those of the steps where they are known. What comes
    from later steps and what enters at t are added at the scale of the larger, so the smaller may
    be lost, as in any sum of floating point.
    """
    steps = _forward("gradient_norms", trace, jacobians)
    size, hidden = steps.shape[-1], trace.h.shape[-1]
    start = _padded("gradient_norms", trace, direct, size)
    entering = log_norm(start).tolist()
    rows, logs = [start[0] * 0] * len(steps), [-math.inf] * len(steps)
    vector, log, factors = rows[0], -math.inf, steps.unbind()
    for k in reversed(range(len(steps))):
        if log > -math.inf:
            vector = vector @ factors[k + 1]
            plain = float(torch.linalg.vector_norm(vector))
            if not 1 / _FAR < plain < _FAR:
                grown = float(log_norm(vector))
                vector = vector / math.exp(grown) if grown > -math.inf else vector
                log += grown
        if entering[k] > -math.inf:
            top = max(log, entering[k])
            vector = vector * math.exp(log - top) + _shrunk(start[k], -top)
            log = top
        rows[k], logs[k] = vector, log
    carried, scale = torch.stack(rows), steps.new_tensor(logs)
    c = None
    if trace.kind == "lstm":
        through = cell_to_hidden(trace).double()
        c = log_norm(carried[:, hidden:] + carried[:, :hidden] * through) + scale
    return GradientNorms(log_norm(carried[:, :hidden]) + scale, c, log_norm(carried) + scale)


def pascanu_bound(trace: Trace) -> Bound:
    """(γ σ_max(W_hh))^(T−1−k) beside what it bounds, for an RNN; 2 T S³ and T singular values."""
    if trace.kind != "rnn":
        raise ValueError(f"pascanu_bound: expected an rnn, got {trace.kind}")
    steps = _forward("pascanu_bound", trace)
    name = trace.options.activation or str(getattr(trace.cell, "nonlinearity", "tanh"))
    largest = float(torch.linalg.matrix_norm(trace.cell.weight_hh.detach().double(), 2))
    rate = find_activation(name).steepest * largest
    per_step = math.log(rate) if rate > 0 else -math.inf
    after = torch.arange(len(steps) - 1, -1, -1, dtype=torch.float64)
    weight = torch.where(after > 0, after * per_step, torch.zeros_like(after))
    true = last_state_norms(trace, "h", True, steps).spectral
    assert true is not None
    each = matrix_norms(steps).log()
    factors = torch.cat([each[1:].flip(0).cumsum(0).flip(0), each.new_zeros(1)])
    return Bound(per_step, weight, factors, true)


def kept_path(trace: Trace) -> KeptPath:
    """∏ f beside ∂c_T/∂c_k (LSTM), or what z keeps beside ∂h_T/∂h_k (GRU); O(T S³)."""
    if trace.kind == "rnn":
        raise ValueError("kept_path: expected an lstm or a gru, got rnn")
    _check_forward("kept_path", trace)
    if trace.kind == "lstm":
        kept, part = trace.f, "c"
    else:
        kept, part = (trace.z if trace.options.update == "keeps" else trace.z_rest), "h"
    logs = kept.double().log()[1:].flip(0).cumsum(0).flip(0)
    log_kept = torch.cat([logs, logs.new_zeros(1, kept.shape[-1])])
    log_direct = torch.logsumexp(2 * log_kept, dim=-1) / 2
    return KeptPath(log_kept, log_direct, last_state_norms(trace, part).frobenius)


def _forward(where: str, trace: Trace, jacobians: Tensor | None = None) -> Tensor:
    """The step Jacobians in float64, whatever the run had; a reversed run is refused."""
    _check_forward(where, trace)
    return step_jacobians(trace, torch.float64) if jacobians is None else jacobians.double()


def _check_forward(where: str, trace: Trace) -> None:
    if trace.reverse:
        raise ValueError(f"{where}: expected a forward trace, got a reversed one")


def _padded(where: str, trace: Trace, direct: Tensor, size: int) -> Tensor:
    """(T, S): the loss sees h directly and c not at all."""
    if direct.shape != trace.h.shape:
        raise ValueError(
            f"{where}: expected direct of shape {tuple(trace.h.shape)}, got {tuple(direct.shape)}"
        )
    return torch.nn.functional.pad(direct.double(), (0, size - direct.shape[-1]))


def _identities(steps: Tensor, last: int) -> Tensor:
    """One identity for each of the last `last` steps."""
    size = steps.shape[-1]
    return torch.eye(size, dtype=steps.dtype).expand(last, size, size)


def _chains(steps: Tensor, start: Tensor) -> Iterator[tuple[int, int, Tensor, Tensor]]:
    """For k = T−1, …, 0: (k, first, rows, scale), good until the next is asked for.

    start (n, m, S) holds what enters at each of the last n steps. rows (·, m, S) times
    exp(scale) is start[t] J_t … J_{k+1} for t = first, …, T−1.
    """
    offset, size = len(steps) - len(start), steps.shape[-1]
    rows, spare, scale = start.clone(), torch.empty_like(start), steps.new_zeros(len(start))
    pause = _rescaled_every(steps)
    for k in reversed(range(len(steps))):
        old = slice(max(k + 1, offset) - offset, None)
        if k + 1 < len(steps):
            torch.mm(rows[old].view(-1, size), steps[k + 1], out=spare[old].view(-1, size))
            rows, spare = spare, rows
            if k % pause == 0:
                _rescale(rows[old], scale[old])
        first = max(k, offset)
        if first == k:
            rows[k - offset] = start[k - offset]
        yield k, first, rows[first - offset :], scale[first - offset :]


def _rescaled_every(steps: Tensor) -> int:
    """Four ordinary factors cannot take a row out of float64; extraordinary ones are watched."""
    largest = steps.abs().amax((1, 2))
    ordinary = (largest == 0) | ((largest > 1e-20) & (largest < 1e20))
    return 4 if bool(ordinary.all()) else 1


def _rescale(rows: Tensor, scale: Tensor) -> None:
    """Bring rows that are far from 1 back to it, and remember their logarithm."""
    largest = rows.abs().amax((1, 2))
    far = ((largest < 1 / _FAR) | (largest > _FAR)) & (largest > 0) & largest.isfinite()
    if bool(far.any()):
        rows[far] /= largest[far, None, None]
        scale[far] += largest[far].log()


def _taker(trace: Trace, part: str) -> Callable[[Tensor, int], Tensor]:
    """The block of ∂s_t/∂s_k (·, S, S) that `part` names, by k."""
    if part not in PARTS:
        raise ValueError(f"state norms: expected part {', '.join(PARTS)}, got {part!r}")
    if part == "c" and trace.kind != "lstm":
        raise ValueError(f"state norms: expected part c for an lstm only, got {trace.kind}")
    hidden = trace.h.shape[-1]
    if part == "state" or trace.kind != "lstm":
        return lambda rows, k: rows
    if part == "h":
        return lambda rows, k: rows[:, :hidden, :hidden]
    through = cell_to_hidden(trace).double()
    return lambda rows, k: rows[:, hidden:, hidden:] + rows[:, hidden:, :hidden] * through[k]


def _products(
    steps: Tensor, take: Callable[[Tensor, int], Tensor], spectral: bool
) -> tuple[Tensor, Tensor]:
    """Both norms of the part of J_T … J_{k+1} that `take` takes, by k; measured a few at a time."""
    few, found = [], []
    for k, _, rows, scale in _chains(steps, _identities(steps, 1)):
        few.append((take(rows, k)[0].clone(), scale.clone()))
        if len(few) == FEW or k == 0:
            blocks, scales = zip(*few, strict=True)
            found.append(_measure(torch.stack(blocks), torch.cat(scales), spectral))
            few.clear()
    frobenius, largest = (torch.cat(parts).flip(0) for parts in zip(*found, strict=True))
    return frobenius, largest


def _measure(blocks: Tensor, scale: Tensor, spectral: bool) -> tuple[Tensor, Tensor]:
    """Logarithms of the Frobenius norm and (if asked for, else 0) of the largest singular value."""
    frobenius = log_norm(blocks, (-2, -1)) + scale
    return frobenius, matrix_norms(blocks).log() + scale if spectral else scale


def _shrunk(vector: Tensor, log: float) -> Tensor:
    """vector · exp(log), in two halves so that neither overflows."""
    return vector * math.exp(log / 2) * math.exp(log / 2)
