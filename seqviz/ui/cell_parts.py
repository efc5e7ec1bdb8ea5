"""What unfolds under the picture of the page `cell`: equations, shapes, counts, measured models."""

from collections.abc import Iterator

from seqviz.core import gru, lstm, rnn
from seqviz.core.parameters import BLOCKS, parameter_count
from seqviz.figures.slope import slope_svg
from seqviz.models import About, available, load
from seqviz.models.experiment import CellRecord
from seqviz.models.findings import number, percent
from seqviz.text import Words


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


def count_sentences(record: CellRecord) -> list[str]:
    """Which sentences about the number of parameters hold for this model."""
    keys = ["shapes.count"]
    if record.trace.options.peepholes is not None:
        keys.append("shapes.peepholes")
    if record.model.readout is not None:
        keys.append("shapes.readout")
    return [*keys, "shapes.others"]


def concat_notes(record: CellRecord) -> list[str]:
    """Which remarks belong under the one wide matrix."""
    holes = ["concat.peepholes"] if record.trace.options.peepholes is not None else []
    return [*holes, "concat.imprecise"]


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
