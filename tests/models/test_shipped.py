"""The shipped weights do what is said of them; every figure is measured again."""

import math
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
import torch

from seqviz.core.model import build_model
from seqviz.core.what_if import Force, WhatIf
from seqviz.models import available, load, measure, shelf
from seqviz.models.inputs import depth_class, depths, example
from seqviz.models.shelf import About, save
from seqviz.models.train import NAMES, make

KINDS = ("lstm", "gru", "rnn")


def figures(name: str) -> Any:
    return load(name).about.measured


def test_every_model_ships_and_together_they_are_small() -> None:
    assert available() == sorted(NAMES)
    assert sum(path.stat().st_size for path in shelf.SHELF.glob("*.npz")) <= 200_000


@pytest.mark.parametrize("name", NAMES)
def test_a_file_holds_arrays_only_and_tells_what_it_is(name: str) -> None:
    with ZipFile(shelf.SHELF / f"{name}.npz") as file:
        headers = [file.read(entry)[:120] for entry in file.namelist()]
    assert all(b"'|O'" not in header for header in headers)
    model = load(name)
    task, kind = name.split("-")
    about = model.about
    assert (about.name, about.task, about.kind, model.kind) == (name, task, kind, kind)
    assert about.hidden_size == model.cell.hidden_size
    assert about.trained["seed"] is not None
    one = example(task)
    assert (model.vocabulary, model.classes) == (one.vocabulary, one.classes)
    assert all(value.dtype == torch.float64 for value in model.state_dict().values())


def test_a_loaded_model_is_the_callers_own() -> None:
    spoiled = load("hello-rnn")
    with torch.no_grad():
        for parameter in spoiled.parameters():
            parameter.zero_()
    assert all(parameter.any() for parameter in load("hello-rnn").parameters())


def test_an_unknown_name_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"expected one of brackets-gru, .*got 'hello'"):
        load("hello")


def test_what_is_saved_comes_back_and_variants_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_model("lstm", "ab", "xyz", 3, h0="random", seed=0)
    about = About("a", "hello", "lstm", 3, ("a", "b"), ("x", "y", "z"), {"seed": 0}, {"loss": 0.1})
    first = save(model, about, tmp_path).read_bytes()
    assert save(model, about, tmp_path).read_bytes() == first
    monkeypatch.setattr(shelf, "SHELF", tmp_path)
    back = load("a")
    xs = model.encode("abba")
    assert back.about == about
    assert torch.equal(back(xs), model(xs))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert set(file.files) == {"about", *model.state_dict()}
    with pytest.raises(ValueError, match="PyTorch's own cell"):
        save(build_model("lstm", "ab", "xyz", 3, peepholes=True, seed=0), about, tmp_path)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name.split("-")[0] in ("hello", "korean")]
)
def test_a_text_is_known_by_heart(name: str) -> None:
    model, told = load(name), figures(name)
    one = example(model.about.task)
    measured = measure.fit(model, one)
    assert measured == pytest.approx({key: told[key] for key in measured}, abs=1e-9)
    assert measured["accuracy"] == 1
    assert measured["loss"] < (0.01 if model.about.task == "hello" else 0.05)
    assert measured["least_chance"] > 0.9
    assert measured["wiped_loss"] > told["floor"] == measure.memoryless_floor(one)


