"""The page `compare`: its knobs, what they ask the models for, and its record in words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from seqviz.core.parameters import INITS
from seqviz.models import available, load
from seqviz.models.comparison import (
    NAMES,
    SMALL,
    CompareConfig,
    CompareRecord,
    Slot,
    compare,
    shared_hidden,
)
from seqviz.models.comparison_findings import comparison_questions, letters, parameters
from seqviz.models.experiment import CellRecord
from seqviz.models.findings import percent
from seqviz.models.step_time import step_times
from seqviz.text import Words
from seqviz.text.characters import characters, visible
from seqviz.ui import cell
from seqviz.ui.compute import COMPUTE, cached
from seqviz.ui.controls import Choice, Control, Number, Numbers, Text
from seqviz.ui.page import Page
from seqviz.ui.settable import ALONE

NONE = "none"
ACTIVATIONS = ("tanh", "sigmoid", "relu", "identity")
USUAL = 40
TIMES = "compare:times"
MODES = {name: Choice(f"{name}_mode", ("fresh", "trained"), "fresh", like="mode") for name in NAMES}
EVIDENCE = ("chung", "jozefowicz", "greff", "britz", "weiss", "adding")


def _slot(name: str, default: str) -> tuple[Control, ...]:
    """The knobs of one model; the third may be left out."""
    cells = ("rnn", "lstm", "gru", NONE) if name == NAMES[-1] else ("rnn", "lstm", "gru")
    return (
        Choice(f"{name}_cell", cells, default, like="slot_cell"),
        MODES[name],
        Choice(f"{name}_init", INITS, "default", look="menu", like="init"),
        Choice(f"{name}_act", ACTIVATIONS, "tanh", like="act"),
        replace(cell.FORGET_BIAS, key=f"{name}_fb", like="fb"),
    )


CONTROLS = (
    *(
        knob
        for name, kind in zip(NAMES, ("rnn", "lstm", "gru"), strict=True)
        for knob in _slot(name, kind)
    ),
    Choice("input", (*cell.INPUTS, *cell.SIGNALS), "lag", look="menu", quiet=True),
    Text("text", "hello", limit=201),
    Numbers("numbers", (0.0, 1.0, 0.0, 0.0, -1.0, 0.0), -100.0, 100.0, limit=200),
    Number("length", 0, 200, 0),
    Number("hidden", 1, 32, 8),
    Choice("loss", ("last", "all"), "last"),
)

_run = cached(compare)


def compute(page: Page, config: CompareConfig) -> CompareRecord:
    """The record of a configuration; what takes longer than a glance says that it does."""
    steps = config.length or max(len(config.text), len(config.numbers), USUAL)
    if steps * config.hidden <= SMALL:
        return _run(config)
    with page.busy():
        return _run(config)


def config_of(values: Mapping[str, Any]) -> CompareConfig:
    """The configuration that the controls ask for; length 0 means the input's own."""
    slots = tuple(_slot_of(values, name) for name in NAMES if values[f"{name}_cell"] != NONE)
    return CompareConfig(
        slots=slots,
        source=values["input"],
        text=tuple(characters(values["text"])),
        numbers=tuple(values["numbers"]),
        length=values["length"],
        hidden=values["hidden"],
        seed=values["seed"],
        loss=values["loss"],
    )


def _slot_of(values: Mapping[str, Any], name: str) -> Slot:
    return Slot(
        cell=values[f"{name}_cell"],
        mode=values[f"{name}_mode"],
        init=values[f"{name}_init"],
        activation=values[f"{name}_act"],
        forget_bias=cell.bias_of(values[f"{name}_fb"]),
    )


def locked(record: CompareRecord) -> dict[str, Any]:
    """What a trained model decides for itself and the others, and nobody may change."""
    fixed: dict[str, Any] = {}
    hidden = shared_hidden(record.config)
    if hidden is not None:
        fixed["hidden"] = hidden
    for name, one in zip(record.names, record.cells, strict=True):
        if one.mode == "trained":
            fixed |= {f"{name}_init": "default", f"{name}_fb": ALONE}
    return fixed


