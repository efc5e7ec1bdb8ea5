"""The page `cell`: its knobs, what they ask the model for, and its record in a reader's words."""

from collections.abc import Iterator, Mapping
from typing import Any

from seqviz.core import gru, lstm, rnn
from seqviz.core.parameters import BLOCKS, INITS, parameter_count
from seqviz.core.what_if import Force
from seqviz.figures.slope import slope_svg
from seqviz.models import About, available, load
from seqviz.models.experiment import (
    TAUGHT_STEPS,
    TEACHABLE,
    CellConfig,
    CellRecord,
    run,
    shipped,
    teachable,
)
from seqviz.models.findings import findings, number, percent
from seqviz.models.questions import questions
from seqviz.text import Words
from seqviz.text.characters import characters, visible
from seqviz.ui.compute import TRAINING, cached
from seqviz.ui.controls import Choice, Number, Numbers, Text, Toggle, Value
from seqviz.ui.page import Page

FORGET_BIASES = ("init", "-1", "0", "1", "2", "3", "5")
INPUTS = ("hello", "brackets", "lag", "korean", "text")
SIGNALS = ("sine", "step", "impulse", "noise", "numbers")

CONTROLS = (
    Choice("cell", ("rnn", "lstm", "gru"), "lstm", quiet=True),
    Choice("mode", ("trained", "fresh"), "trained", quiet=True),
    Choice("input", (*INPUTS, *SIGNALS), "hello", look="menu", quiet=True),
    Text("text", "hello", limit=201),
    Numbers("numbers", (0.0, 1.0, 0.0, 0.0, -1.0, 0.0), -100.0, 100.0, limit=200),
    Number("length", 0, 200, 0),
    Choice("act", ("tanh", "sigmoid", "relu", "identity"), "tanh"),
    Number("hidden", 1, 32, 4),
    Choice("init", INITS, "default", look="menu"),
    Choice("fb", FORGET_BIASES, "init", look="menu"),
    Choice("h0", ("zero", "random", "learned"), "zero"),
    Toggle("peep"),
    Choice("reset", ("after", "before"), "after"),
    Choice("z", ("keeps", "writes"), "keeps"),
    Toggle("taught"),
    Choice("loss", ("last", "all"), "last"),
    Number("gain", 0.0, 3.0, 1.0, step=0.05),
    Toggle("wipe"),
    Choice("force", ("none", "i", "f", "o", "r", "z"), "none"),
    Number("value", 0.0, 1.0, 0.0, step=0.05),
    Number("unit", 0, 32, 0),
    Number("at", 0, 200, 0, look="field"),
    Number("edit", 0, 200, 0, look="field"),
    Text("token", "o", limit=1),
    Number("x", -10.0, 10.0, 0.0, step=0.1),
)


def config_of(values: Mapping[str, Any]) -> CellConfig:
    """The configuration that the controls ask for; 0 means "own", "all" or "none" there."""
    force = None
    if values["force"] != "none":
        force = Force(
            values["force"], values["value"], _place(values["unit"]), _place(values["at"])
        )
    return CellConfig(
        cell=values["cell"],
        mode=values["mode"],
        source=values["input"],
        text=tuple(characters(values["text"])),
        numbers=tuple(values["numbers"]),
        length=values["length"],
        activation=values["act"],
        init=values["init"],
        gain=values["gain"],
        forget_bias=None if values["fb"] == "init" else float(values["fb"]),
        hidden=values["hidden"],
        seed=values["seed"],
        h0=values["h0"],
        peepholes=values["peep"],
        reset=values["reset"],
        update=values["z"],
        loss=values["loss"],
        wipe=values["wipe"],
        force=force,
        edit_step=_place(values["edit"]),
        edit_token=values["token"],
        edit_value=values["x"],
        taught=values["taught"],
    )


def locked(record: CellRecord) -> dict[str, Any]:
    """What the controls show, and nobody may change, while a trained model is on screen."""
    if record.mode != "trained":
        return {}
    return {
        "hidden": record.model.cell.hidden_size,
        "init": "default",
        "fb": "init",
        "peep": False,
        "reset": "after",
        "taught": False,
    }


