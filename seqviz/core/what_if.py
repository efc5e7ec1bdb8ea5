"""Interventions on a running cell: wipe its state, or force a gate to a value."""

from dataclasses import dataclass

import torch
from torch import Tensor

GATES: dict[str, tuple[str, ...]] = {"rnn": (), "lstm": ("i", "f", "o"), "gru": ("r", "z")}


@dataclass(frozen=True)
class Force:
    """Hold one gate at `value`, for one unit or all (None), at one step (0-based) or all (None)."""

    gate: str
    value: float
    unit: int | None = None
    step: int | None = None

    def __post_init__(self) -> None:
        if self.gate not in "iforz" or len(self.gate) != 1:
            raise ValueError(f"Force: expected gate i, f, o, r or z, got {self.gate!r}")
        if not 0 <= self.value <= 1:
            raise ValueError(f"Force: expected a value from 0 to 1, got {self.value}")
        for name, index in (("unit", self.unit), ("step", self.step)):
            if index is not None and index < 0:
                raise ValueError(f"Force: expected {name} of 0 or more, got {index}")

    def apply(self, free: Tensor, t: int) -> Tensor:
        """The gate as it is used at step t, from the gate as the cell computed it."""
        if self.step is not None and self.step != t:
            return free
        if self.unit is None:
            return torch.full_like(free, self.value)
        return free.index_fill(-1, torch.tensor([self.unit]), self.value)


@dataclass(frozen=True)
class WhatIf:
    """What is changed in a run: `wipe` zeroes the state before every step, `force` holds a gate."""

    wipe: bool = False
    force: Force | None = None

    def enter(self, state: Tensor) -> Tensor:
        """The state as it enters a step."""
        return torch.zeros_like(state) if self.wipe else state

    def hold(self, gate: str, free: Tensor, t: int) -> tuple[Tensor | None, Tensor]:
        """(the gate before it is forced, the gate as used); the first is None unless forced."""
        if self.force is None or self.force.gate != gate:
            return None, free
        return free, self.force.apply(free, t)

    def check(self, where: str, kind: str, hidden: int, steps: int) -> None:
        """Refuse a force that this cell and this length have no place for."""
        if self.force is None:
            return
        if self.force.gate not in GATES[kind]:
            has = f"one of the gates {', '.join(GATES[kind])}" if GATES[kind] else "no force"
            raise ValueError(f"{where}: expected {has} for {kind}, got {self.force.gate}")
        for name, index, size in (
            ("unit", self.force.unit, hidden),
            ("step", self.force.step, steps),
        ):
            if index is not None and index >= size:
                raise ValueError(f"{where}: expected a forced {name} below {size}, got {index}")


NOTHING = WhatIf()
