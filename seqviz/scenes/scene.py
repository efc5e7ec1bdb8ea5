"""`Scene`: a computation as plain data that can be stepped, drawn and asked for its sources.

A scene holds named tensors in the order they are computed. Each names the *operation* that made it
and its *operands*; an operand is a tensor and an index map (which step, which block). Building a
scene recomputes every tensor from its operands in float64 and refuses one that does not agree, so a
scene that lies cannot be built. Floats travel as float32, with a power of two for each step where
float32 would give up; tensors that are not sent are recomputed by the player from their operation.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from seqviz.scenes.operations import ACTIVATIONS, RULES, Array

VERSION = 1
TOLERANCE = 1e-12
FLOAT32_POWER = 100
ROLES = frozenset(
    {
        "given",
        "weight",
        "forget",
        "input",
        "candidate",
        "output",
        "cell",
        "hidden",
        "query",
        "key",
        "value",
        "attention",
        "gradient",
        "prediction",
        "plain",
    }
)
SCALES = frozenset({"unit", "signed", "log", "none"})


@dataclass(frozen=True)
class Operand:
    """One tensor as an operation sees it.

    `shift` -1 is the value one step earlier, +1 one step later; at the end where there is none the
    value of tensor `edge` is used (h_0, for instance). `block` = (axis, start, stop) takes rows of
    the value at the step: one gate's rows of a weight, one head's columns.
    """

    tensor: str
    shift: int = 0
    edge: str | None = None
    block: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Operation:
    """An entry of the closed table `operations.RULES`, with its operands in order."""

    name: str
    operands: tuple[Operand, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Tensor:
    """Named values: axis names, role (decides the colour), scale, and the operation that made them.

    `values` has one axis per name in `axes`; the first is the step axis where the tensor changes
    with the step. `sent` is False for what the player recomputes itself. `group` names the model it
    belongs to where a scene has several; `name` then begins with it.
    """

    name: str
    symbol: str
    axes: tuple[str, ...]
    values: Array
    role: str
    operation: Operation
    scale: str = "signed"
    sent: bool = True
    group: str = ""


@dataclass(frozen=True)
class Layout:
    """Where each tensor sits: x in columns (stretched to the width), y in pixels."""

    columns: float
    height: float
    nodes: tuple[Mapping[str, Any], ...]
    wires: tuple[Mapping[str, Any], ...]
    lanes: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Sequence:
    """The tokens a reader sees: inputs, what should come next, and the tensor that predicts it.

    `unknown` lists the steps (0-based) whose token the model has never seen. `asks` says what the
    prediction is: the "next" token, or a "label" of what was read so far.
    """

    inputs: tuple[str, ...]
    targets: tuple[str | None, ...] | None = None
    classes: tuple[str, ...] | None = None
    prediction: str | None = None
    unknown: tuple[int, ...] = ()
    asks: str = "next"


@dataclass(frozen=True, eq=False)
class Scene:
    """A stepped computation, validated when it is built. See the module's docstring.

    `direction` -1: the computation runs from the last step to the first, and so does the player.
    """

    kind: str
    title: str
    steps: int
    tensors: tuple[Tensor, ...]
    layout: Layout
    substeps: tuple[Mapping[str, Any], ...]
    sequence: Sequence
    panels: tuple[str, ...] = ()
    gradient: Mapping[str, Any] | None = None
    ghost: Mapping[str, str] = field(default_factory=dict)
    mark: tuple[int, ...] = ()
    rest: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    step_axis: str = "time"
    groups: tuple[Mapping[str, Any], ...] = ()
    tracks: tuple[Mapping[str, Any], ...] = ()
    direction: int = 1

    def __post_init__(self) -> None:
        for tensor in self.tensors:
            _check_form(self, tensor)
        for tensor in self.tensors:
            if tensor.operation.name != "given":
                _check_truth(self, tensor)
        _check_names(self)

    @cached_property
    def by_name(self) -> dict[str, Tensor]:
        return {tensor.name: tensor for tensor in self.tensors}

    @cached_property
    def order(self) -> dict[str, int]:
        return {tensor.name: place for place, tensor in enumerate(self.tensors)}

    def __getitem__(self, name: str) -> Tensor:
        if name not in self.by_name:
            raise KeyError(
                f"scene {self.kind!r} has no tensor {name!r}; it has {sorted(self.by_name)}"
            )
        return self.by_name[name]

    def stepped(self, name: str) -> bool:
        """Whether the tensor changes with the step."""
        axes = self[name].axes
        return bool(axes) and axes[0] == self.step_axis

    def recompute(self, name: str, source: Mapping[str, Array] | None = None) -> Array:
        """The tensor's values from its operation and operands.

        `source` replaces the operands' values (for instance by what survived as float32).
        """
        operation = self[name].operation
        if operation.name == "given":
            return _of(self, name, source)
        operands = [_operand_values(self, operand, source) for operand in operation.operands]
        with np.errstate(all="ignore"):
            result = RULES[operation.name].compute(operands, operation.parameters)
        return result if self.stepped(name) else result[0]

    def to_json(self) -> dict[str, Any]:
        """The scene as JSON-ready data; floats are one base64 string of float32."""
        tensors, chunks, at = [], [], 0
        for tensor in self.tensors:
            powers = _powers(tensor.values) if tensor.sent and self.stepped(tensor.name) else None
            tensors.append(_tensor_json(tensor, at if tensor.sent else None, powers))
            if tensor.sent:
                values = _as_float32(tensor.values, powers)
                chunks.append(values.tobytes())
                at += values.size
        return {
            "version": VERSION,
            "kind": self.kind,
            "title": self.title,
            "step_axis": self.step_axis,
            "steps": self.steps,
            "tensors": tensors,
            "floats": base64.b64encode(b"".join(chunks)).decode("ascii"),
            "layout": vars(self.layout),
            "substeps": [dict(s) for s in self.substeps],
            "sequence": vars(self.sequence),
            "panels": list(self.panels),
            "gradient": dict(self.gradient) if self.gradient else None,
            "ghost": dict(self.ghost),
            "mark": list(self.mark),
            "rest": self.rest,
            "facts": dict(self.facts),
            "direction": self.direction,
            "groups": [dict(group) for group in self.groups],
            "tracks": [dict(track) for track in self.tracks],
        }


def _powers(values: Array) -> Any:
    """For each step the power of two that its largest value is near, or 0 where float32 holds it.

    None where that is every step.
    """
    finite = np.where(np.isfinite(values), np.abs(values), 0.0)
    exponents = np.frexp(finite.reshape(len(values), -1).max(axis=1, initial=0.0))[1]
    powers = np.where(np.abs(exponents) > FLOAT32_POWER, exponents, 0)
    return powers if powers.any() else None


def _as_float32(values: Array, powers: Any = None) -> Any:
    with np.errstate(over="ignore"):
        if powers is not None:
            values = np.ldexp(values, -powers.reshape(-1, *[1] * (values.ndim - 1)))
        return np.ascontiguousarray(values, dtype="<f4")


def _tensor_json(tensor: Tensor, at: int | None, powers: Any) -> dict[str, Any]:
    """`powers`, where there are any: what was sent of step t is to be multiplied by 2^powers[t]."""
    operation = tensor.operation
    return {
        "name": tensor.name,
        "symbol": tensor.symbol,
        "axes": list(tensor.axes),
        "shape": list(tensor.values.shape),
        "role": tensor.role,
        "scale": tensor.scale,
        "operation": {
            "name": operation.name,
            **operation.parameters,
            "operands": [vars(operand) for operand in operation.operands],
        },
        "at": at,
        "group": tensor.group,
        **({} if powers is None else {"powers": powers.tolist()}),
    }


def _of(scene: Scene, name: str, source: Mapping[str, Array] | None) -> Array:
    return source[name] if source is not None else scene[name].values


def _operand_values(scene: Scene, operand: Operand, source: Mapping[str, Array] | None) -> Array:
    values = _of(scene, operand.tensor, source)
    if not scene.stepped(operand.tensor):
        values = values[None]
    elif operand.shift == -1:
        values = np.concatenate([_of(scene, str(operand.edge), source)[None], values[:-1]])
    elif operand.shift == 1:
        values = np.concatenate([values[1:], _of(scene, str(operand.edge), source)[None]])
    if operand.block is not None:
        axis, start, stop = operand.block
        values = values[(slice(None),) * (axis + 1) + (slice(start, stop),)]
    return values


def _check_form(scene: Scene, tensor: Tensor) -> None:
    if tensor.values.ndim != len(tensor.axes):
        raise ValueError(
            f"tensor {tensor.name!r}: expected one axis for each of {tensor.axes}, "
            f"got shape {tensor.values.shape}"
        )
    if scene.stepped(tensor.name) and len(tensor.values) != scene.steps:
        raise ValueError(
            f"tensor {tensor.name!r}: expected {scene.steps} steps, got {len(tensor.values)}"
        )
    if tensor.role not in ROLES or tensor.scale not in SCALES:
        raise ValueError(
            f"tensor {tensor.name!r}: unknown role {tensor.role!r} or scale {tensor.scale!r}"
        )
    operation = tensor.operation
    rule = RULES.get(operation.name)
    if rule is None:
        raise ValueError(f"tensor {tensor.name!r}: no operation {operation.name!r} in the table")
    if not rule.least <= len(operation.operands) <= rule.most:
        raise ValueError(
            f"tensor {tensor.name!r}: {operation.name} takes {rule.least} to {rule.most} operands, "
            f"got {len(operation.operands)}"
        )
    missing = [p for p in rule.parameters if p not in operation.parameters]
    if missing:
        raise ValueError(f"tensor {tensor.name!r}: {operation.name} needs {missing}")
    if operation.name == "activation" and operation.parameters["function"] not in ACTIVATIONS:
        raise ValueError(
            f"tensor {tensor.name!r}: expected one of {sorted(ACTIVATIONS)}, "
            f"got {operation.parameters['function']!r}"
        )
    for operand in operation.operands:
        _check_operand(scene, tensor, operand)


def _check_operand(scene: Scene, tensor: Tensor, operand: Operand) -> None:
    if operand.shift not in (-1, 0, 1):
        raise ValueError(f"tensor {tensor.name!r}: expected shift -1, 0 or 1, got {operand.shift}")
    if operand.tensor not in scene.order:
        raise ValueError(f"tensor {tensor.name!r}: operand {operand.tensor!r} is not in the scene")
    if operand.shift and (not scene.stepped(operand.tensor) or operand.edge is None):
        raise ValueError(
            f"tensor {tensor.name!r}: a shifted operand must be stepped and name its edge, "
            f"got {operand.tensor!r}"
        )
    if not operand.shift and scene.order[operand.tensor] >= scene.order[tensor.name]:
        raise ValueError(f"tensor {tensor.name!r}: operand {operand.tensor!r} is computed later")


def _check_truth(scene: Scene, tensor: Tensor) -> None:
    again = scene.recompute(tensor.name)
    if again.shape != tensor.values.shape:
        raise ValueError(
            f"tensor {tensor.name!r}: its operation gives shape {again.shape}, "
            f"its values have {tensor.values.shape}"
        )
    with np.errstate(all="ignore"):
        size = max(
            (_largest(scene[o.tensor].values) for o in tensor.operation.operands), default=0.0
        )
        slack = (
            TOLERANCE
            * max(1.0, size, _largest(again))
            * max(1, again.shape[-1] if again.ndim else 1)
        )
        wrong = np.abs(again - tensor.values) > slack
        wrong |= np.isnan(again) != np.isnan(tensor.values)
        wrong |= np.isinf(again) & (again != tensor.values)
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"tensor {tensor.name!r} at {where}: recorded {tensor.values[where]!r}, "
            f"but its operation {tensor.operation.name} gives {again[where]!r}"
        )


def _largest(values: Array) -> float:
    finite = values[np.isfinite(values)]
    return float(np.abs(finite).max()) if finite.size else 0.0


def _check_names(scene: Scene) -> None:
    if len(scene.by_name) != len(scene.tensors):
        raise ValueError("two tensors of a scene share a name")
    asked = list(scene.panels) + list(scene.ghost) + list(scene.ghost.values())
    asked += [str(node["tensor"]) for node in scene.layout.nodes if node.get("tensor")]
    asked += [str(name) for node in scene.layout.nodes for name in node.get("stages", {}).values()]
    asked += [name for node in scene.layout.nodes for name in _named_by_sheet(node)]
    maps = scene.facts.get("maps", {})
    asked += [*maps.get("tensors", ()), *([maps["mean"]] if maps else [])]
    asked += [str(wire["carries"]) for wire in scene.layout.wires]
    asked += [name for substep in scene.substeps for name in substep["tensors"]]
    asked += [name for track in scene.tracks for name in track["tensors"]]
    asked += [name for track in scene.tracks for name in track.get("beside", ())]
    answers = (scene.sequence.prediction, *(group["prediction"] for group in scene.groups))
    asked += [name for name in answers if name]
    unknown = sorted(set(asked) - set(scene.by_name))
    if unknown:
        raise ValueError(f"the picture names tensors that the scene does not have: {unknown}")
    ids = {node["id"] for node in scene.layout.nodes}
    loose = [w for w in scene.layout.wires if w["from"] not in ids or w["to"] not in ids]
    if loose:
        raise ValueError(f"wires that end nowhere: {loose}")
    if len(scene.sequence.inputs) != scene.steps:
        raise ValueError(f"expected {scene.steps} tokens, got {len(scene.sequence.inputs)}")


def _named_by_sheet(node: Mapping[str, Any]) -> list[str]:
    """The tensors that a sheet names beside its own: one a head, its mask, its row of now."""
    single = (node.get("row"), node.get("hatch"))
    return [*node.get("heads", ()), *node.get("hatches", ()), *(name for name in single if name)]