def own_input(source: str) -> tuple[str, ...]:
    """The field for the reader's own text or numbers, where that is the input."""
    return (source,) if source in ("text", "numbers") else ()


def input_controls(source: str) -> tuple[str, ...]:
    """Every control that matters for an input."""
    return (*own_input(source), "length")


def sentences(record: CellRecord, words: Words) -> list[str]:
    """What the record says, in the reader's words; tokens are shown so that they can be seen."""
    return [
        words(f"sentence.{finding.key}", **{k: _seen(v) for k, v in finding.values.items()})
        for finding in findings(record)
    ]


def _seen(value: object) -> object:
    if isinstance(value, tuple):
        return " ".join(map(visible, value))
    return visible(value) if isinstance(value, str) and len(characters(value)) == 1 else value


def _place(number: int) -> int | None:
    """The reader's 1-based number as an index; 0 is none."""
    return number - 1 if number else None


def equations_of(record: CellRecord) -> list[str]:
    """The equations of this variant in LaTeX, one line each, in order of computation."""
    options = record.trace.options
    activation = options.activation or "tanh"
    forced = options.what_if.force.gate if options.what_if and options.what_if.force else None
    if record.trace.kind == "rnn":
        return list(rnn.equations(activation).values())
    if record.trace.kind == "lstm":
        peepholes = options.peepholes is not None
        return list(lstm.equations(activation, peepholes, forced).values())
    return list(gru.equations(activation, options.reset, forced, options.update).values())


def shapes_of(record: CellRecord, words: Words) -> list[tuple[str, str, str]]:
    """(name, shape, meaning) of everything one step of the cell takes."""
    cell = record.trace.cell
    d, h, k = cell.input_size, cell.hidden_size, BLOCKS[record.trace.kind]
    rows = [("x_t", f"({d},)", "x"), ("h_t", f"({h},)", "h")]
    if record.trace.kind == "lstm":
        rows.append(("c_t", f"({h},)", "c"))
    rows += [("W_ih", f"({k * h}, {d})", "W_ih"), ("W_hh", f"({k * h}, {h})", "W_hh")]
    rows.append(("b_ih, b_hh", f"({k * h},)", "bias"))
    if record.trace.options.peepholes is not None:
        rows.append(("p_i, p_f, p_o", f"({h},)", "p"))
    return [(name, shape, words(f"shapes.{key}", k=k)) for name, shape, key in rows]


def counts_of(record: CellRecord) -> dict[str, object]:
    """The parameter formulas and numbers of this cell, and of the others at its sizes."""
    kind, cell = record.trace.kind, record.trace.cell
    d, h = cell.input_size, cell.hidden_size
    k = {1: "", 3: "3", 4: "4"}[BLOCKS[kind]]
    return {
        "D": d,
        "H": h,
        "formula_one": f"{k}H(D+H+1)",
        "one": f"{parameter_count(kind, d, h, biases=1):,}",
        "formula_two": f"{k}H(D+H+2)",
        "two": f"{parameter_count(kind, d, h):,}",
        "holes": 3 * h,
        "classes": len(record.task.classes),
        "readout": len(record.task.classes) * (h + 1),
        **{other: f"{parameter_count(other, d, h):,}" for other in BLOCKS},
    }


_run = cached(run)
_train = cached(run, gate=TRAINING)


def count_sentences(record: CellRecord) -> list[str]:
    """Which sentences about the number of parameters hold for this model."""
    keys = ["shapes.count"]
    if record.trace.options.peepholes is not None:
        keys.append("shapes.peepholes")
    if record.model.readout is not None:
        keys.append("shapes.readout")
    return [*keys, "shapes.others"]


def compute(page: Page, config: CellConfig) -> CellRecord:
    """The record of a configuration; training shows its progress on the page."""
    if not (config.taught and config.mode == "fresh" and teachable(config)):
        return _run(config)
    with page.progress() as tell:

        def told(step: int, loss: float) -> None:
            if step % 10 == 0:
                values = {"step": step, "steps": TAUGHT_STEPS, "loss": number(loss)}
                tell(step / TAUGHT_STEPS, page.words("mode.teaching", **values))

        return _train(config, told)


