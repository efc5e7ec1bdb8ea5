"""The short program that prints what the page `compare` shows: its answers and its probes."""

from seqviz.models.comparison import CompareConfig, CompareRecord, Slot
from seqviz.models.comparison_findings import letters
from seqviz.models.experiment import CellRecord, shipped


def comparison_program(record: CompareRecord) -> str:
    """Runnable Python that prints, at every step, each model's answer and its probe's accuracy."""
    lines = ["import torch", *_imports(record), "", *_models(record), *_inputs(record), ""]
    lines += ["rows = []", "for model, options in models.values():"]
    lines += _of_one_model(record)
    lines += ["for token, *columns in zip(tokens, *rows):", "    print(token, *columns)"]
    return "\n".join(lines) + "\n"


def comparison_output(record: CompareRecord) -> str:
    """What the program prints, from the record."""
    columns = [[_cell(record, k, t) for t in range(record.steps)] for k in range(len(record.cells))]
    tokens = record.cells[0].task.values or record.cells[0].task.inputs
    rows = zip(tokens, *columns, strict=True)
    return "".join(" ".join(map(str, row)) + "\n" for row in rows)


def _cell(record: CompareRecord, k: int, t: int) -> str:
    cell = record.cells[k]
    if cell.probabilities is None:
        said = f"{cell.trace.h[t].norm():.4f}"
    else:
        p, place = cell.probabilities[t].max(dim=-1)
        said = f"{cell.model.classes[int(place)]} {p:.4f}"
    known = f" {record.known[k].h.accuracy[t]:.4f}" if record.known else ""
    return f"| {said}{known}"


def _imports(record: CompareRecord) -> list[str]:
    names = ["from seqviz.core.unroll import Options, unroll"]
    if any(cell.mode == "fresh" for cell in record.cells):
        names.append("from seqviz.core.model import build_model")
    if any(cell.mode == "trained" for cell in record.cells):
        names.append("from seqviz.models import load")
    if record.known:
        names.append("from seqviz.core.probe import probe")
        names.append("from seqviz.models.comparison import states")
        names.append("from seqviz.models.first_token import sample")
    return sorted(names)


def _models(record: CompareRecord) -> list[str]:
    lines = ["models = {"]
    for name, slot, cell in zip(letters(record), record.config.slots, record.cells, strict=True):
        options = f"Options(activation={slot.activation!r})"
        lines.append(f"    {name!r}: ({_built(record.config, slot, cell)}, {options}),")
    return [*lines, "}"]


def _built(config: CompareConfig, slot: Slot, cell: CellRecord) -> str:
    if cell.mode == "trained":
        return f"load({shipped(cell.config)!r})"
    task = cell.task
    chosen = {
        "init": slot.init if slot.init != "default" else None,
        "forget_bias": slot.forget_bias if slot.cell == "lstm" else None,
        "input_size": None if task.vocabulary else 1,
        "seed": config.seed,
    }
    extra = "".join(f", {key}={value!r}" for key, value in chosen.items() if value is not None)
    size = cell.trace.cell.hidden_size
    words = f"{list(task.vocabulary)!r}, {list(task.classes)!r}"
    return f"build_model({slot.cell!r}, {words}, {size}{extra})"


def _inputs(record: CompareRecord) -> list[str]:
    task = record.cells[0].task
    lines = [f"tokens = {list(task.values or task.inputs)!r}"]
    if record.sample is not None:
        count = len(record.sample.labels)
        known = record.sample.alphabet
        words = f"{record.config.source!r}, {known if known is None else list(known)!r}"
        lines.append(f"asked = sample({words}, {record.steps}, {record.config.seed}, {count})")
    return lines


def _of_one_model(record: CompareRecord) -> list[str]:
    signal = record.cells[0].task.values is not None
    xs = "torch.tensor(tokens, dtype=torch.float64)[:, None]" if signal else "model.encode(tokens)"
    lines = [
        f"    xs = {xs}",
        "    trace = unroll(model.cell, xs, model.h0, model.c0, options)",
    ]
    if record.known:
        lines += [
            "    h, c = states(trace, asked.encode(model))",
            "    known = probe(h, asked.labels, len(asked.firsts)).accuracy",
        ]
    if signal:
        lines.append('    said = [f"{h.norm():.4f}" for h in trace.h]')
    else:
        lines += [
            "    p = model.logits(trace.h).softmax(dim=-1).detach()",
            '    said = [f"{model.classes[row.argmax()]} {row.max():.4f}" for row in p]',
        ]
    if record.known:
        row = '[f"| {answer} {share:.4f}" for answer, share in zip(said, known)]'
        return [*lines, f"    rows.append({row})"]
    return [*lines, '    rows.append([f"| {answer}" for answer in said])']
