"""Every attention model that ships is what it says: each figure is measured again."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import torch

from seqviz.core.attention import WhatIfHeads
from seqviz.core.attention_model import Design, build_attention_model
from seqviz.models import attention_measure as measure
from seqviz.models import attention_shelf, available_attention, load_attention
from seqviz.models.attention_shelf import AttentionAbout, save_attention
from seqviz.models.attention_tasks import (
    TEXTS,
    followers,
    places_back,
    random_batch,
    text_batch,
    unambiguous,
    wanted_back,
    wanted_followers,
)
from seqviz.models.attention_train import ATTENTION_NAMES, FOLLOW, TRIED, fit, make_attention

FOLLOWERS = ("follow", "follow-wide")
BACKS = ("back-1h", "back-2h", "back-4h")
ORDERS = ("order-none", "order-sinusoidal", "order-learned", "order-rotary")


def figures(name: str) -> Any:
    return load_attention(name).about.measured


# The shelf


def test_every_model_ships_and_all_together_are_small() -> None:
    assert available_attention() == sorted(ATTENTION_NAMES)
    assert set(ATTENTION_NAMES) == {*FOLLOWERS, *BACKS, *ORDERS}
    everything = attention_shelf.SHELF.parent.rglob("*.npz")
    assert sum(path.stat().st_size for path in everything) <= 200_000


@pytest.mark.parametrize("name", ATTENTION_NAMES)
def test_a_file_holds_arrays_only_and_tells_what_it_is(name: str) -> None:
    with ZipFile(attention_shelf.SHELF / f"{name}.npz") as file:
        headers = [file.read(entry)[:120] for entry in file.namelist()]
    assert all(b"'|O'" not in header for header in headers)
    model = load_attention(name)
    about = model.about
    assert (about.name, about.family) == (name, name.split("-")[0])
    assert about.design == model.design
    assert model.attention.num_heads == about.design.heads
    assert about.trained["seed"] in about.trained["tried"] == list(TRIED)
    assert all(value.dtype == torch.float64 for value in model.state_dict().values())


def test_a_loaded_model_is_the_callers_own() -> None:
    spoiled = load_attention("order-learned")
    with torch.no_grad():
        for parameter in spoiled.parameters():
            parameter.zero_()
    assert load_attention("order-learned").readout.weight.any()
    assert load_attention("order-learned").table.any()  # type: ignore[union-attr]


def test_an_unknown_name_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"expected one of back-1h, .*got 'hello-rnn'"):
        load_attention("hello-rnn")
    with pytest.raises(ValueError, match=r"expected one of follow, .*got 'nothing'"):
        make_attention("nothing")


@pytest.mark.parametrize(
    "design",
    [
        Design(size=2, width=4, previous=True, bias=False),
        Design(size=4, width=4, heads=2, positions="learned", answers=3, longest=7),
    ],
)
def test_what_is_saved_comes_back(
    design: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_attention_model(design, seed=0)
    about = AttentionAbout("a", "back", design, {"seed": 0}, {"right": 0.5})
    first = save_attention(model, about, tmp_path).read_bytes()
    assert save_attention(model, about, tmp_path).read_bytes() == first
    monkeypatch.setattr(attention_shelf, "SHELF", tmp_path)
    back = load_attention("a")
    assert back.about == about
    assert torch.equal(back.run(tuple("abba")).logits, model.run(tuple("abba")).logits)


# The tasks


def test_followers_are_those_that_came_after_it_before() -> None:
    assert followers(tuple("abaca")) == (
        Counter(),
        Counter(),
        Counter("b"),
        Counter(),
        Counter("bc"),
    )
    assert followers(("x", "x", "x")) == (Counter(), Counter("x"), Counter({"x": 2}))
    assert followers(()) == ()


def test_places_back_is_none_before_there_are_as_many() -> None:
    assert places_back(tuple("abc"), 1) == (None, "a", "b")
    assert places_back(tuple("abc"), 2) == (None, None, "a")
    assert places_back(tuple("ab"), 4) == (None, None)
    with pytest.raises(ValueError, match="expected 1 place or more, got 0"):
        places_back(("a",), 0)


def test_batches_ask_what_the_tasks_say() -> None:
    generator = torch.Generator().manual_seed(0)
    batch = random_batch(wanted_followers, (20, 15), 6, 3, generator)
    back = wanted_back(batch.ids, 6, 3)
    for row in range(20):
        tokens = tuple(map(str, batch.ids[row].tolist()))
        for t, found in enumerate(followers(tokens)):
            shares = [found[str(c)] / max(found.total(), 1) for c in range(6)]
            assert batch.wanted[row, t, 0].tolist() == pytest.approx(shares)
            assert bool(batch.asked[row, t, 0]) == bool(found)
        for places in (1, 2, 3):
            for t, token in enumerate(places_back(tokens, places)):
                expected = [float(str(c) == token) for c in range(6)]
                assert back[row, t, places - 1].tolist() == expected
        assert set(batch.present[row].nonzero()[:, 0].tolist()) == set(batch.ids[row].tolist())
    assert torch.equal(batch.vectors[3, 4], batch.candidates[3, batch.ids[3, 4]])
    single = unambiguous(batch).wanted
    assert set(single.unique().tolist()) == {0.0, 1.0}
    assert single.sum() == (batch.wanted == 1).sum()


def test_a_text_is_asked_with_the_vectors_of_its_words() -> None:
    model = load_attention("follow")
    tokens = TEXTS["cat"].split()
    batch = text_batch(wanted_followers, tokens, model.design.size)
    run = model.run(tokens)
    assert torch.equal(batch.vectors[0], run.inputs.vectors)
    assert torch.equal(batch.candidates[0], run.candidate_vectors)


def test_training_is_the_same_again_and_gets_better() -> None:
    design, how = Design(size=4, width=8, previous=True, bias=False), FOLLOW | {"steps": 40}
    one, same = (fit(design, how, wanted_followers, 7).state_dict() for _ in range(2))
    assert all(torch.equal(one[key], same[key]) for key in one)
    untrained = build_attention_model(design, gain=how["gain"], seed=7)
    trained = fit(design, how, wanted_followers, 7)
    before, after = (measure.follow_figures(each, 12, 8)["one"] for each in (untrained, trained))
    assert after > before + 0.2


def test_what_is_measured_and_what_chooses_is_drawn_as_no_training_is() -> None:
    """A generator reads 32 bits: 2⁴⁰ would be seed 0, which training draws from."""
    seeds = (*TRIED, measure.MEASURED, measure.CHOSEN)
    first = [torch.rand((), generator=torch.Generator().manual_seed(s)).item() for s in seeds]
    assert len(set(first)) == len(seeds)
    batches = [measure.held_out(wanted_followers, 8, 5, 4, seed) for seed in seeds]
    assert len({tuple(batch.ids.flatten().tolist()) for batch in batches}) == len(seeds)


# follow


@pytest.mark.parametrize("name", FOLLOWERS)
def test_follow_measures_as_told(name: str) -> None:
    model, told = load_attention(name), figures(name)
    for length, distinct in measure.FOLLOW_SIZES:
        found = measure.follow_figures(model, length, distinct)
        assert found == pytest.approx(told["random"][f"{length}/{distinct}"], abs=1e-9)
    texts = measure.follow_texts(model)
    assert set(texts) == set(TEXTS) == set(told["texts"])
    for text, found in texts.items():
        assert found == pytest.approx(told["texts"][text], abs=1e-9)


def test_follow_finds_what_followed_on_texts_of_up_to_twenty_tokens() -> None:
    told = figures("follow")["random"]
    for size in ("8/5", "12/8", "20/12", "24/20"):
        assert told[size]["one"] > 0.975
        assert told[size]["guess"] < 0.3
        assert told[size]["next"] < told[size]["guess"]
    assert told["64/64"]["one"] > 0.85


def test_twice_the_width_answers_more_of_two_followers_and_of_sixty_four_tokens() -> None:
    narrow, wide = (figures(name)["random"] for name in FOLLOWERS)
    for size in narrow:
        assert wide[size]["one"] > 0.995
        assert wide[size]["any"] > narrow[size]["any"] + 0.03
        assert narrow[size]["any"] < narrow[size]["one"]


@pytest.mark.parametrize("name", FOLLOWERS)
def test_in_english_and_korean_it_looks_where_the_answer_is(name: str) -> None:
    for text in figures(name)["texts"].values():
        assert text["one"] == 1
        assert text["weight"] > 0.98
        assert text["asked"] >= 4


@pytest.mark.parametrize("name", FOLLOWERS)
def test_without_the_mask_it_looks_up_its_own_successor(name: str) -> None:
    told = figures(name)["random"]
    for size in ("8/5", "12/8", "20/12", "24/20"):
        assert told[size]["cheat"] > 0.95
        assert told[size]["next"] < 0.2
    model, tokens = load_attention(name), tuple("abcdef")
    weights = model.run(tokens, causal=False).heads.weights[0]
    assert (weights.diagonal(1) > 0.75).all()
    assert weights.diagonal(1).mean() > 0.9
    assert not model.run(tokens).heads.weights[0].diagonal(1).any()


@pytest.mark.parametrize("name", FOLLOWERS)
def test_two_followers_are_blended_half_and_half(name: str) -> None:
    tokens = TEXTS["cat"].split()[:-1]
    weights = load_attention(name).run(tokens).heads.weights[0, -1]
    assert tokens[-1] == "the"
    after = [t for t in range(1, len(tokens)) if tokens[t - 1] == "the"]
    assert [tokens[t] for t in after] == ["cat", "mat", "cat"]
    torch.testing.assert_close(
        weights[after], torch.full((3,), 1 / 3, dtype=torch.float64), rtol=0, atol=0.02
    )


# back


@pytest.mark.parametrize("name", [*BACKS, *ORDERS])
def test_places_measure_as_told(name: str) -> None:
    model, told = load_attention(name), figures(name)
    for length, distinct in measure.PLACE_SIZES[model.about.family]:
        size = f"{length}/{distinct}"
        found = measure.back_figures(model, length, distinct)
        assert found == pytest.approx(told["random"][size], abs=1e-9)
        guess = measure.blind_guess(length, distinct, model.design.answers)
        assert guess == pytest.approx(told["guess"][size], abs=1e-9)
    for line, expected in zip(measure.looks(model), told["looks"], strict=True):
        assert line == pytest.approx(expected, abs=1e-9)


def test_each_model_of_heads_differs_in_nothing_else() -> None:
    one = load_attention("back-1h")
    for name in BACKS[1:]:
        other = load_attention(name)
        assert replace(other.design, heads=1) == one.design
        plain = {key: value for key, value in other.about.trained.items() if key != "seed"}
        assert plain == {key: one.about.trained[key] for key in plain}
        assert [each.shape for each in other.parameters()] == [
            each.shape for each in one.parameters()
        ]


def test_more_heads_name_more_places_with_every_seed() -> None:
    means = {name: [sum(seed) / 4 for seed in figures(name)["by_seed"]] for name in BACKS}
    assert max(means["back-1h"]) < 0.35
    assert min(means["back-2h"]) > 0.5
    assert max(means["back-2h"]) < 0.65
    assert min(means["back-4h"]) > 0.95
    named = {name: sum(value > 0.9 for value in figures(name)["random"]["24/20"]) for name in BACKS}
    assert named == {"back-1h": 1, "back-2h": 2, "back-4h": 4}


def test_four_heads_share_out_the_four_places() -> None:
    looks = torch.tensor(figures("back-4h")["looks"])
    assert sorted(looks.argmax(-1).tolist()) == [1, 2, 3, 4]
    assert (looks.max(-1).values > 0.9).all()


def test_a_head_taken_out_takes_its_place_along_and_no_other() -> None:
    model = load_attention("back-4h")
    tokens = tuple(TEXTS["rule"].split())
    looks = torch.tensor(figures("back-4h")["looks"]).argmax(-1).tolist()
    for head, place in enumerate(looks):
        said = model.run(tokens, what_if=WhatIfHeads(heads=frozenset([head]))).said()
        right = {
            places: sum(
                said[t][places - 1] == token
                for t, token in enumerate(places_back(tokens, places))
                if token is not None
            )
            / (len(tokens) - places)
            for places in (1, 2, 3, 4)
        }
        assert right.pop(place) < 0.5
        assert min(right.values()) > 0.8


# order


def test_without_positions_a_place_back_is_not_even_guessed() -> None:
    told = figures("order-none")
    for size, (right,) in told["random"].items():
        assert right < told["guess"][size][0]
    for name in ORDERS[1:]:
        assert figures(name)["random"]["16/16"][0] > 0.995


def test_without_positions_the_same_word_says_the_same_wherever_it_stands() -> None:
    run = load_attention("order-none").run(TEXTS["cat"].split())
    places = [t for t, token in enumerate(run.inputs.tokens) if token == "the"]
    expected = run.logits[places[:1]].expand(len(places), -1, -1)
    torch.testing.assert_close(run.logits[places], expected, rtol=0, atol=1e-12)


def test_beyond_the_trained_length_only_rotation_holds() -> None:
    right = {name: figures(name)["random"]["64/16"][0] for name in ORDERS[1:]}
    assert load_attention("order-rotary").about.trained["lengths"][1] == 16
    assert right["order-rotary"] > 0.95
    assert 0.3 < right["order-sinusoidal"] < 0.6
    assert right["order-learned"] < 0.35


def test_learned_places_that_training_never_met_are_as_they_were_drawn() -> None:
    model = load_attention("order-learned")
    seed, gain = model.about.trained["seed"], model.about.trained["gain"]
    fresh = build_attention_model(model.design, gain=gain, seed=seed)
    assert model.table is not None
    assert fresh.table is not None
    assert torch.equal(model.table[16:], fresh.table[16:])
    assert not torch.isclose(model.table[:16], fresh.table[:16]).any(-1).all()