def draw_slot(page: Page, record: CompareRecord, name: str) -> None:
    """The knobs of one model that apply to its cell."""
    page.column(f"{name}_cell")
    if name not in record.names:
        return
    one = record.cells[record.names.index(name)]
    if one.mode == page.values[f"{name}_mode"]:
        page.column(f"{name}_mode")
    else:
        MODES[name].stand_in(page.words, one.mode)
    page.column(f"{name}_init", f"{name}_act")
    if one.trace.kind == "lstm":
        page.column(f"{name}_fb")


def labels(record: CompareRecord, words: Words) -> tuple[str, ...]:
    """What each model is called: its letter, its cell, and where it differs from its like."""
    return tuple(
        " · ".join((letter, ", ".join((one.trace.kind.upper(), *_apart(record, one, words)))))
        for letter, one in zip(letters(record), record.cells, strict=True)
    )


def _apart(record: CompareRecord, one: CellRecord, words: Words) -> list[str]:
    """What sets a model apart from the others with the same cell."""
    like = [other for other in record.cells if other.trace.kind == one.trace.kind]
    told = {one_.mode: words(f"control.mode.{one_.mode}") for one_ in like}
    apart = [told[one.mode]] if len(told) > 1 else []
    if len({other.config.init for other in like}) > 1:
        apart.append(words(f"control.init.{one.config.init}"))
    if len({other.config.activation for other in like}) > 1:
        apart.append(words(f"control.act.{one.config.activation}"))
    if len({other.config.forget_bias for other in like}) > 1:
        bias = one.config.forget_bias
        apart.append(
            words("slot.no_bias") if bias is None else words("slot.bias", bias=f"{bias:g}")
        )
    return apart


def title_of(record: CompareRecord, words: Words) -> str:
    """What the picture shows, in a few words."""
    source = words(f"control.input.{record.config.source}")
    return words("picture", models=", ".join(labels(record, words)), input=source)


def tell_notices(page: Page, record: CompareRecord) -> None:
    """What the reader has to know about these models and this input."""
    for letter, one in zip(letters(record), record.cells, strict=True):
        if one.config.mode == "trained" and one.mode == "fresh":
            page.notice("slot.no_model", model=letter)
        if one.unknown:
            tokens = dict.fromkeys(visible(one.task.inputs[t]) for t in one.unknown)
            page.notice("slot.unknown", model=letter, tokens=" ".join(tokens))


def show_slots(page: Page, record: CompareRecord) -> None:
    """Which weights each model has, and the way into it."""
    words = page.words
    lines = []
    for letter, one in zip(letters(record), record.cells, strict=True):
        told = {
            "model": letter,
            "cell": one.trace.kind.upper(),
            "H": one.trace.cell.hidden_size,
            "init": words(f"control.init.{one.config.init}"),
            "act": words(f"control.act.{one.config.activation}"),
            "seed": one.config.seed,
        }
        key = "slot.trained" if one.mode == "trained" else "slot.fresh"
        text = words(key, **told)
        if one.config.forget_bias is not None and one.trace.kind == "lstm" and one.mode == "fresh":
            text = f"{text} {words('slot.biased', bias=f'{one.config.forget_bias:g}')}"
        lines.append((text, words("slot.inside", model=letter), _cell_link(page, one)))
    page.doors("cell", lines)


def _cell_link(page: Page, one: CellRecord) -> dict[str, str]:
    """The values of the page `cell` that show this model alone."""
    config = one.config
    values: dict[str, Any] = {
        "cell": config.cell,
        "mode": config.mode,
        "input": config.source,
        "text": page.values["text"],
        "numbers": page.values["numbers"],
        "length": config.length,
        "act": config.activation,
        "hidden": config.hidden,
        "init": config.init,
        "fb": ALONE if config.forget_bias is None else config.forget_bias,
        "loss": config.loss,
    }
    written = {
        knob.key: knob.write(values[knob.key]) for knob in cell.CONTROLS if knob.key in values
    }
    return {**written, "seed": str(config.seed)}


