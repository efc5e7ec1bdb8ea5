"""The scene of a recurrent layer: every value of a trace with the operation behind it.

The names are the record's fields. What can be recomputed from what is sent (products with weights,
sums, pre-activations) is not sent.
"""

from collections.abc import Mapping
from collections.abc import Sequence as Row
from typing import Any

import numpy as np

from seqviz.scenes import origins
from seqviz.scenes.layouts import LAYOUTS
from seqviz.scenes.operations import Array, euclidean
from seqviz.scenes.scene import Operand, Operation, Scene, Sequence, Tensor

INPUTS = "tests/scenes/test_recurrent.py::test_inputs_and_parameters_are_the_models_own"
GRADIENTS = "tests/core/test_gradients.py"
GHOST = "tests/scenes/test_recurrent.py::test_ghost_is_the_run_before_the_change"

GATES = {"rnn": ("h",), "lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n")}
ROLE_OF = {
    "rnn": {"h": "hidden"},
    "lstm": {
        "i": "input",
        "f": "forget",
        "g": "candidate",
        "o": "output",
        "c": "cell",
        "h": "hidden",
    },
    "gru": {"r": "input", "z": "forget", "n": "candidate", "h": "hidden"},
}
PANELS = {
    "rnn": ("h_pre", "h"),
    "lstm": ("f", "i", "g", "o", "c", "h"),
    "gru": ("z", "r", "n", "h"),
}
DRAWN_AS_GHOST = {
    "rnn": ("h",),
    "lstm": ("i", "f", "g", "o", "c", "h"),
    "gru": ("r", "z", "n", "h"),
}


class _Builder:
    """Collects the tensors of one trace in the order they are computed."""

    def __init__(self, trace: Any) -> None:
        self.trace = trace
        self.kind: str = trace.kind
        self.tensors: list[Tensor] = []
        self.activation: str = trace.options.activation or getattr(
            trace.cell, "nonlinearity", "tanh"
        )

    def field(self, name: str) -> Array:
        return np.asarray(getattr(self.trace.record, name), dtype=np.float64)

    def has(self, name: str) -> bool:
        return getattr(self.trace.record, name, None) is not None

    def given(
        self,
        name: str,
        symbol: str,
        axes: tuple[str, ...],
        values: Any,
        role: str,
        vouched: str = INPUTS,
        **origin: Any,
    ) -> None:
        array = np.asarray(values, dtype=np.float64)
        operation = Operation("given", (), {"vouched": vouched, **origin})
        self.tensors.append(Tensor(name, symbol, axes, array, role, operation))

    def add(
        self,
        name: str,
        symbol: str,
        operation: str,
        *operands: Operand | str,
        role: str,
        values: Array | None = None,
        axes: tuple[str, ...] = ("time", "hidden"),
        scale: str = "signed",
        sent: bool = False,
        **parameters: Any,
    ) -> None:
        self.tensors.append(
            Tensor(
                name,
                symbol,
                axes,
                self.field(name) if values is None else values,
                role,
                Operation(
                    operation,
                    tuple(Operand(o) if isinstance(o, str) else o for o in operands),
                    parameters,
                ),
                scale,
                sent,
            )
        )

    def previous(self, state: str) -> Operand:
        """The state one step earlier, as the cell saw it (wiped, if the reader asked for that)."""
        if self.trace.options.what_if is not None and self.trace.options.what_if.wipe:
            return Operand(f"{state}_wiped")
        return Operand(state, shift=-1, edge=f"{state}_0")


