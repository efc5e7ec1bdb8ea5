"""What several heads say, in numbers: the sentences and tables of the page `multi-head`.

Heads, tokens and places are counted from 1 for the reader. Measures are taken over the tokens of
the text that may attend to something; padding asks nothing.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqviz.core.attention_measures import (
    entropy,
    largest,
    mean_distance,
    on_previous,
    on_self,
)
from seqviz.models.findings import Finding, number, percent
from seqviz.models.heads_experiment import HeadsRecord, Score, answered, padded

LISTED = 6
SAME = 1e-12


@dataclass(frozen=True)
class HeadRow:
    """One head over the text: means over its queries.

    `back` is how many places back (0 is the token itself, negative is ahead) most of the weight
    lies, and `on_back` that share, the mean over the queries that may look there.
    """

    entropy: float
    largest: float
    distance: float
    on_previous: float
    on_self: float
    back: int
    on_back: float


def measured(record: HeadsRecord) -> list[HeadRow]:
    """The measures of every head, and last of the average over heads where there are several."""
    weights = record.run.heads.weights
    maps = [*weights, weights.mean(0)] if len(weights) > 1 else list(weights)
    rows = asking(record)
    return [_row(one, rows, record.allowed) for one in maps]


def asking(record: HeadsRecord) -> Tensor:
    """The queries that count: tokens of the text that may attend to something."""
    kept = record.real & ~record.run.heads.heads[0].empty
    return kept.nonzero().flatten()


def _row(weights: Tensor, rows: Tensor, allowed: Tensor | None) -> HeadRow:
    later = rows[rows > 0]
    back, share = favourite(weights, rows, allowed)
    return HeadRow(
        entropy=_mean(entropy(weights)[rows]),
        largest=_mean(largest(weights)[rows]),
        distance=_mean(mean_distance(weights)[rows]),
        on_previous=_mean(on_previous(weights)[later]),
        on_self=_mean(on_self(weights)[rows]),
        back=back,
        on_back=share,
    )


def _mean(values: Tensor) -> float:
    return float(values.mean()) if values.numel() else 0.0


def favourite(weights: Tensor, rows: Tensor, allowed: Tensor | None = None) -> tuple[int, float]:
    """How many places back a map looks most, and with what share.

    A distance counts for the queries that may look there, and is compared if they are a third of
    all, so that one token at the edge decides nothing; of equals the nearest wins.
    """
    counted = torch.ones_like(weights) if allowed is None else allowed.to(weights.dtype)
    steps = len(weights)
    backs = (rows[:, None] - torch.arange(steps) + steps - 1).flatten()
    empty = torch.zeros(2 * steps - 1, dtype=weights.dtype)
    totals = empty.index_add(0, backs, weights[rows].flatten())
    counts = empty.index_add(0, backs, counted[rows].flatten())
    shares = torch.where(3 * counts >= len(rows), totals / counts.clamp(min=1), empty)
    nearest = sorted(range(2 * steps - 1), key=lambda place: abs(place - steps + 1))
    found = shares[nearest]
    best = int((found >= found.max() - SAME).nonzero()[0])
    return nearest[best] - steps + 1, float(found[best])


def heads_findings(record: HeadsRecord) -> list[Finding]:
    """Every sentence that holds for this record."""
    if not len(asking(record)):
        return [Finding("blocked_all", {"T": len(record.tokens)})]
    heads = measured(record)
    told = [_answers(record), _looks(record, heads), *_average(record, heads), _sum(record)]
    return [*told, *_off(record), *_masked(record), *_padding(record)]


def score_values(score: Score, candidates: int) -> dict[str, object]:
    """A score as a sentence takes it."""
    return {
        "right": sum(score.right),
        "asked": sum(score.asked),
        "share": percent(score.share),
        "guess": percent(1 / max(1, candidates)),
        "n": candidates,
    }


def _answers(record: HeadsRecord) -> Finding:
    if not sum(record.score.asked):
        return Finding("nothing_asked")
    values = score_values(record.score, len(record.run.candidates))
    return Finding("answers", values)


def _looks(record: HeadsRecord, found: list[HeadRow]) -> Finding:
    items = tuple(
        {"head": place, "back": row.back, "share": percent(row.on_back)}
        for place, row in enumerate(found[: record.count], start=1)
    )
    return Finding("looks", {"items": items})


def _average(record: HeadsRecord, found: list[HeadRow]) -> list[Finding]:
    """Jensen, R29c: the entropy of the average is at least the average of the entropies."""
    if record.count < 2:
        return []
    *heads, mean = found
    single = sum(row.entropy for row in heads) / len(heads)
    best = max(range(len(heads)), key=lambda i: heads[i].on_back)
    rows = asking(record)
    averaged = _on_back(record.run.heads.mean_weights, rows, heads[best].back, record.allowed)
    values: dict[str, object] = {
        "head": best + 1,
        "back": heads[best].back,
        "share": percent(heads[best].on_back),
        "averaged": percent(averaged),
        "mean": number(mean.entropy),
        "single": number(single),
    }
    hidden = values["share"] != values["averaged"]
    return [Finding("average" if hidden else "average_alike", values)]


def _on_back(weights: Tensor, rows: Tensor, back: int, allowed: Tensor | None) -> float:
    there = rows[(rows - back >= 0) & (rows - back < len(weights))]
    if allowed is not None:
        there = there[allowed[there, there - back]]
    return _mean(weights[there, there - back])


@dataclass(frozen=True)
class Parts:
    """How the shares of one query add up to its output.

    norms   ‖share‖ of each head, then ‖b_O‖
    along   how far each, b_O last, goes in the direction of `out`, as a share: sums to 1
    error   the largest difference between the sum of the parts and concat · W_Oᵀ + b_O
    """

    norms: tuple[float, ...]
    along: tuple[float, ...]
    out: float
    error: float


@torch.no_grad()
def parts(record: HeadsRecord) -> Parts:
    """The parts of the output of the text's last token."""
    found, row, project = record.run.heads, record.row, record.model.attention.out_proj
    terms = torch.cat([found.shares[:, row], project.bias[None]])
    out = project(found.concat[row])
    size = float(out.norm())
    along = terms @ out / size**2 if size > 0 else torch.zeros(len(terms))
    return Parts(
        tuple(terms.norm(dim=-1).tolist()),
        tuple(along.tolist()),
        size,
        float((terms.sum(0) - out).abs().max()),
    )