def tell_notices(page: Page, record: CellRecord) -> None:
    """What the reader has to know about this input and model."""
    config = record.config
    if config.mode == "trained" and record.mode == "fresh":
        page.notice("mode.no_model")
    if record.unknown:
        tokens = dict.fromkeys(visible(record.task.inputs[t]) for t in record.unknown)
        page.notice("mode.unknown", tokens=" ".join(tokens), count=len(tokens))
    if config.source == "text" and len(config.text) == 1:
        page.notice("mode.one_character")
    if config.taught and record.mode == "fresh" and record.taught is None:
        page.notice("mode.not_teachable", limit=TEACHABLE)
    if config.edit_step is not None and config.edit_step >= len(record.task):
        page.notice("mode.edit_beyond", got=config.edit_step + 1, limit=len(record.task))
    force = record.trace.options.what_if.force if record.trace.options.what_if else None
    if config.force is not None and force is None:
        page.notice("mode.force_nowhere", gate=config.force.gate)


def teach_button(page: Page, record: CellRecord) -> None:
    """*Train this one*, or the way back, where a fresh model can be trained."""
    if record.taught is not None:
        page.button("mode.forget_button", taught=False)
    elif record.mode == "fresh" and teachable(record.config):
        page.button("mode.taught_button", taught=True)


WHAT_IF_OFF: dict[str, Value] = {"wipe": False, "gain": 1.0, "force": "none", "edit": 0}


def what_if_button(page: Page) -> None:
    """The way back from a what-if, there while one is on."""
    if any(page.values[key] != value for key, value in WHAT_IF_OFF.items()):
        page.button("mode.what_if_off", **WHAT_IF_OFF)


def mode_line(page: Page, record: CellRecord) -> None:
    """Which weights are on screen, in one sentence."""
    words, config = page.words, record.config
    if record.mode == "trained":
        model = shipped(config)
        own = record.model.options.activation or "tanh"
        page.sentence(words("mode.trained", model=model))
        if config.activation != own:
            now = words(f"control.act.{config.activation}")
            trained = words(f"control.act.{own}")
            page.sentence(words("mode.changed_activation", trained=trained, now=now))
    elif record.taught is not None:
        before, after = map(number, record.taught)
        values = {"steps": TAUGHT_STEPS, "seed": config.seed, "before": before, "after": after}
        page.sentence(words("mode.taught", **values))
    else:
        page.sentence(words("mode.fresh", seed=config.seed))


def title_of(record: CellRecord, words: Words) -> str:
    """What the picture shows, in a few words."""
    source = words(f"control.input.{record.config.source}")
    return words("picture", cell=record.trace.kind.upper(), input=source)


def model_controls(record: CellRecord) -> tuple[str, ...]:
    """The knobs of the model that this cell has."""
    own = {"rnn": (), "lstm": ("fb", "peep"), "gru": ("reset", "z")}[record.trace.kind]
    return ("act", "hidden", "init", *own, "h0", "seed", "loss")


def what_if_controls(record: CellRecord) -> tuple[str, ...]:
    """The what-if controls that apply: numbers or characters, and gates where there are any."""
    edit = ("edit", "x" if record.task.values is not None else "token")
    force = ("force", "value", "unit", "at") if record.trace.kind != "rnn" else ()
    return ("wipe", "gain", *force, *edit)


def gates_of(record: CellRecord) -> tuple[str, ...]:
    """The gates of this cell that can be forced, and none."""
    return ("none", *{"rnn": "", "lstm": "ifo", "gru": "rz"}[record.trace.kind])


def concat_notes(record: CellRecord) -> list[str]:
    """Which remarks belong under the one wide matrix."""
    holes = ["concat.peepholes"] if record.trace.options.peepholes is not None else []
    return [*holes, "concat.imprecise"]


