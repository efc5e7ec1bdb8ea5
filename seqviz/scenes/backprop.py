"""The scene of a backward sweep: ∂L/∂s_t from the last step to the first, one product at a time.

    ∂L/∂s_t = direct_t + ∂L/∂s_{t+1} · J_{t+1},     J_t = ∂s_t/∂s_{t−1}

s is h, or h and c of an LSTM one above the other. Werbos 1990; Pascanu, Mikolov & Bengio 2013.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqviz.scenes import origins
from seqviz.scenes.layouts import CELL, TOP, Drawing
from seqviz.scenes.operations import Array, euclidean
from seqviz.scenes.scene import Layout, Operand, Operation, Scene, Sequence, Tensor

MATRIX_FLOATS = 60_000
JACOBIANS = "tests/core/test_jacobians.py"
GRADIENTS = "tests/core/test_gradients.py"
EDGES = "tests/scenes/test_backprop.py::test_nothing_enters_from_beyond_the_last_step"
NORMS = "tests/scenes/test_backprop.py::test_norms_stand_for_matrices_that_are_not_sent"
SHOWN = {"h": "shown_norm", "c": "shown_cell_norm"}
STATE = {False: "∂L/∂h", True: "∂L/∂s"}


def sends_matrices(steps: int, size: int) -> bool:
    """Whether the factors and their products, T matrices S × S each, are few enough to send."""
    return 2 * steps * size * size <= MATRIX_FLOATS


def backprop_scene(
    trace: Any,
    jacobians: Any,
    direct: Any,
    *,
    within: Any = None,
    loss_at: str = "last",
    shown_norms: Mapping[str, Any] | None = None,
    sequence: Sequence | None = None,
    title: str = "",
    rest: int | None = None,
) -> Scene:
    """The backward sweep over a trace.

    `jacobians` (T, S, S) are `core.jacobians.step_jacobians`, `direct` (T, H) the part of ∂L/∂h_t
    that comes from the loss at t itself, `within` (T, H) ∂h_t/∂c_t of the same step (LSTM).
    `shown_norms` {"h": (T,), "c": (T,)} take the place of ‖∂L/∂h_t‖ and ‖∂L/∂c_t‖ on the log
    strip, where the run on screen computed them in another precision.
    """
    steps, hidden = (int(n) for n in trace.record.h.shape)
    sweep = _Sweep(np.asarray(jacobians, np.float64), np.asarray(direct, np.float64))
    matrices, peepholes = sends_matrices(steps, sweep.size), trace.options.peepholes is not None
    if matrices:
        options = trace.options
        sweep.factors(
            origins.jacobian(
                trace.kind,
                peepholes=peepholes,
                reset=options.reset,
                keeps=options.update == "keeps",
            )
        )
    else:
        sweep.summary()
    through = None if within is None else np.asarray(within, np.float64)
    sweep.states(hidden, through, origins.within(peepholes))
    named = {"h": "dh_norm", "c": None if within is None else "dc_norm"}
    for state, norms in (shown_norms or {}).items():
        named[state] = SHOWN[state]
        symbol, made = f"‖∂L/∂{state}‖ float32", origins.single(f"√(Σ (∂L/∂{state}_t)²)")
        values = np.asarray(norms, np.float64)
        sweep.given(SHOWN[state], symbol, ("time",), values, GRADIENTS, scale="log", **made)
    return Scene(
        kind="backprop",
        title=title or "BPTT",
        steps=steps,
        tensors=tuple(sweep.tensors),
        layout=_layout(sweep.size, matrices),
        substeps=_substeps(matrices),
        sequence=sequence or Sequence(tuple(str(t + 1) for t in range(steps))),
        panels=("direct", "arriving", "ds"),
        gradient={**named, "direct": "direct_norm", "loss": loss_at},
        rest=max(0, steps - 6) if rest is None else rest,
        facts={"matrices": matrices, "joint": within is not None},
        direction=-1,
    )


class _Sweep:
    """The tensors of one backward sweep, in the order they are computed."""

    def __init__(self, jacobians: Array, direct: Array) -> None:
        self.tensors: list[Tensor] = []
        self.jacobians = jacobians
        self.size = jacobians.shape[-1]
        self.joint = self.size != direct.shape[1]
        pad = np.zeros((len(direct), self.size - direct.shape[1]))
        self.direct = np.concatenate([direct, pad], axis=1)
        self.symbol = STATE[self.joint]
        self._total()

    def _total(self) -> None:
        """∂L/∂s_t and the part of it that arrives from later steps."""
        self.arriving = np.zeros_like(self.direct)
        self.g = self.direct.copy()
        with np.errstate(all="ignore"):
            for t in reversed(range(len(self.g) - 1)):
                self.arriving[t] = self.g[t + 1] @ self.jacobians[t + 1]
                self.g[t] = self.direct[t] + self.arriving[t]

    def given(
        self,
        name: str,
        symbol: str,
        axes: tuple[str, ...],
        values: Any,
        vouched: str,
        role: str = "gradient",
        scale: str = "signed",
        **parameters: Any,
    ) -> None:
        operation = Operation("given", (), {"vouched": vouched, **parameters})
        array = np.asarray(values, dtype=np.float64)
        self.tensors.append(Tensor(name, symbol, axes, array, role, operation, scale))

    def add(
        self,
        name: str,
        symbol: str,
        operation: str,
        *operands: Operand | str,
        values: Array,
        axes: tuple[str, ...] = ("time", "state"),
        role: str = "gradient",
        scale: str = "signed",
        sent: bool = False,
        **parameters: Any,
    ) -> None:
        read = tuple(Operand(o) if isinstance(o, str) else o for o in operands)
        made = Operation(operation, read, parameters)
        self.tensors.append(Tensor(name, symbol, axes, values, role, made, scale, sent))

    def norm(self, name: str, symbol: str, *of: str, role: str = "gradient") -> None:
        """‖·‖ of a vector, or of a matrix (Frobenius) as the norm of the norms of its rows."""
        (source,) = of
        values = self._of(source)
        if values.ndim == 3:
            rows = euclidean(values)
            axes = ("time", "state")
            self.add(
                f"{source}_rows", f"‖{symbol}‖ rows", "norm", source,
                values=rows, axes=axes, role=role, scale="log",
            )  # fmt: skip
            source, values = f"{source}_rows", rows
        self.add(
            name, f"‖{symbol}‖", "norm", source,
            values=euclidean(values), axes=("time",), role=role, scale="log",
        )  # fmt: skip

    def factors(self, origin: origins.Origin) -> None:
        """The chain with its matrices: J, the product P of all J after t, and v·J."""
        size, steps = self.size, len(self.g)
        axes = ("time", "to", "from")
        self._edges()
        self.edge("no_step", "0", ("to", "from"), np.zeros((size, size)))
        self.edge("one", "I", ("to", "from"), np.eye(size))
        self.given("J", "J", axes, self.jacobians, JACOBIANS, "hidden", **origin)
        self.norm("J_norm", "J", "J", role="hidden")
        products = np.empty_like(self.jacobians)
        product = np.eye(size)
        with np.errstate(all="ignore"):
            for t in reversed(range(steps)):
                products[t] = product
                product = product @ self.jacobians[t]
        later = Operand("P", 1, "one"), Operand("J", 1, "one")
        self.add(
            "P", "P", "matmul", *later,
            values=products, axes=axes, role="hidden", sent=True,
        )  # fmt: skip
        self.norm("P_norm", "P", "P", role="hidden")
        self.add(
            "arriving", f"{self.symbol} ←", "matmul",
            Operand("ds", 1, "nothing"), Operand("J", 1, "no_step"), values=self.arriving,
        )  # fmt: skip
        self.add("ds", self.symbol, "add", "direct", "arriving", values=self.g, sent=True)

    def summary(self) -> None:
        """The chain without its matrices: their norms, and what arrives through them."""
        self._edges()
        norms = euclidean(euclidean(self.jacobians))
        size = origins.unsent("√(Σ J_t²)")
        self.given("J_norm", "‖J‖", ("time",), norms, NORMS, "hidden", "log", **size)
        symbol, axes = f"{self.symbol} ←", ("time", "state")
        through = origins.unsent(f"{self.symbol}_{{t+1}} J_{{t+1}}")
        self.given("arriving", symbol, axes, self.arriving, GRADIENTS, **through)
        self.add("ds", self.symbol, "add", "direct", "arriving", values=self.g)

    def states(self, hidden: int, within: Array | None, origin: origins.Origin) -> None:
        """‖∂L/∂h_t‖, its direct part, and ‖∂L/∂c_t‖ with c_t → h_t of the same step."""
        self.norm("direct_norm", "∂ℓ/∂h", "direct")
        if within is None:
            self.norm("dh_norm", "∂L/∂h", "ds")
            return
        axes = ("time", "hidden")
        top, bottom = self.g[:, :hidden], self.g[:, hidden:]
        self.add("ds_h", "∂L/∂h", "slice", "ds", values=top, axes=axes, block=[0, hidden])
        self.norm("dh_norm", "∂L/∂h", "ds_h")
        self.add(
            "ds_c", "∂L/∂c ←", "slice", "ds",
            values=bottom, axes=axes, block=[hidden, 2 * hidden],
        )  # fmt: skip
        self.given("within", "∂h/∂c", axes, within, JACOBIANS, "cell", **origin)
        with np.errstate(all="ignore"):
            through = top * within
            both = bottom + through
        self.add("through_h", "∂L/∂c now", "multiply", "ds_h", "within", values=through, axes=axes)
        self.add("dc", "∂L/∂c", "add", "ds_c", "through_h", values=both, axes=axes)
        self.norm("dc_norm", "∂L/∂c", "dc")

    def edge(self, name: str, symbol: str, axes: tuple[str, ...], values: Array) -> None:
        """What stands for a value beyond the last step."""
        scale = "signed" if axes else "log"
        self.given(name, symbol, axes, values, EDGES, "plain", scale, **origins.EDGE)

    def _edges(self) -> None:
        self.edge("nothing", "0", ("state",), np.zeros(self.size))
        self.edge("no_norm", "0", (), np.zeros(()))
        axes = ("time", "state")
        symbol, origin = self.symbol.replace("L", "ℓ"), origins.own_loss(self.joint)
        self.given("direct", symbol, axes, self.direct, GRADIENTS, **origin)

    def _of(self, name: str) -> Array:
        return next(tensor.values for tensor in self.tensors if tensor.name == name)


def _substeps(matrices: bool) -> tuple[dict[str, Any], ...]:
    error = {"name": "error", "tensors": ["direct"]}
    factor = {"name": "factor", "tensors": ["arriving"]}
    total: list[str] = ["ds", "P"] if matrices else ["ds"]
    return (error, factor, {"name": "total", "tensors": total})


def _layout(size: int, matrices: bool) -> Layout:
    """∂L/∂s_{t+1} comes in at the right and leaves at the left; J stands on the way.

    The error of the step's own loss enters from below; so does the product of all factors so far.
    """
    draw = Drawing(size)
    lane = TOP + draw.strip / 2
    below = lane + draw.strip + 80
    edge = "nothing"
    draw.lanes.append({"role": "gradient", "y": lane, "label": "lane.backwards"})
    draw.strip_of("ds", 7.5, lane, id="ds_next", shift=1, edge=edge, label="ds_next", side="top")
    times_x = 4.35 if matrices else 5.6
    draw.node("times", "glyph", "arriving", times_x, lane, text="×")
    draw.strip_of("arriving", 3.35, lane, label="arriving", side="top")
    draw.node("sum", "glyph", "ds", 2.0, lane, text="+")
    draw.strip_of("direct", 2.0, below, label="direct", side="left")
    draw.strip_of("ds", 0.5, lane, id="ds", label="ds", side="top")
    number = {"shift": 1, "edge": "no_norm", "label": "J_norm", "side": "top"}
    beside = below + draw.strip / 2 - CELL
    if matrices:
        at = {"shift": 1, "edge": "no_step", "label": "J"}
        draw.node("J", "matrix", "J", 5.75, lane, **at)
        draw.node("P", "matrix", "P", 5.75, below, label="P")
        draw.strip_of("J_norm", 7.5, beside - 48, id="J_norm", **number)
        draw.strip_of("P_norm", 7.5, beside, label="P_norm", side="top")
        draw.wire("J", "times", "hidden", "factor", carries="J", shift=1)
    else:
        draw.strip_of("J_norm", 5.6, below, id="J_norm", **number)
        draw.wire("J_norm", "times", "hidden", "factor", carries="J_norm", shift=1)
    under = lane + draw.strip / 2 + 14
    through = [(7.5, under), (times_x, under)] if matrices else []
    draw.wire("ds_next", "times", "gradient", "factor", *through, carries="ds", shift=1)
    draw.wire("times", "arriving", "gradient", "factor", carries="arriving", arrow=False)
    draw.wire("arriving", "sum", "gradient", "total", carries="arriving")
    draw.wire("direct", "sum", "gradient", "error", carries="direct")
    draw.wire("sum", "ds", "gradient", "total", carries="ds")
    return draw.layout(8, below + draw.strip / 2 + 20)
