"""The records: their names and order, their equations, and what a trace lets you ask."""

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest
import torch

from seqviz.core import gru, lstm, rnn
from seqviz.core.gru import GRUStep
from seqviz.core.lstm import LSTMStep
from seqviz.core.rnn import RNNStep
from seqviz.core.unroll import Options, Trace, unroll
from seqviz.core.what_if import Force, WhatIf
from tests.core.references import (
    KINDS,
    VARIANTS,
    D,
    H,
    T,
    numbers,
    options_of,
    random_cell,
    random_start,
)

GOLDEN = {
    RNNStep: "x h_prev h_x h_h h_pre h",
    LSTMStep: "x h_prev c_prev i_x i_h i_c i_pre i_free i f_x f_h f_c f_pre f_free f "
    "g_x g_h g_pre g kept written c o_x o_h o_c o_pre o_free o c_act h",
    GRUStep: "x h_prev r_x r_h r_pre r_free r z_x z_h z_pre z_free z "
    "n_x h_reset n_h n_gated n_pre n z_rest kept written h",
}
GIVEN = ("x", "h_prev", "c_prev")


PLAIN = Options()


def trace_of(kind: str, options: Options = PLAIN, reverse: bool = False) -> Trace:
    return unroll(random_cell(kind), numbers(4, T, D), *random_start(kind), options, reverse)


def computed(record: Any) -> list[str]:
    names = [field.name for field in fields(record) if getattr(record, field.name) is not None]
    return [name for name in names if name not in GIVEN]


@pytest.mark.parametrize("record", GOLDEN, ids=lambda record: record.__name__)
def test_names_and_order_are_the_published_ones(record: Any) -> None:
    assert " ".join(field.name for field in fields(record)) == GOLDEN[record]


@pytest.mark.parametrize(("kind", "name", "peepholes", "reset"), VARIANTS)
def test_equations_are_those_of_the_computed_fields(
    kind: str, name: str, peepholes: bool, reset: str
) -> None:
    record = trace_of(kind, options_of(name, peepholes, reset)).record
    if kind == "rnn":
        found = rnn.equations(name)
    elif kind == "lstm":
        found = lstm.equations(name, peepholes)
    else:
        found = gru.equations(name, reset)
    assert list(found) == computed(record)


@pytest.mark.parametrize("gate", ["i", "f", "o"])
def test_forced_lstm_gate_has_its_own_equation(gate: str) -> None:
    record = trace_of("lstm", Options(what_if=WhatIf(force=Force(gate, 0.5)))).record
    found = lstm.equations(forced=gate)
    assert list(found) == computed(record)
    assert "force" in found[gate]


@pytest.mark.parametrize("gate", ["r", "z"])
def test_forced_gru_gate_has_its_own_equation(gate: str) -> None:
    record = trace_of("gru", Options(what_if=WhatIf(force=Force(gate, 0.5)))).record
    assert list(gru.equations(forced=gate)) == computed(record)


def test_equations_say_what_z_does() -> None:
    keeps, writes = gru.equations(), gru.equations(update="writes")
    assert list(keeps) == list(writes)
    assert keeps["kept"] == r"\mathrm{kept}_t = z_t \odot h_{t-1}"
    assert writes["kept"] == r"\mathrm{kept}_t = z'_t \odot h_{t-1}"
    assert writes["written"] == r"\mathrm{written}_t = z_t \odot n_t"


def test_default_equations_are_pytorchs_cells() -> None:
    assert rnn.EQUATIONS["h"] == r"h_t = \tanh(\bar{h}_t)"
    assert lstm.EQUATIONS["o_pre"] == r"\bar{o}_t = o^{x}_t + o^{h}_t"
    assert lstm.equations(peepholes=True)["o_c"] == r"o^{c}_t = p_o \odot c_t"
    assert lstm.equations(peepholes=True)["f_c"] == r"f^{c}_t = p_f \odot c_{t-1}"
    assert gru.EQUATIONS["n_gated"] == r"n^{r}_t = r_t \odot n^{h}_t"
    assert lstm.equations("relu")["c_act"] == r"\hat{c}_t = \mathrm{ReLU}(c_t)"


@pytest.mark.parametrize(("kind", "name", "peepholes", "reset"), VARIANTS)
def test_every_field_of_a_trace_is_time_by_units(
    kind: str, name: str, peepholes: bool, reset: str
) -> None:
    trace = trace_of(kind, options_of(name, peepholes, reset))
    for field in fields(trace.record):
        value = getattr(trace, field.name)
        if value is not None:
            assert value.shape == (T, D if field.name == "x" else H)
            assert not value.requires_grad
            assert torch.equal(getattr(trace[3], field.name), value[3])
            assert torch.equal(getattr(trace[-1], field.name), value[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_parts_that_a_variant_lacks_are_none(kind: str) -> None:
    record = trace_of(kind).record
    absent = {field.name for field in fields(record) if getattr(record, field.name) is None}
    assert (
        absent
        == {
            "rnn": set(),
            "lstm": {"i_c", "f_c", "o_c", "i_free", "f_free", "o_free"},
            "gru": {"r_free", "z_free", "h_reset"},
        }[kind]
    )
    assert kind != "gru" or trace_of(kind, Options(reset="before")).n_gated is None


def test_trace_knows_its_run() -> None:
    trace = trace_of("lstm")
    h0, c0 = random_start("lstm")
    assert len(trace) == T
    assert trace.kind == "lstm"
    assert trace.c0 is not None
    assert c0 is not None
    assert torch.equal(trace.h0, h0)
    assert torch.equal(trace.c0, c0)
    assert torch.equal(trace.h_prev[0], h0)
    assert torch.equal(trace.h_prev[1:], trace.h[:-1])
    assert torch.equal(trace.c_prev[1:], trace.c[:-1])
    assert trace_of("gru").c0 is None


def test_reversed_trace_keeps_the_order_of_its_input() -> None:
    trace = trace_of("lstm", reverse=True)
    assert torch.equal(trace.x, numbers(4, T, D))
    assert torch.equal(trace.h_prev[-1], trace.h0)
    assert torch.equal(trace.h_prev[:-1], trace.h[1:])


def test_trace_and_record_are_frozen() -> None:
    trace: Any = trace_of("gru")
    with pytest.raises(FrozenInstanceError):
        trace.kind = "rnn"
    with pytest.raises(FrozenInstanceError):
        trace.record.h = trace.h


def test_unknown_name_says_what_there_is() -> None:
    with pytest.raises(AttributeError, match=r"a rnn trace has x, h_prev, h_x.*; not f"):
        _ = trace_of("rnn").f


def test_step_beyond_the_end_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        trace_of("rnn")[T]


def test_trace_stays_when_the_model_goes_on_learning() -> None:
    cell, xs = random_cell("lstm"), numbers(4, T, D)
    options = options_of("tanh", True, "after")
    trace = unroll(cell, xs, options=options)
    x, weight = trace.x.clone(), trace.cell.weight_hh.clone()
    with torch.no_grad():
        xs.zero_()
        for parameter in [*cell.parameters(), *(options.peepholes or cell).parameters()]:
            parameter.zero_()
    assert torch.equal(trace.x, x)
    assert torch.equal(trace.cell.weight_hh, weight)
    assert trace.options.peepholes is not None
    assert trace.options.peepholes.p_o.abs().min() > 0


def test_traced_numbers_may_enter_a_new_graph() -> None:
    readout = torch.ones(H, dtype=torch.float64, requires_grad=True)
    (trace_of("gru").h @ readout).sum().backward()
    assert readout.grad is not None
