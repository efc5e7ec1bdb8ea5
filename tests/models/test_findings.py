"""The sentences under the picture: every number against another computation, every claim true."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from seqviz.core.what_if import Force
from seqviz.models.experiment import CellConfig, CellRecord, run
from seqviz.models.findings import Finding, findings, memoryless_floor, number, percent
from seqviz.models.questions import questions

FRESH = CellConfig(mode="fresh", hidden=3, seed=5)


def told(record: CellRecord) -> dict[str, Finding]:
    return {finding.key: finding for finding in findings(record)}


def gradient_of(record: CellRecord) -> Finding:
    return next(f for f in findings(record) if f.key.startswith("gradient_"))


def lstm_states(record: CellRecord) -> tuple[list[Tensor], list[Tensor]]:
    """h and c of every step as one graph of nothing but products, sums, σ and tanh."""
    cell, holes = record.trace.cell, record.trace.options.peepholes
    h, c = record.trace.h0, record.trace.c0
    assert c is not None
    hs, cs = [], []
    for x in record.trace.x:
        parts = cell.weight_ih @ x + cell.bias_ih + cell.weight_hh @ h + cell.bias_hh
        i, f, g, o = parts.chunk(4)
        if holes is not None:
            i, f = i + holes.p_i * c, f + holes.p_f * c
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        if holes is not None:
            o = o + holes.p_o * c
        h = torch.sigmoid(o) * torch.tanh(c)
        hs.append(h)
        cs.append(c)
    return hs, cs


@pytest.mark.parametrize("peepholes", [False, True])
@pytest.mark.parametrize("length", [2, 6])
def test_what_c_keeps_is_the_full_derivative_and_its_direct_part(
    length: int, peepholes: bool
) -> None:
    config = replace(FRESH, source="noise", length=length, peepholes=peepholes, init="xavier")
    record = run(config)
    _, cs = lstm_states(record)
    rows = [torch.autograd.grad(unit, cs[0], retain_graph=True)[0] for unit in cs[-1]]
    full, gates = torch.stack(rows), record.trace.f[1:].prod(dim=0)
    values = told(record)["direct_peepholes" if peepholes else "direct"].values
    assert values == {
        "full": number(float(full.norm())),
        "direct": number(float(gates.norm())),
        "rest": number(float((full - gates.diag()).norm())),
    }
    assert values["full"] != values["direct"]
    kept = told(record)["kept"].values
    assert (kept["unit"], kept["least"]) == (int(gates.argmax()) + 1, int(gates.argmin()) + 1)
    assert (kept["share"], kept["least_share"]) == (percent(gates.max()), percent(gates.min()))


def test_without_w_hh_an_lstm_says_that_step_one_still_matters_through_c() -> None:
    record = run(CellConfig(gain=0.0))
    norms = record.gradients.c_norm
    assert norms is not None
    finding = gradient_of(record)
    assert finding.key == "gradient_alive_c"
    assert finding.values == {"ratio": "0", "c_ratio": number(float(norms[0] / norms[-1])), "t": 4}
    assert told(record)["direct"].values["rest"] == "0"


@pytest.mark.parametrize("change", [{"cell": "rnn", "gain": 0.0}, {"wipe": True}])
def test_where_nothing_comes_through_no_influence_is_exactly_that(change: dict[str, Any]) -> None:
    record = run(CellConfig(**change))
    assert float(record.gradients.h_norm[0]) == 0
    assert gradient_of(record) == Finding("gradient_none")


def test_an_influence_too_small_for_float64_is_not_called_none() -> None:
    faint = CellConfig("rnn", "fresh", "noise", length=200, activation="sigmoid", gain=0.05)
    record = run(faint)
    assert float(record.gradients.h_norm[0]) == 0
    assert gradient_of(record).key == "gradient_zero"


def test_an_rnn_without_w_hh_has_no_memory_and_other_cells_keep_theirs() -> None:
    record = run(CellConfig("rnn", gain=0.0))
    assert told(record)["rnn_zero"].values == {"floor": "0.347"}
    assert record.probabilities is not None
    assert torch.equal(record.probabilities[2], record.probabilities[3])
    for cell in ("lstm", "gru"):
        kept = run(CellConfig(cell, gain=0.0))
        assert "rnn_zero" not in told(kept)
        assert kept.probabilities is not None
        assert not torch.equal(kept.probabilities[2], kept.probabilities[3])
    assert "rnn_zero" not in told(run(CellConfig("rnn", gain=0.0, wipe=True)))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_units_that_keep_the_same_are_not_ranked(value: float) -> None:
    finding = told(run(CellConfig(force=Force("f", value))))["kept_alike"]
    assert finding.values == {"T": 4, "share": percent(value)}


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_target_the_model_cannot_say_counts_neither_in_n_nor_as_the_last_step(cell: str) -> None:
    record = run(CellConfig(cell=cell, source="text", text=tuple("help")))
    assert record.model.classes == ("h", "e", "l", "o")
    assert record.probabilities is not None
    said = [math.log(float(record.probabilities[t][k])) for t, k in ((0, 1), (1, 2))]
    loss = told(record)["loss"].values
    assert (loss["n"], loss["loss"]) == (2, number(-sum(said) / 2))
    finding = gradient_of(record)
    norms = record.gradients.h_norm
    assert float(norms[2]) == 0
    assert (finding.values["t"], finding.values["ratio"]) == (2, number(float(norms[0] / norms[1])))
    question = next(question for question in questions(record) if question.name == "gradient")
    assert question.values == {"t": 2}


def test_the_floor_counts_only_what_the_loss_counts() -> None:
    record = run(CellConfig(source="text", text=tuple("hehx"), wipe=True))
    assert memoryless_floor(record.task) == 0
    known = run(replace(FRESH, source="text", text=tuple("hehx")))
    assert memoryless_floor(known.task) == pytest.approx(2 * math.log(2) / 3)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_wiped_state_is_not_said_to_be_kept(cell: str) -> None:
    assert not {"kept", "direct", "z_keeps"} & told(run(CellConfig(cell=cell, wipe=True))).keys()


def test_a_gate_forced_at_one_step_makes_the_steps_unlike() -> None:
    record = run(CellConfig(wipe=True, force=Force("i", 0.0, None, 3)))
    assert record.probabilities is not None
    assert not torch.equal(record.probabilities[2], record.probabilities[3])
    assert not {"wiped", "two_l", "same_l"} & told(record).keys()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_an_edit_is_told_apart_from_the_other_changes(cell: str) -> None:
    config = CellConfig(cell=cell, gain=0.5, activation="sigmoid")
    edited, plain = run(replace(config, edit_step=2, edit_token="o")), run(config)
    most = float((edited.trace.h - plain.trace.h).abs()[2:].max())
    values = {"k": 3, "before": "0", "after": number(most)}
    assert told(edited)["edited"].values == values


@pytest.mark.parametrize("token", ["", "l"])
def test_an_edit_that_changes_nothing_is_none(token: str) -> None:
    record = run(CellConfig(gain=0.5, edit_step=2, edit_token=token))
    assert record.unedited is None
    assert "edited" not in told(record)
    assert run(CellConfig(edit_step=2, edit_token=token)).ghost is None


def test_where_all_of_h_is_equal_nobody_is_asked_for_the_largest() -> None:
    closed = run(CellConfig(force=Force("o", 0.0)))
    assert "largest" not in {question.name for question in questions(closed)}
    question = next(q for q in questions(run(CellConfig())) if q.name == "largest")
    last = run(CellConfig()).trace.h[-1].abs()
    assert question.right == max(range(len(last)), key=lambda unit: float(last[unit]))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.34657, "0.347"),
        (-0.001234, "−0.00123"),
        (0.0009999, "0.001"),
        (999.6, "1000"),
        (1234.5, "1234"),
        (-99949.0, "−99949"),
        (123456.0, "1.23×10⁵"),
        (6.4749e-4, "6.47×10⁻⁴"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "NaN"),
    ],
)
def test_numbers_of_a_sentence(value: float, text: str) -> None:
    assert number(value) == text
