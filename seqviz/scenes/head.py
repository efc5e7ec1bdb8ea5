"""One head of attention as tensors of a scene, from q, k and v to the context."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from seqviz.core.positions import quarter_turn, rotary_angles
from seqviz.scenes.projections import rows_of
from seqviz.scenes.scene import Operand
from seqviz.scenes.sheets import Sheets, array_of, numbered, raised

MASKS = "tests/scenes/test_attention.py::test_masks_are_the_records_own"
EDITS = "tests/scenes/test_attention.py::test_an_edited_row_is_forced"
TURNS = "tests/scenes/test_attention.py::test_rotation_is_the_cores_own"
EXTRA = "tests/scenes/test_attention.py::test_appended_keys_are_the_modules_own"
KEY = ("key", "feature")
QUERY = ("query", "feature")
PAIRS = ("query", "key")
ROLE = {"q": "query", "k": "key", "v": "value"}


class Head:
    """Adds one head's tensors; `one` is its `core.attention.Attention`."""

    def __init__(self, build: Sheets, one: Any, place: int, heads: int) -> None:
        self.build, self.one, self.place, self.heads = build, one, place, heads

    def name(self, name: str) -> str:
        return numbered(name, self.place, self.heads)

    def vectors(self, sources: Mapping[str, str], extra: tuple[str, ...]) -> None:
        """q, k and v from the vectors of the tokens; `extra` keys stand after the tokens'."""
        for letter, source in sources.items():
            appended = extra if letter != "q" else ()
            own = f"{letter}_own" if appended else letter
            rotary = letter != "v" and self.one.q_plain is not None
            axes = QUERY if letter == "q" else KEY
            straight = f"{letter}_plain" if rotary else own
            operands = rows_of(self.build, letter, source, self.place, self.heads)
            self._made(
                straight, letter if rotary else own, axes, "affine", *operands,
                role=ROLE[letter], values=self._recorded(straight),
            )  # fmt: skip
            if rotary:
                self._turned(letter, own, axes)
            if appended:
                rows = [self.name(own), *self._extra(letter, appended)]
                values = getattr(self.one, letter)
                self._made(
                    letter, letter, axes, "concat", *rows, role=ROLE[letter], values=values, axis=0
                )

    def looks(self, masks: Mapping[int, str]) -> None:
        """From the scores to the context; `masks` names the mask of each head."""
        one, name = self.one, self.name
        at = self._made(
            "scores", "QKᵀ", PAIRS, "matmul", name("q"), name("k"),
            role="attention", values=one.scores, transpose=True,
        )  # fmt: skip
        if one.scale != 1.0:
            at = self._made(
                "scaled", "S", PAIRS, "scale", at,
                role="attention", values=one.scaled, factor=float(one.scale),
            )  # fmt: skip
        if self.place in masks:
            at = self._made(
                "masked", "S_mask", PAIRS, "mask", at, masks[self.place],
                role="attention", values=one.masked,
            )  # fmt: skip
        self._weights(at)
        self._made(
            "context", "AV", QUERY, "matmul", name("weights"), name("v"),
            role="value", values=one.context,
        )  # fmt: skip

    def _made(
        self, name: str, symbol: str, axes: tuple[str, ...], operation: str, *operands: Any,
        role: str, **more: Any,
    ) -> str:  # fmt: skip
        """A tensor of this head, its name and symbol with the head's number."""
        symbol = raised(symbol, self.place, self.heads)
        return self.build.made(
            self.name(name), symbol, axes, operation, *operands, role=role, **more
        )

    def _recorded(self, name: str) -> Any:
        """The record's own values, without the keys that are appended later."""
        values = getattr(self.one, name, None)
        if values is None:
            return None
        return values if name.startswith("q") else values[: self._own_keys()]

    def _own_keys(self) -> int:
        return len(self.build.values("memory" if "memory" in self.build.tensors else "x"))

    def _extra(self, letter: str, extra: tuple[str, ...]) -> list[Operand]:
        """The rows of bias_k and bias_v, and the row of zeros of add_zero_attn."""
        width = getattr(self.one, letter).shape[-1]
        start = self.place * width
        rows = []
        if "bias" in extra:
            rows.append(Operand(f"bias_{letter}", block=(1, start, start + width)))
        if "zero" in extra:
            if "zero" not in self.build.tensors:
                axes = ("one", "feature")
                self.build.given("zero", "0", axes, np.zeros((1, width)), "plain", EXTRA)
            rows.append(Operand("zero"))
        return rows

    def _turned(self, letter: str, name: str, axes: tuple[str, ...]) -> None:
        """Rotary: each pair turned by its position, R q = cos·q + sin·(J q)."""
        role, plain = ROLE[letter], self.name(f"{letter}_plain")
        rows, width = self.build.values(plain).shape
        self._angles(letter, rows, width, axes)
        self._made(f"{letter}_quarter", f"J{letter}", axes, "affine", "J", plain, role=role)
        parts = [
            self._made(
                f"{letter}_{wave}", f"{letter}_{wave}", axes, "multiply", of, f"{wave}_{letter}",
                role=role,
            )
            for wave, of in (("cos", plain), ("sin", self.name(f"{letter}_quarter")))
        ]  # fmt: skip
        values = self._recorded(name)
        self._made(name, f"R{letter}", axes, "add", *parts, role=role, values=values)

    def _angles(self, letter: str, rows: int, width: int, axes: tuple[str, ...]) -> None:
        """cos and sin of every row's angles, and J, the same for all heads."""
        if f"cos_{letter}" in self.build.tensors:
            return
        angles = rotary_angles(torch.arange(rows, dtype=torch.float64), width)
        for wave, values in (("cos", angles.cos()), ("sin", angles.sin())):
            self.build.given(f"{wave}_{letter}", wave, axes, values, "plain", TURNS)
        if "J" not in self.build.tensors:
            J = quarter_turn(torch.eye(width, dtype=torch.float64)).T
            self.build.given("J", "J", ("feature", "pair"), J, "plain", TURNS)

    def _weights(self, at: str) -> None:
        one = self.one
        edited = one.weights_free is not None
        self._made(
            "weights_free" if edited else "weights", "A_free" if edited else "A", PAIRS,
            "softmax", at, role="attention", scale="unit",
            values=one.weights_free if edited else one.weights,
        )  # fmt: skip
        if not edited:
            return
        values = array_of(one.weights)
        row = (values != array_of(one.weights_free)).any(axis=-1, keepdims=True)
        where = np.broadcast_to(row, values.shape).astype(np.float64)
        self.build.given("edited_where", "where", PAIRS, where, "plain", EDITS)
        self.build.given("edited", "edited", PAIRS, values * where, "plain", EDITS)
        self._made(
            "weights", "A", PAIRS, "force", self.name("weights_free"), "edited_where", "edited",
            role="attention", values=values, scale="unit",
        )  # fmt: skip
