"""Records and their sentences against one more computation: plain equations, written out here."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from seqviz.core.bands import band
from seqviz.core.what_if import Force
from seqviz.models.experiment import CellConfig, CellRecord, run
from seqviz.models.findings import (
    answer,
    concat_error,
    findings,
    log_ratio,
    number,
    percent,
    repeated,
)
from seqviz.models.questions import questions

SIGMA = torch.sigmoid
PHI: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "identity": lambda a: a,
}
HELLO = CellConfig()
CASES = [
    *(CellConfig(cell=cell) for cell in ("rnn", "lstm", "gru")),
    *(CellConfig(cell=cell, loss="all") for cell in ("rnn", "lstm", "gru")),
    *(CellConfig(cell=cell, source="lag", length=6, loss="all") for cell in ("rnn", "gru")),
    CellConfig(source="text", text=tuple("hexl"), loss="all"),
    CellConfig(cell="rnn", gain=0.5, activation="relu", edit_step=1, edit_token="o"),
    CellConfig(cell="gru", mode="fresh", hidden=3, reset="before", source="brackets", length=5),
    CellConfig(cell="gru", mode="fresh", hidden=3, h0="random", seed=7, source="noise", length=5),
    CellConfig(cell="lstm", mode="fresh", hidden=2, h0="random", seed=8, source="sine", length=5),
    CellConfig(mode="fresh", hidden=3, peepholes=True, forget_bias=1.0, loss="all"),
]


def states(record: CellRecord, xs: Tensor, gain: float, phi: str) -> tuple[list, list]:
    """h and c of every step, as one graph."""
    cell, options, f = record.model.cell, record.model.options, PHI[phi]
    w, u, b, d = (value.detach().requires_grad_() for value in cell.parameters())
    u = u * gain
    h, c = record.trace.h0, record.trace.c0
    hs, cs = [], []
    for x in xs:
        mine, theirs = w @ x + b, u @ h + d
        if record.trace.kind == "rnn":
            h = f(mine + theirs)
        elif c is not None:
            i, forget, g, o = (mine + theirs).chunk(4)
            if options.peepholes is not None:
                i, forget = i + options.peepholes.p_i * c, forget + options.peepholes.p_f * c
            c = SIGMA(forget) * c + SIGMA(i) * f(g)
            o = o if options.peepholes is None else o + options.peepholes.p_o * c
            h = SIGMA(o) * f(c)
        else:
            (r_x, z_x, n_x), (r_h, z_h, n_h) = mine.chunk(3), theirs.chunk(3)
            r, z = SIGMA(r_x + r_h), SIGMA(z_x + z_h)
            if options.reset == "before":
                n = f(n_x + u.chunk(3)[2] @ (r * h) + d.chunk(3)[2])
            else:
                n = f(n_x + r * n_h)
            h = z * h + (1 - z) * n
        hs.append(h)
        cs.append(c)
    return hs, cs


def losses(record: CellRecord, hs: list[Tensor]) -> list[Tensor]:
    """Cross-entropy in nats at each step whose target the model can say."""
    readout, classes = record.model.readout, list(record.model.classes)
    if readout is None or record.task.targets is None:
        return []
    return [
        torch.logsumexp(readout.weight @ h + readout.bias, 0)
        - (readout.weight @ h + readout.bias)[classes.index(target)]
        for h, target in zip(hs, record.task.targets, strict=True)
        if target in classes
    ]


@pytest.mark.parametrize("config", CASES)
def test_a_record_is_what_its_equations_give(config: CellConfig) -> None:
    record = run(config)
    hs, cs = states(record, record.trace.x, config.gain, config.activation)
    torch.testing.assert_close(record.trace.h, torch.stack(hs), rtol=0, atol=1e-12)
    asked = losses(record, hs)
    if asked:
        assert record.loss == pytest.approx(torch.stack(asked).mean().item(), rel=1e-10)
    terms = asked or [h.sum() for h in hs]
    total = terms[-1] if config.loss == "last" else torch.stack(terms).sum()
    nodes = [*hs, *cs] if record.trace.kind == "lstm" else hs
    found = torch.autograd.grad(total, nodes, allow_unused=True, materialize_grads=True)
    expected = torch.stack(found[: len(hs)])
    torch.testing.assert_close(record.gradients.dh, expected, rtol=1e-7, atol=1e-12)
    if record.gradients.dc is not None:
        expected = torch.stack(found[len(hs) :])
        torch.testing.assert_close(record.gradients.dc, expected, rtol=1e-7, atol=1e-12)


def test_the_ghost_is_the_model_as_it_was() -> None:
    changed = replace(HELLO, gain=0.5, activation="relu", edit_step=1, edit_token="o")
    record, own = run(changed), run(HELLO)
    assert record.ghost is not None
    assert torch.equal(record.ghost.h, own.trace.h)
    assert record.ghost_loss == own.loss


def test_random_states_come_from_the_seed() -> None:
    first, other = (run(replace(HELLO, h0="random", seed=seed)) for seed in (1, 2))
    assert not torch.equal(first.trace.h0, other.trace.h0)
    assert float(first.trace.h0.abs().min()) > 0


@pytest.mark.parametrize("place", ["unit", "step"])
def test_a_force_just_outside_is_no_force(place: str) -> None:
    force = Force("f", 0.0, **{place: 4})
    assert run(replace(HELLO, force=force)).trace.options.what_if is None
    inside = Force("f", 0.0, **{place: 3})
    assert run(replace(HELLO, force=inside)).ghost is not None


def values_of(record: CellRecord, key: str) -> dict[str, object]:
    return next(finding.values for finding in findings(record) if finding.key == key)


def test_the_two_l_are_told_with_their_answers_and_their_distance() -> None:
    record = run(HELLO)
    assert repeated(record) == (2, 3)
    assert record.probabilities is not None
    h, p = record.trace.h, record.probabilities
    assert values_of(record, "two_l") == {
        "s": 3,
        "t": 4,
        "token": "l",
        "first": "l",
        "first_p": percent(float(p[2].max())),
        "second": "o",
        "second_p": percent(float(p[3].max())),
        "distance": number(math.dist(h[2].tolist(), h[3].tolist())),
    }
    assert values_of(record, "loss")["guess"] == number(2 * math.log(2))


def test_what_a_change_does_to_the_answers_is_counted() -> None:
    record = run(replace(HELLO, wipe=True))
    assert record.loss is not None
    assert record.ghost_loss is not None
    before = [answer(run(HELLO), t)[0] for t in range(4)]
    after = [answer(record, t)[0] for t in range(4)]
    assert before == list("ello") != after
    told = values_of(record, "what_if")
    changed = sum(one != other for one, other in zip(before, after, strict=True))
    assert changed != 4 - changed
    assert told == {
        "before": number(record.ghost_loss),
        "after": number(record.loss),
        "changed": changed,
        "n": 4,
    }
    answers = {"before": tuple("ello"), "after": tuple(after)}
    assert values_of(record, "what_if_answers") == answers


def test_a_signal_tells_the_largest_change_of_h() -> None:
    config = CellConfig(cell="gru", mode="fresh", source="noise", length=6, hidden=3)
    record, free = run(replace(config, force=Force("z", 0.0))), run(config)
    difference = (record.trace.h - free.trace.h).abs()
    assert values_of(record, "what_if_none") == {"most": number(float(difference.max()))}
    assert float(difference[0].max()) < float(difference.max())


@pytest.mark.parametrize("update", ["keeps", "writes"])
def test_the_share_that_z_keeps_is_of_the_last_step_and_of_the_convention(update: str) -> None:
    record = run(replace(HELLO, cell="gru", update=update))
    plain = run(replace(HELLO, cell="gru")).trace.z[-1].mean()
    told = values_of(record, f"z_{update}")
    assert told["share"] == percent(float(plain))
    assert told["z"] == number(float(plain) if update == "keeps" else 1 - float(plain))


@pytest.mark.parametrize(
    ("ratio", "name"),
    [
        (101.0, "exploding"),
        (100.0, "alive"),
        (1.1e-3, "alive"),
        (0.9e-3, "shrinking"),
        (1.1e-6, "shrinking"),
        (1e-6, "shrinking"),
        (1e-3, "shrinking"),
        (0.9e-6, "zero"),
        (0.0, "zero"),
        (math.nan, "zero"),
        (math.inf, "exploding"),
    ],
)
def test_bands_have_the_limits_that_their_words_name(ratio: float, name: str) -> None:
    assert band(log_ratio(ratio)) == name


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (1e-9, "< 0.1 %"),
        (0.0123, "1.23 %"),
        (0.99899, "99.9 %"),
        (0.99999, "> 99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_all(share: float, text: str) -> None:
    assert percent(share) == text


def test_the_largest_unit_is_the_largest_in_size() -> None:
    for seed in range(20):
        record = run(CellConfig(mode="fresh", source="noise", hidden=3, seed=seed))
        last = [abs(value) for value in record.trace.h[-1].tolist()]
        question = next(question for question in questions(record) if question.name == "largest")
        assert question.right == last.index(max(last))
        assert question.told["value"] == number(float(record.trace.h[-1][question.right]))


def test_one_wide_matrix_is_really_multiplied(monkeypatch: pytest.MonkeyPatch) -> None:
    record = run(HELLO)
    assert concat_error(record) < 1e-14
    cat = torch.cat
    monkeypatch.setattr(torch, "cat", lambda parts, dim=0: cat(parts[::-1], dim=dim))
    assert concat_error(record) < 1e-14
    monkeypatch.setattr(torch, "cat", lambda parts, dim=0: 2 * cat(parts, dim=dim))
    assert concat_error(record) > 0.1
