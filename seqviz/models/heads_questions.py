"""Questions to predict before the answer shows, made from the heads on screen."""

from seqviz.models.findings import number
from seqviz.models.heads_experiment import HeadsRecord
from seqviz.models.heads_findings import asking, measured, parts
from seqviz.models.questions import Option, Question

SAME = 1e-9


def questions(record: HeadsRecord) -> list[Question]:
    """What a learner can be asked about this record."""
    asked: list[Question] = []
    if record.count > 1 and len(asking(record)):
        asked += [*_average(record), *_largest(record)]
        if record.config.mode == "trained" and any(record.free_score.asked):
            asked.append(_worth(record))
    if record.model.design.width % (2 * record.count) == 0:
        asked.append(_parameters(record))
    if record.config.mask in ("causal", "both", "padding"):
        asked.append(_allowed(record))
    return asked


def _average(record: HeadsRecord) -> list[Question]:
    """Not asked where the difference is too small to be read."""
    *heads, mean = measured(record)
    single = sum(row.entropy for row in heads) / len(heads)
    gap = mean.entropy - single
    right = 1 if abs(gap) < SAME else 0 if gap > 0 else 2
    options = _options("average", ("more", "same", "less"))
    told: dict[str, object] = {"mean": number(mean.entropy), "single": number(single)}
    if right != 1 and told["mean"] == told["single"]:
        return []
    return [Question("average", {"h": record.count}, options, right, told)]


def _largest(record: HeadsRecord) -> list[Question]:
    """Which head adds most to the output of the text's last token, if one does."""
    norms = parts(record).norms[:-1]
    first, second = sorted(norms, reverse=True)[:2]
    if first - second < SAME:
        return []
    options = _heads(record)
    told: dict[str, object] = {"norms": ", ".join(map(number, norms))}
    values = {"token": record.tokens[record.row]}
    return [Question("largest", dict(values), options, norms.index(first), told)]


def _worth(record: HeadsRecord) -> Question:
    """Without which head most answers go wrong, or do several cost the same?"""
    left = [sum(one.score.right) for one in record.ablations]
    least = min(left)
    tie = left.count(least) > 1
    options: tuple[Option, ...] = (*_heads(record), ("predict.worth_tie", {}))
    right = record.count if tie else left.index(least)
    told: dict[str, object] = {
        "before": sum(record.free_score.right),
        "left": ", ".join(map(str, left)),
        "asked": sum(record.free_score.asked),
    }
    return Question("worth", {}, options, right, told)


def _parameters(record: HeadsRecord) -> Question:
    """More heads over the same d_model: more parameters?"""
    width = record.model.design.width
    options = _options("parameters", ("more", "same", "less"))
    told: dict[str, object] = {"d": width, "n": f"{4 * width * (width + 1):,}"}
    return Question("parameters", {"d": width, "h": record.count}, options, 1, told)


def _allowed(record: HeadsRecord) -> Question:
    """How many keys the query in the middle of the text may attend to."""
    assert record.allowed is not None
    rows = record.real.nonzero().flatten().tolist()
    row = rows[len(rows) // 2]
    count = int(record.allowed[row].sum())
    steps = len(record.tokens)
    wanted = {count, steps, max(0, count - 1), row + 2 if row + 2 <= steps else row}
    numbers = sorted(wanted)
    options: tuple[Option, ...] = tuple(("predict.allowed_option", {"n": n}) for n in numbers)
    values: dict[str, object] = {"t": row + 1, "token": record.tokens[row]}
    return Question("allowed", values, options, numbers.index(count), {"n": count, "T": steps})


def _heads(record: HeadsRecord) -> tuple[Option, ...]:
    return tuple(("predict.one", {"head": place + 1}) for place in range(record.count))


def _options(name: str, kinds: tuple[str, ...]) -> tuple[Option, ...]:
    return tuple((f"predict.{name}_{kind}", {}) for kind in kinds)
