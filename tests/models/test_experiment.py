"""The page's computation: pure, true to PyTorch, and whole at its extremes."""

import contextlib
import io
import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqviz.core.what_if import Force
from seqviz.models import available
from seqviz.models.experiment import SIGNALS, CellConfig, CellRecord, run, shipped
from seqviz.models.findings import (
    collapse_error,
    concat_error,
    findings,
    gradient_ratio,
    memoryless_floor,
    repeated,
)
from seqviz.models.program import output, plain, program

MEMORYLESS_FLOOR = math.log(2) / 2
FRESH = CellConfig(mode="fresh", hidden=3)
SOURCES = ("hello", "brackets", "lag", "korean", "text", *SIGNALS)
configs = st.builds(
    CellConfig,
    cell=st.sampled_from(["rnn", "lstm", "gru"]),
    mode=st.sampled_from(["trained", "fresh"]),
    source=st.sampled_from(SOURCES),
    text=st.lists(st.text(min_size=1, max_size=2), min_size=1, max_size=6).map(tuple),
    numbers=st.lists(st.floats(-10, 10), min_size=1, max_size=5).map(tuple),
    length=st.integers(0, 12),
    activation=st.sampled_from(["tanh", "sigmoid", "relu", "identity"]),
    init=st.sampled_from(["default", "orthogonal", "identity", "xavier", "he"]),
    gain=st.floats(0, 3),
    forget_bias=st.none() | st.floats(-2, 5),
    hidden=st.integers(1, 6),
    seed=st.integers(0, 999_999),
    h0=st.sampled_from(["zero", "random", "learned"]),
    peepholes=st.booleans(),
    reset=st.sampled_from(["after", "before"]),
    update=st.sampled_from(["keeps", "writes"]),
    loss=st.sampled_from(["last", "all"]),
    wipe=st.booleans(),
    force=st.none()
    | st.builds(
        Force,
        gate=st.sampled_from("iforz"),
        value=st.floats(0, 1),
        unit=st.none() | st.integers(0, 8),
        step=st.none() | st.integers(0, 20),
    ),
    edit_step=st.none() | st.integers(0, 15),
    edit_token=st.sampled_from(["", "l", "(", "€"]),
    edit_value=st.floats(-5, 5),
)