def how_probed(record: CompareRecord, words: Words) -> str:
    """What was sampled for the probe, or why there is none."""
    if record.sample is None:
        return words("probe.none")
    firsts = " ".join(visible(token) for token in record.sample.firsts)
    return words(f"probe.how_{record.sample.how}", firsts=firsts)


def ask(page: Page, record: CompareRecord) -> None:
    """The questions to predict, in words."""
    words = page.words
    with page.section("predict") as opened:
        if not opened:
            return
        for question in comparison_questions(record):
            page.predict(
                question.name,
                words(f"predict.{question.name}", **question.values),
                [words(key, **values) for key, values in question.options],
                question.right,
                words(f"predict.{question.name}_answer", **question.told),
            )


def counted(record: CompareRecord, words: Words) -> list[tuple[str, ...]]:
    """(model, with one bias, with PyTorch's two, products in one step) of each model."""
    rows: list[tuple[str, ...]] = []
    for label, one in zip(labels(record, words), record.cells, strict=True):
        told = parameters(one)
        rows.append(
            (
                label,
                f"{told['formula_one']} = {told['one']}",
                f"{told['formula_two']} = {told['two']}",
                f"{told['formula_products']} = {told['products']}",
            )
        )
    return rows


def tell_times(page: Page, record: CompareRecord) -> None:
    """The time of one step of each model, when somebody asks for it; kept until a model changes."""
    asked = page.button("counts.measure")
    if asked:
        with page.busy(), COMPUTE:
            st.session_state[TIMES] = (record.config, step_times(record))
    config, times = st.session_state.get(TIMES, (None, ()))
    if config != record.config:
        return
    head = ("counts.model", "counts.step", "counts.half")
    rows = [
        (label, f"{one.median:.1f}\xa0µs", f"{one.low:.1f}\xa0–\xa0{one.high:.1f}\xa0µs")
        for label, one in zip(labels(record, page.words), times, strict=True)
    ]
    page.table(head, rows)
    page.sentence(page.words("counts.measured", n=times[0].runs))


def evidence(words: Words) -> list[tuple[str, ...]]:
    """(who, on what, found) about GRU and LSTM; the last row is measured on what ships."""
    rows: list[tuple[str, ...]] = [tuple(words(f"claim.{name}").split("|")) for name in EVIDENCE]
    recall = {
        name.removeprefix("lag-"): load(name).about.measured["recall_by_lag"]
        for name in available()
        if name.startswith("lag-")
    }
    if recall:
        lag = max((int(lag) for lag in recall["lstm"]), default=0)
        shares = {kind: percent(found[str(lag)]) for kind, found in recall.items()}
        rows.append(tuple(words("claim.lag", lag=lag, **shares).split("|")))
    return rows


def _all(**shared: str) -> dict[str, str]:
    """The same choice for every model."""
    return {f"{name}_{key}": value for key, value in shared.items() for name in NAMES}


TRY: dict[str, dict[str, Any]] = {
    "trained": _all(mode="trained"),
    "hello": {**_all(mode="trained"), "input": "hello"},
    "bias": {"a_cell": "lstm", "b_cell": "lstm", "b_fb": 1.0, "c_cell": "lstm", "c_fb": 3.0},
    "orthogonal": {"a_cell": "rnn", "b_cell": "rnn", "b_init": "orthogonal", "c_cell": NONE},
    "before_after": {"a_cell": "gru", "b_cell": "gru", "b_mode": "trained", "c_cell": NONE},
    "relu": {
        **{"a_cell": "rnn", "a_act": "relu", "b_cell": "rnn", "b_act": "relu"},
        **{"b_init": "identity", "c_cell": "rnn", "input": "noise", "length": 50},
    },
    "count": {**_all(mode="trained"), "input": "brackets"},
    "every": {"loss": "all"},
    "wide": {"hidden": 32, "length": 60},
}


def actions() -> dict[str, dict[str, Any]]:
    """What each *Try this* sets: every control of the page, so the link means the same to all."""
    defaults = {control.key: control.default for control in CONTROLS}
    return {name: {**defaults, **changes} for name, changes in TRY.items()}
