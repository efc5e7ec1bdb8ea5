"""Small scenes written out by hand, for what the catalogue's cells do not use."""

from typing import Any

import numpy as np

from seqviz.scenes import Layout, Operand, Operation, Scene, Sequence, Tensor
from seqviz.scenes.operations import RULES, Array

STEPS = 3
VOUCHED = "tests/player/sample.py"


class Sheet:
    """Tensors added one by one, each computed by the scenes' own table."""

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.tensors: list[Tensor] = []
        self.values: dict[str, Array] = {}

    def given(
        self, name: str, axes: tuple[str, ...], values: Any = None, *shape: int, role: str = "given"
    ) -> None:
        array = self.random.normal(size=shape) if values is None else np.asarray(values, float)
        operation = Operation("given", (), {"vouched": VOUCHED})
        self.tensors.append(Tensor(name, name, axes, array, role, operation))
        self.values[name] = array

    def made(
        self, name: str, axes: tuple[str, ...], operation: str, *reads: Any, **parameters: Any
    ) -> None:
        operands = tuple(Operand(read) if isinstance(read, str) else read for read in reads)
        arrays = [self._read(operand) for operand in operands]
        with np.errstate(all="ignore"):
            values = RULES[operation].compute(arrays, parameters)
        made = Operation(operation, operands, parameters)
        self.tensors.append(Tensor(name, name, axes, values, "hidden", made, sent=False))
        self.values[name] = values

    def _read(self, operand: Operand) -> Array:
        values = self.values[operand.tensor]
        stepped = self.axes(operand.tensor)[:1] == ("time",)
        if not stepped:
            values = values[None]
        elif operand.shift:
            edge = self.values[str(operand.edge)][None]
            pair = (edge, values[:-1]) if operand.shift < 0 else (values[1:], edge)
            values = np.concatenate(pair)
        if operand.block:
            axis, start, stop = operand.block
            values = np.take(values, range(start, stop), axis=axis + 1)
        return values

    def axes(self, name: str) -> tuple[str, ...]:
        return next(tensor.axes for tensor in self.tensors if tensor.name == name)

    def scene(self, **more: Any) -> Scene:
        known: dict[str, Any] = {
            "kind": "sheet",
            "title": "sheet",
            "steps": STEPS,
            "layout": Layout(1, 1, (), ()),
            "substeps": (),
            "sequence": Sequence(("a", "b", "c")),
        }
        return Scene(tensors=tuple(self.tensors), **(known | more))


def every_operation() -> Scene:
    """Each operation of the table once, in the shapes that attention will need."""
    sheet = Sheet()
    vector, matrix = ("time", "unit"), ("time", "query", "unit")
    sheet.given("v", vector, None, STEPS, 4)
    sheet.given("u", vector, None, STEPS, 4)
    sheet.given("M", matrix, None, STEPS, 3, 4)
    sheet.given("N", matrix, None, STEPS, 5, 4)
    sheet.given("E", ("token", "unit"), None, 6, 4, role="weight")
    sheet.given("W", ("rows", "unit"), None, 8, 4, role="weight")
    sheet.given("b", ("rows",), None, 8, role="weight")
    sheet.given("edge", ("unit",), None, 4)
    sheet.given("column", ("query", "one"), None, 3, 1)
    sheet.given("ids", ("time",), [4, 0, 5])
    sheet.given("allowed", ("time", "query", "key"), np.tril(np.ones((STEPS, 3, 5)), 1))
    sheet.given("where", vector, np.eye(4)[:STEPS], STEPS, 4)
    sheet.made("looked", vector, "lookup", "E", "ids")
    sheet.made("rows", ("time", "rows"), "affine", "W", "v", "b")
    block = (0, 4, 8)
    before = Operand("v", shift=-1, edge="edge")
    sheet.made("gate", vector, "affine", Operand("W", block=block), before)
    sheet.made("after", vector, "add", Operand("v", shift=1, edge="edge"), "u", "gate")
    sheet.made("less", vector, "sub", "v", "u")
    sheet.made("rest", vector, "sub", "v", constant=2.0)
    sheet.made("product", vector, "multiply", "v", "u", "less")
    sheet.made("spread", matrix, "multiply", "M", "edge", "column")
    sheet.made("passed", vector, "affine", Operand("W", block=block), "v")
    sheet.made("echo", vector, "add", Operand("passed", shift=-1, edge="edge"), "u")
    sheet.made("late", vector, "affine", Operand("W", block=block), "u")
    sheet.made("later", vector, "add", Operand("late", shift=-1, edge="edge"), "u")
    sheet.made("latest", vector, "activation", "later", function="tanh")
    sheet.made("bent", vector, "activation", "v", function="relu")
    sheet.made("forced", vector, "force", "v", "where", "u")
    sheet.made("scores", ("time", "query", "key"), "matmul", "M", "N", transpose=True)
    sheet.made("scaled", ("time", "query", "key"), "scale", "scores", factor=0.5)
    sheet.made("masked", ("time", "query", "key"), "mask", "scaled", "allowed")
    sheet.given("present", ("key",), [1, 1, 0, 1, 0])
    sheet.made("padded", ("time", "query", "key"), "mask", "scaled", "present")
    sheet.made("weights", ("time", "query", "key"), "softmax", "masked")
    sheet.made("context", matrix, "matmul", "weights", "N")
    sheet.made("one", vector, "matmul", "v", Operand("W", block=(0, 0, 4)))
    sheet.made("mean", ("time",), "mean", "v")
    sheet.made("even", matrix, "standardise", "M", eps=1e-5)
    sheet.made("wide", vector, "concat", "v", "u")
    sheet.made("narrow", vector, "slice", "wide", block=(2, 6))
    sheet.made("sum", ("time", "query"), "sum", "M")
    sheet.made("length", ("time",), "norm", "u")
    sheet.made("columns", matrix, "activation", Operand("M", block=(1, 1, 3)), function="tanh")
    return sheet.scene()


def one_sum(values: list[float], function: str = "tanh") -> Scene:
    """out = function(W x + 0): its terms are the given values, at every step."""
    sheet = Sheet()
    sheet.given("W", ("out", "in"), [values], role="weight")
    sheet.given("x", ("time", "in"), np.full((STEPS, len(values)), 1.0))
    sheet.made("pre", ("time", "out"), "affine", "W", "x")
    sheet.made("out", ("time", "out"), "activation", "pre", function=function)
    return sheet.scene()


def one_row(logits: list[float]) -> Scene:
    """`p` = softmax of the given logits, at every step."""
    sheet = Sheet()
    sheet.given("s", ("time", "unit"), [logits] * STEPS)
    sheet.made("p", ("time", "unit"), "softmax", "s")
    return sheet.scene()
