"""A reader's text is split where the reader sees characters, and every token can be seen."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqviz.text.characters import LONGEST, characters, clip, first, visible

FAMILY = "👩\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("hello", ["h", "e", "l", "l", "o"]),
        ("한국어", ["한", "국", "어"]),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", ["한", "글"]),
        ("e\u0301a\u0308", ["é", "ä"]),
        (f"a{FAMILY}👍🏽🇰🇷", ["a", FAMILY, "👍🏽", "🇰🇷"]),
        ("שלום", ["ש", "ל", "ו", "ם"]),
        ("\r\n\t", ["\r\n", "\t"]),
        ("", []),
    ],
)
def test_tokens_are_what_the_reader_sees_in_logical_order(text: str, tokens: list[str]) -> None:
    assert characters(text) == tokens


def test_the_same_text_typed_on_two_systems_gives_the_same_tokens() -> None:
    text = "각 é ñ"
    typed = [characters(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")]
    assert typed[0] == typed[1]


def test_a_tower_of_accents_is_cut() -> None:
    assert [len(token) for token in characters("a" + "\u0301\u0323" * 5000)] == [LONGEST]


@given(st.text(), st.integers(0, 30))
def test_the_first_characters_are_the_first_characters(text: str, count: int) -> None:
    assert characters(first(text, count)) == characters(text)[:count]


@pytest.mark.parametrize(
    ("token", "drawn"),
    [
        ("h", "h"),
        ("한", "한"),
        (FAMILY, FAMILY),
        (" ", "␣"),
        ("\n", "⏎"),
        ("\r\n", "⏎"),
        ("\t", "⇥"),
        ("\x00", "␀"),
        ("\x1b", "␛"),
        ("\x7f", "␡"),
        ("\u202e", "U+202E"),
        ("\u200b", "U+200B"),
        ("\u0301", "\u25cc\u0301"),
        ("\ufeff", "U+FEFF"),
    ],
)
def test_a_token_that_cannot_be_seen_gets_a_visible_form(token: str, drawn: str) -> None:
    assert visible(token) == drawn


@given(st.text())
def test_nothing_that_steers_the_text_around_it_is_drawn(text: str) -> None:
    steering = {"\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2069"}
    drawn = "".join(visible(token) for token in characters(text))
    assert not steering & set(drawn)
    assert all(visible(token) for token in characters(text))


def test_a_long_text_is_clipped_to_one_line() -> None:
    assert clip("a\nb c") == "a⏎b c"
    assert clip("x" * 10_000) == "x" * 39 + "…"
    assert clip("\u202ecod") == "U+202Ecod"
