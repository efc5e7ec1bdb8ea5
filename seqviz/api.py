"""What `seqviz.trace` gives: a reader's own recurrent module, drawn, played and saved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from seqviz.core import gradients as core_gradients
from seqviz.core import layers as core_layers
from seqviz.core import unroll as core_unroll
from seqviz.core.gradients import Loss
from seqviz.core.parameters import copy_cell
from seqviz.scenes import Sequence
from seqviz.scenes.recurrent import cell_scene
from seqviz.showing import (
    File,
    ShownScene,
    Tokens,
    array_of,
    labels,
    refuse_unreadable,
    save_arrays,
    words_of,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

READ = (nn.RNN, nn.LSTM, nn.GRU, nn.RNNCell, nn.LSTMCell, nn.GRUCell)


def trace(
    module: core_layers.Module,
    xs: Tensor,
    h0: core_layers.States = None,
    lengths: Tensor | list[int] | None = None,
    batch_first: bool | None = None,
) -> Any:
    """Run an `nn.RNN`, `nn.LSTM`, `nn.GRU` or one of their cells in the open.

    xs is (T, D); a batch, (T, B, D) or (B, T, D) with `batch_first` (the module's own unless
    given), gives a list with one trace a sequence, each cut to its length in `lengths`. h0 is
    what the module takes, zeros if not given. One layer in one direction gives a `Trace`, anything
    else a `StackTrace`. The module is not changed, and the trace stays as it is when the module
    goes on learning.
    """
    refuse_unreadable("trace", READ, module, xs=xs)
    found = core_layers.trace_module(module, xs, h0, lengths, batch_first)
    if isinstance(found, list):
        return [_public(one) for one in found]
    return _public(found)


class Trace(core_unroll.Trace):
    """One layer in one direction, every value of every step: `trace.f` is (T, H), detached.

    The fields are PyTorch's symbols in order of computation, `q_x` and `q_h` the parts of a gate
    q, `q_pre` their sum (`dir(trace)` lists them all). `trace[t]` has the same fields at one step,
    t from 0; `len(trace)` is T.
    """

    def gradients(self, loss: Loss = "last") -> Gradients:
        """∂L/∂h_t and ∂L/∂c_t of all steps. The loss is the sum of the last h the run computed
        ("last"), of every h_t ("all"), of a tensor (T, H) ⊙ h, or any function of h (T, H)."""
        return _measured(core_gradients.gradients(self, loss), self, loss)

    def scene(
        self,
        tokens: Tokens = None,
        *,
        loss: Loss = "last",
        language: str = "en",
        title: str | None = None,
    ) -> ShownScene:
        """The run as a picture that plays, which a notebook shows by itself.

        `tokens` names the steps, one each; a str names them by its characters. `loss` is that of
        the gradient strip. What plays is computed in float64, whatever the module has, so that
        printed sums add up; a backward direction plays in the order in which it reads.
        """
        return _shown(self, self.gradients(loss), tokens, loss, language, title)

    def figure(self, language: str = "en") -> go.Figure:
        """Every gate and state as a heat map over time (Plotly)."""
        from seqviz.figures.heat import trace_figure

        return trace_figure(self, words_of(language))

    def to_html(self, path: File, language: str = "en", **scene: Any) -> Path:
        """Write one file that plays offline; further arguments as for `scene`."""
        return self.scene(language=language, **scene).to_html(path)

    def to_npz(self, path: File) -> Path:
        """Write every field by its name, h0, c0 and the cell's parameters, as they are."""
        return save_arrays(path, dict(_arrays(self)))

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *(field.name for field in fields(self.record))])

    def __repr__(self) -> str:
        inputs, hidden = self.record.x.shape[1], self.record.h.shape[1]
        way = ", from the end" if self.reverse else ""
        return f"<Trace of {self.kind}: {len(self)} steps{way}, input {inputs}, hidden {hidden}>"