def test_the_floor_of_hello_is_half_a_coin_toss_r13() -> None:
    assert measure.memoryless_floor(example("hello")) == pytest.approx(math.log(2) / 2, abs=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_hello_tells_the_two_ls_apart_by_its_state_alone(kind: str) -> None:
    model = load(f"hello-{kind}")
    xs = model.encode("hell")
    trace, wiped = model.trace(xs), model.trace(xs, what_if=WhatIf(wipe=True))
    answers = [model.classes[i] for i in model.logits(trace.h).argmax(-1)]
    assert answers == ["e", "l", "l", "o"]
    assert (trace.h[3] - trace.h[2]).norm() > 1
    assert torch.equal(wiped.h[2], wiped.h[3])
    assert torch.equal(model.logits(wiped.h)[2], model.logits(wiped.h)[3])


def test_the_gates_of_hello_are_not_all_open_or_shut() -> None:
    lstm = load("hello-lstm").trace(load("hello-lstm").encode("hell"))
    gru = load("hello-gru").trace(load("hello-gru").encode("hell"))
    for gates in (torch.cat([lstm.i, lstm.f, lstm.o]), torch.cat([gru.r, gru.z])):
        assert ((gates > 0.05) & (gates < 0.95)).double().mean() > 0.35
        assert gates.max() - gates.min() > 0.9


def test_in_the_hello_lstm_two_units_add_up_and_two_are_overwritten() -> None:
    trace = load("hello-lstm").trace(load("hello-lstm").encode("hell"))
    first_l, second_l = trace.c[2], trace.c[3]
    assert (trace.f[3, :2] > 0.95).all()
    assert (first_l[:2].sign() * (second_l - first_l)[:2] > 0.85).all()
    assert (trace.f[3, 2:] < 0.35).all()
    assert (first_l[2:] < -0.4).all()
    assert (second_l[2:] > 0.7).all()


@pytest.mark.parametrize(
    ("force", "said"),
    [
        (Force("f", 0.0), "eloe"),
        (Force("f", 1.0), "elll"),
        (Force("f", 1.0, unit=3), "elll"),
        (Force("i", 0.0), "eeee"),
        (Force("i", 0.0, unit=1), "elll"),
        (Force("o", 1.0), "ello"),
    ],
)
def test_what_the_hello_lstm_says_with_a_gate_held(force: Force, said: str) -> None:
    model = load("hello-lstm")
    trace = model.trace(model.encode("hell"), what_if=WhatIf(force=force))
    answers = model.logits(trace.h).argmax(-1)
    assert "".join(model.classes[i] for i in answers) == said


@pytest.mark.parametrize("kind", KINDS)
def test_brackets_measure_as_told(kind: str) -> None:
    told = figures(f"brackets-{kind}")
    model = load(f"brackets-{kind}")
    for length in (30, 200):
        measured = measure.bracket_figures(model, length)
        assert measured == pytest.approx(told["by_length"][str(length)], abs=1e-9)
        assert measured["accuracy"] > measured["guess"]
    at_100 = [figure["100"] for figure in told["by_seed"]]
    assert (
        told["by_length"]["100"]["accuracy"] == max(at_100) == at_100[model.about.trained["seed"]]
    )


def test_the_lstm_counts_deeper_and_longer_than_it_was_taught() -> None:
    model, told = load("brackets-lstm"), figures("brackets-lstm")
    assert model.about.trained["length"] == 30
    assert told["by_length"]["200"]["deepest"] > 2 * told["by_length"]["30"]["deepest"]
    unit = told["counter"]["unit"]
    for length in (30, 100, 200):
        correlation = measure.counting(model, length)[unit]
        assert correlation == pytest.approx(told["counter"]["correlation"][str(length)], abs=1e-9)
        assert abs(correlation) > 0.99


def test_beyond_its_lengths_the_lstm_is_ahead_of_the_gru_and_the_gru_of_the_rnn() -> None:
    at_200 = {
        kind: sorted(figure["200"] for figure in figures(f"brackets-{kind}")["by_seed"])
        for kind in KINDS
    }
    second_worst_lstm, worst_gru = at_200["lstm"][1], at_200["gru"][0]
    assert second_worst_lstm > max(at_200["gru"])
    assert worst_gru > max(at_200["rnn"])


@pytest.mark.parametrize("kind", ["gru", "rnn"])
def test_no_unit_of_gru_or_rnn_goes_with_the_depth_as_the_lstms_does(kind: str) -> None:
    theirs = measure.counting(load(f"brackets-{kind}"), 200)
    assert max(abs(value) for value in theirs) < 0.8


def test_an_rnn_also_asked_after_short_lags_learns_with_some_seeds_only() -> None:
    told = figures("lag-rnn")["recall_40_by_seed_from_lag_1"]
    assert max(told) == 1
    assert sorted(told)[-2] < 0.8


def test_a_letter_leaves_the_lstms_count_nearly_alone_and_brackets_move_it() -> None:
    model = load("brackets-lstm")
    unit = figures("brackets-lstm")["counter"]["unit"]
    one = example("brackets", 30, seed=3)
    moves = model.trace(model.encode(one.tokens)).c[:, unit].diff().abs()
    letters = torch.tensor([token == "x" for token in one.tokens[1:]])
    assert moves[letters].mean() < 0.4 * moves[~letters].mean()


def test_brackets_typed_by_hand_are_answered() -> None:
    model = load("brackets-lstm")
    text = "(x(xx)((x)))x()"
    answers = [model.classes[i] for i in model(model.encode(text)).argmax(-1)]
    assert answers == [depth_class(depth) for depth in depths(text)]


@pytest.mark.parametrize("kind", KINDS)
def test_lags_measure_as_told(kind: str) -> None:
    model, told = load(f"lag-{kind}"), figures(f"lag-{kind}")
    for lag in (1, 40, 199):
        assert measure.recall(model, lag) == told["recall_by_lag"][str(lag)]
    assert told["recall_40_by_seed"][model.about.trained["seed"]] == max(told["recall_40_by_seed"])


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_lstm_and_gru_keep_the_first_letter_with_every_seed(kind: str) -> None:
    told = figures(f"lag-{kind}")
    assert measure.recall(load(f"lag-{kind}"), 40) >= 0.99
    assert min(told["recall_40_by_seed"]) >= 0.99


def test_the_rnn_does_not_learn_it_with_any_seed() -> None:
    told = figures("lag-rnn")
    assert len(told["recall_40_by_seed"]) == 5
    assert max(told["recall_40_by_seed"]) < 0.35
    assert measure.recall(load("lag-rnn"), 40) == pytest.approx(told["guess"], abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_all_cells_of_a_task_had_the_same_budget(kind: str) -> None:
    for task in ("brackets", "lag"):
        mine, lstms = load(f"{task}-{kind}").about.trained, load(f"{task}-lstm").about.trained
        same = {"hidden_size", "lr", "clip", "steps", "batch"}
        assert {key: mine[key] for key in same} == {key: lstms[key] for key in same}


@pytest.mark.parametrize("kind", KINDS)
def test_training_hello_again_gives_the_shipped_weights(kind: str) -> None:
    model, about = make(f"hello-{kind}")
    shipped = load(f"hello-{kind}")
    assert about.measured == pytest.approx(shipped.about.measured, abs=1e-6)
    assert about.trained == shipped.about.trained
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, shipped.state_dict()[name], atol=1e-5, rtol=0)
