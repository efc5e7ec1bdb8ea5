"""The page's backward run: pure, true to autograd, and whole at its extremes."""

import contextlib
import copy
import io
import math
import string
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqviz.core import gradient_map
from seqviz.core.norms import norm
from seqviz.core.unroll import run_steps
from seqviz.models import backprop_remedies as remedies
from seqviz.models import backprop_remedy_findings as helps
from seqviz.models import backprop_ticks as ticks
from seqviz.models import backprop_views as views
from seqviz.models.backprop_experiment import (
    BackpropConfig,
    BackpropRecord,
    backward_norms,
    objective,
    run,
)
from seqviz.models.backprop_findings import (
    bound_findings,
    chain_findings,
    findings,
    items_findings,
    map_findings,
    norms_findings,
    path_findings,
    power,
    step_rate,
)
from seqviz.models.backprop_program import output, plain, program
from seqviz.models.backprop_questions import questions
from seqviz.models.findings import Finding
from seqviz.text import LANGUAGES, PLACEHOLDER, words

SOURCES = ("noise", "sine", "step", "impulse", "numbers", "hello", "brackets", "lag", "text")
configs = st.builds(
    BackpropConfig,
    cell=st.sampled_from(["rnn", "lstm", "gru"]),
    source=st.sampled_from(SOURCES),
    length=st.integers(1, 12),
    activation=st.sampled_from(["tanh", "sigmoid", "relu", "identity"]),
    init=st.sampled_from(["default", "orthogonal", "identity", "xavier", "he"]),
    gain=st.floats(0, 3),
    forget_bias=st.none() | st.floats(-2, 5),
    hidden=st.integers(1, 6),
    seed=st.integers(0, 999_999),
    peepholes=st.booleans(),
    reset=st.sampled_from(["after", "before"]),
    loss=st.sampled_from(["last", "all"]),
    dtype=st.sampled_from(["float32", "float64"]),
)


def every_finding(record: BackpropRecord) -> list[Finding]:
    """All that the page can say about a record, with every chart open in turn."""
    told = findings(record)
    if record.exploded is not None:
        return told
    paths = views.paths_view(record)
    return [
        *told,
        *norms_findings(record, views.norms_view(record)),
        *map_findings(record, views.map_view(record)),
        *chain_findings(views.chain_view(record, len(record) - 1, 0)),
        *bound_findings(record, views.bound_view(record)),
        *path_findings(record, paths),
        *items_findings(record, views.items_view(record)),
        *helps.windows_findings(remedies.windows_view(record, 3)),
        *helps.clipping_findings(remedies.clipping_view(record, 1.0)),
        *helps.cliff_findings(remedies.cliff_view()),
        *helps.relu_findings(remedies.relu_view(record)),
        *ticked_findings(record),
    ]


def ticked_findings(record: BackpropRecord) -> list[Finding]:
    view = ticks.ticks_view(record, record.config.loss == "last", 1.0)
    beside = [helps.tick_values(view, tick) for tick in view.ticks]
    return [*helps.ticks_findings(view, record), *beside, helps.clip_values(view)]


