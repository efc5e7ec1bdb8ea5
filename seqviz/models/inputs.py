"""What the models read: sequences from a length and a seed, each with the answers it asks for.

Pure: the same arguments give the same sequence, and a longer one only continues a shorter one
(except that a language model's text has an end).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

HELLO = "hello"
KOREAN = "게이트가 열리면 기억이 흐르고, 게이트가 닫히면 기억이 멈춥니다."

DEEPEST_CLASS = 6
LETTER_SHARE = 0.2
FIRST_LETTERS = ("A", "B", "C", "D")
NOISE_LETTERS = ("x", "y", "z")

OWN_LENGTH = {
    "hello": len(HELLO) - 1,
    "brackets": 24,
    "lag": 31,
    "korean": len(KOREAN) - 1,
    "sine": 40,
    "step": 30,
    "impulse": 30,
    "noise": 40,
}


@dataclass(frozen=True)
class Example:
    """Tokens to read and the right answer after each of them, None where nothing is asked."""

    tokens: tuple[str, ...]
    targets: tuple[str | None, ...]
    vocabulary: tuple[str, ...]
    classes: tuple[str, ...]


def example(source: str, length: int = 0, seed: int = 0) -> Example:
    """The example of a shipped task: hello, brackets, lag or korean; length 0 is its own."""
    if source not in EXAMPLES:
        raise ValueError(f"example: expected one of {', '.join(EXAMPLES)}, got {source!r}")
    if length < 0:
        raise ValueError(f"example: expected a length of 0 or more, got {length}")
    return EXAMPLES[source](length or OWN_LENGTH[source], seed)


def hello(length: int) -> str:
    """hellohello…, the first `length` characters."""
    return (HELLO * (length // len(HELLO) + 1))[:length]


def brackets(length: int, seed: int, deepest: int | None = None) -> str:
    """A line of ( and ) that never closes what it has not opened, with an x here and there.

    One character in five is an x, which changes nothing; of the others one half opens and one
    half closes, except at depth 0 (opens) and at `deepest` (closes).
    """
    random = Random(seed)
    written, depth = [], 0
    for _ in range(length):
        letter, opens = random.random() < LETTER_SHARE, random.random() < 0.5
        if letter:
            written.append("x")
        elif depth == 0 or (opens and depth != deepest):
            written.append("(")
            depth += 1
        else:
            written.append(")")
            depth -= 1
    return "".join(written)


def depths(tokens: Sequence[str]) -> list[int]:
    """How many brackets are open after each token; closing at 0 leaves 0."""
    counted, depth = [], 0
    for token in tokens:
        depth = max(0, depth + (token == "(") - (token == ")"))
        counted.append(depth)
    return counted


def depth_class(depth: int) -> str:
    """0, 1, … and one label for everything from DEEPEST_CLASS on."""
    return str(depth) if depth < DEEPEST_CLASS else f"{DEEPEST_CLASS}+"


def lag(length: int, seed: int) -> str:
    """One of A, B, C, D, then only x, y and z: what was the first letter?"""
    random = Random(seed)
    first = FIRST_LETTERS[int(random.random() * len(FIRST_LETTERS))]
    rest = (NOISE_LETTERS[int(random.random() * len(NOISE_LETTERS))] for _ in range(length - 1))
    return (first + "".join(rest))[:length]


def sine(length: int, period: float = 20) -> tuple[float, ...]:
    """sin(2πt / period), t = 0, 1, …"""
    return tuple(math.sin(2 * math.pi * t / period) for t in range(length))


def step(length: int, at: int = 5) -> tuple[float, ...]:
    """0 before `at`, then 1."""
    return tuple(float(t >= at) for t in range(length))


def impulse(length: int, at: int = 5) -> tuple[float, ...]:
    """1 at `at`, 0 elsewhere."""
    return tuple(float(t == at) for t in range(length))


def noise(length: int, seed: int) -> tuple[float, ...]:
    """Independent draws of mean 0 and variance 1."""
    random = Random(seed)
    return tuple(random.gauss(0, 1) for _ in range(length))


def _next_character(text: str) -> Example:
    """Read all characters but the last, answer with the one that follows."""
    vocabulary = tuple(dict.fromkeys(text))
    return Example(tuple(text[:-1]), tuple(text[1:]), vocabulary, vocabulary)


def _hello(length: int, seed: int) -> Example:
    read = _next_character(hello(length + 1))
    words = tuple(dict.fromkeys(HELLO))
    return Example(read.tokens, read.targets, words, words)


def _korean(length: int, seed: int) -> Example:
    whole = _next_character(KOREAN)
    return Example(
        whole.tokens[:length], whole.targets[:length], whole.vocabulary, whole.vocabulary
    )


def _brackets(length: int, seed: int) -> Example:
    tokens = tuple(brackets(length, seed))
    classes = tuple(depth_class(depth) for depth in range(DEEPEST_CLASS + 1))
    return Example(tokens, tuple(map(depth_class, depths(tokens))), ("(", ")", "x"), classes)


def _lag(length: int, seed: int) -> Example:
    tokens = tuple(lag(length, seed))
    answers = (tokens[0],) * len(tokens)
    return Example(tokens, answers, FIRST_LETTERS + NOISE_LETTERS, FIRST_LETTERS)


EXAMPLES = {"hello": _hello, "brackets": _brackets, "lag": _lag, "korean": _korean}