def _sum(record: HeadsRecord) -> Finding:
    found = parts(record)
    values: dict[str, object] = {
        "token": record.tokens[record.row],
        "h": record.count,
        "norms": ", ".join(number(size) for size in found.norms[:-1]),
        "bias": number(found.norms[-1]),
        "total": number(sum(found.norms)),
        "out": number(found.out),
        "error": number(found.error),
    }
    if found.out == 0:
        return Finding("sum_zero")
    return Finding("sum_one" if record.count == 1 else "sum", values)


def _off(record: HeadsRecord) -> list[Finding]:
    off = record.config.off
    if off is None:
        return []
    before, now = record.free_score, record.score
    values: dict[str, object] = {
        "head": off + 1,
        "before": sum(before.right),
        "now": sum(now.right),
        "asked": sum(now.asked),
        "changed": record.ablations[off].changed,
    }
    return [Finding("off", values)]


def _masked(record: HeadsRecord) -> list[Finding]:
    if record.allowed is None:
        return []
    told = [
        Finding(
            "masked",
            {"n": int((~record.allowed).sum()), "pairs": record.allowed.numel()},
        )
    ]
    if record.empty:
        rows = ", ".join(str(t + 1) for t in record.empty[:LISTED])
        more = "…" if len(record.empty) > LISTED else ""
        told.append(Finding("empty", {"n": len(record.empty), "rows": f"{rows}{more}"}))
    return told


def _padding(record: HeadsRecord) -> list[Finding]:
    """How far the output of the text moves because padding stands beside it."""
    mask, side = record.config.mask, record.config.side
    if not record.config.pads:
        return []
    values: dict[str, object] = {
        "pads": record.config.pads,
        "change": number(padding_change(record)),
    }
    if mask in ("padding", "both"):
        differs = side == "left" and padding_change(record) > SAME
        moved = [Finding("padding_moved")] if differs else []
        return [Finding("padding_hidden", values), *moved]
    later = mask == "causal" and side == "right"
    return [Finding("padding_later" if later else "padding_seen", values)]


def padding_change(record: HeadsRecord) -> float:
    """The largest change of any number in the output of the text when its padding goes."""
    own = [token for token, keep in zip(record.tokens, record.real.tolist(), strict=True) if keep]
    tokens, real = padded(own, 0, record.config.side)
    rows = record.real.nonzero().flatten()
    allowed = None if record.allowed is None else record.allowed[rows][:, rows]
    alone = answered(record.model, tokens, real, allowed, record.config.off)
    return float((record.run.heads.out[rows] - alone.heads.out).abs().max())
