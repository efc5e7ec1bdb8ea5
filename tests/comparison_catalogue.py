"""Comparisons of every kind the page can show, small, and their scenes."""

from functools import cache

from seqviz.models.comparison import CompareConfig, CompareRecord, Slot, compare
from seqviz.scenes import Scene
from seqviz.scenes.comparison import compare_scene

FRESH = (Slot("rnn"), Slot("lstm"), Slot("gru"))
TRAINED = tuple(Slot(kind, "trained") for kind in ("rnn", "lstm", "gru"))
CONFIGS = {
    "three-cells": CompareConfig(FRESH, length=7, hidden=3),
    "trained": CompareConfig(TRAINED, "hello"),
    "two-initialisations": CompareConfig(
        (Slot("rnn"), Slot("rnn", init="orthogonal")), "noise", length=6, hidden=5
    ),
    "before-and-after": CompareConfig((Slot("gru"), Slot("gru", "trained")), "lag", length=9),
    "forget-biases": CompareConfig(
        (Slot("lstm"), Slot("lstm", forget_bias=3.0), Slot("lstm", activation="relu")),
        "brackets",
        length=5,
        hidden=2,
        loss="all",
    ),
    "two-of-a-kind": CompareConfig((Slot("gru"), Slot("gru")), "text", hidden=1),
    "nothing-to-tell-apart": CompareConfig(FRESH, "text", ("a",), hidden=2),
    "unlike-vocabularies": CompareConfig(
        (Slot("lstm", "trained"), Slot("lstm")), "text", ("h", "e", "x", "l")
    ),
}


@cache
def records() -> dict[str, CompareRecord]:
    """Every comparison by name."""
    return {name: compare(config) for name, config in CONFIGS.items()}


@cache
def scenes() -> dict[str, Scene]:
    """The scene of every comparison by name."""
    return {
        name: compare_scene(
            record, [f"{letter.upper()} · {letter}" for letter in record.names], name
        )
        for name, record in records().items()
    }
