"""A run stepped by PyTorch's own cells has the record of `unroll`."""

from dataclasses import fields
from typing import Any

import pytest
import torch

from seqviz.core import quick
from seqviz.core.quick import quick_unroll
from seqviz.core.unroll import Options, Trace, unroll
from seqviz.core.what_if import Force, WhatIf
from tests.core.references import VARIANTS, D, T, numbers, options_of, random_cell, random_start

XS = numbers(4, T, D)


def same(found: Trace, wanted: Trace) -> None:
    assert found.kind == wanted.kind
    for field in fields(wanted.record):
        one, other = getattr(found.record, field.name), getattr(wanted.record, field.name)
        assert (one is None) == (other is None), field.name
        if other is not None:
            torch.testing.assert_close(one, other, rtol=0, atol=1e-13, msg=field.name)


@pytest.mark.parametrize(("kind", "activation", "peepholes", "reset"), VARIANTS)
def test_every_value_is_that_of_unroll(
    kind: str, activation: str, peepholes: bool, reset: str
) -> None:
    cell, options = random_cell(kind), options_of(activation, peepholes, reset)
    h0, c0 = random_start(kind)
    same(quick_unroll(cell, XS, h0, c0, options), unroll(cell, XS, h0, c0, options))


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_the_usual_cells_are_stepped_by_pytorch_and_what_ifs_are_not(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell, start = random_cell(kind), random_start(kind)
    wipe = Options(what_if=WhatIf(wipe=True))
    wanted = unroll(cell, XS, *start, wipe)
    calls: list[int] = []

    def counted(*given: Any) -> Trace:
        calls.append(len(given))
        return unroll(*given)

    monkeypatch.setattr(quick, "unroll", counted)
    assert len(quick_unroll(cell, XS, *start)) == T
    assert calls == []
    same(quick_unroll(cell, XS, *start, wipe), wanted)
    assert len(calls) == 1


def test_a_forced_gate_is_forced() -> None:
    cell, start = random_cell("lstm"), random_start("lstm")
    forced = Options(what_if=WhatIf(force=Force("f", 0.0, None, 2)))
    same(quick_unroll(cell, XS, *start, forced), unroll(cell, XS, *start, forced))