class StackTrace(core_layers.StackTrace):
    """Several layers or directions: `trace.layers[l].forward` and `.backward` are each a `Trace`.

    `trace.h` (T, directions·H) is the module's output.
    """

    def gradients(
        self, loss: Loss = "last", layer: int = 0, direction: str = "forward"
    ) -> Gradients:
        """The gradients of one layer, of a loss on the module's output, through all layers above.

        The loss is as for a `Trace`, of the output (T, directions·H); "last" is the last h that
        each direction of the top layer computed.
        """
        found = core_gradients.layer_gradients(self, layer, direction, loss)
        return _measured(found, self.only(layer, direction), loss)

    def scene(
        self,
        tokens: Tokens = None,
        *,
        layer: int = 0,
        direction: str = "forward",
        loss: Loss = "last",
        language: str = "en",
        title: str | None = None,
    ) -> ShownScene:
        """One layer in one direction as a picture that plays; see `Trace.scene`."""
        chosen = self.only(layer, direction)
        name = f"{self.kind.upper()} layers[{layer}].{direction}"
        gradients = self.gradients(loss, layer, direction)
        return _shown(chosen, gradients, tokens, loss, language, name if title is None else title)

    def figure(
        self, language: str = "en", *, layer: int = 0, direction: str = "forward"
    ) -> go.Figure:
        """Every gate and state of one layer in one direction as a heat map over time."""
        from seqviz.figures.heat import trace_figure

        title = f"{self.kind.upper()} layers[{layer}].{direction}"
        return trace_figure(self.only(layer, direction), words_of(language), title)

    def to_html(self, path: File, language: str = "en", **scene: Any) -> Path:
        """Write one file that plays offline; further arguments as for `scene`."""
        return self.scene(language=language, **scene).to_html(path)

    def to_npz(self, path: File) -> Path:
        """Write the output `h`, and all of each `Trace` as `layers.0.forward.f` and so on."""
        arrays = {"h": array_of(self.h)}
        for place, each in enumerate(self.layers):
            for direction in ("forward", "backward"):
                one = getattr(each, direction)
                if one is not None:
                    start = f"layers.{place}.{direction}."
                    arrays |= {start + name: values for name, values in _arrays(one)}
        return save_arrays(path, arrays)

    def __repr__(self) -> str:
        ways = "both directions" if self.layers[0].backward is not None else "one direction"
        return f"<StackTrace of {self.kind}: {len(self)} steps, {len(self.layers)} layers, {ways}>"


@dataclass(frozen=True)
class Gradients(core_gradients.Gradients):
    """Gradients of one loss with respect to the states of a trace, row t belonging to time t.

    `h_norm` (T,) is ‖∂L/∂h_t‖ along every path, `h_direct_norm` only of what the loss says about
    h_t itself (below the top of a stack: what comes from the layer above), `c_norm` is ‖∂L/∂c_t‖
    (LSTM), c_t → h_t of the same step included; `dh`, `dh_direct`, `dc` (T, H) are the vectors.
    The figure measures against the step `reference`, or the largest if None.
    """

    reference: int | None = None

    def figure(self, language: str = "en") -> go.Figure:
        """The norms over time on a log scale with named bands (Plotly)."""
        from seqviz.figures.gradient import gradient_figure

        return gradient_figure(self, words_of(language), self.reference)


def _public(found: core_unroll.Trace | core_layers.StackTrace) -> Trace | StackTrace:
    """The same record with the methods of this module."""
    if isinstance(found, core_unroll.Trace):
        return Trace(**vars(found))
    layers = tuple(
        replace(
            layer,
            forward=Trace(**vars(layer.forward)),
            backward=None if layer.backward is None else Trace(**vars(layer.backward)),
        )
        for layer in found.layers
    )
    return StackTrace(found.kind, layers)


def _measured(found: core_gradients.Gradients, trace: core_unroll.Trace, loss: Loss) -> Gradients:
    last = 0 if trace.reverse else len(trace) - 1
    return Gradients(**vars(found), reference=last if _is_last(loss) else None)


def _is_last(loss: Loss) -> bool:
    return isinstance(loss, str) and loss == "last"


def _shown(
    trace: core_unroll.Trace,
    gradients: Gradients,
    tokens: Tokens,
    loss: Loss,
    language: str,
    title: str | None,
) -> ShownScene:
    words_of(language)
    names = labels(tokens, len(trace))
    if trace.reverse:
        names = names[::-1]
        gradients = replace(
            gradients,
            dh=gradients.dh.flip(0),
            dc=None if gradients.dc is None else gradients.dc.flip(0),
            dh_direct=gradients.dh_direct.flip(0),
        )
    scene = cell_scene(
        _as_played(trace),
        gradients=gradients,
        loss_at=loss if isinstance(loss, str) else "own",
        sequence=Sequence(names),
        title=title or "",
    )
    return ShownScene(scene, language)


def _as_played(trace: core_unroll.Trace) -> core_unroll.Trace:
    """The run in float64 and in the order in which it reads."""
    if trace.record.h.dtype == torch.float64 and not trace.reverse:
        return trace
    xs = trace.record.x.double()
    return core_unroll.unroll(
        copy_cell(trace.cell).double(),
        xs.flip(0) if trace.reverse else xs,
        trace.h0.double(),
        None if trace.c0 is None else trace.c0.double(),
    )


def _arrays(trace: core_unroll.Trace) -> Iterator[tuple[str, np.ndarray]]:
    named = [(field.name, getattr(trace.record, field.name)) for field in fields(trace.record)]
    named += [("h0", trace.h0), ("c0", trace.c0), *trace.cell.named_parameters()]
    return ((name, array_of(value)) for name, value in named if value is not None)