@given(configs)
@settings(max_examples=60, deadline=None)
def test_any_configuration_runs_says_only_what_has_words_and_fills_them(
    config: BackpropConfig,
) -> None:
    record = run(config)
    for finding in every_finding(record):
        for language in LANGUAGES:
            text = words("gradients", language)[f"sentence.{finding.key}"]
            assert set(PLACEHOLDER.findall(text)) <= set(finding.values), finding.key
    for question in questions(record):
        assert 0 <= question.right < len(question.options)
        text = words("gradients", "en")[f"predict.{question.name}_answer"]
        assert set(PLACEHOLDER.findall(text)) <= {*question.told, "band"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_configuration_gives_the_same_record(dtype: str) -> None:
    config = BackpropConfig(cell="lstm", peepholes=True, dtype=dtype)
    first, second = run(config), run(config)
    assert torch.equal(first.curves.every.dh, second.curves.every.dh)
    assert torch.equal(first.jacobians, second.jacobians)
    assert first.trace.h.dtype == getattr(torch, dtype)


def test_a_later_run_leaves_no_trace_in_the_global_generator() -> None:
    before = torch.get_rng_state()
    run(BackpropConfig(cell="gru"))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("loss", ["last", "all"])
@pytest.mark.parametrize("source", ["noise", "hello"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_logarithms_and_the_short_way_agree_with_autograd(
    cell: str, source: str, loss: str
) -> None:
    config = BackpropConfig(cell=cell, source=source, loss=loss, hidden=5)
    record = run(config)
    torch.testing.assert_close(record.logs.h.exp(), record.curves.total, rtol=1e-9, atol=0)
    torch.testing.assert_close(backward_norms(config).h, record.logs.h, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("source", ["noise", "hello", "lag"])
def test_every_loss_says_the_same_of_its_own_state_as_in_a_whole_backward_run(source: str) -> None:
    one, all_ = (run(BackpropConfig("gru", source, loss=loss)) for loss in ("last", "all"))
    assert torch.equal(one.direct_each, all_.direct_each)
    assert torch.equal(one.direct_each, all_.curves.every.dh_direct)


def test_float32_reaches_exact_zero_where_the_logarithms_still_know() -> None:
    record = run(BackpropConfig(length=200, dtype="float32"))
    t = record.zero_at
    assert t is not None
    assert 20 < t < 180
    assert float(record.curves.total[t]) == 0.0 < float(record.curves.total[t + 1])
    assert math.isfinite(float(record.logs.h[t]))
    assert run(BackpropConfig(length=200)).zero_at is None
    view = views.norms_view(record)
    assert view.of("total")[t] == -math.inf
    assert math.isfinite(float(view.of("true")[t]))


def test_what_explodes_is_said_with_its_step() -> None:
    config = BackpropConfig(
        activation="identity", init="orthogonal", gain=3.0, length=800, hidden=4, dtype="float32"
    )
    record = run(config)
    assert record.exploded is not None
    assert bool(record.trace.h[: record.exploded].isfinite().all())
    assert not bool(record.trace.h[record.exploded].isfinite().all())
    (told,) = findings(record)
    assert told.key == "exploded"
    assert told.values["t"] == record.exploded + 1


def test_a_gradient_that_explodes_on_its_way_back_is_said_with_its_step() -> None:
    """The states stay at 0, only the gradient overflows."""
    config = BackpropConfig(
        activation="identity", init="orthogonal", gain=3.0, source="numbers",
        numbers=(0.0,) * 200, length=200, dtype="float32",
    )  # fmt: skip
    record = run(config)
    assert record.exploded is None
    assert record.exploded_back is not None
    assert bool(record.curves.total[record.exploded_back + 1 :].isfinite().all())
    assert bool(record.logs.h.isfinite().all())
    said = every_finding(record)
    assert {"exploded_back", "norms_broken", "items_broken", "clip_broken"} <= {f.key for f in said}
    known = [str(v) for f in said if f.key not in ("clip_broken",) for v in f.values.values()]
    shown = words("gradients", "en")["sentence.window_nothing"]
    assert "NaN" not in shown
    assert "nan %" not in known


def test_only_the_last_loss_alone_vanishes_when_every_step_has_one() -> None:
    """T6: three curves of the same run, and only one of them shows how far it can look back."""
    record = run(BackpropConfig(loss="all", length=24))
    found = record.curves
    assert float(found.total[0]) > 1
    assert float(found.direct[0]) > 1
    assert float(found.last_only[0]) < 1e-6
    torch.testing.assert_close(found.last_only[-1], found.direct[-1])


def test_a_sum_of_losses_does_not_shrink_with_the_length() -> None:
    """T8: a mean over T would divide every norm by T."""
    short, long = (run(BackpropConfig(loss="all", length=n)) for n in (20, 200))
    torch.testing.assert_close(short.curves.direct[0], long.curves.direct[0])


@pytest.mark.parametrize(
    ("config", "low", "high"),
    [
        (BackpropConfig(hidden=32, length=100), 0.53, 0.73),
        (BackpropConfig(hidden=32, length=100, init="orthogonal"), 0.82, 0.97),
        (BackpropConfig(cell="lstm", hidden=32, length=100, forget_bias=2.0), 0.88, 1.0),
    ],
)
def test_the_initialisation_decides_the_rate(
    config: BackpropConfig, low: float, high: float
) -> None:
    """T19, bands of R11 (one input a step holds more than eight)."""
    assert low < step_rate(run(config)) < high


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_shares_of_a_weight_add_up_to_its_gradient(cell: str) -> None:
    record = run(BackpropConfig(cell=cell, loss="all", hidden=3))
    wanted = remedies.parameter_gradients(record)[1]
    for row, column in ((0, 0), (wanted.shape[0] - 1, 2)):
        view = views.items_view(record, row, column)
        assert float(view.items.sum()) == pytest.approx(float(wanted[row, column]), abs=1e-12)
        assert float(view.items[0]) == 0.0
        assert view.whole == pytest.approx(float(wanted.norm()))
        each = gradient_map.recurrent_gradient(
            record.trace, record.curves.every.dh, record.curves.every.dc
        )
        assert view.apart == pytest.approx(sum(float(item.norm()) for item in each.items))
        assert view.whole < view.apart
    most = views.items_view(record)
    assert abs(most.total) == pytest.approx(float(wanted.abs().max()))


@pytest.mark.parametrize("loss", ["last", "all"])
@pytest.mark.parametrize(
    ("cell", "changes"),
    [
        ("rnn", {"activation": "relu"}),
        ("lstm", {}),
        ("lstm", {"peepholes": True}),
        ("gru", {}),
        ("gru", {"reset": "before"}),
    ],
)
def test_parameter_gradients_are_autograds(cell: str, changes: dict[str, Any], loss: str) -> None:
    record = run(BackpropConfig(source="hello", cell=cell, loss=loss, hidden=3, **changes))
    trace, model = record.trace, record.model
    module = copy.deepcopy(trace.cell).requires_grad_()
    h = run_steps(module, trace.x, trace.h0, trace.c0, trace.options).h
    objective(loss, model, model.encode_targets(record.task.targets))(h).backward()  # type: ignore[operator,arg-type]
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    for name, found in zip(names, remedies.parameter_gradients(record), strict=True):
        torch.testing.assert_close(found, getattr(module, name).grad, rtol=1e-9, atol=1e-12)


def test_parameter_gradients_are_pytorchs() -> None:
    record = run(BackpropConfig(source="hello", cell="lstm", loss="all", hidden=3))
    cell, model = record.model.cell, record.model
    h, c, hs = model.h0, model.c0, []
    for x in record.trace.record.x:
        h, c = cell(x, (h, c))
        hs.append(h)
    of_h = objective("all", model, model.encode_targets(record.task.targets))  # type: ignore[arg-type]
    of_h(torch.stack(hs)).backward()  # type: ignore[operator]
    for found, parameter in zip(
        remedies.parameter_gradients(record), cell.parameters(), strict=True
    ):
        torch.testing.assert_close(found, parameter.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_chain_ends_at_its_entry_of_the_map(cell: str) -> None:
    """Row 26: own gradient, times every factor, is the number that hovering shows."""
    record = run(BackpropConfig(cell=cell, hidden=5))
    whole = views.map_view(record).log
    for t, k in ((17, 7), (19, 0), (4, 3)):
        view = views.chain_view(record, t, k)
        factor, product, reached = (view.lines.of(n) for n in ("factor", "product", "reached"))
        assert len(factor) == len(product) == len(reached) == t - k
        torch.testing.assert_close(reached + view.own, whole[t, k:t], rtol=1e-9, atol=1e-9)
        assert float(product[-1]) == pytest.approx(float(factor[-1]))
        assert bool((product <= factor.flip(0).cumsum(0).flip(0) + 1e-9).all())
        assert bool((reached <= product + 1e-9).all()) or cell == "lstm"
    told = chain_findings(views.chain_view(record, 17, 7))
    assert [finding.key for finding in told] == ["chain", "chain_norms"]
    assert told[0].values["chain"] == "J₁₈ J₁₇ J₁₆ ⋯ J₉"
    (one,) = chain_findings(views.chain_view(record, 4, 3))
    assert (one.key, one.values["chain"]) == ("chain_one", "J₅")
    assert chain_findings(views.chain_view(record, 4, 4))[0].key == "chain_direct"


def test_a_step_without_a_loss_has_no_chain_and_says_so() -> None:
    record = run(BackpropConfig(source="lag", length=8))
    silent = record.direct_each.index_fill(0, torch.tensor([2]), 0.0)
    record = replace(record, direct_each=silent)
    assert chain_findings(views.chain_view(record, 3, 0))[0].key == "chain"
    assert chain_findings(views.chain_view(record, 2, 0))[0].key == "chain_no_loss"


def test_the_bound_holds_and_above_one_is_not_sufficient() -> None:
    record = run(BackpropConfig(init="orthogonal", gain=1.5, length=50, hidden=16))
    view = views.bound_view(record)
    true, factors, weight = (view.lines.of(name) for name in ("true", "factors", "weight"))
    assert bool((true <= factors + 1e-9).all())
    assert bool((factors <= weight + 1e-9).all())
    assert view.sigma == pytest.approx(1.5)
    assert view.gamma == 1.0
    assert bound_findings(record, view)[0].key in ("bound_only_necessary", "bound_explodes")
    told = bound_findings(record, view)[0].values
    assert float(str(told["rate"])) ** int(str(told["T"])) == pytest.approx(
        10 ** float(view.lines.of("weight")[0]), rel=1e-9
    )
    calm = run(BackpropConfig(activation="sigmoid"))
    assert bound_findings(calm, views.bound_view(calm))[0].key == "bound_vanishes"


def test_the_direct_path_of_an_lstm_is_not_the_whole_derivative() -> None:
    """T12, F8: the whole derivative of c decays more slowly than the product of forget gates."""
    record = run(BackpropConfig(cell="lstm", hidden=32, length=100, forget_bias=1.0))
    view = views.paths_view(record)
    assert view is not None
    assert 0.68 < view.direct_rate < 0.78
    assert view.true_rate > view.direct_rate + 0.05
    told = path_findings(record, view)[0].values
    steps = int(str(told["T"]))
    assert steps == 99
    assert told["direct_all"] == power(steps * math.log10(view.direct_rate))
    assert told["true_all"] == power(steps * math.log10(view.true_rate))


def test_truncation_cuts_what_lies_in_other_blocks() -> None:
    record = run(BackpropConfig(loss="all", length=24, hidden=5))
    view = remedies.windows_view(record, 6)
    assert (view.terms, view.cut) == (300, 300 - 4 * 21)
    assert view.own_cosine < 1
    whole = remedies.windows_view(record, 500)
    assert whole.window == 24
    assert whole.cut == 0
    assert whole.own_cosine == pytest.approx(1) == whole.own_ratio


def test_a_block_must_span_the_lag() -> None:
    seen: list[int] = []
    view = remedies.train_both(0, lambda step, steps: seen.append(step))
    assert view.short == view.lag < view.long
    assert float(view.losses_short[-20:].mean()) == pytest.approx(math.log(2), abs=0.05)
    assert float(view.losses_long[-1]) < 0.05
    assert helps.lag_findings(view)[0].key == "lag_no_yes"
    assert seen == sorted(seen)


def test_clipping_by_norm_keeps_the_direction_and_by_value_turns_it() -> None:
    record = run(BackpropConfig(init="orthogonal", gain=1.5, hidden=8))
    view = remedies.clipping_view(record, 1.0)
    assert view.norm > 1 >= view.norm_after > 0.999
    torch.testing.assert_close(view.by_norm / view.norm_after, view.before / view.norm)
    assert view.value_cosine < 0.999
    assert [f.key for f in helps.clipping_findings(view)] == ["clip", "clip_turned"]
    calm = remedies.clipping_view(run(BackpropConfig()), 1000.0)
    assert [f.key for f in helps.clipping_findings(calm)] == ["clip_idle"]


def test_the_unclipped_path_jumps_and_a_grid_misses_the_wall() -> None:
    view = remedies.cliff_view()
    assert view.plain.longest_step > 5 > 0.2 > view.clipped.longest_step
    assert float(view.clipped.error[-1]) < 0.02 < float(view.plain.error[-1])
    assert view.steepest == pytest.approx(5751, rel=1e-3)
    assert float(view.cut_slope.max()) > 1e3 > 1 > float(view.grid_slope.max())


def test_both_losses_spike_until_only_the_unclipped_one_is_thrown() -> None:
    view = remedies.cliff_view()
    _, told, _ = helps.cliff_findings(view)
    thrown = int(str(told.values["t"]))
    plain, clipped = view.plain.error, view.clipped.error
    torch.testing.assert_close(plain[: thrown + 1], clipped[: thrown + 1], rtol=0, atol=0)
    assert plain[thrown + 1] > 3 * clipped[thrown + 1]
    assert plain[: thrown + 1].max() > 10 * plain[0]
    assert plain[thrown + 1 :].std() < 1e-12
    assert view.plain.norm[thrown + 1 :].max() < 1e-9
    assert clipped[thrown + 1 :].max() > 0.3 > 0.01 > clipped.min()
    names = ["error_plain", "error_clipped", "norm_plain", "norm_clipped"]
    assert list(view.descent_columns()) == names


def test_a_norm_that_float32_rounds_back_to_itself_is_not_believed() -> None:
    """T10: 0.6 times the smallest number of a type is, rounded, that number again."""
    config = BackpropConfig(cell="lstm", hidden=32, length=1000, dtype="float32")
    record = run(config)
    told = {f.key: f for f in norms_findings(record, views.norms_view(record))}
    assert 0 < float(record.curves.every.c_norm[0]) < 1e-44  # type: ignore[index]
    assert told["norms_rounded"].values["true"] == power(float(record.logs.c[0]) / math.log(10))  # type: ignore[index]
    assert float(str(told["norms_cell"].values["c"])) == pytest.approx(0.64, abs=0.01)
    calm = run(BackpropConfig(cell="lstm", dtype="float32"))
    assert "norms_rounded" not in [f.key for f in norms_findings(calm, views.norms_view(calm))]


def test_memory_grows_with_the_length_and_is_said() -> None:
    """Row 31 of the concepts."""
    short, long = run(BackpropConfig(length=20)), run(BackpropConfig(length=40))
    assert long.numbers_kept == 2 * short.numbers_kept
    (told,) = (finding for finding in findings(long) if finding.key == "memory")
    assert told.values["all"] == f"{long.numbers_kept:,}"
    assert told.values["each"] == long.numbers_kept // 40
    half = run(BackpropConfig(length=40, dtype="float32"))
    (single,) = (finding for finding in findings(half) if finding.key == "memory")
    sizes = [float(str(f.values["size"]).split()[0]) for f in (told, single)]
    assert sizes[0] == pytest.approx(2 * sizes[1], rel=0.02)
    assert "memory" not in {finding.key for finding in findings(run(BackpropConfig(length=1)))}


def test_a_relu_identity_is_constant_while_units_live_and_zero_when_they_are_dead() -> None:
    """T18: with a positive input some units live on, and W = I keeps their gradient as it is."""
    ones = BackpropConfig(source="numbers", numbers=(1.0,) * 40, length=40, hidden=16)
    view = remedies.relu_view(run(ones))
    identity = view.lines.of("identity")
    torch.testing.assert_close(identity, torch.zeros(40, dtype=torch.float64))
    assert 0 < float(view.live.of("identity").min()) < 1
    assert 0 < view.kept <= float(view.live.of("identity").min())
    assert float(view.lines.of("default")[0]) < -5
    silent = remedies.relu_view(run(replace(ones, numbers=(0.0,) * 40)))
    assert float(silent.lines.of("identity")[0]) == -math.inf


def test_a_click_on_a_remedy_does_what_stands_beside_it() -> None:
    """Row 33: before and after of every box are those of the run that the click leads to."""
    record = run(BackpropConfig(length=50, hidden=16, init="orthogonal"))
    view = ticks.ticks_view(record, False, 1.0)
    assert {tick.name for tick in view.ticks if tick.on} == {"orthogonal"}
    for tick in view.ticks:
        after = run(replace(record.config, **tick.changes))
        log = (after.logs.h[0] - after.logs.h[-1]) / views.LN10
        assert tick.turned == pytest.approx(float(log), abs=1e-9), tick.name
        assert ticks.ticks_view(after, False, 1.0).now == pytest.approx(tick.turned, abs=1e-9)
    plain = run(BackpropConfig(length=50, hidden=16))
    torch.testing.assert_close(
        view.lines.of("before"), ticks.ticks_view(plain, False, 1.0).lines.of("now")
    )
    by_name = {tick.name: tick for tick in view.ticks}
    assert view.before == pytest.approx(by_name["orthogonal"].turned)
    assert view.now > view.before + 5
    assert by_name["forget"].changes == {"cell": "lstm", "forget_bias": 2.0}


def test_what_is_ticked_is_said_of_clipping_too() -> None:
    record = run(BackpropConfig())
    for clipped, key in ((False, "ticks_none"), (True, "ticks_clip")):
        view = ticks.ticks_view(record, clipped, 1.0)
        assert [f.key for f in helps.ticks_findings(view, record)] == [key]
    helped = run(BackpropConfig(init="orthogonal"))
    view = ticks.ticks_view(helped, True, 1.0)
    assert [f.key for f in helps.ticks_findings(view, helped)] == ["ticks_some"]


def test_remedies_combine_and_all_go_away_together() -> None:
    asked = BackpropConfig(length=40, hidden=8, seed=7, source="sine")
    config = asked
    for remedy in ticks.REMEDIES:
        if remedy.name in ("orthogonal", "gain", "relu", "forget", "every"):
            assert not remedy.ticked(config)
            config = remedy.turned(config)
    on = [remedy.name for remedy in ticks.REMEDIES if remedy.ticked(config)]
    assert on == ["orthogonal", "gain", "relu", "lstm", "forget", "every"]
    assert ticks.without(config) == asked
    assert [curve.name for curve in ticks.ticks_view(run(asked), False, 1.0).lines.curves] == [
        "now"
    ]


def test_the_closest_to_1_is_said_only_of_what_comes_closer() -> None:
    vanishing = ticks.ticks_view(run(BackpropConfig(length=60, hidden=16)), False, 1.0)
    best = next(tick for tick in vanishing.ticks if tick.name == vanishing.closest)
    others = [abs(tick.turned) for tick in vanishing.ticks if tick.name != "every"]
    assert abs(best.turned) == min(others) < -vanishing.now
    ones = BackpropConfig(
        source="numbers", numbers=(1.0,) * 40, length=40, hidden=16, activation="relu",
        init="identity",
    )  # fmt: skip
    assert ticks.ticks_view(run(ones), False, 1.0).closest is None


def test_clipping_is_beside_the_curve_and_never_on_it() -> None:
    """Row 34, the chart's own words: it acts on the parameters, after the sweep."""
    record = run(BackpropConfig(init="orthogonal", gain=1.5, hidden=8))
    views_ = [ticks.ticks_view(record, clipped, 0.5) for clipped in (False, True)]
    assert torch.equal(views_[0].lines.of("now"), views_[1].lines.of("now"))
    assert [helps.clip_values(view).key for view in views_] == ["tick_clip_off", "tick_clip_on"]
    assert views_[0].clipping.norm > 0.5 >= views_[0].clipping.norm_after
    assert helps.clip_values(ticks.ticks_view(record, True, 1e9)).key == "tick_clip_idle"


@pytest.mark.parametrize(
    "config",
    [
        BackpropConfig(),
        BackpropConfig(cell="lstm", loss="all", forget_bias=1.0),
        BackpropConfig(cell="lstm", peepholes=True),
        BackpropConfig(cell="gru", source="hello", init="orthogonal", gain=0.5),
        BackpropConfig(cell="gru", source="brackets", loss="all", reset="before"),
        BackpropConfig(activation="relu", dtype="float32", length=45),
        BackpropConfig(source="text", text=("a",)),
    ],
)
def test_the_program_prints_what_the_page_shows(config: BackpropConfig) -> None:
    record = run(config)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(program(record), {})
    assert printed.getvalue() == output(record)
    assert plain(record) == ("Options" not in program(record))


def test_a_fused_module_would_only_give_the_direct_part() -> None:
    """T7: the gradient of nn.RNN's output is zero before the last step."""
    record = run(BackpropConfig())
    fused = torch.nn.RNN(1, 4, dtype=torch.float64)
    fused.load_state_dict({f"{k}_l0": v for k, v in record.trace.cell.state_dict().items()})
    out, _ = fused(record.trace.record.x)
    out.retain_grad()
    out[-1].sum().backward()
    torch.testing.assert_close(norm(out.grad), record.curves.direct)
    assert float(record.curves.total[-2]) > 0 == float(record.curves.direct[-2])


def test_numbers_beyond_any_float_are_still_said() -> None:
    assert power(-400.5) == "3.16×10⁻⁴⁰¹"
    assert power(-math.inf) == "0"
    assert power(math.nan) == "NaN"
    assert power(math.inf) == "∞"
    assert power(0.0) == "1"
    assert not set(power(-1000.0)) & set(string.ascii_letters)