def cell_scene(
    trace: Any,
    *,
    gradients: Any = None,
    loss_at: str = "last",
    loss_of: str | None = None,
    readout: tuple[Any, Any] | None = None,
    sequence: Sequence | None = None,
    ghost: Any = None,
    title: str = "",
    mark: Row[int] = (),
    rest: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Scene:
    """The scene of one layer in one direction.

    `trace` is a `core.unroll.Trace`; `gradients` a `core.gradients.Gradients` of the loss at
    `loss_at`, which is of the "prediction" or of the "state" (the first where there is a readout,
    unless `loss_of` says so); `readout` the output layer's (W_hy, b_y); `ghost` the trace of the
    run before a what-if, drawn faint behind this one.
    """
    build = _Builder(trace)
    _inputs(build)
    {"rnn": _rnn, "lstm": _lstm, "gru": _gru}[trace.kind](build)
    if readout is not None:
        _readout(build, *readout)
    if gradients is not None:
        _gradients(build, gradients)
    ghosts = _ghost(build, ghost) if ghost is not None else {}
    if sequence is None:
        sequence = Sequence(tuple(str(t + 1) for t in range(len(trace))))
    hidden = trace.record.h.shape[-1]
    return Scene(
        kind=trace.kind,
        title=title or trace.kind.upper(),
        steps=len(trace),
        tensors=tuple(build.tensors),
        layout=LAYOUTS[trace.kind](hidden, trace.options, build.activation),
        substeps=_substeps(build, readout is not None),
        sequence=sequence,
        panels=PANELS[trace.kind],
        gradient=None
        if gradients is None
        else {
            **_gradient_names(trace.kind, loss_at),
            "of": loss_of or ("state" if readout is None else "prediction"),
        },
        ghost=ghosts,
        mark=tuple(mark),
        rest=rest,
        facts=_keeper(trace) | dict(facts or {}),
    )


def _keeper(trace: Any) -> dict[str, str]:
    """The tensor whose value is the share of the old state that is kept."""
    if trace.kind == "gru":
        return {"keeps": "z" if trace.options.update == "keeps" else "z_rest"}
    return {"keeps": "f"} if trace.kind == "lstm" else {}


def _inputs(build: _Builder) -> None:
    cell, trace = build.trace.cell, build.trace
    build.given("x", "x", ("time", "input"), trace.record.x, "given")
    build.given("W_ih", "W_ih", ("gates", "input"), cell.weight_ih.detach(), "weight")
    build.given("W_hh", "W_hh", ("gates", "hidden"), cell.weight_hh.detach(), "weight")
    if cell.bias_ih is not None:
        build.given("b_ih", "b_ih", ("gates",), cell.bias_ih.detach(), "weight")
        build.given("b_hh", "b_hh", ("gates",), cell.bias_hh.detach(), "weight")
    build.given("h_0", "h_0", ("hidden",), trace.h0, "hidden")
    if trace.kind == "lstm":
        build.given("c_0", "c_0", ("hidden",), trace.c0, "cell")
    if trace.options.peepholes is not None:
        for gate in "ifo":
            values = getattr(trace.options.peepholes, f"p_{gate}").detach()
            build.given(f"p_{gate}", f"p_{gate}", ("hidden",), values, "weight")
    if trace.options.what_if is not None and trace.options.what_if.wipe:
        shape = tuple(trace.record.h.shape)
        build.given("always", "1", ("time", "hidden"), np.ones(shape), "plain")
        build.given("nothing", "0", ("time", "hidden"), np.zeros(shape), "plain")
        for state in ("h", "c") if trace.kind == "lstm" else ("h",):
            role = ROLE_OF[trace.kind][state]
            earlier = Operand(state, shift=-1, edge=f"{state}_0")
            build.add(
                f"{state}_wiped", f"{state}", "force", earlier, "always", "nothing",
                role=role, values=build.field(f"{state}_prev"),
            )  # fmt: skip


def _products(
    build: _Builder, gate: str, state: Operand | None = None, *, of_state: str = "h"
) -> None:
    """`q_x = W_iq x + b_iq` and `q_h = W_hq h + b_hq`."""
    place = GATES[build.kind].index(gate)
    hidden = build.trace.record.h.shape[-1]
    block = (0, place * hidden, (place + 1) * hidden)
    role = ROLE_OF[build.kind][gate]
    biased = build.trace.cell.bias_ih is not None
    for part, weight, bias, vector in (
        ("x", "W_ih", "b_ih", Operand("x")),
        ("h", "W_hh", "b_hh", state or build.previous("h")),
    ):
        operands = [Operand(weight, block=block), vector]
        if biased:
            operands.append(Operand(bias, block=block))
        symbol = f"{'W' if part == 'x' else 'U'}_{gate}·{'x' if part == 'x' else of_state}"
        build.add(f"{gate}_{part}", symbol, "affine", *operands, role=role)


def _gate(build: _Builder, gate: str, *pre: str, function: str, scale: str) -> None:
    """`q_pre` as the sum of its parts and `q` as its activation, forced where the reader asked."""
    role = ROLE_OF[build.kind][gate]
    build.add(f"{gate}_pre", f"a_{gate}", "add", *pre, role=role)
    if build.has(f"{gate}_free"):
        build.add(
            f"{gate}_free", f"{gate}_free", "activation", f"{gate}_pre",
            role=role, scale=scale, function=function,
        )  # fmt: skip
        where, value = _forced(build, gate)
        build.given(f"{gate}_where", "where", ("time", "hidden"), where, "plain")
        build.given(f"{gate}_value", "value", ("time", "hidden"), value, "plain")
        build.add(
            gate, gate, "force", f"{gate}_free", f"{gate}_where", f"{gate}_value",
            role=role, scale=scale, sent=True,
        )  # fmt: skip
    else:
        build.add(
            gate,
            gate,
            "activation",
            f"{gate}_pre",
            role=role,
            scale=scale,
            sent=True,
            function=function,
        )


def _forced(build: _Builder, gate: str) -> tuple[Array, Array]:
    force = build.trace.options.what_if.force
    where = np.zeros(tuple(build.trace.record.h.shape))
    steps = slice(None) if force.step is None else force.step
    units = slice(None) if force.unit is None else force.unit
    where[steps, units] = 1.0
    return where, np.full_like(where, force.value)


def _rnn(build: _Builder) -> None:
    _products(build, "h")
    build.add("h_pre", "a", "add", "h_x", "h_h", role="hidden")
    build.add("h", "h", "activation", "h_pre", role="hidden", sent=True, function=build.activation)


def _lstm(build: _Builder) -> None:
    peepholes = build.trace.options.peepholes is not None
    for gate in "ifg":
        _products(build, gate)
        parts = [f"{gate}_x", f"{gate}_h"]
        if peepholes and gate != "g":
            build.add(
                f"{gate}_c", f"p_{gate}⊙c", "multiply", f"p_{gate}", build.previous("c"),
                role=ROLE_OF["lstm"][gate],
            )  # fmt: skip
            parts.append(f"{gate}_c")
        if gate == "g":
            _gate(build, gate, *parts, function=build.activation, scale="signed")
        else:
            _gate(build, gate, *parts, function="sigmoid", scale="unit")
    build.add("kept", "f⊙c", "multiply", "f", build.previous("c"), role="cell")
    build.add("written", "i⊙g", "multiply", "i", "g", role="cell")
    build.add("c", "c", "add", "kept", "written", role="cell", sent=True)
    _products(build, "o")
    parts = ["o_x", "o_h"]
    if peepholes:
        build.add("o_c", "p_o⊙c", "multiply", "p_o", "c", role="output")
        parts.append("o_c")
    _gate(build, "o", *parts, function="sigmoid", scale="unit")
    build.add(
        "c_act", "c" if build.activation == "identity" else f"{build.activation}(c)",
        "activation", "c", role="cell", function=build.activation,
    )  # fmt: skip
    build.add("h", "h", "multiply", "o", "c_act", role="hidden", sent=True)


def _gru(build: _Builder) -> None:
    for gate in "rz":
        _products(build, gate)
        _gate(build, gate, f"{gate}_x", f"{gate}_h", function="sigmoid", scale="unit")
    if build.trace.options.reset == "before":
        build.add("h_reset", "r⊙h", "multiply", "r", build.previous("h"), role="hidden")
        _products(build, "n", Operand("h_reset"), of_state="(r⊙h)")
        parts = ("n_x", "n_h")
    else:
        _products(build, "n")
        build.add("n_gated", "r⊙(U_n·h)", "multiply", "r", "n_h", role="candidate")
        parts = ("n_x", "n_gated")
    _gate(build, "n", *parts, function=build.activation, scale="signed")
    build.add("z_rest", "1−z", "sub", "z", role="forget", scale="unit", constant=1.0)
    keep, write = ("z", "z_rest") if build.trace.options.update == "keeps" else ("z_rest", "z")
    symbol = {"z": "z", "z_rest": "(1−z)"}
    build.add("kept", f"{symbol[keep]}⊙h", "multiply", keep, build.previous("h"), role="hidden")
    build.add("written", f"{symbol[write]}⊙n", "multiply", write, "n", role="hidden")
    build.add("h", "h", "add", "kept", "written", role="hidden", sent=True)


def _readout(build: _Builder, weight: Any, bias: Any) -> None:
    build.given("W_hy", "W_hy", ("class", "hidden"), weight, "weight")
    build.given("b_y", "b_y", ("class",), bias, "weight")
    hidden = build.field("h")
    with np.errstate(all="ignore"):
        logits = hidden @ np.asarray(weight, dtype=np.float64).T + np.asarray(
            bias, dtype=np.float64
        )
        shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
        probabilities = shifted / shifted.sum(axis=-1, keepdims=True)
    axes = ("time", "class")
    build.add(
        "logits", "s", "affine", "W_hy", "h", "b_y", role="prediction", values=logits, axes=axes
    )
    build.add(
        "p",
        "p",
        "softmax",
        "logits",
        role="prediction",
        values=probabilities,
        axes=axes,
        scale="unit",
    )


def _gradients(build: _Builder, gradients: Any) -> None:
    for name, symbol, vectors in (
        ("dh", "∂L/∂h", gradients.dh),
        ("dc", "∂L/∂c", gradients.dc),
        ("dh_direct", "∂L/∂h direct", gradients.dh_direct),
    ):
        if vectors is None:
            continue
        values = np.asarray(vectors, dtype=np.float64)
        origin, axes = origins.carried(name, build.kind), ("time", "hidden")
        build.given(name, symbol, axes, values, "gradient", GRADIENTS, **origin)
        build.add(
            f"{name}_norm", f"‖{symbol}‖", "norm", name,
            role="gradient", values=euclidean(values), axes=("time",), scale="log",
        )  # fmt: skip


def _gradient_names(kind: str, loss_at: str) -> dict[str, Any]:
    return {
        "h": "dh_norm",
        "c": "dc_norm" if kind == "lstm" else None,
        "direct": "dh_direct_norm",
        "loss": loss_at,
    }


def _ghost(build: _Builder, ghost: Any) -> dict[str, str]:
    names = {}
    for name in DRAWN_AS_GHOST[build.kind]:
        values = np.asarray(getattr(ghost.record, name), dtype=np.float64)
        role = ROLE_OF[build.kind][name]
        build.given(f"ghost_{name}", f"{name} before", ("time", "hidden"), values, role, GHOST)
        names[name] = f"ghost_{name}"
    return names


def _substeps(build: _Builder, predicts: bool) -> tuple[dict[str, Any], ...]:
    gates = GATES[build.kind]
    names = {tensor.name for tensor in build.tensors}
    steps = [
        {"name": "x_part", "tensors": [f"{g}_x" for g in gates]},
        {"name": "h_part", "tensors": [f"{g}_h" for g in gates]},
        {
            "name": "sum",
            "tensors": [n for g in gates for n in (f"{g}_c", f"{g}_pre") if n in names],
        },
        {"name": "activation", "tensors": [g for g in gates if g != "h"] or ["h"]},
    ]
    state = [n for n in ("z_rest", "kept", "written", "c", "c_act", "h") if n in names]
    if build.kind != "rnn":
        steps.append({"name": "state", "tensors": state})
    if predicts:
        steps.append({"name": "prediction", "tensors": ["logits", "p"]})
    return tuple(steps)
