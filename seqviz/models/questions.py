"""Questions to predict before the answer shows, made from the record, so any input has them."""

from dataclasses import dataclass, field

from seqviz.core.bands import BANDS, band
from seqviz.models.experiment import CellRecord
from seqviz.models.findings import (
    answer,
    gradient_ratio,
    log_ratio,
    loss_step,
    number,
    repeated,
)

Option = tuple[str, dict[str, object]]


@dataclass(frozen=True)
class Question:
    """Keys of words and what fills them: the question, its options, which is right, and why."""

    name: str
    values: dict[str, object]
    options: tuple[Option, ...]
    right: int
    told: dict[str, object] = field(default_factory=dict)


def questions(record: CellRecord) -> list[Question]:
    """What a learner can be asked about this record."""
    if record.exploded is not None:
        return []
    pair = repeated(record)
    asked = [] if pair is None else [_same_token(record, *pair)]
    if loss_step(record) > 0 and record.config.loss == "last":
        asked.append(_gradient(record))
    sizes = record.trace.h[-1].abs().sort(descending=True).values
    if len(sizes) > 1 and sizes[0] > sizes[1]:
        asked.append(_largest(record))
    return asked


def _same_token(record: CellRecord, s: int, t: int) -> Question:
    first, second = answer(record, s)[0], answer(record, t)[0]
    steps = {"s": s + 1, "t": t + 1}
    return Question(
        "same_token",
        {**steps, "token": record.task.inputs[t]},
        (("predict.same_token_yes", {}), ("predict.same_token_no", {})),
        0 if first == second else 1,
        {**steps, "first": first, "second": second},
    )


def _gradient(record: CellRecord) -> Question:
    ratio = gradient_ratio(record)
    options: tuple[Option, ...] = tuple((f"band.{name}", {}) for name in BANDS)
    step = loss_step(record) + 1
    told: dict[str, object] = {"t": step, "ratio": number(ratio)}
    return Question("gradient", {"t": step}, options, BANDS.index(band(log_ratio(ratio))), told)


def _largest(record: CellRecord) -> Question:
    last = record.trace.h[-1]
    unit = int(last.abs().argmax())
    options: tuple[Option, ...] = tuple(
        ("predict.largest_option", {"unit": u + 1}) for u in range(min(len(last), 8))
    )
    if unit >= len(options):
        options = (*options[:-1], ("predict.largest_option", {"unit": unit + 1}))
    told = {"unit": unit + 1, "value": number(float(last[unit]))}
    return Question("largest", {}, options, min(unit, len(options) - 1), told)
