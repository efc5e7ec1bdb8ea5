"""The page `multi-head`, run as Streamlit runs it, in both languages."""

import math
from functools import partial
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from seqviz.models.attention_shelf import load_attention
from seqviz.models.findings import percent
from seqviz.models.heads_experiment import HeadsConfig, run
from seqviz.models.heads_findings import measured
from seqviz.models.heads_polarity import polarity_output
from seqviz.models.heads_program import output
from seqviz.text import LANGUAGES, Words, words
from seqviz.text.tokens import split
from seqviz.ui.heads import CONTROLS, TEXTS, TRY, actions, config_of, sentences
from seqviz.ui.heads_tables import (
    _join_rows,
    ablations,
    counts_of,
    measures,
    rivals,
    shapes,
)
from tests.ui.parts import bodies, notices, open_page

visit = partial(open_page, "multi-head")
KEYS = [control.key for control in CONTROLS]
DEFAULTS = {control.key: control.default for control in CONTROLS} | {"seed": 1}
LABELLED = ("button_group", "slider", "number_input", "selectbox", "text_input", "expander")


def html(visitor: Any) -> list[str]:
    return [unescape(body) for body in bodies(visitor)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_everything_in_every_language(language: str) -> None:
    visitor = visit(lang=language)
    known: dict[str, str] = {}
    for part in ("frame", "controls", "multi-head"):
        known |= words(part, language)
    assert visitor.title[0].value == known["question"]
    assert notices(visitor) == []
    shown = [element.label for kind in LABELLED for element in visitor.get(kind)]
    assert len(shown) > 20
    assert [label for label in shown if label not in known.values()] == []
    record = run(config_of(DEFAULTS))
    told = " ".join(html(visitor))
    for sentence in sentences(record, Words(language, "multi-head")):
        assert sentence in told
    assert not any("{" in body for body in html(visitor) if "<p class" in body)
    for note in ("average.hooks", "polarity.kinds", "polarity.padded"):
        assert known[note] in told
    assert visitor.code[0].language == "python"
    assert visitor.code[1].value == polarity_output(record).rstrip()
    assert visitor.code[3].value == output(record).rstrip()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", TRY)
def test_every_action_leads_to_a_whole_page(language: str, name: str) -> None:
    values = {control.key: control.write(actions()[name][control.key]) for control in CONTROLS}
    visitor = visit(v="1", lang=language, **values)
    told = {"odd": 1, "left": 1, "all": 1}
    assert len(notices(visitor)) == told.get(name, 0)
    assert len(visitor.get("bidi_component")) >= 2
    assert not any("{" in sentence for sentence in html(visitor) if "<p class" in sentence)


def test_there_are_enough_actions_and_each_sets_every_control() -> None:
    body = next(body for body in html(visit()) if "<ol" in body)
    addresses = [part.partition('"')[0] for part in body.split('href="')[1:]]
    assert len(addresses) == len(TRY) >= 8
    for address in addresses:
        found = parse_qs(urlsplit(address).query)
        assert {*KEYS, "seed", "lang", "v"} <= set(found)


@pytest.mark.parametrize("key", [*KEYS, "seed"])
def test_nonsense_is_named_and_the_page_stays_whole(key: str) -> None:
    visitor = visit(v="1", lang="en", **{key: "<b>"})
    if key == "text":
        assert notices(visitor) == []
    else:
        (notice,) = notices(visitor)
        assert "&lt;b&gt;" in notice
        assert f"({key})" in notice
    assert len(visitor.get("bidi_component")) >= 2


def test_a_d_model_that_cannot_be_cut_is_named_and_the_nearest_is_used() -> None:
    visitor = visit(v="1", lang="en", mode="fresh", heads="4", d="30")
    (notice,) = notices(visitor)
    assert "d_model = 30 cannot be cut into 4 equal heads" in notice
    assert "d_model = 32" in notice
    assert visitor.slider(key="d").value == 30
    assert "d=30" in " ".join(html(visitor))
    assert "d_model = 32. Nothing is trained" in " ".join(html(visitor))
    assert len(notices(visitor.run())) == 1
    visitor.slider(key="d").set_value(28)
    assert notices(visitor.run()) == []
    assert notices(visit(v="1", lang="en", mode="trained", heads="4", d="30")) == []


@pytest.mark.parametrize(("off", "told"), [("6", 1), ("9", 1), ("4", 0), ("-1", 1), ("x", 1)])
def test_a_head_that_is_not_there_is_told_once_by_the_number_that_came(off: str, told: int) -> None:
    found = notices(visit(v="1", lang="en", off=off))
    assert len(found) == told
    if off in ("6", "9"):
        assert f"There is no head {off} to silence" in found[0]


def test_any_text_is_read_or_told_why_not() -> None:
    own = {"v": "1", "lang": "en", "input": "text"}
    (long,) = notices(visit(**own, text=" ".join("word" for _ in range(70))))
    assert "70 tokens" in long
    (thousands,) = notices(visit(**own, text="x " * 10_000, split="letters"))
    assert "its first 64 tokens are used" in thousands
    (blank,) = notices(visit(**own, text="  "))
    assert "no token in it" in blank
    assert len(notices(visit(**own, text=""))) == 1
    one = " ".join(html(visit(**own, text="한")))
    assert words("multi-head", "en")["sentence.nothing_asked"] in one


def test_a_query_without_a_key_is_told_and_nothing_is_nan() -> None:
    left = visit(v="1", lang="en", mask="both", pads="2", side="left")
    assert "2 of 10" in notices(left)[0]
    everything = visit(v="1", lang="en", mask="all")
    assert "8 of 8" in notices(everything)[0]
    told = " ".join(body for body in html(everything) if "seqviz-table" in body)
    assert "nan" not in told.lower()


def test_padding_takes_its_room_from_a_long_text() -> None:
    (notice,) = notices(visit(v="1", lang="en", input="long", pads="4"))
    assert "first 60" in notice


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prediction_can_be_answered(language: str) -> None:
    visitor = visit(lang=language)
    assert len(visitor.radio) == 5
    for radio in visitor.radio:
        radio.set_value(0)
    for button in visitor.button:
        if str(button.key).startswith("predict:"):
            button.click()
    visitor = visitor.run()
    assert not visitor.exception
    told = [words("frame", language)[f"predict.{key}"] for key in ("right", "wrong")]
    assert sum(" ".join(html(visitor)).count(verdict) for verdict in told) >= 5


def test_one_click_lets_all_heads_speak_again() -> None:
    visitor = visit(v="1", lang="en", off="2")
    visitor.button(key="button:mode.what_if_off").click().run()
    assert visitor.slider(key="off").value == 0


def test_a_shape_and_a_range_stay_on_one_line_of_their_cell() -> None:
    record, english = run(config_of(DEFAULTS)), Words("en", "multi-head")
    assert not any(" " in shape for _, shape, _ in shapes(record, english))
    assert not any(" " in row[-2] for row in rivals(record, english))


def test_no_head_is_called_back_where_all_speak() -> None:
    for off in ("0", "7"):
        visitor = visit(v="1", lang="en", trained="2", off=off)
        assert "button:mode.what_if_off" not in [button.key for button in visitor.button]


def test_controls_ask_for_what_they_say() -> None:
    sentence = tuple(split(*TEXTS["cat"]))
    assert config_of(DEFAULTS) == HeadsConfig(sentence)
    changed = DEFAULTS | {"mode": "fresh", "heads": 2, "d": 8, "off": 2, "input": "syllables"}
    tokens = tuple("동해물과백두산이마르고닳도록")
    assert config_of(changed) == HeadsConfig(tokens, mode="fresh", heads=2, d_model=8, off=1)
    assert config_of(changed | {"off": 3}).off is None


def test_the_texts_fit_the_page() -> None:
    lengths = {name: len(split(*text)) for name, text in TEXTS.items()}
    assert lengths == {"cat": 8, "letters": 8, "korean": 7, "syllables": 14, "long": 64}


def test_tables_are_in_units_of_what_stands_above_them() -> None:
    record, english = run(HeadsConfig(tuple("abcdefgh"), off=1)), Words("en", "multi-head")
    assert [row[1] for row in _join_rows(record, english)] == [
        "1–4", "5–8", "9–12", "13–16", "", "", "1–16",
    ]  # fmt: skip
    for row, found in zip(measures(record, english), measured(record), strict=True):
        assert row[2:4] == (f"{found.entropy:.3f}", f"{math.exp(found.entropy):.2f}")
        assert row[4:6] == (f"{found.largest:.3f}", f"{found.distance:.2f}")
    assert counts_of(record) == {"T": 8, "d": 16, "h": 4, "d_k": 4, "n": "1,088", "root": "2"}
    without = ablations(record, english)
    assert [row[-2] for row in without] == ["0", *(str(one.changed) for one in record.ablations)]


def test_rivals_are_told_by_their_held_out_means_and_the_range_of_their_seeds() -> None:
    record, english = run(config_of(DEFAULTS)), Words("en", "multi-head")
    for row, heads in zip(rivals(record, english), (1, 2, 4), strict=True):
        found = load_attention(f"back-{heads}h").about.measured
        shares, seeds = found["random"]["24/20"], [sum(one) / 4 for one in found["by_seed"]]
        wanted = [*shares, sum(shares) / 4]
        assert row[0] == str(heads)
        assert row[3:8] == tuple(percent(share).replace(" ", "\u00a0") for share in wanted)
        ends = [percent(share).replace(" ", "\u00a0") for share in (min(seeds), max(seeds))]
        assert row[8] == "\u00a0–\u00a0".join(ends)
