"""How much a loss changes with each state: ∂L/∂h_t and ∂L/∂c_t in one backward pass.

Backpropagation through time, Werbos 1990: ∂L/∂s_{t−1} = direct part + ∂L/∂s_t · J_t, with the step
Jacobians in closed form (`jacobians.py`). Only what the loss itself says about h is autograd's,
and a stack of layers, whose run is repeated step by step with its graph.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import pad

from seqviz.core.jacobians import cell_to_hidden, step_jacobians
from seqviz.core.layers import StackTrace
from seqviz.core.norms import norm
from seqviz.core.unroll import Trace, walk

Loss: TypeAlias = str | Tensor | Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Gradients:
    """Gradients of one loss with respect to the states of a trace, row t belonging to time t.

    dh (T, H) is the total ∂L/∂h_t: along every path, later steps included. dc (T, H) is
    ∂L/∂c_t for an LSTM, c_t → h_t of the same step included, else None. dh_direct (T, H) is
    only what the loss says about h_t itself. The norms are Euclidean, one number a step (T,).
    dh0, dc0 (H,) belong to the initial state, which need not be a parameter.
    """

    loss: Tensor
    dh: Tensor
    dc: Tensor | None
    dh_direct: Tensor
    h_norm: Tensor
    c_norm: Tensor | None
    h_direct_norm: Tensor
    dh0: Tensor
    dc0: Tensor | None


@dataclass(frozen=True)
class LossCurves:
    """Three curves (T,) that are easily taken for one another.

    total      ‖∂L/∂h_t‖, from every loss at or after t
    direct     ‖∂ℓ_t/∂h_t‖, from the loss at t alone, along no path
    last_only  ‖∂ℓ_last/∂h_t‖, from the last loss alone, at step `at`; only this one must vanish
               when the step Jacobians shrink
    """

    every: Gradients
    last: Gradients
    at: int

    @property
    def total(self) -> Tensor:
        return self.every.h_norm

    @property
    def direct(self) -> Tensor:
        return self.every.h_direct_norm

    @property
    def last_only(self) -> Tensor:
        return self.last.h_norm


def gradients(trace: Trace, loss: Loss = "last") -> Gradients:
    """The gradients of `loss`, which is

    "last"      the sum of the last h the run computed (at time T−1, or 0 if reversed),
    "all"       the sum of every h_t,
    a tensor    (T, H): the sum of tensor ⊙ h, so the tensor is the direct part,
    a function  from h (T, H) to a scalar.
    """
    value, direct = _said(trace, loss)
    return _carried(trace, step_jacobians(trace), value, direct)


def loss_curves(trace: Trace, loss: Loss = "all") -> LossCurves:
    """The gradients of a loss and of its last part alone: two passes backwards, or one where the
    loss looks at one step only.

    The last part is what the loss says about the last h (in order of the run) that it looks at.
    """
    steps = step_jacobians(trace)
    every = _carried(trace, steps, *_said(trace, loss))
    seen = every.dh_direct.any(dim=1).nonzero().flatten().tolist() or [len(trace) - 1]
    at = min(seen) if trace.reverse else max(seen)
    value = (every.dh_direct[at] * trace.h[at]).sum()
    if len(seen) == 1:
        return LossCurves(every, replace(every, loss=value), at)
    alone = torch.zeros_like(every.dh_direct)
    alone[at] = every.dh_direct[at]
    return LossCurves(every, _carried(trace, steps, value, alone), at)


def state_gradient(trace: Trace, found: Gradients) -> Tensor:
    """∂L/∂s_t of the whole state that step t hands on, (T, S): h, or (h, c) side by side (LSTM).

    Here h_t and c_t are two coordinates: ∂L/∂c_t without c_t → h_t of the same step, which
    ∂L/∂h_t already counts. It is what the step Jacobians carry back.
    """
    if found.dc is None:
        return found.dh
    return torch.cat([found.dh, found.dc - found.dh * cell_to_hidden(trace)], dim=-1)


def state_norm(trace: Trace, found: Gradients) -> Tensor:
    """The joint ‖∂L/∂(h, c)_t‖, (T,); ‖∂L/∂h_t‖ for RNN and GRU."""
    return norm(state_gradient(trace, found))


def layer_gradients(
    stack: StackTrace, layer: int = 0, direction: str = "forward", loss: Loss = "last"
) -> Gradients:
    """The gradients of one layer and direction, of a loss on the output of the whole stack.

    The loss is as for `gradients`, of the module's output (T, directions·H); "last" is the last h
    that each direction of the top layer computed. Below the top, `dh_direct` is what reaches h_t
    from the layer above; what is missing came through later steps of its own layer.
    """
    chosen = stack.only(layer, direction)
    with _graph(chosen):
        xs = stack.layers[0].forward.record.x
        for each in stack.layers:
            ran = [
                (trace, _states(trace, xs))
                for trace in (each.forward, each.backward)
                if trace is not None
            ]
            for trace, found in ran:
                if trace is chosen:
                    nodes = found
            xs = torch.cat([found.h for _, found in ran], -1)
        last = [_last(found.h, trace) for trace, found in ran]
        return _collect(_evaluate(loss, xs, torch.cat(last)), nodes)


@dataclass(frozen=True)
class _Nodes:
    """The nodes of one run's graph: h (T, H), every h_t and (LSTM) c_t, and h_0 (and c_0)."""

    h: Tensor
    hs: list[Tensor]
    cs: list[Tensor]
    start: list[Tensor]


