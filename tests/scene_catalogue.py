"""One scene for every cell, variant and size: what Python and the player both have to recompute."""

from functools import cache

import torch

from seqviz.core.gradients import gradients
from seqviz.core.unroll import Options, unroll
from seqviz.models.backprop_experiment import BackpropConfig, run
from seqviz.scenes import Scene, Sequence
from seqviz.scenes.recurrent import cell_scene
from seqviz.scenes.sweep import record_sweep
from tests.core.traces import trace_of, variants

PLAIN = Options()


def scene_of(
    kind: str,
    options: Options = PLAIN,
    *,
    steps: int = 5,
    hidden: int = 4,
    inputs: int = 3,
    classes: int = 6,
    seed: int = 0,
) -> Scene:
    """A whole scene: readout, gradients, and a ghost where something is forced or wiped."""
    trace = trace_of(kind, options, steps=steps, hidden=hidden, inputs=inputs, seed=seed)
    generator = torch.Generator().manual_seed(seed + 1)
    weight = torch.randn(classes, hidden, generator=generator, dtype=torch.float64)
    bias = torch.randn(classes, generator=generator, dtype=torch.float64)
    ghost = None
    if options.what_if is not None:
        free = Options(options.activation, options.peepholes, options.reset)
        ghost = unroll(trace.cell, trace.record.x, trace.h0, trace.c0, free)
    return cell_scene(
        trace,
        gradients=gradients(trace, "all"),
        loss_at="all",
        readout=(weight, bias),
        ghost=ghost,
        sequence=Sequence(
            tuple(f"t{t}" for t in range(steps)), None, tuple(map(str, range(classes))), "p"
        ),
    )


@cache
def catalogue() -> dict[str, Scene]:
    """Every scene by name."""
    scenes = {name: scene_of(kind, options) for name, kind, options in variants()}
    for kind in ("rnn", "lstm", "gru"):
        for steps, hidden, inputs in ((1, 1, 1), (2, 8, 1), (7, 9, 5), (30, 32, 12)):
            name = f"{kind}-T{steps}-H{hidden}-D{inputs}"
            scenes[name] = scene_of(kind, steps=steps, hidden=hidden, inputs=inputs, seed=steps)
    return scenes


@cache
def sweeps() -> dict[str, Scene]:
    """Backward sweeps of every cell and size by name, with and without their matrices."""
    cases = {
        "rnn": BackpropConfig(),
        "rnn-H1-T1": BackpropConfig(hidden=1, length=1),
        "rnn-relu-all": BackpropConfig(activation="relu", loss="all"),
        "rnn-float32": BackpropConfig(length=120, dtype="float32"),
        "lstm": BackpropConfig(cell="lstm"),
        "lstm-peepholes-all": BackpropConfig(cell="lstm", peepholes=True, loss="all", hidden=3),
        "lstm-H32": BackpropConfig(cell="lstm", hidden=32, length=30),
        "gru-before": BackpropConfig(cell="gru", reset="before", hidden=9),
        "gru-hello-all": BackpropConfig(cell="gru", source="hello", loss="all"),
    }
    return {name: record_sweep(run(config)) for name, config in cases.items()}
