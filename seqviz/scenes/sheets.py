"""Tensors and sheets of a scene as they are added, in the order they are computed and read.

A sheet is a matrix of the picture: its rows are queries (one row a step), keys, or neither.
"""

from collections.abc import Sequence as Row
from typing import Any

import numpy as np

from seqviz.scenes.operations import RULES, Array
from seqviz.scenes.scene import Layout, Operand, Operation, Tensor

STEP = "query"
SUPER = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Sheets:
    """Collects the tensors, sheets and stages of one scene.

    What is made is computed by its own operation where the record does not hold it.
    """

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.nodes: list[dict[str, Any]] = []
        self.stages: dict[str, list[str]] = {}

    def values(self, name: str) -> Array:
        return self.tensors[name].values

    def given(
        self, name: str, symbol: str, axes: tuple[str, ...], values: Any, role: str, vouched: str
    ) -> str:
        """What comes from outside: an input, a parameter. `vouched` names its test."""
        array = array_of(values)
        operation = Operation("given", (), {"vouched": vouched})
        self.tensors[name] = Tensor(name, symbol, axes, array, role, operation)
        return name

    def made(
        self,
        name: str,
        symbol: str,
        axes: tuple[str, ...],
        operation: str,
        *operands: Operand | str,
        role: str,
        values: Any = None,
        scale: str = "signed",
        **parameters: Any,
    ) -> str:
        """What follows from its operands. `values` are the record's own."""
        reads = tuple(Operand(o) if isinstance(o, str) else o for o in operands)
        if values is None:
            arrays = [self._read(read) for read in reads]
            with np.errstate(all="ignore"):
                found = RULES[operation].compute(arrays, parameters)
            values = found if axes[:1] == (STEP,) else found[0]
        array = array_of(values)
        made = Operation(operation, reads, parameters)
        self.tensors[name] = Tensor(name, symbol, axes, array, role, made, scale, sent=False)
        return name

    def sheet(self, id: str, stage: str, tensors: Row[str], join: str = "", **more: Any) -> None:
        """A sheet shows one tensor, or one at a time of several heads' tensors.

        `join` leads here from the sheet before.
        """
        axes = self.tensors[tensors[0]].axes
        node: dict[str, Any] = {
            "id": id,
            "kind": "sheet",
            "tensor": tensors[0],
            "stage": stage,
            "join": join,
            "rows": axes[0] if axes[0] in ("query", "key") else "none",
            "columns": "key" if axes[-1] == "key" else "feature",
            "label": f"sheet.{id}",
            "hatch": None,
            "sum": False,
        }
        if len(tensors) > 1:
            node["heads"] = list(tensors)
        self.nodes.append(node | more)
        self.stages.setdefault(stage, []).extend(tensors)

    def layout(self) -> Layout:
        return Layout(1, 1, tuple(self.nodes), ())

    def substeps(self) -> tuple[dict[str, Any], ...]:
        return tuple({"name": name, "tensors": names} for name, names in self.stages.items())

    def _read(self, operand: Operand) -> Array:
        tensor = self.tensors[operand.tensor]
        values = tensor.values if tensor.axes[:1] == (STEP,) else tensor.values[None]
        if operand.block is not None:
            axis, start, stop = operand.block
            values = values[(slice(None),) * (axis + 1) + (slice(start, stop),)]
        return values


def numbered(name: str, head: int, heads: int) -> str:
    """weights_2 is the second head's; with one head there is no number."""
    return name if heads == 1 else f"{name}_{head + 1}"


def raised(symbol: str, head: int, heads: int) -> str:
    """A⁽²⁾ is the second head's A."""
    if heads == 1:
        return symbol
    letter, mark, below = symbol.partition("_")
    return f"{letter}⁽{str(head + 1).translate(SUPER)}⁾{mark}{below}"


def array_of(values: Any) -> Array:
    """Numbers of a record, of its graph or without one, in float64."""
    return np.asarray(values.detach() if hasattr(values, "detach") else values, dtype=np.float64)