def printed(record: CellRecord) -> str:
    """What the page's program prints when it is really run."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(program(record), "program", "exec"), {})
    return out.getvalue()


@settings(max_examples=60, deadline=None)
@given(configs)
def test_any_configuration_runs_and_its_program_prints_its_numbers(config: CellConfig) -> None:
    record = run(config)
    assert len(record.trace) == len(record.task) == len(record.gradients.h_norm)
    assert all(finding.key for finding in findings(record))
    assert printed(record) == output(record)


def test_the_program_teaches_on_the_text_before_the_edit() -> None:
    record = run(replace(FRESH, taught=True, cell="gru", edit_step=1, edit_token="o"))
    assert record.trace.x[1].tolist() == [0, 0, 0, 1]
    assert printed(record) == output(record)
    assert record.taught == run(replace(FRESH, taught=True, cell="gru")).taught


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("source", ["hello", "text", "sine"])
def test_the_plain_program_is_pytorchs_own_cell(cell: str, source: str) -> None:
    record = run(replace(FRESH, cell=cell, source=source, text=tuple("안녕하세요")))
    assert plain(record)
    assert "model.cell(x, " in program(record)
    assert printed(record) == output(record)


def test_the_same_configuration_gives_the_same_numbers() -> None:
    config = replace(FRESH, cell="gru", h0="random", source="noise")
    before = torch.random.get_rng_state()
    first, second = run(config), run(config)
    assert torch.equal(first.trace.h, second.trace.h)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not torch.equal(first.trace.h, run(replace(config, seed=2)).trace.h)


@pytest.mark.parametrize("name", available())
def test_every_shipped_model_is_reached_from_the_page(name: str) -> None:
    source, cell = name.rsplit("-", 1)
    config = CellConfig(cell=cell, source=source)
    assert shipped(config) == name
    assert run(config).mode == "trained"


def test_what_does_not_ship_falls_back_to_a_fresh_model() -> None:
    assert run(CellConfig(source="sine")).mode == "fresh"
    assert run(CellConfig(source="korean", cell="rnn")).mode == "fresh"


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_hello_answers_differ_on_the_two_l_and_agree_without_memory(cell: str) -> None:
    record = run(CellConfig(cell=cell))
    assert repeated(record) == (2, 3)
    assert findings(record)[0].key == "two_l"
    wiped = run(CellConfig(cell=cell, wipe=True))
    assert wiped.probabilities is not None
    assert wiped.loss is not None
    assert torch.equal(wiped.probabilities[2], wiped.probabilities[3])
    assert memoryless_floor(wiped.task) == pytest.approx(MEMORYLESS_FLOOR, rel=1e-12)
    assert wiped.loss >= MEMORYLESS_FLOOR
    assert {"same_l", "wiped"} <= {finding.key for finding in findings(wiped)}


def test_w_hh_zero_makes_an_rnn_forget_but_not_an_lstm() -> None:
    rnn, lstm = (run(CellConfig(cell=cell, gain=0.0)) for cell in ("rnn", "lstm"))
    assert torch.equal(rnn.trace.h[2], rnn.trace.h[3])
    assert not torch.allclose(lstm.trace.h[2], lstm.trace.h[3], atol=1e-3)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_an_edit_changes_h_from_its_step_on_and_nothing_before(cell: str) -> None:
    record = run(CellConfig(cell=cell, edit_step=1, edit_token="o"))
    assert record.ghost is not None
    difference = (record.trace.h - record.ghost.h).abs().amax(dim=-1)
    assert float(difference[0]) == 0.0
    assert bool((difference[1:] > 0).all())
    edited = next(f for f in findings(record) if f.key == "edited")
    assert edited.values["before"] == "0"


def test_a_z_that_writes_is_the_same_function_with_the_other_share() -> None:
    keeps, writes = (run(CellConfig(cell="gru", update=update)) for update in ("keeps", "writes"))
    torch.testing.assert_close(writes.trace.h, keeps.trace.h, rtol=0, atol=1e-15)
    torch.testing.assert_close(writes.trace.z, 1 - keeps.trace.z, rtol=0, atol=1e-15)


def test_another_activation_keeps_the_run_it_was_trained_with_as_ghost() -> None:
    record = run(CellConfig(activation="relu"))
    own = run(CellConfig())
    assert record.ghost is not None
    assert record.ghost_loss == own.loss
    assert torch.equal(record.ghost.h, own.trace.h)
    assert not torch.equal(record.trace.h, own.trace.h)
    assert own.ghost is None


def test_teaching_hello_reaches_what_needs_memory() -> None:
    seen: list[int] = []
    record = run(replace(FRESH, taught=True, cell="rnn"), lambda step, loss: seen.append(step))
    assert seen == list(range(301))
    assert record.taught is not None
    assert record.taught[1] < 0.01 < MEMORYLESS_FLOOR
    assert record.loss == pytest.approx(record.taught[1])


def test_the_loss_after_teaching_is_the_last_one_not_the_best(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def bumpy(*_: object, **__: object) -> list[SimpleNamespace]:
        return [SimpleNamespace(step=k, loss=loss) for k, loss in enumerate((3.0, 1.0, 2.0))]

    monkeypatch.setattr("seqviz.models.experiment.train", bumpy)
    assert run(replace(FRESH, taught=True)).taught == (3.0, 2.0)


def test_identity_collapses_to_matrix_powers_and_concat_is_the_sum_of_two_products() -> None:
    record = run(replace(FRESH, cell="rnn", activation="identity", h0="random", source="noise"))
    assert collapse_error(record) < 1e-13
    assert concat_error(record) < 1e-14


def test_gradient_ratio_is_that_of_an_independent_graph() -> None:
    record = run(CellConfig(cell="rnn"))
    cell, model = record.trace.cell, record.model
    hs = [record.trace.h[0].clone().requires_grad_()]
    for x in record.trace.x[1:]:
        h = torch.tanh(cell.weight_ih @ x + cell.bias_ih + cell.weight_hh @ hs[-1] + cell.bias_hh)
        hs.append(h)
    logits = model.readout.weight @ hs[-1] + model.readout.bias  # type: ignore[union-attr]
    loss = -logits.log_softmax(dim=0)[model.classes.index("o")]
    first, last = torch.autograd.grad(loss, [hs[0], hs[-1]])
    assert gradient_ratio(record) == pytest.approx(float(first.norm() / last.norm()), rel=1e-9)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_largest_and_the_smallest_run(cell: str) -> None:
    big = run(CellConfig(cell=cell, mode="fresh", source="noise", length=200, hidden=32))
    assert big.trace.h.shape == (200, 32)
    assert bool(torch.isfinite(big.trace.h).all())
    small = run(CellConfig(cell=cell, mode="fresh", source="text", text=("가",), hidden=1))
    assert small.trace.h.shape == (1, 1)
    assert small.task.targets is None


def test_an_explosion_is_found_at_its_step() -> None:
    config = CellConfig("rnn", "fresh", "noise", length=200, hidden=32, activation="relu", gain=9.0)
    record = run(config)
    assert record.exploded is not None
    limit = float(torch.finfo(torch.float32).max)
    assert float(record.trace.h[record.exploded].abs().max()) > limit
    assert float(record.trace.h[: record.exploded].abs().max()) <= limit
    assert findings(record)[0].values == {"t": record.exploded + 1}


def test_characters_the_model_never_saw_are_zero_rows_and_named() -> None:
    record = run(CellConfig(source="text", text=tuple("hexlo")))
    assert record.unknown == (2,)
    assert float(record.trace.x[2].abs().sum()) == 0.0
    assert math.isfinite(record.loss or 0.0)
