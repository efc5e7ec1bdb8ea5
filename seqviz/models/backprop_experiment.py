"""What the page `gradients` computes: a configuration in, one frozen record out.

`run(config)` is pure: the same configuration, which holds the seed, gives the same numbers. The
cell is fresh: the page is about what the initialisation decides before any training.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from seqviz.core.chains import GradientNorms, gradient_norms
from seqviz.core.gradients import Loss, LossCurves, loss_curves
from seqviz.core.jacobians import cell_to_hidden, step_jacobians
from seqviz.core.model import SequenceModel, build_model
from seqviz.core.norms import first_not_finite, zeros_up_to
from seqviz.core.quick import quick_unroll
from seqviz.core.training import NO_TARGET
from seqviz.core.unroll import Trace, unroll
from seqviz.models.experiment import CellConfig, task_of
from seqviz.models.tasks import Task

TYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True)
class BackpropConfig:
    """Everything the page can be asked for, as plain values; as `CellConfig` where they agree.

    `dtype` is the type of forward and backward pass. `loss` is last or all.
    """

    cell: str = "rnn"
    source: str = "noise"
    text: tuple[str, ...] = ("h", "e", "l", "l", "o")
    numbers: tuple[float, ...] = (0.0, 1.0, 0.0, 0.0)
    length: int = 20
    activation: str = "tanh"
    init: str = "default"
    gain: float = 1.0
    forget_bias: float | None = None
    hidden: int = 4
    seed: int = 1
    peepholes: bool = False
    reset: str = "after"
    loss: str = "last"
    dtype: str = "float64"


@dataclass(frozen=True)
class BackpropRecord:
    """One run forwards and backwards, ready to be drawn.

    trace and curves are in the type asked for; everything else is float64, computed from the
    values of that run. jacobians (T, S, S) are those of the steps, S = H or 2H; direct (T, H) is
    ∂ℓ_t/∂h_t of the loss asked for, direct_each that of a loss at every step; within (T, H) is
    ∂h_t/∂c_t of the same step (LSTM). logs are the norms in logarithms, which cannot underflow.
    zero_at is the last step whose gradient is exactly 0, exploded the first step with a number
    that is not finite, forwards, exploded_back the last step with such a gradient.
    """

    config: BackpropConfig
    task: Task
    model: SequenceModel
    trace: Trace
    curves: LossCurves
    jacobians: Tensor
    direct: Tensor
    direct_each: Tensor
    within: Tensor | None
    logs: GradientNorms
    zero_at: int | None
    exploded: int | None
    exploded_back: int | None

    def __len__(self) -> int:
        return len(self.trace)

    @property
    def numbers_kept(self) -> int:
        """How many numbers of the way there are held for the way back, all steps together."""
        kept = vars(self.trace.record).values()
        return sum(values.numel() for values in kept if isinstance(values, Tensor))


def run(config: BackpropConfig) -> BackpropRecord:
    """The record of a configuration."""
    task, model, trace = _forwards(config)
    targets = model.encode_targets(task.targets) if task.targets else None
    curves = loss_curves(trace, objective(config.loss, model, targets))
    direct = curves.every.dh_direct.double()
    each = direct
    if config.loss != "all":
        each = _direct(objective("all", model, targets), trace.h).double()
    states = trace.h if trace.kind != "lstm" else torch.cat([trace.h, trace.c], dim=-1)
    norms = curves.total if curves.every.c_norm is None else curves.total + curves.every.c_norm
    jacobians = step_jacobians(trace, torch.float64)
    broken = (~norms.isfinite()).nonzero().flatten()
    return BackpropRecord(
        config=config,
        task=task,
        model=model,
        trace=trace,
        curves=curves,
        jacobians=jacobians,
        direct=direct,
        direct_each=each,
        within=cell_to_hidden(trace).double() if trace.kind == "lstm" else None,
        logs=gradient_norms(trace, direct, jacobians),
        zero_at=zeros_up_to(curves.total),
        exploded=first_not_finite(states),
        exploded_back=int(broken[-1]) if len(broken) else None,
    )


def backward_norms(config: BackpropConfig) -> GradientNorms:
    """‖∂L/∂h_t‖ of a configuration in logarithms, and nothing else."""
    task, model, trace = _forwards(config, quick_unroll)
    targets = model.encode_targets(task.targets) if task.targets else None
    direct = _direct(objective(config.loss, model, targets), trace.h)
    return gradient_norms(trace, direct.double())


def other_loss(record: BackpropRecord, loss: str) -> GradientNorms:
    """As `backward_norms` of a record with another loss: the run is the same, so it is not run."""
    model, task = record.model, record.task
    targets = model.encode_targets(task.targets) if task.targets else None
    direct = _direct(objective(loss, model, targets), record.trace.h).double()
    return gradient_norms(record.trace, direct, record.jacobians)


def _direct(loss: Loss, h: Tensor) -> Tensor:
    """∂ℓ_t/∂h_t: what a loss says about each state itself, with no way through the steps."""
    h = h.detach().clone().requires_grad_()
    with torch.enable_grad():
        return torch.autograd.grad(_value(loss, h), h)[0]


def _value(loss: Loss, h: Tensor) -> Tensor:
    if callable(loss):
        return loss(h)
    return h[-1].sum() if loss == "last" else h.sum()


def _forwards(
    config: BackpropConfig, runs: Callable[..., Trace] = unroll
) -> tuple[Task, SequenceModel, Trace]:
    task = _task(_cell_config(replace(config, cell="rnn")))
    model = fresh_model(config, task)
    xs = task.encode(model).to(TYPES[config.dtype])
    return task, model, runs(model.cell, xs, model.h0, model.c0, model.options)


@lru_cache(maxsize=8)
def _task(config: CellConfig) -> Task:
    """The input of a configuration, which is that of every other cell too."""
    return task_of(config)


def fresh_model(config: BackpropConfig, task: Task) -> SequenceModel:
    """The model of a configuration, in its type, W_hh times the gain."""
    model = build_model(
        config.cell,
        task.vocabulary,
        task.classes,
        config.hidden,
        activation=config.activation,
        peepholes=config.peepholes and config.cell == "lstm",
        reset=config.reset if config.cell == "gru" else "after",
        init=config.init,
        gain=config.gain,
        forget_bias=config.forget_bias if config.cell == "lstm" else None,
        input_size=1,
        seed=config.seed,
    )
    return model.to(TYPES[config.dtype])


def objective(loss: str, model: SequenceModel, targets: Tensor | None) -> Loss:
    """The sum of h, or of the cross-entropies where the input has answers; last or all of them.

    Always a sum, never a mean: a mean over T would divide every norm by T.
    """
    if model.readout is None or targets is None or not bool((targets != NO_TARGET).any()):
        return loss
    asked = (targets != NO_TARGET).nonzero().flatten()
    used = asked[-1:] if loss == "last" else asked
    return lambda h: cross_entropy(model.logits(h[used]), targets[used], reduction="sum")


def beside(record: BackpropRecord, **changes: object) -> BackpropRecord:
    """The record of the same configuration with something changed."""
    return run(replace(record.config, **changes))  # type: ignore[arg-type]


def _cell_config(config: BackpropConfig) -> CellConfig:
    return CellConfig(
        cell=config.cell,
        mode="fresh",
        source=config.source,
        text=config.text,
        numbers=config.numbers,
        length=config.length,
        seed=config.seed,
    )
