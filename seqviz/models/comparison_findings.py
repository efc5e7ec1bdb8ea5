"""What a comparison says, in numbers, and what can be asked about it before it is shown.

Models are called by their letters; steps and units are counted from 1. Nothing here says who
remembers best in general: each sentence is of this record.
"""

import math

from seqviz.core.parameters import BLOCKS, parameter_count
from seqviz.models.comparison import CompareRecord, Known, differing
from seqviz.models.experiment import CellRecord
from seqviz.models.findings import Finding, answer, gradient_ratio, number, percent
from seqviz.models.questions import Option, Question

LIKELY = 4


def letters(record: CompareRecord) -> tuple[str, ...]:
    """A, B and C."""
    return tuple(name.upper() for name in record.names)


def comparison_findings(record: CompareRecord) -> list[Finding]:
    """Every sentence that holds for this record, the question of the page first."""
    if record.exploded is not None:
        return [Finding("exploded", {"t": record.exploded + 1})]
    told = [*_knowledge(record), *_both(record), *_loss(record)]
    return [*told, _gradients(record), *_difference(record), _steps(record)]


def forgotten(known: Known) -> int | None:
    """The first step from which on h is never read clearly better than by guessing, 0-based.

    Clearly is LIKELY standard errors of guessing; None where the last step still is.
    """
    probe = known.h
    line = probe.chance + LIKELY * math.sqrt(probe.chance * (1 - probe.chance) / probe.tested)
    above = (probe.accuracy > line).nonzero().flatten()
    first = int(above[-1]) + 1 if len(above) else 0
    return first if first < len(probe.accuracy) else None


def comparison_questions(record: CompareRecord) -> list[Question]:
    """What a learner can be asked about this comparison."""
    if record.exploded is not None or record.steps < 2:
        return []
    asked = [] if not record.known else [_longest(record)]
    if record.config.loss == "last":
        asked.append(_largest_gradient(record))
    if all(cell.loss is not None for cell in record.cells):
        asked.append(_lowest_loss(record))
    asked.append(_most_parameters(record))
    return asked


def parameters(cell: CellRecord) -> dict[str, object]:
    """Formula and number of a cell's parameters, with one bias and with PyTorch's two.

    `products` is the number of multiplications by a weight in one step, k·H(D+H).
    """
    d, h, blocks = cell.trace.cell.input_size, cell.trace.cell.hidden_size, BLOCKS[cell.trace.kind]
    k = "" if blocks == 1 else str(blocks)
    return {
        "D": d,
        "H": h,
        "formula_one": f"{k}H(D+H+1)",
        "one": f"{parameter_count(cell.trace.kind, d, h, biases=1):,}",
        "formula_two": f"{k}H(D+H+2)",
        "two": f"{parameter_count(cell.trace.kind, d, h):,}",
        "formula_products": f"{k}H(D+H)",
        "products": f"{blocks * h * (d + h):,}",
    }


def _listed(record: CompareRecord, values: list[str]) -> str:
    return ", ".join(f"{a} {value}" for a, value in zip(letters(record), values, strict=True))


def _knowledge(record: CompareRecord) -> list[Finding]:
    if not record.known:
        return []
    last = [float(known.h.accuracy[-1]) for known in record.known]
    probe = record.known[0].h
    values = {
        "T": record.steps,
        "shares": _listed(record, [percent(share) for share in last]),
        "chance": percent(probe.chance),
        "n": probe.tested,
    }
    told = [Finding("known", values)]
    for name, known in zip(letters(record), record.known, strict=True):
        t = forgotten(known)
        key = "known_to_the_end" if t is None else "forgotten"
        told.append(Finding(key, {"model": name, "t": record.steps if t is None else t + 1}))
    return told


def _both(record: CompareRecord) -> list[Finding]:
    """What an LSTM's c adds: the step at which it helps the probe most."""
    told = []
    for name, known in zip(letters(record), record.known, strict=False):
        if known.both is None:
            continue
        gain = known.both.accuracy - known.h.accuracy
        t = int(gain.nan_to_num(-1.0).argmax())
        values = {
            "model": name,
            "t": t + 1,
            "h": percent(float(known.h.accuracy[t])),
            "both": percent(float(known.both.accuracy[t])),
        }
        told.append(Finding("both" if float(gain[t]) > 0 else "both_same", values))
    return told


def _loss(record: CompareRecord) -> list[Finding]:
    losses = [cell.loss for cell in record.cells if cell.loss is not None]
    if len(losses) < len(record.cells):
        return []
    classes = {len(cell.task.classes) for cell in record.cells}
    told = [answer(cell, record.steps - 1) for cell in record.cells]
    values: dict[str, object] = {
        "losses": _listed(record, [number(loss) for loss in losses]),
        "guess": ", ".join(number(math.log(n)) for n in sorted(classes)),
        "answers": _listed(record, [f"“{token}” ({percent(p)})" for token, p in told]),
    }
    return [Finding("loss", values)]


def _gradients(record: CompareRecord) -> Finding:
    ratios = [number(gradient_ratio(cell)) for cell in record.cells]
    key = "gradient_all" if record.config.loss == "all" else "gradient"
    return Finding(key, {"ratios": _listed(record, ratios)})


def _difference(record: CompareRecord) -> list[Finding]:
    if not differing(record):
        return []
    difference = (record.cells[0].trace.h - record.cells[1].trace.h).abs()
    t, unit = divmod(int(difference.argmax()), difference.shape[1])
    size = float(difference[t, unit])
    if size == 0:
        return [Finding("same")]
    return [Finding("difference", {"t": t + 1, "unit": unit + 1, "size": number(size)})]


def _steps(record: CompareRecord) -> Finding:
    return Finding("steps", {"T": record.steps})


def _choice(record: CompareRecord, name: str, scores: list[float], told: list[str]) -> Question:
    """Which model has the highest score, or do several share it?"""
    models: tuple[Option, ...] = tuple(("predict.model", {"model": a}) for a in letters(record))
    best = max(scores)
    right = len(scores) if scores.count(best) > 1 else scores.index(best)
    options = (*models, ("predict.tie", {}))
    return Question(name, {}, options, right, {"values": _listed(record, told)})


def _longest(record: CompareRecord) -> Question:
    steps = [record.steps if (t := forgotten(known)) is None else t for known in record.known]
    return _choice(record, "longest", list(map(float, steps)), [str(t) for t in steps])


def _largest_gradient(record: CompareRecord) -> Question:
    ratios = [gradient_ratio(cell) for cell in record.cells]
    return _choice(record, "gradient", ratios, [number(ratio) for ratio in ratios])


def _lowest_loss(record: CompareRecord) -> Question:
    losses = [cell.loss or 0.0 for cell in record.cells]
    return _choice(record, "loss", [-loss for loss in losses], [number(loss) for loss in losses])


def _most_parameters(record: CompareRecord) -> Question:
    counts = [sum(p.numel() for p in cell.trace.cell.parameters()) for cell in record.cells]
    return _choice(record, "parameters", list(map(float, counts)), [f"{n:,}" for n in counts])
