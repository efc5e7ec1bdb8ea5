"""The page `attention`, run as Streamlit runs it, in both languages and with every part open."""

import math
from functools import partial
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from seqviz.models.attention_experiment import AttentionConfig, AttentionRecord, run
from seqviz.models.attention_findings import attention_findings
from seqviz.models.attention_program import attention_output
from seqviz.models.attention_shelf import load_attention
from seqviz.models.findings import percent
from seqviz.text import LANGUAGES, PLACEHOLDER, Words, words
from seqviz.ui.attention import (
    CONTROLS,
    EXAMPLES,
    PRESETS,
    TRY,
    actions,
    config_of,
    equations_of,
    paragraphs,
    tokens_of,
)
from seqviz.ui.cells import Cells
from tests.ui.parts import bodies, notices, open_page

visit = partial(open_page, "attention")
KEYS = [control.key for control in CONTROLS]
VIEWS = ("one", "matrix", "sentence")
LABELLED = ("button_group", "slider", "number_input", "selectbox", "toggle", "expander")
DEFAULTS = {control.key: control.default for control in CONTROLS} | {"seed": 1}


def html(visitor: Any) -> str:
    return "\n".join(bodies(visitor))


@pytest.mark.parametrize("mode", ["trained", "fresh"])
@pytest.mark.parametrize("show", VIEWS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_view_opens_with_words_for_all_it_shows(language: str, show: str, mode: str) -> None:
    visitor = visit(v="1", lang=language, show=show, mode=mode)
    own = words("attention", language)
    assert visitor.title[0].value == own["question"]
    assert notices(visitor) == []
    everything = Words(language, "frame", "controls", "player", "figures", "attention").flat
    for kind in LABELLED:
        for element in visitor.get(kind):
            assert element.label in everything.values(), element.label
    for key in own:
        assert f">{key}<" not in html(visitor), key
    charts = len(visitor.get("plotly_chart"))
    assert charts == (2 if show == "sentence" else 1)


def test_no_placeholder_is_left_open() -> None:
    for show in VIEWS:
        for extra in ({}, {"causal": "false", "align": "top-left", "scale": "false", "temp": "2"}):
            visitor = visit(show=show, top="true", edit="true", weights="0.5", **extra)
            own = [e.proto.body for e in visitor.get("html") if "<style" not in e.proto.body]
            assert not PLACEHOLDER.search(" ".join(own))


@pytest.mark.parametrize("key", [*KEYS, "seed"])
def test_nonsense_in_a_parameter_is_named_and_the_rest_stays(key: str) -> None:
    visitor = visit(**{"v": "1", "lang": "en", "show": "sentence", key: "<b>"})
    if key == "text":
        assert notices(visitor) == []
        return
    (notice,) = notices(visitor)
    assert "&lt;b&gt;" in notice
    assert "<b>" not in notice


def test_limits_are_kept_and_told() -> None:
    asked = {"n": "99", "rows": "0", "dk": "7", "temp": "nan", "dv": "1e9"}
    assert len(notices(visit(v="1", lang="en", **asked))) == len(asked)
    (notice,) = notices(visit(v="1", lang="en", show="sentence", query="99"))
    assert "There is no query 99: there are 8." in notice
    told = {"query": "60", "drop": "61", "hide": "63", "edit": "true", "weights": "1,0"}
    assert len(notices(visit(v="1", lang="en", show="sentence", **told))) == 4


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("blocked", [{"pad": "64"}, {"hide": "*-*"}])
def test_a_mask_that_blocks_everything_says_so(language: str, blocked: dict[str, str]) -> None:
    for show in ("matrix", "sentence"):
        visitor = visit(v="1", lang=language, show=show, **blocked)
        (notice,) = notices(visitor)
        assert words("attention", language)["told.all_blocked"] in notice
        assert "NaN" not in visitor.code[1].value
        assert "nan" not in visitor.code[1].value


@pytest.mark.parametrize(
    ("text", "split", "count"),
    [
        ("", "words", 1),
        ("   ", "letters", 1),
        ("a", "words", 0),
        ("한", "letters", 0),
        ("a " * 10_000, "words", 1),
        ("가" * 10_000, "syllables", 1),
        ("<script>alert(1)</script>", "letters", 0),
        ("👩\u200d👩\u200d👧 \u202eabc e\u0301", "syllables", 0),
    ],
)
def test_any_text_is_read_or_refused_in_words(text: str, split: str, count: int) -> None:
    for mode in ("trained", "fresh"):
        parameters = {"show": "sentence", "input": "text", "text": text, "split": split}
        visitor = visit(v="1", lang="en", mode=mode, **parameters)
        assert len(notices(visitor)) == count
        assert "<script" not in html(visitor)


def test_the_code_prints_what_the_page_shows() -> None:
    shown = attention_output(run(AttentionConfig(show="sentence")))
    assert visit(show="sentence").code[1].value == shown.rstrip("\n")


def test_what_if_can_be_ended() -> None:
    visitor = visit(show="sentence", top="true", edit="true")
    visitor.button(key="button:what_if_off").click().run()
    assert not visitor.exception
    assert not any(str(button.key) == "button:what_if_off" for button in visitor.button)


def test_every_action_is_a_link_with_all_values_and_leads_to_a_whole_page() -> None:
    body = next(e.proto.body for e in visit().get("html") if "<ol" in e.proto.body)
    addresses = [part.partition('"')[0] for part in body.split('href="')[1:]]
    assert len(addresses) == len(TRY) >= 8
    assert set(TRY) == set(actions())
    for address in addresses:
        found = parse_qs(urlsplit(address.replace("&amp;", "&")).query, keep_blank_values=True)
        assert {*KEYS, "seed", "lang", "v"} == set(found) - {"try"}
        visitor = visit(**{key: values[0] for key, values in found.items()})
        assert notices(visitor) == [], address


def test_equations_have_the_parameters_of_the_model_on_screen() -> None:
    trained = equations_of(run(AttentionConfig(show="sentence")))[0]
    assert trained == r"Q = X W_Q^\top,\quad K = X W_K^\top,\quad V = X W_V^\top"
    tied = equations_of(run(AttentionConfig(show="sentence", mode="fresh", tied=True)))[0]
    assert tied == (r"Q = X W_Q^\top + b_Q,\quad K = X W_Q^\top + b_K,\quad V = X W_V^\top + b_V")
    assert "W_Q" not in " ".join(equations_of(run(AttentionConfig(show="matrix"))))


@pytest.mark.parametrize("show", VIEWS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prediction_can_be_answered(language: str, show: str) -> None:
    visitor = visit(lang=language, show=show)
    assert len(visitor.radio) == {"one": 2, "matrix": 3, "sentence": 3}[show]
    for radio in visitor.radio:
        radio.set_value(0)
    for button in visitor.button:
        if str(button.key).startswith("predict:"):
            button.click()
    visitor = visitor.run()
    assert not visitor.exception
    told = [words("frame", language)[f"predict.{key}"] for key in ("right", "wrong")]
    assert sum(html(visitor).count(verdict) for verdict in told) >= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_where_weights_mislead_are_one_link_away(language: str) -> None:
    tokens = [tokens_of(DEFAULTS | changes) for changes in EXAMPLES.values()]
    assert [" ".join(found) for found in tokens] == [
        "you and me and you and her",
        "하늘 아래 땅 아래 하늘 아래 우리",
        "m i s s i s s i p p i",
    ]
    body = html(visit(lang=language, show="sentence"))
    for changes in EXAMPLES.values():
        (address,) = (
            part.partition('"')[0].replace("&amp;", "&")
            for part in body.split('href="')[1:]
            if f"input={changes['input']}&" in part.partition('"')[0].replace("&amp;", "&")
            and "&try=" not in part.partition('"')[0].replace("&amp;", "&")
        )
        found = parse_qs(urlsplit(address).query, keep_blank_values=True)
        opened = visit(**{key: values[0] for key, values in found.items()})
        assert notices(opened) == []
        assert words("attention", language)["predict.none"] not in html(opened)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_repeat_something_and_fit(name: str) -> None:
    tokens = tokens_of(DEFAULTS | {"input": name})
    assert len(set(tokens)) < len(tokens) <= 16


@pytest.mark.parametrize(
    ("text", "value", "cells"),
    [
        ("", "", ()),
        ("3", "3", ((None, 2),)),
        ("*-3, 3", "3", ((None, 2),)),
        (" 2-3 ,2-*", "2-3, 2-*", ((1, 2), (1, None))),
        ("*", "*-*", ((None, None),)),
    ],
)
def test_blocked_cells_are_read_as_they_are_written(
    text: str, value: str, cells: tuple[tuple[int | None, int | None], ...]
) -> None:
    reading = Cells("hide").read(text)
    assert (reading.value, reading.notices) == (value, ())
    config = config_of(DEFAULTS | {"show": "matrix", "hide": value})
    assert config.hidden == cells


@pytest.mark.parametrize("text", ["0", "2-0", "a", "1--2", "1-2-3", "٣", "9999"])
def test_what_names_no_cell_is_told(text: str) -> None:
    reading = Cells("hide").read(f"3, {text}")
    assert reading.value == "3"
    (notice,) = reading.notices
    assert notice.values["got"] == text


def test_only_so_many_cells_and_notices() -> None:
    assert len(str(Cells("hide").read(",".join(map(str, range(1, 200)))).value).split(",")) == 64
    assert len(Cells("hide").read(",".join("x" * 100)).notices) == 6


def test_percentages_keep_their_space_and_tokens_are_cut() -> None:
    own = Words("en", "attention")
    record = run(AttentionConfig(show="matrix", d_k=512, scale=False))
    told = " ".join(paragraphs(attention_findings(record), own))
    assert "largest weight of this row is > 99.9 %" in told
    long = run(AttentionConfig(show="sentence", tokens=("x" * 30, " \n", "x" * 30, "y")))
    told = " ".join(paragraphs(attention_findings(long), own))
    assert "x" * 11 + "…" in told
    assert "x" * 12 not in told
    removed = run(AttentionConfig(show="sentence", tokens=("x" * 30, "y", "x" * 30), drop=0))
    told = " ".join(paragraphs(attention_findings(removed), own))
    assert f"Removed: “{'x' * 11}…” (1)." in told


def test_every_control_reaches_the_configuration_under_its_own_name() -> None:
    base = DEFAULTS | {"n": 6, "rows": 2, "keys": 7, "dk": "64", "dv": 5, "seed": 9}
    base |= {"scale": False, "temp": 2.5}
    shared: dict[str, Any] = {"scale": False, "temperature": 2.5, "seed": 9}
    assert config_of(base) == AttentionConfig(show="one", keys=6, **shared)
    asked = base | {"pad": 2, "hide": "3, 2-*", "query": 2, "top": True, "drop": 3}
    asked |= {"edit": True, "weights": (0.5, 0.25), "align": "bottom-right", "tied": True}
    what_if: dict[str, Any] = {
        "pad": 2, "hidden": ((None, 2), (1, None)), "asked": 1, "top": True, "drop": 2,
        "edit": (0.5, 0.25),
    }  # fmt: skip
    assert config_of(asked | {"show": "matrix"}) == AttentionConfig(
        show="matrix", rows=2, keys=7, d_k=64, d_v=5, align="bottom-right", **shared, **what_if
    )
    sentence = asked | {"show": "sentence", "causal": False}
    tokens = ("the", "cat", "ran", "and", "the", "cat", "ran", "away")
    read: dict[str, Any] = {"show": "sentence", "tokens": tokens, "causal": False}
    assert config_of(sentence) == AttentionConfig(**read, **shared, **what_if)
    assert config_of(sentence | {"mode": "fresh"}) == AttentionConfig(
        **read, mode="fresh", d_k=64, tied=True, **shared, **what_if
    )


def cells(*texts: object) -> str:
    return "".join(f"<td>{escape(str(text))}</td>" for text in texts)


def test_the_tables_hold_what_was_measured_in_their_own_rows() -> None:
    shown, own = html(visit(show="sentence")), words("attention", "en")
    measured = load_attention("follow").about.measured["random"]
    at = measured["20/12"]
    assert cells(own["masks.on"], percent(at["next"])) in shown
    assert cells(own["masks.off"], percent(at["cheat"])) in shown
    for size, found in measured.items():
        length, distinct = size.split("/")
        name = own["models.at"].format(length=length, distinct=distinct)
        shares = [percent(found[key]) for key in ("one", "any", "guess")]
        assert cells(name, *shares) in shown
    for causal, key in ((True, "on"), (False, "off")):
        found = score_of_run(run(AttentionConfig(show="sentence", causal=causal)))
        assert cells(own[f"masks.{key}"], *found) in shown


def score_of_run(record: AttentionRecord) -> tuple[str, str]:
    """How many next tokens are named, and the mean loss over all of them."""
    assert record.run is not None
    said, tokens = [row[0] for row in record.run.said()], record.queries
    named = sum(said[t] == tokens[t + 1] for t in range(len(tokens) - 1))
    chances = record.run.probabilities[:, 0]
    losses = [
        -math.log(float(chances[t, record.run.candidates.index(tokens[t + 1])]))
        for t in range(len(tokens) - 1)
    ]
    return f"{named} of {len(losses)}", f"{sum(losses) / len(losses):.3f}"
