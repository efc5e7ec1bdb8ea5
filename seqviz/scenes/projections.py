"""The parameters of an `nn.MultiheadAttention` in a scene: W_Q, W_K, W_V and W_O, each once."""

from typing import Any

from seqviz.core.projections import projections
from seqviz.scenes.scene import Operand
from seqviz.scenes.sheets import Sheets

PARAMETERS = "tests/scenes/test_attention.py::test_parameters_are_the_modules_own"


def add_parameters(build: Sheets, module: Any) -> None:
    """All parameters; each head reads its own block of rows, of W_O its own columns."""
    found = projections(module)
    for letter in "qkv":
        weight, bias = getattr(found, f"W_{letter}"), getattr(found, f"b_{letter}")
        _given(build, f"W_{letter}", ("heads", "feature"), weight)
        if bias is not None:
            _given(build, f"b_{letter}", ("heads",), bias)
    for name in ("bias_k", "bias_v"):
        row = getattr(found, name)
        if row is not None:
            _given(build, name, ("one", "heads"), row[None])
    _given(build, "W_o", ("feature", "heads"), found.W_o)
    if found.b_o is not None:
        _given(build, "b_o", ("feature",), found.b_o)


def rows_of(build: Sheets, letter: str, vector: str, head: int, heads: int) -> list[Operand]:
    """The operands of one head's q, k or v: its rows of W, the vector, its part of b."""
    rows = len(build.values(f"W_{letter}")) // heads
    block = None if heads == 1 else (0, head * rows, (head + 1) * rows)
    operands = [Operand(f"W_{letter}", block=block), Operand(vector)]
    if f"b_{letter}" in build.tensors:
        operands.append(Operand(f"b_{letter}", block=block))
    return operands


def columns_of_output(build: Sheets, head: int, heads: int) -> Operand:
    """The columns of W_O that read one head's context."""
    columns = build.values("W_o").shape[1] // heads
    block = None if heads == 1 else (1, head * columns, (head + 1) * columns)
    return Operand("W_o", block=block)


def _given(build: Sheets, name: str, axes: tuple[str, ...], values: Any) -> None:
    letter, _, of = name.partition("_")
    symbol = name if letter == "bias" else f"{letter}_{of.upper()}"
    build.given(name, symbol, axes, values, "weight", PARAMETERS)
