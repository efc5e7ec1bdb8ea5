"""The page `gradients`: its knobs, its charts, and its record in a reader's words."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from seqviz.core.parameters import INITS
from seqviz.figures.remedies import lag_figure
from seqviz.models import backprop_remedies as remedies
from seqviz.models import backprop_remedy_findings as helps
from seqviz.models.backprop_experiment import BackpropConfig, BackpropRecord, run
from seqviz.models.backprop_questions import questions
from seqviz.models.backprop_remedies import train_both
from seqviz.models.findings import Finding
from seqviz.text import Words
from seqviz.text.characters import characters
from seqviz.ui.cell import FORGET_BIAS, bias_of
from seqviz.ui.compute import TRAINING, cached
from seqviz.ui.controls import Choice, Number, Numbers, Text, Toggle, Value
from seqviz.ui.gradients_charts import Picture, chain_of, chart_of
from seqviz.ui.page import Page

SIGNALS = ("noise", "sine", "step", "impulse", "numbers")
INPUTS = ("hello", "brackets", "lag", "korean", "text")
CHARTS = (
    "norms",
    "map",
    "bound",
    "direct",
    "items",
    "truncate",
    "clip",
    "relu",
    "remedies",
)
LONGEST = 1000

CONTROLS = (
    Choice("cell", ("rnn", "lstm", "gru"), "rnn", quiet=True),
    Choice("input", (*SIGNALS, *INPUTS), "noise", look="menu", quiet=True),
    Text("text", "hello", limit=201),
    Numbers("numbers", (0.0, 1.0, 0.0, 0.0, -1.0, 0.0), -100.0, 100.0, limit=200),
    Number("length", 1, LONGEST, 20),
    Choice("act", ("tanh", "sigmoid", "relu", "identity"), "tanh"),
    Number("hidden", 1, 32, 4),
    Choice("init", INITS, "default", look="menu"),
    Number("gain", 0.0, 3.0, 1.0, step=0.05),
    FORGET_BIAS,
    Toggle("peep"),
    Choice("reset", ("after", "before"), "after"),
    Choice("loss", ("last", "all"), "last", quiet=True),
    Choice("dtype", ("float64", "float32"), "float64"),
    Choice("chart", CHARTS, "norms", quiet=True),
    Number("row", 0, 4 * 32, 0, look="field"),
    Number("column", 0, 32, 0, look="field"),
    Number("window", 1, LONGEST, 5),
    Toggle("lagged"),
    Number("limit", 0.05, 10.0, 1.0, step=0.05),
    Toggle("clip"),
    Number("late", 0, LONGEST, 0, look="field"),
    Number("early", 0, LONGEST, 0, look="field"),
)


def config_of(values: Mapping[str, Any]) -> BackpropConfig:
    """The configuration that the controls ask for."""
    return BackpropConfig(
        cell=values["cell"],
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
        peepholes=values["peep"],
        reset=values["reset"],
        loss=values["loss"],
        dtype=values["dtype"],
    )


compute = cached(run)
_train = cached(train_both, gate=TRAINING)


def input_controls(source: str) -> tuple[str, ...]:
    """The controls that matter for an input."""
    own = {"text": ("text",), "numbers": ("numbers",)}
    return (*own.get(source, ()), "length")


def model_controls(cell: str) -> tuple[str, ...]:
    """The knobs of the model that this cell has."""
    own = {"rnn": (), "lstm": ("fb", "peep"), "gru": ("reset",)}[cell]
    return ("init", "gain", "act", "hidden", *own, "seed", "dtype")


def chart_controls(chart: str) -> tuple[str, ...]:
    """The knobs of the chart that is open."""
    own = {
        "map": ("late", "early"),
        "items": ("row", "column"),
        "truncate": ("window",),
        "clip": ("limit",),
    }
    return own.get(chart, ())


def tell_notices(page: Page, record: BackpropRecord) -> None:
    """What the reader has to know about this configuration."""
    asked = page.values["length"]
    if len(record) < asked:
        page.notice("told.shorter", got=asked, limit=len(record))
    if page.values["chart"] == "map":
        t, k = chain_of(record, page.values)
        if page.values["late"] > t + 1:
            page.notice("told.late", got=page.values["late"], limit=t + 1)
        if page.values["early"] > k + 1:
            page.notice("told.early", got=page.values["early"], limit=k + 1)
    if page.values["chart"] == "items":
        rows, columns = record.trace.cell.weight_hh.shape
        for key, limit in (("row", rows), ("column", columns)):
            if page.values[key] > limit:
                page.notice(f"told.{key}", got=page.values[key], limit=limit)


def title_of(record: BackpropRecord, words: Words) -> str:
    """What the picture shows, in a few words."""
    source = words(f"control.input.{record.config.source}")
    return words("picture", cell=record.trace.kind.upper(), input=source)


def sentences(found: list[Finding], words: Words) -> list[str]:
    """The findings in words."""
    return [words(f"sentence.{finding.key}", **finding.values) for finding in found]


def draw_chart(page: Page, record: BackpropRecord) -> None:
    """The chart that is open, what it says in words, its knobs and its files."""
    name, words = page.values["chart"], page.words
    page.column("chart")
    if record.exploded is not None:
        page.sentence(words("chart.exploded", t=record.exploded + 1))
        return
    page.sentence(words(f"chart.{name}"))
    if chart_controls(name):
        page.controls(*chart_controls(name))
    with page.busy():
        pictures = chart_of(record, page.values, words)
    for picture in pictures:
        _show(page, picture)
    if name == "truncate":
        _lag(page)


def _show(page: Page, picture: Picture) -> None:
    told = sentences(picture.findings, page.words)
    if picture.figure is not None:
        alt = " ".join([page.words(f"alt.{picture.name}"), *told])
        page.chart(picture.name, picture.figure, alt, picture.columns, **_clicks(page, picture))
    with page.group():
        for sentence in told:
            page.sentence(sentence)
    if picture.rows:
        page.table(picture.head, picture.rows)
    for box in picture.boxes:
        (beside,) = sentences([box.beside], page.words)
        page.tick(f"tick.{box.name}", box.on, beside, **box.sets)
        if box.on and box.knobs:
            page.controls(*box.knobs)


def _clicks(page: Page, picture: Picture) -> dict[str, Any]:
    """What makes a click on a point of the figure set the page's controls."""
    if picture.picks is None:
        return {}
    key, picks = f"chart:{picture.name}", picture.picks

    def choose() -> None:
        page.set(**picked(picks, st.session_state[key]["selection"]["points"]))

    return {"on_select": choose, "selection_mode": "points"}


