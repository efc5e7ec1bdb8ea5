"""A text is split into words, syllables or letters as a reader of either language would."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqviz.text.tokens import SPLITS, letters, split

FAMILY = "👩\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize(
    ("text", "how", "tokens"),
    [
        ("the cat  sat.", "words", ["the", "cat", "sat", "."]),
        ("I don't, you don’t!", "words", ["I", "don't", ",", "you", "don’t", "!"]),
        ("나는 밥을 먹는다.", "words", ["나는", "밥을", "먹는다", "."]),
        ("나는 밥", "syllables", ["나", "는", "밥"]),
        ("나는 밥", "letters", ["ㄴ", "ㅏ", "ㄴ", "ㅡ", "ㄴ", "ㅂ", "ㅏ", "ㅂ"]),
        ("가각읽", "letters", ["ㄱ", "ㅏ", "ㄱ", "ㅏ", "ㄱ", "ㅇ", "ㅣ", "ㄺ"]),
        ("é!", "letters", ["é", "!"]),
        (f"a{FAMILY}", "words", ["a", FAMILY]),
        (f"a{FAMILY}", "letters", ["a", FAMILY]),
        (" \n\t", "words", []),
        ("", "letters", []),
    ],
)
def test_tokens_are_what_the_reader_asked_for(text: str, how: str, tokens: list[str]) -> None:
    assert split(text, how) == tokens


def test_jamo_are_those_of_unicode() -> None:
    for code in range(0xAC00, 0xD7A4):
        parts = unicodedata.normalize("NFD", chr(code))
        wanted = [unicodedata.name(part).split(maxsplit=2)[2] for part in parts]
        got = [
            unicodedata.name(letter).removeprefix("HANGUL LETTER ") for letter in letters(chr(code))
        ]
        assert got == wanted


@given(st.text())
def test_no_token_is_empty_or_a_space_and_nothing_is_lost(text: str) -> None:
    kept = "".join(unicodedata.normalize("NFC", text).split())
    for how in SPLITS:
        tokens = split(text, how)
        assert all(token and not token.isspace() for token in tokens)
        if how != "letters":
            assert "".join(tokens).startswith(kept[:1])


def test_an_unknown_way_is_named() -> None:
    with pytest.raises(ValueError, match="expected one of words, syllables, letters, got 'x'"):
        split("a", "x")
