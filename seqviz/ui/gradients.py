"""The page `gradients`: its knobs, its charts, and its record in a reader's words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqviz.core.parameters import INITS
from seqviz.figures.chains import map_figure
from seqviz.figures.lines import lines_figure
from seqviz.figures.shares import shares_figure
from seqviz.models import backprop_findings as say
from seqviz.models import backprop_views as views
from seqviz.models.backprop_experiment import BackpropConfig, BackpropRecord, run
from seqviz.models.findings import Finding
from seqviz.text import Words
from seqviz.text.characters import characters
from seqviz.ui.compute import cached
from seqviz.ui.controls import Choice, Number, Numbers, Text, Toggle
from seqviz.ui.page import Page

FORGET_BIASES = ("init", "-1", "0", "1", "2", "3", "5")
SIGNALS = ("noise", "sine", "step", "impulse", "numbers")
INPUTS = ("hello", "brackets", "lag", "korean", "text")
CHARTS = ("norms", "map", "bound", "direct", "items")
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
    Choice("fb", FORGET_BIASES, "init", look="menu"),
    Toggle("peep"),
    Choice("reset", ("after", "before"), "after"),
    Choice("loss", ("last", "all"), "last", quiet=True),
    Choice("dtype", ("float64", "float32"), "float64"),
    Choice("chart", CHARTS, "norms", quiet=True),
    Number("row", 0, 4 * 32, 0, look="field"),
    Number("column", 0, 32, 0, look="field"),
)


@dataclass(frozen=True)
class Chart:
    """One chart: its numbers, its sentences and its figure, each computed from the record."""

    view: Any
    findings: list[Finding]
    figure: Any
    columns: Mapping[str, Any]


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
        forget_bias=None if values["fb"] == "init" else float(values["fb"]),
        hidden=values["hidden"],
        seed=values["seed"],
        peepholes=values["peep"],
        reset=values["reset"],
        loss=values["loss"],
        dtype=values["dtype"],
    )


compute = cached(run)


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
    return {"items": ("row", "column")}.get(chart, ())


def tell_notices(page: Page, record: BackpropRecord) -> None:
    """What the reader has to know about this configuration."""
    asked = page.values["length"]
    if len(record) < asked:
        page.notice("notice_shorter", got=asked, limit=len(record))
    if page.values["chart"] == "items":
        rows, columns = record.trace.cell.weight_hh.shape
        for key, limit in (("row", rows), ("column", columns)):
            if page.values[key] > limit:
                page.notice(f"notice_{key}", got=page.values[key], limit=limit)


def title_of(record: BackpropRecord, words: Words) -> str:
    """What the picture shows, in a few words."""
    source = words(f"control.input.{record.config.source}")
    return words("picture", cell=record.trace.kind.upper(), input=source)


def sentences(found: list[Finding], words: Words) -> list[str]:
    """The findings in words."""
    return [words(f"sentence.{finding.key}", **finding.values) for finding in found]


def chart_of(record: BackpropRecord, values: Mapping[str, Any], words: Words) -> Chart:
    """The chart that is open; no other is computed."""
    return _CHARTS[values["chart"]](record, values, words)


def draw_chart(page: Page, record: BackpropRecord) -> None:
    """The chart that is open, what it says in words, its knobs and its files."""
    chart, words = page.values["chart"], page.words
    page.column("chart")
    if record.exploded is not None:
        page.sentence(words("chart.exploded", t=record.exploded + 1))
        return
    with page.busy():
        made = chart_of(record, page.values, words)
    told = sentences(made.findings, words)
    page.sentence(words(f"chart.{chart}"))
    if chart_controls(chart):
        page.controls(*chart_controls(chart))
    if made.figure is not None:
        alt = " ".join([words(f"control.chart.{chart}") + ".", *told])
        page.chart(chart, made.figure, alt, made.columns)
    for sentence in told:
        page.sentence(sentence)


def _norms(record: BackpropRecord, values: Mapping[str, Any], words: Words) -> Chart:
    view = views.norms_view(record)
    axis = "axis.to_largest" if record.config.loss == "all" else "axis.to_last"
    figure = lines_figure(view, words.flat, axis)
    return Chart(view, say.norms_findings(record, view), figure, view.columns())


def _map(record: BackpropRecord, values: Mapping[str, Any], words: Words) -> Chart:
    view = views.map_view(record)
    figure = map_figure(view.log, words.flat, last_only=record.config.loss == "last")
    return Chart(view, say.map_findings(record, view), figure, view.columns())


def _bound(record: BackpropRecord, values: Mapping[str, Any], words: Words) -> Chart:
    view = views.bound_view(record)
    figure = lines_figure(view.lines, words.flat, "axis.of_last_state")
    return Chart(view, say.bound_findings(record, view), figure, view.columns())


def _direct(record: BackpropRecord, values: Mapping[str, Any], words: Words) -> Chart:
    view = views.paths_view(record)
    found = say.path_findings(record, view)
    if view is None:
        return Chart(None, found, None, {})
    figure = lines_figure(view.lines, words.flat, "axis.of_last_cell")
    return Chart(view, found, figure, view.columns())


def _items(record: BackpropRecord, values: Mapping[str, Any], words: Words) -> Chart:
    row, column = (values[key] - 1 if values[key] else None for key in ("row", "column"))
    view = views.items_view(record, row, column)
    return Chart(
        view, say.items_findings(record, view), shares_figure(view, words.flat), view.columns()
    )


_CHARTS: dict[str, Callable[[BackpropRecord, Mapping[str, Any], Words], Chart]] = {
    "norms": _norms,
    "map": _map,
    "bound": _bound,
    "direct": _direct,
    "items": _items,
}
