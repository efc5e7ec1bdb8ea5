"""A reader's own text as tokens: words, syllables as the reader sees them, or single letters.

Words are split at spaces and before punctuation. Syllables are grapheme clusters, so that a Hangul
block is one token. Letters take Hangul blocks apart into jamo, each in the form in which it stands
alone, so that the ㄱ of 가 and the ㄱ of 악 are the same token. Spaces are no tokens.
"""

import unicodedata

import regex

from seqviz.text.characters import LONGEST, characters

SPLITS = ("words", "syllables", "letters")
WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*|\X")
FIRST = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
MIDDLE = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
LAST = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
BLOCKS = range(0xAC00, 0xD7A4)


def split(text: str, how: str) -> list[str]:
    """The tokens of `text`: `how` is words, syllables or letters."""
    if how not in SPLITS:
        raise ValueError(f"split: expected one of {', '.join(SPLITS)}, got {how!r}")
    normal = unicodedata.normalize("NFC", text)
    if how == "words":
        return [word for part in normal.split() for word in WORD.findall(part)]
    seen = [token for token in characters(normal) if not token.isspace()]
    return seen if how == "syllables" else [letter for token in seen for letter in letters(token)]


def letters(token: str) -> list[str]:
    """A Hangul block as its jamo; whatever else is one character stays whole."""
    if len(token) != 1 or ord(token) not in BLOCKS:
        return [token[:LONGEST]]
    place, last = divmod(ord(token) - BLOCKS.start, len(LAST) + 1)
    first, middle = divmod(place, len(MIDDLE))
    return [FIRST[first], MIDDLE[middle], *LAST[last - 1 : last][: bool(last)]]
