"""How much a loss changes with each state: ∂L/∂h_t and ∂L/∂c_t in one backward pass.

Backpropagation through time, Werbos 1990. The run is repeated step by step with its graph,
because a fused `nn.LSTM` gives only the direct part.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from seqviz.core.layers import StackTrace
from seqviz.core.unroll import Trace, walk

Loss: TypeAlias = str | Tensor | Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Gradients:
    """Gradients of one loss with respect to the states of a trace, row t belonging to time t.

    dh (T, H) is the total ∂L/∂h_t: along every path, later steps included. dc (T, H) is
    ∂L/∂c_t for an LSTM, c_t → h_t of the same step included, else None. dh_direct (T, H) is
    only what the loss says about h_t itself. The norms are Euclidean, one number a step (T,).
    """

    loss: Tensor
    dh: Tensor
    dc: Tensor | None
    dh_direct: Tensor
    h_norm: Tensor
    c_norm: Tensor | None
    h_direct_norm: Tensor


def gradients(trace: Trace, loss: Loss = "last") -> Gradients:
    """The gradients of `loss`, which is

    "last"      the sum of the last h the run computed (at time T−1, or 0 if reversed),
    "all"       the sum of every h_t,
    a tensor    (T, H): the sum of tensor ⊙ h, so the tensor is the direct part,
    a function  from h (T, H) to a scalar.
    """
    with torch.enable_grad():
        hs, cs = _states(trace, trace.record.x)
        h = torch.stack(hs)
        value = _evaluate(loss, h, _last(h, trace))
        return _collect(value, h, hs, cs)


def layer_gradients(
    stack: StackTrace, layer: int = 0, direction: str = "forward", loss: Loss = "last"
) -> Gradients:
    """The gradients of one layer and direction, of a loss on the output of the whole stack.

    The loss is as for `gradients`, of the module's output (T, directions·H); "last" is the last h
    that each direction of the top layer computed. Below the top, `dh_direct` is what reaches h_t
    from the layer above; what is missing came through later steps of its own layer.
    """
    chosen = stack.only(layer, direction)
    with torch.enable_grad():
        xs = stack.layers[0].forward.record.x
        for each in stack.layers:
            ran = [
                (trace, *_states(trace, xs))
                for trace in (each.forward, each.backward)
                if trace is not None
            ]
            outputs = [torch.stack(hs) for _, hs, _ in ran]
            for h, (trace, hs, cs) in zip(outputs, ran, strict=True):
                if trace is chosen:
                    nodes = h, hs, cs
            xs = torch.cat(outputs, -1)
        last = [_last(h, trace) for h, (trace, _, _) in zip(outputs, ran, strict=True)]
        return _collect(_evaluate(loss, xs, torch.cat(last)), *nodes)


def _states(trace: Trace, xs: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Every h_t and (LSTM) c_t of the run over xs, each a node of one graph."""
    h0 = trace.h0.detach().requires_grad_()
    c0 = None if trace.c0 is None else trace.c0.detach().requires_grad_()
    states, _, _ = walk(trace.cell, xs, h0, c0, trace.options, trace.reverse)
    return [state[0] for state in states], [state[1] for state in states if c0 is not None]


def _last(h: Tensor, trace: Trace) -> Tensor:
    """The h that the run computed last."""
    return h[0 if trace.reverse else -1]


def _collect(value: Tensor, h: Tensor, hs: list[Tensor], cs: list[Tensor]) -> Gradients:
    found = torch.autograd.grad(value, [h, *hs, *cs], allow_unused=True, materialize_grads=True)
    dh_direct, dh = found[0], torch.stack(found[1 : 1 + len(hs)])
    dc = torch.stack(found[1 + len(hs) :]) if cs else None
    return Gradients(
        loss=value.detach(),
        dh=dh,
        dc=dc,
        dh_direct=dh_direct,
        h_norm=dh.norm(dim=-1),
        c_norm=None if dc is None else dc.norm(dim=-1),
        h_direct_norm=dh_direct.norm(dim=-1),
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
        return value
    if loss == "last":
        return last.sum()
    if loss == "all":
        return h.sum()
    raise ValueError(
        f'gradients: expected loss "last", "all", a tensor or a function, got {loss!r}'
    )