def _said(trace: Trace, loss: Loss) -> tuple[Tensor, Tensor]:
    """The loss, and what it says about each h_t itself, (T, H)."""
    with _graph(trace):
        h = trace.h.detach().requires_grad_()
        value = _evaluate(loss, h, _last(h, trace))
        (direct,) = torch.autograd.grad(value, h)
    return value.detach(), direct


def _carried(trace: Trace, steps: Tensor, value: Tensor, direct: Tensor) -> Gradients:
    """The direct parts (T, H) carried back through the step Jacobians, from the last step run."""
    hidden, state = direct.shape[-1], steps.shape[-1]
    entering = pad(direct, (0, state - hidden)).unbind()
    backwards = range(len(trace)) if trace.reverse else range(len(trace) - 1, -1, -1)
    transposed = steps.mT.unbind()
    arriving, rows = direct.new_zeros(state), [direct] * len(trace)
    for t in backwards:
        rows[t] = entering[t] + arriving
        arriving = transposed[t] @ rows[t]
    dh, dc = torch.stack(rows).split([hidden, state - hidden], dim=-1)
    lstm = trace.kind == "lstm"
    if lstm:
        dc = dc + dh * cell_to_hidden(trace)
    return Gradients(
        loss=value,
        dh=dh,
        dc=dc if lstm else None,
        dh_direct=direct,
        h_norm=norm(dh),
        c_norm=norm(dc) if lstm else None,
        h_direct_norm=norm(direct),
        dh0=arriving[:hidden],
        dc0=arriving[hidden:] if lstm else None,
    )


@contextmanager
def _graph(trace: Trace) -> Iterator[None]:
    """Autograd on, whatever the caller has switched off."""
    if trace.record.x.is_inference():
        raise ValueError(
            "gradients: expected a trace made outside torch.inference_mode(), got inference "
            "tensors, which autograd cannot use; torch.no_grad() is fine"
        )
    with torch.inference_mode(False), torch.enable_grad():
        yield


def _states(trace: Trace, xs: Tensor) -> _Nodes:
    """Every state of the run over xs, each a node of one graph."""
    h0 = trace.h0.detach().requires_grad_()
    c0 = None if trace.c0 is None else trace.c0.detach().requires_grad_()
    states, _, _ = walk(trace.cell, xs, h0, c0, trace.options, trace.reverse)
    hs = [state[0] for state in states]
    cs = [state[1] for state in states if c0 is not None]
    return _Nodes(torch.stack(hs), hs, cs, [h0] if c0 is None else [h0, c0])


def _last(h: Tensor, trace: Trace) -> Tensor:
    """The h that the run computed last."""
    return h[0 if trace.reverse else -1]


def _collect(value: Tensor, nodes: _Nodes) -> Gradients:
    steps = len(nodes.hs)
    found = torch.autograd.grad(
        value,
        [nodes.h, *nodes.hs, *nodes.cs, *nodes.start],
        allow_unused=True,
        materialize_grads=True,
    )
    dh_direct, dh = found[0], torch.stack(found[1 : 1 + steps])
    dc = torch.stack(found[1 + steps : 1 + 2 * steps]) if nodes.cs else None
    return Gradients(
        loss=value.detach(),
        dh=dh,
        dc=dc,
        dh_direct=dh_direct,
        h_norm=norm(dh),
        c_norm=None if dc is None else norm(dc),
        h_direct_norm=norm(dh_direct),
        dh0=found[-len(nodes.start)],
        dc0=found[-1] if nodes.cs else None,
    )


def _evaluate(loss: Loss, h: Tensor, last: Tensor) -> Tensor:
    if isinstance(loss, Tensor):
        if loss.shape != h.shape:
            raise ValueError(
                f"gradients: expected a loss tensor of shape {tuple(h.shape)}, "
                f"got {tuple(loss.shape)}"
            )
        return (loss.to(h.dtype) * h).sum()
    if callable(loss):
        value = loss(h)
        if not isinstance(value, Tensor) or value.dim() != 0:
            came = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            raise ValueError(f"gradients: expected a scalar loss, got {came}")
        if not value.requires_grad:
            raise ValueError("gradients: expected a loss that depends on h, got one that does not")
        return value
    if loss == "last":
        return last.sum()
    if loss == "all":
        return h.sum()
    raise ValueError(
        f'gradients: expected loss "last", "all", a tensor or a function, got {loss!r}'
    )