def picked(picks: tuple[str, str], points: Sequence[Mapping[str, Any]]) -> dict[str, Value]:
    """The controls that the first of the points sets; none where nothing is selected."""
    return {
        key: round(point[axis])
        for point in points[:1]
        for key, axis in zip(picks, "yx", strict=True)
    }


def _lag(page: Page) -> None:
    """Two trainings that differ in the block length alone, when somebody asks for them."""
    page.sentence(page.words("lagged.intro", lag=remedies.LAG, long=remedies.LAG + 1))
    if not page.values["lagged"]:
        page.button("lagged.button", lagged=True)
        return
    with page.progress() as tell:

        def told(step: int, steps: int) -> None:
            if step % 10 == 0:
                tell(step / steps, page.words("lagged.progress", step=step, steps=steps))

        view = _train(page.values["seed"], told)
    figure = lag_figure(view, page.words.flat)
    _show(page, Picture("lag", figure, view.columns(), helps.lag_findings(view)))


def ask(page: Page, record: BackpropRecord) -> None:
    """The questions to predict, in words."""
    with page.section("predict") as opened:
        for question in questions(record) if opened else ():
            options = [page.words(key, **values) for key, values in question.options]
            told = {**question.told, "band": options[question.right]}
            page.predict(
                question.name,
                page.words(f"predict.{question.name}", **question.values),
                options,
                question.right,
                page.words(f"predict.{question.name}_answer", **told),
            )


def equations_of(record: BackpropRecord) -> list[str]:
    """Backpropagation through time for this cell, in LaTeX, in the order of computation."""
    jacobian = {
        "rnn": r"J_t = \operatorname{diag}(\varphi'(a_t))\, W_{hh}",
        "gru": r"J_t = \frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(z_t) + \ldots",
        "lstm": r"J_t = \frac{\partial (h_t, c_t)}{\partial (h_{t-1}, c_{t-1})},\quad "
        r"\frac{\partial c_t}{\partial c_{t-1}}\Big|_{\text{direct}} = \operatorname{diag}(f_t)",
    }[record.trace.kind]
    return [
        r"L = \sum_t \ell_t",
        jacobian,
        r"\frac{\partial L}{\partial h_t} = \frac{\partial \ell_t}{\partial h_t}"
        r" + \frac{\partial L}{\partial h_{t+1}}\, J_{t+1}",
        r"\frac{\partial L}{\partial W_{hh}} = \sum_k G_k,\quad"
        r" G_k = \delta_k h_{k-1}^\top,\quad \delta_k = \frac{\partial L}{\partial a_k}",
        r"\frac{\partial \ell_t}{\partial W_{hh}} = \sum_{k \le t}"
        r" \frac{\partial \ell_t}{\partial h_t}\, J_t J_{t-1} \cdots J_{k+1}\,"
        r" \frac{\partial^{+} h_k}{\partial W_{hh}}",
        r"\lVert J_t \cdots J_{k+1} \rVert \le (\gamma\, \sigma_{\max}(W_{hh}))^{t-k}",
    ]


TRY: dict[str, dict[str, Any]] = {
    "fade": {},
    "hold": {"init": "orthogonal", "hidden": 8, "length": 50},
    "explode": {"init": "orthogonal", "gain": 1.5, "act": "relu", "hidden": 8, "length": 50},
    "float32": {"dtype": "float32", "length": 200},
    "every": {"loss": "all", "length": 50, "hidden": 8},
    "chain": {"chart": "map", "late": 18, "early": 8, "hidden": 8},
    "bound": {"init": "orthogonal", "gain": 1.5, "chart": "bound", "length": 50, "hidden": 8},
    "direct": {"cell": "lstm", "fb": 1.0, "chart": "direct", "length": 50, "hidden": 8},
    "lstm_explodes": {"cell": "lstm", "fb": 5.0, "chart": "direct", "length": 200, "hidden": 32},
    "truncate": {"chart": "truncate", "loss": "all", "window": 5, "hidden": 8, "length": 40},
    "clip": {"chart": "clip", "init": "orthogonal", "gain": 1.5, "hidden": 8},
    "relu": {
        "chart": "relu",
        "act": "relu",
        "input": "numbers",
        "numbers": (1.0,) * 60,
        "hidden": 32,
        "length": 60,
    },
    "remedies": {"chart": "remedies", "hidden": 32, "length": 100},
}


def actions() -> dict[str, dict[str, Any]]:
    """What each *Try this* sets: every control of the page, so the link means the same to all."""
    defaults = {control.key: control.default for control in CONTROLS}
    return {name: {**defaults, **changes} for name, changes in TRY.items()}
