"""A reader's own text as the characters that the reader sees.

What looks like one character (a Hangul syllable typed as three jamo, a letter with its accent, a
family emoji) is one token. The text is normalised to NFC first, so that the same text typed on
two systems gives the same tokens, and the tokens stay in logical order, right-to-left text too.
"""

import unicodedata

import regex

LONGEST = 32
NAMED = {"\n": "⏎", "\r": "⏎", "\r\n": "⏎", "\t": "⇥", " ": "␣", "\x7f": "␡"}


def characters(text: str) -> list[str]:
    """User-perceived characters of `text` (Unicode extended grapheme clusters, UAX #29).

    A cluster of more than 32 code points (one letter under a tower of accents) is cut there.
    """
    normal = unicodedata.normalize("NFC", text)
    return [cluster[:LONGEST] for cluster in regex.findall(r"\X", normal)]


def first(text: str, count: int) -> str:
    """The first `count` characters of `text`, normalised."""
    return "".join(characters(text[: (count + 1) * LONGEST])[:count])


def visible(token: str) -> str:
    """What to draw for a token: invisible and lone combining characters get a visible form."""
    if token in NAMED:
        return NAMED[token]
    if len(token) == 1 and token < " ":
        return chr(0x2400 + ord(token))
    if not any(_drawn(character) for character in token):
        return " ".join(f"U+{ord(character):04X}" for character in token)
    if unicodedata.category(token[0]).startswith("M"):
        return "\u25cc" + token
    return "".join(c for c in token if _drawn(c) or c in "\u200c\u200d")


def clip(text: str, count: int = 40) -> str:
    """The text on one line with every character visible, shortened to `count` characters."""
    shown = [token if token == " " else visible(token) for token in characters(text[: 32 * count])]
    return "".join(shown) if len(shown) <= count else "".join(shown[: count - 1]) + "…"


def _drawn(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs")
