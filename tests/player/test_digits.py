"""Numbers as they are printed: what is printed adds up, or says ≈."""

import math
import random
import re
from decimal import Decimal

import pytest

from tests.player.conftest import Engine

SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
SUPERSCRIPT = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def read(text: str) -> Decimal:
    """A printed number as a reader reads it."""
    mantissa, _, power = text.replace("−", "-").partition("×10")
    return Decimal(mantissa) * Decimal(10) ** int(power.translate(SUPERSCRIPT) or 0)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1.234, 2, "1.23"),
        (-1.235, 1, "−1.2"),
        (-0.001, 2, "0.00"),
        (-0.0, 2, "0.00"),
        (0.995, 2, "0.99"),
        (1234567.0, 2, "1.23×10⁶"),
        (-1e300, 2, "−1.00×10³⁰⁰"),
        (5e-324, 2, "0.00"),
        (math.nan, 2, "NaN"),
        (math.inf, 2, "∞"),
        (-math.inf, 2, "−∞"),
    ],
)
def test_fixed_decimals(engine: Engine, value: float, decimals: int, text: str) -> None:
    assert engine("(e, [x, d]) => e.fixed(x, d)", [value, decimals]) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (4.98e-3, "4.98×10⁻³"), (-1.2e-7, "−1.20×10⁻⁷"), (0.01, "0.01")],
)
def test_a_small_number_keeps_its_size(engine: Engine, value: float, text: str) -> None:
    assert engine("(e, x) => e.precise(x)", value) == text


def sums() -> list[list[float]]:
    """Terms of very different sizes and counts, always the same."""
    chance = random.Random(5)
    return [
        [chance.gauss(0, 1) * 10 ** chance.choice([-9, -4, -2, 0, 0, 0, 2, 4]) for _ in range(n)]
        for n in [1, 2, 3, 5, 7, 8] * 40
    ]


def test_printed_terms_add_up_to_the_printed_sum_or_say_so(engine: Engine) -> None:
    cases = sums()
    printed = engine("(e, all) => all.map((v) => e.adding(v, v.reduce((a, b) => a + b, 0)))", cases)
    exact = plain = 0
    for values, shown in zip(cases, printed, strict=True):
        sizes = [abs(value) for value in values if value]
        if sizes and min(sizes) > 1e-4 * max(1, max(sizes)):
            plain, exact = plain + 1, exact + shown["exact"]
        for value, text in zip(values, shown["texts"], strict=True):
            assert value == 0 or re.search(r"[1-9]", text), (value, text)
        if shown["exact"]:
            assert sum(map(read, shown["texts"])) == read(shown["sum"])
            assert read(shown["sum"]) == Decimal(str(shown["printedSum"]))
        assert abs(float(read(shown["sum"])) - sum(values)) <= 0.51 * max(
            10 ** -shown["decimals"], 0.01 * abs(sum(values))
        )
    assert plain > 60
    assert exact > 0.85 * plain


def test_two_decimals_are_enough_where_they_add_up(engine: Engine) -> None:
    shown = engine("(e) => e.adding([1.204, -0.501, 0.1], 0.803)")
    assert shown["texts"] == ["1.20", "−0.50", "0.10"]
    assert (shown["sum"], shown["exact"], shown["decimals"]) == ("0.80", True, 2)


def test_more_decimals_where_two_do_not_add_up(engine: Engine) -> None:
    shown = engine("(e) => e.adding([0.004, 0.004, 0.004], 0.012)")
    assert (shown["texts"], shown["sum"], shown["exact"]) == (["0.004"] * 3, "0.012", True)


def test_about_where_no_decimals_add_up(engine: Engine) -> None:
    third = 1 / 3
    shown = engine("(e, v) => e.adding(v, 1)", [third] * 3)
    assert (shown["exact"], shown["sum"]) == (False, "1.00")


def test_a_further_condition_can_ask_for_more_decimals(engine: Engine) -> None:
    shown = engine("(e) => e.adding([0.5, 0.25], 0.75, (sum, decimals) => decimals === 4)")
    assert (shown["sum"], shown["exact"]) == ("0.7500", True)


@pytest.mark.parametrize(
    ("values", "sum_text", "exact"),
    [
        (["inf", 1.0], "∞", True),
        (["inf", "-inf"], "NaN", True),
        (["nan"], "NaN", True),
        ([1e300, 1e300], "2.00×10³⁰⁰", False),
        ([1.7e308, 1.7e308], "∞", False),
        ([1e-12, 2e-12], "3.00×10⁻¹²", False),
        ([], "0.00", True),
    ],
)
def test_sums_that_leave_the_ordinary_range(
    engine: Engine, values: list[float | str], sum_text: str, exact: bool
) -> None:
    numbers = [SPECIAL[v] if isinstance(v, str) else v for v in values]
    shown = engine("(e, v) => e.adding(v, v.reduce((a, b) => a + b, 0))", numbers)
    assert (shown["sum"], shown["exact"]) == (sum_text, exact)


def test_printed_factors_multiply_to_the_printed_product_or_say_so(engine: Engine) -> None:
    chance = random.Random(6)
    cases = [[chance.gauss(0, 2), chance.uniform(-1, 1)] for _ in range(300)]
    printed = engine("(e, all) => all.map(([a, b]) => e.multiplying([a, b], a * b))", cases)
    exact = 0
    for (a, b), shown in zip(cases, printed, strict=True):
        product = math.prod(float(read(text)) for text in shown["texts"])
        exact += shown["exact"]
        if shown["exact"]:
            assert abs(product - a * b) <= 0.0101
    assert exact > 0.98 * len(cases)


def test_whole_factors_are_written_whole(engine: Engine) -> None:
    assert engine("(e) => e.multiplying([1.45, 1], 1.45).texts") == ["1.45", "1"]


@pytest.mark.parametrize("values", [["nan", 1.0], ["inf", 0.0], ["-inf", "-inf"], [1e200, 1e200]])
def test_products_that_leave_the_ordinary_range(engine: Engine, values: list[float | str]) -> None:
    numbers = [SPECIAL[v] if isinstance(v, str) else v for v in values]
    shown = engine("(e, [a, b]) => e.multiplying([a, b], a * b)", numbers)
    assert shown["exact"]


@pytest.mark.parametrize(
    ("share", "decimals", "text"),
    [
        (0.987, 0, "99"),
        (0.987, 1, "98.7"),
        (0.9951, 0, ">99"),
        (0.99996, 1, ">99.9"),
        (1.0, 0, "100"),
        (0.004, 0, "<1"),
        (0.0004, 1, "<0.1"),
        (0.0, 0, "0"),
        (-0.25, 0, "−25"),
        (math.nan, 0, "NaN"),
    ],
)
def test_a_share_that_is_not_quite_nothing_or_all_does_not_say_so(
    engine: Engine, share: float, decimals: int, text: str
) -> None:
    assert engine("(e, [x, d]) => e.percent(x, d)", [share, decimals]) == text


def test_subscripts(engine: Engine) -> None:
    assert engine("(e) => e.subscript(120)") == "₁₂₀"