def equation_notes(record: CellRecord) -> list[str]:
    """Which remarks belong under this cell's equations."""
    if record.trace.kind == "rnn":
        return ["equations.bias_note"]
    if record.trace.kind == "lstm":
        return ["equations.bias_note", "equations.candidate_note"]
    reset = f"equations.reset_{record.trace.options.reset}"
    return [
        reset,
        f"equations.z_{record.trace.options.update}",
        "equations.bias_note",
        "equations.candidate_note",
    ]


def measured(words: Words) -> list[tuple[str, str, str]]:
    """(model, hidden units, what it can do) of everything that ships."""
    rows = []
    for name in available():
        about = load(name).about
        rows.append((name, str(about.hidden_size), "; ".join(_figures(about, words))))
    return rows


def _figures(about: About, words: Words) -> Iterator[str]:
    figures, state = about.measured, "c" if about.kind == "lstm" else "h"
    if "wiped_loss" in figures:
        told = {"loss": figures["loss"], "wiped": figures["wiped_loss"], "floor": figures["floor"]}
        yield words("models.language", **{key: number(value) for key, value in told.items()})
    lengths = sorted(figures.get("by_length", {}), key=int)
    for length in lengths:
        share = percent(figures["by_length"][length]["accuracy"])
        yield words("models.at_length", share=share, length=length)
    if "counter" in figures:
        found = figures["counter"]
        for length, r in sorted(found["correlation"].items(), key=lambda pair: int(pair[0])):
            values = {"unit": found["unit"] + 1, "state": state, "r": number(r), "length": length}
            yield words("models.counter", **values)
    for lag, share in sorted(figures.get("recall_by_lag", {}).items(), key=lambda p: int(p[0])):
        yield words("models.recall", share=percent(share), lag=lag)


def ask(page: Page, record: CellRecord) -> None:
    """The questions to predict, in words."""
    with page.section("predict") as opened:
        if not opened:
            return
        for question in questions(record):
            words = page.words
            options = [words(key, **values) for key, values in question.options]
            told = {**question.told, "band": options[question.right]}
            page.predict(
                question.name,
                words(f"predict.{question.name}", **question.values),
                options,
                question.right,
                words(f"predict.{question.name}_answer", **told),
            )


def slope(record: CellRecord, words: Words) -> str:
    """The activation, its derivative, and where this run's pre-activations lie on them."""
    options = record.trace.options
    name = options.activation or "tanh"
    field = {"rnn": "h_pre", "lstm": "g_pre", "gru": "n_pre"}[record.trace.kind]
    values = getattr(record.trace, field).flatten().tolist()
    alt = words(
        "activation.alt",
        name=words(f"control.act.{name}"),
        n=len(values),
        least=number(min(values)),
        most=number(max(values)),
    )
    titles = {"function": words("activation.function"), "slope": words("activation.slope")}
    return slope_svg(name, values, alt=alt, **titles)


TRY: dict[str, dict[str, Any]] = {
    "hello": {},
    "wipe": {"wipe": True},
    "rnn_zero": {"cell": "rnn", "gain": 0.0},
    "lstm_zero": {"cell": "lstm", "gain": 0.0},
    "force": {"cell": "lstm", "force": "f", "value": 0.0},
    "relu": {"cell": "lstm", "act": "relu"},
    "count": {"cell": "lstm", "input": "brackets"},
    "lag": {"cell": "gru", "input": "lag"},
    "fade": {"cell": "rnn", "mode": "fresh", "input": "noise", "length": 50, "hidden": 8},
    "forget_bias": {"mode": "fresh", "input": "noise", "length": 50, "hidden": 8, "fb": "2"},
    "peephole": {"mode": "fresh", "peep": True, "taught": True},
    "identity": {"cell": "rnn", "mode": "fresh", "input": "sine", "act": "identity"},
}


def actions() -> dict[str, dict[str, Any]]:
    """What each *Try this* sets: every control of the page, so the link means the same to all."""
    defaults = {control.key: control.default for control in CONTROLS}
    return {name: {**defaults, **changes} for name, changes in TRY.items()}
