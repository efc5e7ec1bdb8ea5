"""What the page `cell` computes: a configuration in, one frozen record out.

`run(config)` is pure: the same configuration, which holds the seed, gives the same numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from seqviz.core.gradients import Gradients, Loss, gradients
from seqviz.core.gru import negate_update
from seqviz.core.model import SequenceModel, build_model
from seqviz.core.parameters import Cell, copy_cell, initial_state
from seqviz.core.training import NO_TARGET, sequence_loss, train
from seqviz.core.unroll import Trace, unroll
from seqviz.core.what_if import Force, WhatIf
from seqviz.models import available, load
from seqviz.models.tasks import Task, example_task, label, signal_task, text_task

SIGNALS = ("sine", "step", "impulse", "noise", "numbers")
TAUGHT_STEPS = 300
TEACHABLE = 40


@dataclass(frozen=True)
class CellConfig:
    """Everything the page can be asked for, as plain values.

    `source` names the input; `length` 0 means the input's own length. `forget_bias` None leaves
    the initialisation's. `taught` trains the fresh model first. Steps, units: 0-based, None = all.
    """

    cell: str = "lstm"
    mode: str = "trained"
    source: str = "hello"
    text: tuple[str, ...] = ("h", "e", "l", "l", "o")
    numbers: tuple[float, ...] = (0.0, 1.0, 0.0, 0.0)
    length: int = 0
    activation: str = "tanh"
    init: str = "default"
    gain: float = 1.0
    forget_bias: float | None = None
    hidden: int = 4
    seed: int = 1
    h0: str = "zero"
    peepholes: bool = False
    reset: str = "after"
    update: str = "keeps"
    loss: str = "last"
    wipe: bool = False
    force: Force | None = None
    edit_step: int | None = None
    edit_token: str = ""
    edit_value: float = 0.0
    taught: bool = False


@dataclass(frozen=True)
class CellRecord:
    """One run, ready to be drawn.

    `mode` is what was really run: a configuration that asks for a model that does not ship gets
    a fresh one. `probabilities` is (T, classes); `loss` the mean over the steps with a target,
    in nats. `ghost` is the run before the what-if and the edit, `unedited` (None unless x was
    edited) the one without the edit alone. `exploded` is the first step whose state is too large
    to be shown, or not a number.
    """

    config: CellConfig
    mode: str
    task: Task
    model: SequenceModel
    trace: Trace
    gradients: Gradients
    probabilities: Tensor | None
    loss: float | None
    unknown: tuple[int, ...]
    ghost: Trace | None
    ghost_probabilities: Tensor | None
    ghost_loss: float | None
    unedited: Trace | None
    taught: tuple[float, float] | None
    exploded: int | None


def shipped(config: CellConfig) -> str | None:
    """The shipped model that can read this input with this cell, if there is one."""
    family = "hello" if config.source == "text" else config.source
    name = f"{family}-{config.cell}"
    return name if name in available() else None


def teachable(config: CellConfig) -> bool:
    """Whether *Train this one* applies: a fresh model on a short text with targets."""
    task = task_of(config)
    return task.targets is not None and len(task) <= TEACHABLE


def run(config: CellConfig, progress: Callable[[int, float], None] | None = None) -> CellRecord:
    """Compute the record of a configuration; `progress(step, loss)` is told of training."""
    name = shipped(config) if config.mode == "trained" else None
    task = task_of(config)
    taught = None
    model: SequenceModel
    if name is not None:
        model = load(name)
        task = replace(task, vocabulary=model.vocabulary, classes=model.classes)
    else:
        model = _fresh(config, task)
        if config.taught and teachable(config):
            taught = _teach(model, task, progress)
    return _record(config, "fresh" if name is None else "trained", task, model, taught)


def task_of(config: CellConfig) -> Task:
    """The input of a configuration, before any edit."""
    if config.source in SIGNALS:
        return signal_task(config.source, config.length, config.seed, config.numbers)
    if config.source == "text":
        return text_task(config.text, config.length)
    return example_task(config.source, config.length, config.seed)


def _fresh(config: CellConfig, task: Task) -> SequenceModel:
    return build_model(
        config.cell,
        task.vocabulary,
        task.classes,
        config.hidden,
        activation=config.activation,
        peepholes=config.peepholes and config.cell == "lstm",
        reset=config.reset if config.cell == "gru" else "after",
        init=config.init,
        forget_bias=config.forget_bias if config.cell == "lstm" else None,
        h0=config.h0,
        input_size=1,
        seed=config.seed,
    )


def _teach(
    model: SequenceModel, task: Task, progress: Callable[[int, float], None] | None
) -> tuple[float, float]:
    """Train on the one sequence; the loss before and after, in nats."""
    losses = []
    targets = model.encode_targets(task.targets or ())
    for checkpoint in train(model, task.encode(model), targets, steps=TAUGHT_STEPS):
        losses.append(checkpoint.loss)
        if progress is not None:
            progress(checkpoint.step, checkpoint.loss)
    return losses[0], losses[-1]


def _record(
    config: CellConfig,
    mode: str,
    task: Task,
    model: SequenceModel,
    taught: tuple[float, float] | None,
) -> CellRecord:
    edited = _edited(config, task)
    xs = edited.encode(model)
    what_if = WhatIf(config.wipe, _force(config, model, len(xs)))
    trace = _trace(config, model, xs, what_if, config.gain, config.activation)
    targets = model.encode_targets(task.targets) if task.targets else None
    probabilities, loss = _predictions(model, trace, targets)
    ghost = ghost_loss = ghost_probabilities = None
    own = (model.options.activation or "tanh") if mode == "trained" else config.activation
    changed = what_if != WhatIf() or config.gain != 1.0 or config.activation != own
    if changed or edited is not task:
        ghost = _trace(config, model, task.encode(model), WhatIf(), 1.0, own)
        ghost_probabilities, ghost_loss = _predictions(model, ghost, targets)
    unedited = None
    if edited is not task:
        unedited = _trace(
            config, model, task.encode(model), what_if, config.gain, config.activation
        )
    unknown = tuple(t for t, token in enumerate(edited.inputs) if token not in model.vocabulary)
    return CellRecord(
        config=config,
        mode=mode,
        task=edited,
        model=model,
        trace=trace,
        gradients=gradients(trace, _objective(config, model, targets)),
        probabilities=probabilities,
        loss=loss,
        unknown=unknown if task.values is None else (),
        ghost=ghost,
        ghost_probabilities=ghost_probabilities,
        ghost_loss=ghost_loss,
        unedited=unedited,
        taught=taught,
        exploded=first_beyond(trace),
    )


def _edited(config: CellConfig, task: Task) -> Task:
    """The task with x at `edit_step` replaced; the very same one where nothing changes."""
    t = config.edit_step
    if t is None or t >= len(task):
        return task
    if task.values is not None:
        values = (*task.values[:t], config.edit_value, *task.values[t + 1 :])
        inputs = (*task.inputs[:t], label(config.edit_value), *task.inputs[t + 1 :])
        edited = replace(task, values=values, inputs=inputs)
    else:
        token = config.edit_token or task.inputs[t]
        edited = replace(task, inputs=(*task.inputs[:t], token, *task.inputs[t + 1 :]))
    return task if edited == task else edited


def _trace(
    config: CellConfig,
    model: SequenceModel,
    xs: Tensor,
    what_if: WhatIf,
    gain: float,
    activation: str,
) -> Trace:
    """The run with W_hh times `gain`, the activation asked for, and the interventions."""
    h0, c0 = _initial(config, model)
    changes = None if what_if == WhatIf() else what_if
    options = replace(model.options, what_if=changes, activation=activation)
    cell = scaled(model.cell, gain)
    if isinstance(cell, torch.nn.GRUCell) and config.update == "writes":
        negate_update(cell)
        options = replace(options, update="writes")
    return unroll(cell, xs, h0, c0, options)


def _force(config: CellConfig, model: SequenceModel, steps: int) -> Force | None:
    """The force, unless it names a gate, unit or step that this run does not have."""
    force = config.force
    gates = {"lstm": "ifo", "gru": "rz", "rnn": ""}
    if force is None or force.gate not in gates[config.cell]:
        return None
    if (force.step or 0) >= steps or (force.unit or 0) >= model.cell.hidden_size:
        return None
    return force


def scaled(cell: Cell, gain: float) -> Cell:
    """A copy of the cell with W_hh multiplied by `gain`."""
    copy = copy_cell(cell)
    with torch.no_grad():
        copy.weight_hh.mul_(gain)
    return copy


def _initial(config: CellConfig, model: SequenceModel) -> tuple[Tensor, Tensor | None]:
    if config.h0 == "random":
        return initial_state(model.kind, model.cell.hidden_size, "random", config.seed)
    return model.h0.detach(), None if model.c0 is None else model.c0.detach()


def _predictions(
    model: SequenceModel, trace: Trace, targets: Tensor | None
) -> tuple[Tensor | None, float | None]:
    """Class probabilities at every step and the mean loss, where the model has a readout."""
    if model.readout is None:
        return None, None
    with torch.no_grad():
        logits = model.logits(trace.record.h)
        loss = None
        if targets is not None and bool((targets != NO_TARGET).any()):
            loss = sequence_loss(logits, targets).item()
        return logits.softmax(dim=-1), loss


def _objective(config: CellConfig, model: SequenceModel, targets: Tensor | None) -> Loss:
    """What the gradients are of: the cross-entropy at the last step with a target, or their sum.

    Without a readout or without targets it is the sum of h, as `gradients` has it.
    """
    if model.readout is None or targets is None or not bool((targets != NO_TARGET).any()):
        return config.loss
    asked = (targets != NO_TARGET).nonzero().flatten()
    used = asked[-1:] if config.loss == "last" else asked
    return lambda h: cross_entropy(model.logits(h[used]), targets[used], reduction="sum")


def first_beyond(trace: Trace) -> int | None:
    """The first step with a state that float32, in which pictures are sent, cannot hold."""
    states = trace.h if trace.kind != "lstm" else torch.cat([trace.h, trace.c], dim=-1)
    held = (states.abs() <= torch.finfo(torch.float32).max).all(dim=-1)
    lost = (~held).nonzero().flatten()
    return int(lost[0]) if len(lost) else None
