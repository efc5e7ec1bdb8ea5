"""Validation at the boundary: what was expected, then what came."""

import torch
from torch import Tensor


def expect_tensor(
    where: str, name: str, value: object, shape: tuple[int | str, ...], dtype: torch.dtype
) -> Tensor:
    """Return `value` if it is a tensor of that shape and dtype, else raise a ValueError.

    A number in `shape` is an exact size, a word names an axis of any size from 1 on, and `...`
    stands for any number of axes. Values are not looked at: nan and inf may flow.
    """
    wanted = _written(shape)
    if not isinstance(value, Tensor):
        came = type(value).__name__
        raise ValueError(f"{where}: expected {name} of shape {wanted}, got a {came}")
    if not _fits(tuple(value.shape), shape):
        came = _written(tuple(value.shape))
        least = "; each axis needs at least 1" if 0 in value.shape else ""
        raise ValueError(f"{where}: expected {name} of shape {wanted}, got {came}{least}")
    if value.dtype != dtype:
        raise ValueError(f"{where}: expected {name} of {dtype}, got {value.dtype}")
    return value


def _fits(shape: tuple[int, ...], wanted: tuple[int | str, ...]) -> bool:
    if "..." in wanted:
        gap, extra = wanted.index("..."), len(shape) - len(wanted) + 1
        wanted = wanted[:gap] + ("any",) * extra + wanted[gap + 1 :]
    return len(shape) == len(wanted) and all(
        size >= 1 if isinstance(want, str) else size == want
        for size, want in zip(shape, wanted, strict=True)
    )


def _written(shape: tuple[int | str, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
