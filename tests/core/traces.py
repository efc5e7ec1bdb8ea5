"""A trace of every cell and variant a page can show, on random weights, biases and states."""

from collections.abc import Iterator

import torch

from seqviz.core.lstm import Peepholes
from seqviz.core.parameters import make_cell
from seqviz.core.unroll import Options, Trace, unroll
from seqviz.core.what_if import Force, WhatIf


def trace_of(
    kind: str, options: Options, *, steps: int, hidden: int, inputs: int, seed: int
) -> Trace:
    """A trace with random weights, non-zero biases and states."""
    generator = torch.Generator().manual_seed(seed)
    cell = make_cell(kind, inputs, hidden, seed=seed)
    xs, h0, c0 = (
        torch.randn(shape, generator=generator, dtype=torch.float64)
        for shape in ((steps, inputs), (hidden,), (hidden,))
    )
    return unroll(cell, xs, h0, c0 if kind == "lstm" else None, options)


def variants() -> Iterator[tuple[str, str, Options]]:
    """(name, kind, options) of every variant a page can show."""
    for activation in ("tanh", "sigmoid", "relu", "identity"):
        for kind in ("rnn", "lstm", "gru"):
            yield f"{kind}-{activation}", kind, Options(activation)
    yield "lstm-peepholes", "lstm", Options(peepholes=Peepholes(4, seed=7))
    yield "gru-reset-before", "gru", Options(reset="before")
    yield "gru-z-writes", "gru", Options(update="writes")
    yield "gru-z-writes-reset-before", "gru", Options(reset="before", update="writes")
    for kind in ("rnn", "lstm", "gru"):
        yield f"{kind}-wiped", kind, Options(what_if=WhatIf(wipe=True))
    for kind, gates in (("lstm", "ifo"), ("gru", "rz")):
        for gate in gates:
            force = Force(gate, 0.25, None, None)
            yield f"{kind}-force-{gate}", kind, Options(what_if=WhatIf(force=force))
    force = Force("f", 1.0, 2, 3)
    yield (
        "lstm-peepholes-force-one-wiped",
        "lstm",
        Options(peepholes=Peepholes(4, seed=7), what_if=WhatIf(wipe=True, force=force)),
    )
    yield (
        "gru-reset-before-force-one",
        "gru",
        Options(reset="before", what_if=WhatIf(force=Force("r", 0.0, 1, 2))),
    )
