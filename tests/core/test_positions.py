"""Positions against closed forms, and what a shift does to them (R27, R28, R29, T29)."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from seqviz.core.attention import attend, attend_heads
from seqviz.core.positions import (
    LAYOUTS,
    POSITIONS,
    frequencies,
    one_hot,
    quarter_turn,
    rotary_angles,
    rotate,
    shift_matrix,
    sinusoidal,
)
from tests.core.attention_references import random_attention
from tests.core.references import close, numbers

EVEN = st.integers(1, 12).map(lambda half: 2 * half)


def test_the_names() -> None:
    assert POSITIONS == ("none", "sinusoidal", "learned", "rotary")
    assert LAYOUTS == ("interleaved", "halves")


# lookup


def test_one_hot_times_the_table_is_the_lookup() -> None:
    table = nn.Embedding(7, 4, dtype=torch.float64)
    ids = torch.tensor([3, 0, 6, 3])
    assert torch.equal(one_hot(ids, 7) @ table.weight, table(ids))
    assert one_hot([1, 0], 3).tolist() == [[0, 1, 0], [1, 0, 0]]


# sinusoids


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("d", [1, 2, 3, 4, 7, 8])
@pytest.mark.parametrize("base", [10000, 7.5])
def test_the_formula_entry_by_entry(d: int, layout: str, base: float) -> None:
    """T29: both layouts, and a d that is odd."""
    encoding = sinusoidal(9, d, base, layout)
    assert encoding.shape == (9, d)
    sines = (d + 1) // 2
    for p in range(9):
        for i in range(sines):
            angle = p / base ** (2 * i / d)
            at = 2 * i if layout == "interleaved" else i
            assert float(encoding[p, at]) == pytest.approx(math.sin(angle), abs=1e-14)
        for i in range(d // 2):
            angle = p / base ** (2 * i / d)
            at = 2 * i + 1 if layout == "interleaved" else sines + i
            assert float(encoding[p, at]) == pytest.approx(math.cos(angle), abs=1e-14)


@pytest.mark.parametrize("d", [1, 5, 8])
def test_the_layouts_hold_the_same_numbers(d: int) -> None:
    interleaved, halves = sinusoidal(6, d), sinusoidal(6, d, layout="halves")
    assert torch.equal(halves, torch.cat([interleaved[:, 0::2], interleaved[:, 1::2]], 1))


def test_published_rows() -> None:
    """R28."""
    rows = torch.tensor(
        [
            (0, 1, 0, 1),
            (0.8415, 0.5403, 0.01, 1),
            (0.9093, -0.4161, 0.02, 0.9998),
            (0.1411, -0.99, 0.03, 0.9996),
        ],
        dtype=torch.float64,
    )
    close(sinusoidal(4, 4), rows, atol=5e-5)


def test_published_figures() -> None:
    """R28: the dot product depends on the distance alone, and does not fall all the way."""
    d = 512
    encoding = sinusoidal(200, d)
    products = encoding @ encoding.T
    close(products.diagonal(), torch.full((200,), d / 2, dtype=torch.float64))
    for k in range(0, 200, 7):
        wanted = (k * frequencies(d)).cos().sum()
        close(products.diagonal(k), wanted.expand(200 - k))
        close(products.diagonal(-k), wanted.expand(200 - k))
    against = products[0]
    assert [round(float(against[k]), 1) for k in (0, 1, 5, 50)] == [256, 249.1, 189.6, 131.1]
    rises = (against[1:] > against[:-1]).nonzero().flatten() + 1
    assert int(rises[0]) == 44


def test_the_fast_features_come_first() -> None:
    """R28: the longest wavelength stays below 2π·base."""
    omega = frequencies(512)
    assert float(omega[0]) == 1
    assert (omega[1:] < omega[:-1]).all()
    assert round(2 * math.pi / float(omega[-1])) == 60611
    assert round(2 * math.pi * 10000) == 62832
    moves = sinusoidal(100, 32).diff(dim=0).abs().mean(0)
    assert moves[0] > 20 * moves[-2]


@given(EVEN, st.integers(-60, 60), st.integers(0, 60), st.sampled_from(LAYOUTS), st.floats(2, 1e6))
@settings(max_examples=80, deadline=None)
def test_a_shift_is_a_rotation(d: int, k: int, p: int, layout: str, base: float) -> None:
    """R27: one matrix for every position, and it keeps lengths."""
    encoding = sinusoidal(121, d, base, layout)
    turn = shift_matrix(k, d, base, layout)
    if p + k >= 0:
        close(turn @ encoding[p], encoding[p + k], atol=1e-12)
    close(turn.T @ turn, torch.eye(d, dtype=torch.float64), atol=1e-14)
    close(turn @ shift_matrix(-k, d, base, layout), torch.eye(d, dtype=torch.float64), atol=1e-14)
    assert float(torch.linalg.det(turn)) == pytest.approx(1)


def test_the_rotation_is_the_same_at_every_position() -> None:
    encoding = sinusoidal(1000, 64)
    close(encoding[:-37] @ shift_matrix(37, 64).T, encoding[37:], atol=1e-12)


# rotary


@given(EVEN, st.integers(1, 6), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_rotary_products_depend_on_the_offset_only(d: int, offset: int, seed: int) -> None:
    q, k = numbers(seed, 1, d).expand(30, d), numbers(seed + 1, 1, d).expand(30, d)
    places = torch.arange(30, dtype=torch.float64)
    products = rotate(q, places) @ rotate(k, places).T
    for way in (offset, -offset):
        same = products.diagonal(way)
        close(same, same[:1].expand_as(same), atol=1e-10)


@given(EVEN, st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_rotary_turns_and_does_not_stretch(d: int, seed: int) -> None:
    x = numbers(seed, 5, d)
    places = torch.arange(5, dtype=torch.float64)
    turned = rotate(x, places)
    pairs = lambda x: x.unflatten(-1, (-1, 2)).norm(dim=-1)  # noqa: E731
    close(pairs(turned), pairs(x))
    close(turned[0], x[0])
    close(rotate(turned, -places), x)


@pytest.mark.parametrize("base", [10000, 7.5])
def test_rotary_turns_each_pair_by_its_angle(base: float) -> None:
    x, places = numbers(3, 4, 6), torch.tensor([0.0, 1.0, 5.0, 11.0], dtype=torch.float64)
    turned = rotate(x, places, base)
    for t in range(4):
        for i in range(3):
            angle = float(places[t]) * base ** (-2 * i / 6)
            a, b = map(float, x[t, 2 * i : 2 * i + 2])
            wanted = (
                a * math.cos(angle) - b * math.sin(angle),
                a * math.sin(angle) + b * math.cos(angle),
            )
            assert turned[t, 2 * i : 2 * i + 2].tolist() == pytest.approx(wanted, abs=1e-14)


def test_rotary_from_its_parts() -> None:
    x, places = numbers(4, 4, 6), torch.arange(4, dtype=torch.float64)
    angles = rotary_angles(places, 6)
    close(rotate(x, places), x * angles.cos() + quarter_turn(x) * angles.sin())
    close(quarter_turn(quarter_turn(x)), -x)
    of_heads = numbers(5, 3, 4, 6)
    close(rotate(of_heads, places)[1], rotate(of_heads[1], places))


def test_rotary_is_the_shift_of_the_sinusoids() -> None:
    """A pair of a query (x, y) turns one way, a pair (sin, cos) the other: the transpose."""
    x = numbers(6, 1, 8)
    turned = rotate(x, torch.tensor([5.0], dtype=torch.float64))
    close(turned[0], shift_matrix(5, 8).T @ x[0])


# order


def test_without_positions_attention_does_not_know_the_order() -> None:
    """R29, and F6: added after the attention, positions come too late for that layer."""
    module, x = random_attention(), numbers(7, 6, 12)
    shuffle = torch.tensor([3, 0, 5, 1, 4, 2])
    here = sinusoidal(6, 12)
    run = lambda x, **how: attend_heads(module, x, **how).out  # noqa: E731
    close(run(x[shuffle]), run(x)[shuffle])
    assert (run(x[shuffle] + here) - run(x + here)[shuffle]).abs().max() > 0.1
    assert (run(x[shuffle], rotary=True) - run(x, rotary=True)[shuffle]).abs().max() > 0.1
    close((run(x[shuffle]) + here) - here, run(x)[shuffle])


def test_equal_tokens_are_told_apart_by_position_only() -> None:
    module, x = random_attention(), numbers(8, 6, 12)
    x[4] = x[1]
    plain, placed = attend_heads(module, x).out, attend_heads(module, x + sinusoidal(6, 12)).out
    close(plain[4], plain[1])
    assert (placed[4] - placed[1]).abs().max() > 0.1


def test_rotary_attention_is_blind_to_where_the_sequence_starts() -> None:
    q, k, v = numbers(9, 5, 6), numbers(10, 5, 6), numbers(11, 5, 2)
    places = torch.arange(5, dtype=torch.float64)
    here = attend(rotate(q, places), rotate(k, places), v)
    later = attend(rotate(q, places + 40), rotate(k, places + 40), v)
    close(later.weights, here.weights)


# nonsense


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sinusoidal(0, 4), "sinusoidal: expected a length of 1 or more, got 0"),
        (lambda: sinusoidal(3, 0), "frequencies: expected d of 1 or more"),
        (lambda: sinusoidal(3, 4, base=1.0), "base above 1, got 4, 1.0"),
        (lambda: sinusoidal(3, 4, base=math.nan), "base above 1, got 4, nan"),
        (lambda: sinusoidal(3, 4, layout="both"), "interleaved or halves, got 'both'"),
        (lambda: shift_matrix(1, 5), "expected an even d .*, got 5"),
        (lambda: rotate(numbers(1, 3, 5), torch.arange(3.0)), "even number of features .*, got 5"),
        (lambda: rotate(numbers(1, 3, 4), torch.arange(4.0)), r"positions of shape \(3,\)"),
        (lambda: one_hot([0, 3], 3), r"one_hot: expected ids from 0 to 2, got \[0, 3\]"),
        (lambda: one_hot([-1], 3), r"one_hot: expected ids from 0 to 2, got \[-1\]"),
        (lambda: one_hot(torch.tensor([]).long(), 3), "one_hot: expected ids"),
        (lambda: one_hot(torch.tensor([0.5]), 3), "one_hot: expected whole numbers"),
    ],
)
def test_refusals_say_what_was_expected(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
