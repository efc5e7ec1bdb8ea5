"""What a link says, and what is wrong with what it says."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqviz.ui import links

SCENE = {
    "steps": 4,
    "step_axis": "step",
    "tensors": [
        {"name": "f", "axes": ["step", "unit"], "shape": [4, 3]},
        {"name": "h", "axes": ["step", "unit"], "shape": [4, 3]},
        {"name": "W_hh", "axes": ["row", "unit"], "shape": [12, 3]},
    ],
    "layout": {
        "nodes": [
            {"kind": "plane", "part": "query", "tensor": "q"},
            {"kind": "plane", "part": "keys", "tensor": "k"},
            {"kind": "plane", "part": "values", "tensor": "v"},
            {"kind": "plane", "part": "context", "tensor": "c"},
        ]
    },
}


@given(st.dictionaries(st.sampled_from("abc"), st.text(st.characters(codec="utf-8"), min_size=1)))
def test_a_link_holds_every_value_letter_by_letter(values: dict[str, str]) -> None:
    parts = urlsplit(links.link("cell", "ko", values))
    found = parse_qs(parts.query, strict_parsing=True)
    assert parts.path == "cell"
    assert found == {"v": ["1"], "lang": ["ko"], **{key: [text] for key, text in values.items()}}


@pytest.mark.parametrize(
    ("found", "kinds"),
    [
        ({}, []),
        ({"lang": ["ko"]}, []),
        ({"v": ["1"], "cell": ["x"], "t": ["3"], "pin": ["f.1.1"]}, []),
        ({"cell": ["x"]}, ["no_version"]),
        ({"v": ["2"], "cell": ["x"]}, ["unknown_version"]),
        ({"v": ["1"], "cel": ["x"], "utm_source": ["k"], "fbclid": ["k"]}, ["unknown_parameter"]),
        ({"v": ["1"], "gclid": ["k"], "fbclid_seed": ["1"]}, ["unknown_parameter"]),
        ({"embed": ["true"]}, []),
        (
            {"v": ["1"], **{f"x{n}": ["1"] for n in range(300)}},
            ["unknown_parameter"] * 3 + ["unknown_parameters"],
        ),
    ],
)
def test_a_link_is_checked(found: dict[str, list[str]], kinds: list[str]) -> None:
    assert [notice.kind for notice in links.check(found, {"cell"})] == kinds


@pytest.mark.parametrize(
    ("found", "kinds"),
    [
        ({"t": ["4"], "u": ["1"], "pin": ["f.1.1", "W_hh.1.2"]}, []),
        ({"t": ["5"]}, ["step_above"]),
        ({"t": ["0"]}, ["not_step"]),
        ({"t": ["abc"]}, ["not_step"]),
        ({"t": ["٣"]}, ["not_step"]),
        ({"t": ["1e3"]}, ["not_step"]),
        ({"t": ["9" * 5000]}, ["not_step"]),
        ({"u": ["-1"]}, ["not_unit"]),
        ({"u": [""]}, ["not_unit"]),
        ({"u": ["3"], "pin": ["f.4.3", "W_hh.1.36"]}, []),
        ({"u": ["4"]}, ["unit_above"]),
        ({"pin": ["f.5.1", "f.1.4", "W_hh.1.37", "W_hh.2.1"]}, ["pin_beyond"] * 4),
        ({"pin": ["f"]}, ["not_pin"]),
        ({"pin": ["nowhere.1.1"]}, ["not_pin"]),
        ({"pin": ["<script>", "f.1.1"]}, ["not_pin"]),
        ({"pin": ["f.1." + "9" * 5000]}, ["not_pin"]),
        ({"point": ["k.1,0.5,-2", "k.12,3,0.25", "q.1,0,0", "v.2,1,1"]}, []),
        ({"point": ["c.1,0,0"]}, ["not_point"]),
        ({"point": ["k.1,0.5"]}, ["not_point"]),
        ({"point": ["f.1,0.5,1"]}, ["not_point"]),
        ({"point": ["k.0,1,1", "k.1,1e9,1", "k.1,NaN,1"]}, ["not_point"] * 3),
        ({"s": ["1"], "head": ["1"], "level": ["flow"], "speed": ["0.5"]}, ["not_shown"]),
        ({"head": ["2"], "view": ["rolled"], "future": ["hidden"]}, ["not_shown"]),
        ({"s": ["0"], "head": ["x"], "level": ["loud"], "speed": ["3"]}, ["not_shown"] * 4),
    ],
)
def test_a_cursor_that_the_scene_cannot_have_is_named(
    found: dict[str, list[str]], kinds: list[str]
) -> None:
    assert [notice.kind for notice in links.check_cursor(found, SCENE)] == kinds


def test_a_scene_without_hidden_units_has_no_number_of_them() -> None:
    assert [*links.check_cursor({"u": ["9"]}, {**SCENE, "tensors": []})] == []


def test_the_last_of_several_values_counts() -> None:
    assert links.last({"seed": ["3", "5"]}, "seed") == "5"
    assert links.last({}, "seed") is None
