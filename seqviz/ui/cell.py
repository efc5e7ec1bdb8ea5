"""The page `cell`: its knobs, what they ask the model for, and its record in a reader's words."""

from collections.abc import Mapping
from typing import Any

from seqviz.core.parameters import INITS
from seqviz.core.what_if import Force
from seqviz.models.experiment import (
    TAUGHT_STEPS,
    TEACHABLE,
    CellConfig,
    CellRecord,
    run,
    shipped,
    teachable,
)
from seqviz.models.findings import findings, number
from seqviz.models.questions import questions
from seqviz.text import Words
from seqviz.text.characters import characters, visible
from seqviz.ui.compute import TRAINING, cached
from seqviz.ui.controls import Choice, Number, Numbers, Text, Toggle, Value
from seqviz.ui.page import Page
from seqviz.ui.settable import ALONE, Settable

INPUTS = ("hello", "brackets", "lag", "korean", "text")
SIGNALS = ("sine", "step", "impulse", "noise", "numbers")

MODE = Choice("mode", ("trained", "fresh"), "trained", quiet=True)
FORGET_BIAS = Settable("fb", -3.0, 5.0, usual=1.0, step=0.1)

CONTROLS = (
    Choice("cell", ("rnn", "lstm", "gru"), "lstm", quiet=True),
    MODE,
    Choice("input", (*INPUTS, *SIGNALS), "hello", look="menu", quiet=True),
    Text("text", "hello", limit=201),
    Numbers("numbers", (0.0, 1.0, 0.0, 0.0, -1.0, 0.0), -100.0, 100.0, limit=200),
    Number("length", 0, 200, 0),
    Choice("act", ("tanh", "sigmoid", "relu", "identity"), "tanh"),
    Number("hidden", 1, 32, 4),
    Choice("init", INITS, "default", look="menu"),
    FORGET_BIAS,
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


def bias_of(value: str | float) -> float | None:
    """The forget-gate bias that the reader set; None leaves the initialisation's."""
    return None if value == ALONE else float(value)


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
        forget_bias=bias_of(values["fb"]),
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
        "fb": ALONE,
        "peep": False,
        "reset": "after",
        "taught": False,
    }


def draw_mode(page: Page, record: CellRecord) -> None:
    """Which weights are on screen; the choice of trained ones waits for an input they can read."""
    if record.mode == page.values["mode"]:
        page.column("mode")
    else:
        MODE.stand_in(page.words, record.mode)


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


_run = cached(run)
_train = cached(run, gate=TRAINING)


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


def what_if(page: Page, record: CellRecord) -> None:
    """The panel of what-ifs, and the way back from them."""
    on = any(page.values[key] != value for key, value in WHAT_IF_OFF.items())
    with page.panel("what_if", on):
        page.column(*what_if_controls(record))
        if on:
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


def offered(record: CellRecord) -> dict[str, tuple[str, ...]]:
    """The options that apply: the gates of this cell; h_0 learned only where it can be."""
    gates = ("none", *{"rnn": "", "lstm": "ifo", "gru": "rz"}[record.trace.kind])
    starts = ("zero", "random") if record.mode == "trained" else ("zero", "random", "learned")
    return {"force": gates, "h0": starts}


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
    "forget_bias": {"mode": "fresh", "input": "noise", "length": 50, "hidden": 8, "fb": 2.0},
    "peephole": {"mode": "fresh", "peep": True, "taught": True},
    "identity": {"cell": "rnn", "mode": "fresh", "input": "sine", "act": "identity"},
}


def actions() -> dict[str, dict[str, Any]]:
    """What each *Try this* sets: every control of the page, so the link means the same to all."""
    defaults = {control.key: control.default for control in CONTROLS}
    return {name: {**defaults, **changes} for name, changes in TRY.items()}
