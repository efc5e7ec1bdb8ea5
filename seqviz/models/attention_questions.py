"""Questions to predict before the answer shows, made from the record, so any input has them."""

from dataclasses import replace

from seqviz.models.attention_experiment import AttentionRecord, run
from seqviz.models.attention_findings import open_keys
from seqviz.models.attention_views import answer
from seqviz.models.findings import number, percent
from seqviz.models.questions import Option, Question

OFFERED = 6
SAME = 1e-3
TIE = 1e-9


def attention_questions(record: AttentionRecord) -> list[Question]:
    """What a learner can be asked about this record."""
    if record.before is not None or open_keys(record) < 2:
        return []
    asked = [_most(record), *_softer(record)]
    if record.config.show == "one":
        return asked
    if len(record.queries) > 1 and not bool(record.attention.empty.any()):
        asked.append(_column(record))
    if record.run is not None and not _tied(record):
        asked.append(_without(record))
    return asked


def _tied(record: AttentionRecord) -> list[int]:
    """The keys beside the first that the row in question looks at most, and just as much."""
    weights = record.attention.weights[record.asked]
    best = int(weights.argmax())
    return [j for j in (weights > weights[best] - TIE).nonzero().flatten().tolist() if j != best]


def _most(record: AttentionRecord) -> Question:
    """Which key the row in question looks at most; of several alike only one is offered."""
    weights = record.attention.weights[record.asked]
    best = int(weights.argmax())
    allowed = record.attention.allowed
    shut = set(_tied(record))
    if allowed is not None:
        shut |= set((~allowed[record.asked]).nonzero().flatten().tolist())
    offered = [j for j in range(len(weights)) if j not in shut]
    if len(offered) > OFFERED:
        others = [j for j in offered if j != best]
        step = len(others) / (OFFERED - 1)
        offered = sorted({best, *(others[int(i * step)] for i in range(OFFERED - 1))})
    options: tuple[Option, ...] = tuple(
        ("predict.key", {"token": record.keys[j], "place": j + 1}) for j in offered
    )
    told = {
        "token": record.keys[best],
        "place": best + 1,
        "weight": percent(float(weights[best])),
    }
    name = "most_one" if record.config.show == "one" else "most"
    return Question(name, _asked(record), options, offered.index(best), told)


def _softer(record: AttentionRecord) -> list[Question]:
    """What happens to the largest weight when the scale is taken away, or brought back.

    Not asked where it changes by less than can be read.
    """
    config = record.config
    changed = run(replace(config, scale=not config.scale))
    now = float(record.attention.weights[record.asked].max())
    then = float(changed.attention.weights[record.asked].max())
    same = percent(now) == percent(then)
    if same and abs(then - now) > TIE:
        return []
    right = 1 if same else 0 if then > now else 2
    options: tuple[Option, ...] = tuple((f"predict.{k}", {}) for k in ("grows", "stays", "falls"))
    told: dict[str, object] = {"now": percent(now), "then": percent(then), "d_k": record.d_k}
    name = "unscale" if config.scale else "rescale"
    return [Question(name, _asked(record), options, right, told)]


def _column(record: AttentionRecord) -> Question:
    """Rows sum to 1; do columns?"""
    sums = record.attention.weights.sum(0)
    far = int((sums - 1).abs().argmax())
    even = bool(((sums - 1).abs() < SAME).all())
    options: tuple[Option, ...] = (("predict.yes", {}), ("predict.no", {}))
    told: dict[str, object] = {
        "token": record.keys[far],
        "place": far + 1,
        "sum": number(float(sums[far])),
    }
    return Question("column", {}, options, 0 if even else 1, told)


def _without(record: AttentionRecord) -> Question:
    """Whether the answer changes without the token that is looked at most."""
    changed = run(replace(record.config, top=True))
    said, p = answer(record)
    now, q = answer(changed)
    options: tuple[Option, ...] = (("predict.changes", {}), ("predict.keeps", {}))
    told: dict[str, object] = {
        "token": record.keys[changed.dropped[0]],
        "answer": said,
        "p": percent(p),
        "said": now,
        "said_p": percent(q),
    }
    return Question("without", _asked(record), options, 0 if now != said else 1, told)


def _asked(record: AttentionRecord) -> dict[str, object]:
    return {"query": record.queries[record.asked], "row": record.asked + 1}
