"""The charts' colours are the player's, and a size looks equally strong on both sides of 0."""

import re
from pathlib import Path

import pytest

from seqviz import player
from seqviz.figures.colour import luminance, rgba, signed_scale, slate_of, unit_scale
from seqviz.hues import HUES, SLATE

PLAYER = (Path(player.__file__).parent / "colour.js").read_text("utf-8")


def test_the_colours_are_the_players() -> None:
    drawn = dict(re.findall(r'^  (\w+): "(#\w{6})",$', PLAYER, re.MULTILINE))
    ours = {role: "#" + "".join(f"{part:02X}" for part in hue) for role, hue in HUES.items()}
    assert ours == drawn


@pytest.mark.parametrize("role", HUES)
def test_slate_is_as_light_as_the_role(role: str) -> None:
    assert luminance(slate_of(HUES[role])) == pytest.approx(luminance(HUES[role]), abs=0.005)


def test_luminance_is_that_of_the_standard() -> None:
    assert luminance((255, 255, 255)) == pytest.approx(1)
    assert luminance((0, 0, 0)) == 0
    assert luminance((188, 188, 188)) == pytest.approx(0.5, abs=0.005)
    assert slate_of(SLATE) == SLATE


@pytest.mark.parametrize("role", HUES)
def test_zero_is_the_background(role: str) -> None:
    assert unit_scale(role) == [[0.0, rgba(HUES[role], 0)], [1.0, rgba(HUES[role], 1)]]
    low, *middle, high = signed_scale(role)
    assert low == [0.0, rgba(slate_of(HUES[role]), 1)]
    assert high == [1.0, rgba(HUES[role], 1)]
    assert [(place, str(colour).endswith(", 0)")) for place, colour in middle] == [(0.5, True)] * 2
