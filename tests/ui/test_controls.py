"""Whatever comes from outside becomes a valid value, and a notice says what came."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqviz.text import Words
from seqviz.text.characters import characters
from seqviz.ui.controls import SEED, Choice, Control, Number, Numbers, Reading, Text, Toggle
from seqviz.ui.settable import ALONE, Settable

CELL = Choice("cell", ("rnn", "lstm", "gru"), "lstm")
LENGTH = Number("length", 1, 200, 4)
GAIN = Number("gain", 0.0, 3.0, 1.0, step=0.05)
TEXT = Text("text", "hello", limit=5)
SIGNAL = Numbers("signal", (0.0, 1.0), -100.0, 100.0, limit=4)
WIPE = Toggle("wipe")
BIAS = Settable("fb", -3.0, 5.0, usual=1.0, step=0.1)
ALL: list[Control] = [CELL, LENGTH, GAIN, TEXT, SIGNAL, WIPE, BIAS, SEED]

NONSENSE = [
    "",
    "nan",
    "-inf",
    "1e999",
    "9" * 5000,
    "0x10",
    "<script>alert(1)</script>",
    "👩\u200d👩\u200d👧\u200d👦",
    "e\u0301" * 3000,
    "שלום",
    "\x00\x1b[31m",
    "a" * 10_000,
    "; DROP TABLE",
    "{0.__class__}",
    "lstm ",
    ",,,",
    "١٢",
    None,
]


def valid(control: Control, value: object) -> bool:
    """Whether a value is one that the control may have."""
    if isinstance(control, Choice):
        return value in control.options
    if isinstance(control, Number):
        kind = int if control.whole else float
        return type(value) is kind and control.low <= value <= control.high
    if isinstance(control, Text):
        return isinstance(value, str) and 1 <= len(characters(value)) <= control.limit
    if isinstance(control, Numbers):
        assert isinstance(value, tuple)
        inside = all(control.low <= number <= control.high for number in value)
        return inside and 1 <= len(value) <= control.limit
    if isinstance(control, Settable):
        return value == ALONE or (type(value) is float and control.low <= value <= control.high)
    return isinstance(value, bool)


@pytest.mark.parametrize("raw", NONSENSE)
@pytest.mark.parametrize("control", ALL, ids=lambda control: control.key)
def test_nonsense_becomes_a_valid_value(control: Control, raw: object) -> None:
    assert valid(control, control.read(raw).value)


@given(st.text())
def test_any_text_becomes_a_valid_value(raw: str) -> None:
    for control in ALL:
        reading = control.read(raw)
        assert valid(control, reading.value)
        for notice in reading.notices:
            assert notice.text(Words("ko", "controls", "notices"))


@given(st.floats() | st.integers() | st.booleans() | st.none())
def test_any_widget_value_becomes_a_valid_value(raw: object) -> None:
    for control in ALL:
        assert valid(control, control.read(raw).value)


@pytest.mark.parametrize(
    ("control", "value"),
    [
        (CELL, "gru"),
        (LENGTH, 200),
        (GAIN, 0.15),
        (GAIN, 0.123456789),
        (TEXT, "한 글!"),
        (TEXT, " &=+%"),
        (SIGNAL, (-1.5, 0.0, 1e-9)),
        (WIPE, True),
        (BIAS, "init"),
        (BIAS, -1.7),
        (SEED, 7),
    ],
    ids=str,
)
def test_a_value_survives_the_link_and_the_widget(control: Control, value: object) -> None:
    assert control.read(control.write(value)).value == value  # type: ignore[arg-type]
    assert control.read(control.shown(value)).value == value
    assert control.read(control.write(value)).notices == ()


@pytest.mark.parametrize(
    ("control", "raw", "value", "sentence"),
    [
        (LENGTH, "99999", 200, "Length (length): 99999 is above 200; using 200."),
        (LENGTH, "-1", 1, "Length (length): -1 is below 1; using 1."),
        (LENGTH, "7.6", 8, "Length (length): expected a whole number, got 7.6; using 8."),
        (
            LENGTH,
            "1e999",
            4,
            "Length (length): expected a finite number from 1 to 200, got “1e999”; using 4.",
        ),
        (GAIN, "two", 1.0, "Gain (gain): expected a number from 0 to 3, got “two”; using 1."),
        (BIAS, "9", 5.0, "Fb (fb): 9 is above 5; using 5."),
        (
            BIAS,
            "x",
            "init",
            "Fb (fb): expected init or a number from -3 to 5, got “x”; using init.",
        ),
        (
            BIAS,
            "nan",
            "init",
            "Fb (fb): expected init or a number from -3 to 5, got “nan”; using init.",
        ),
        (
            CELL,
            "evil",
            "lstm",
            "Cell (cell): expected one of rnn, lstm, gru, got “evil”; using lstm.",
        ),
        (WIPE, "maybe", False, "Wipe (wipe): expected true or false, got “maybe”; using false."),
        (TEXT, "", "hello", "Text (text): the text is empty; using “hello”."),
        (
            TEXT,
            "안녕하세요 여러분",
            "안녕하세요",
            "Text (text): 9 characters is above the limit; the first 5 are used.",
        ),
        (
            SIGNAL,
            "a,b",
            (0.0, 1.0),
            "Signal (signal): expected numbers separated by commas, got “a,b”; using 0,1.",
        ),
    ],
)
def test_a_notice_says_what_was_expected_and_what_came(
    control: Control, raw: str, value: object, sentence: str
) -> None:
    words = Words("en", "notices")
    words.flat.update({f"control.{c.key}.label": c.key.capitalize() for c in ALL})
    reading = control.read(raw)
    assert reading.value == value
    assert [notice.text(words) for notice in reading.notices] == [sentence]


def test_each_bad_number_is_named_and_the_good_ones_stay() -> None:
    reading = SIGNAL.read("1, x, , nan, 500, 2")
    assert reading.value == (1.0, 100.0, 2.0)
    told = [
        (notice.kind, notice.values["place"], notice.values["got"]) for notice in reading.notices
    ]
    assert told == [("bad_entry", 2, "x"), ("bad_entry", 4, "nan"), ("clamped_entry", 5, "500")]


def test_many_bad_numbers_are_counted() -> None:
    reading = SIGNAL.read("1," + "x," * 1000)
    assert reading.value == (1.0,)
    assert [notice.kind for notice in reading.notices] == ["bad_entry"] * 5 + ["bad_entries"]
    assert reading.notices[-1].values["count"] == 995


@pytest.mark.parametrize("raw", ["init", "-1", "0", "1", "2", "3", "5"])
def test_forget_biases_of_links_from_before_the_slider_mean_the_same(raw: str) -> None:
    reading = BIAS.read(raw)
    assert reading.value == (ALONE if raw == "init" else float(raw))
    assert reading.notices == ()
    assert BIAS.write(reading.value) == raw


def test_the_first_good_numbers_are_kept_and_the_good_ones_are_counted() -> None:
    reading = SIGNAL.read("x, 1, 2, 3, 4, 5, 6")
    assert reading.value == (1.0, 2.0, 3.0, 4.0)
    bad, many = reading.notices
    assert (bad.kind, bad.values["place"]) == ("bad_entry", 1)
    assert (many.kind, many.values["count"], many.values["limit"]) == ("too_many", "6", 4)


@pytest.mark.parametrize(
    ("raw", "value"),
    [("true", True), ("TRUE", True), ("1", True), ("false", False), ("False", False), ("0", False)],
)
def test_yes_and_no_as_they_are_written_anywhere(raw: str, value: bool) -> None:
    for control in (WIPE, Toggle("wipe", default=True)):
        assert control.read(raw) == Reading(value)


def test_whole_bounds_make_a_whole_number_and_others_lose_the_dust_of_binary() -> None:
    assert LENGTH.whole
    assert not GAIN.whole
    assert GAIN.read(0.1 + 0.2).value == 0.3
    assert math.isclose(float(GAIN.read("1").value), 1.0)  # type: ignore[arg-type]
