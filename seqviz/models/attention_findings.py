"""What an attention record says, in numbers: the sentences under the picture.

Places are counted from 1, as the reader counts them.
"""

import math
from dataclasses import replace

import torch
from torch import Tensor

from seqviz.models.attention_dimension import Dimension
from seqviz.models.attention_experiment import AttentionRecord, earlier, run
from seqviz.models.attention_views import Explanation, answer, chance, score
from seqviz.models.findings import Finding, number, percent

TOLD = 3
LITTLE, MUCH, ALL = 0.05, 0.5, 0.999
RAISED = 0.01
SAME = 1e-12


def attention_findings(record: AttentionRecord) -> list[Finding]:
    """Every sentence that holds for this record, the most telling first."""
    if record.config.show == "one":
        return [_points(record), _blend(record), *_softness(record), *_changed(record)]
    told = [] if record.run is None else _answers(record)
    told = [*told, _row(record), *_spread(record), *_changed(record), *_softness(record)]
    if record.config.show == "matrix":
        told.insert(0, _sizes(record))
    return [*told, *_mask(record), *_tied(record), *_score(record), *_alone(record)]


def parts(record: AttentionRecord) -> list[tuple[str, int, float]]:
    """(token, place from 1, weight) of the keys the row in question looks at most, most first."""
    weights = record.attention.weights[record.asked]
    order = weights.argsort(descending=True, stable=True).tolist()
    kept = [j for j in order[:TOLD] if float(weights[j]) >= LITTLE] or order[:1]
    return [(record.keys[j], j + 1, float(weights[j])) for j in kept]


def entropy(weights: Tensor) -> float:
    """Of one row, in nats."""
    return float(torch.special.entr(weights).sum())


def open_keys(record: AttentionRecord) -> int:
    """How many keys the row in question may look at."""
    allowed = record.attention.allowed
    return len(record.keys) if allowed is None else int(allowed[record.asked].sum())


def _place(record: AttentionRecord) -> dict[str, object]:
    return {"token": record.queries[record.asked], "place": record.asked + 1}


def _points(record: AttentionRecord) -> Finding:
    one = record.attention
    best = int(one.scaled[0].argmax())
    values = {
        "key": record.keys[best],
        "score": number(float(one.scores[0, best])),
        "scaled": number(float(one.scaled[0, best])),
        "weight": percent(float(one.weights[0, best])),
        "n": len(record.keys),
    }
    return Finding("points", values)


def _blend(record: AttentionRecord) -> Finding:
    x, y = record.attention.context[0].tolist()
    return Finding("blend", {"x": number(x), "y": number(y)})


def _sizes(record: AttentionRecord) -> Finding:
    T, S = record.attention.scores.shape
    values: dict[str, object] = {
        "T": T,
        "S": S,
        "n": T * S,
        "d_k": record.d_k,
        "d_v": record.attention.v.shape[-1],
    }
    return Finding("sizes", values)


def _row(record: AttentionRecord) -> Finding:
    """Where the row in question looks; `parts` is a list that the page puts in words.

    A row set to zeros by hand takes nothing although it may.
    """
    if float(record.attention.weights[record.asked].sum()) == 0:
        return Finding("row_zero" if open_keys(record) else "row_empty", _place(record))
    return Finding("row", {**_place(record), "parts": tuple(parts(record))})


def _spread(record: AttentionRecord) -> list[Finding]:
    keys, weights = open_keys(record), record.attention.weights[record.asked]
    if keys < 2 or record.config.edit is not None or float(weights.max()) > ALL:
        return []
    spread = entropy(weights)
    values = {
        "entropy": number(spread),
        "most": number(math.log(keys)),
        "share": percent(spread / math.log(keys)),
        "n": keys,
        "largest": percent(float(weights.max())),
    }
    return [Finding("spread", values)]


def _softness(record: AttentionRecord) -> list[Finding]:
    """What the missing scale and the temperature do to the largest weight of the row."""
    config, told = record.config, []
    if config.edit is not None or open_keys(record) < 2:
        return []
    now = percent(float(record.attention.weights[record.asked].max()))
    for key, plain in (
        ("unscaled", replace(config, scale=True)),
        ("temperature", replace(config, temperature=1.0)),
    ):
        if plain != config:
            then = run(plain).attention.weights[record.asked].max()
            values = {
                "now": now,
                "then": percent(float(then)),
                "d_k": record.d_k,
                "root": number(math.sqrt(record.d_k)),
                "temperature": number(config.temperature),
            }
            told.append(Finding(key, values))
    return told


def _mask(record: AttentionRecord) -> list[Finding]:
    """What the mask leaves; a row set by hand does not ask it."""
    allowed = record.attention.allowed
    if allowed is None:
        return []
    empty = record.attention.empty.clone()
    edited = record.config.edit is not None
    if edited:
        empty[record.asked] = False
    count = int(empty.sum())
    if count == len(record.queries):
        return [Finding("all_empty", {"n": count})]
    blocked: dict[str, object] = {"n": int((~allowed).sum()), "all": allowed.numel()}
    told = [Finding("mask_edited" if edited else "mask", blocked)]
    others = edited and bool(record.attention.empty[record.asked])
    return [*told, Finding("empty_others" if others else "empty", {"n": count})] if count else told


def _tied(record: AttentionRecord) -> list[Finding]:
    """With W_Q = W_K a token's score with itself is the square of its query's length."""
    if record.model is None or not record.config.tied or record.trained:
        return []
    scaled = record.attention.scaled
    T = len(scaled)
    if T < 2:
        return []
    own = float(scaled.diagonal().mean())
    others = float((scaled.sum() - scaled.diagonal().sum()) / (T * (T - 1)))
    first = int((scaled.diagonal() >= scaled.amax(-1) - SAME * scaled.abs().amax(-1)).sum())
    values = {"own": number(own), "others": number(others), "n": first, "all": T}
    return [Finding("tied", values)]


def _answers(record: AttentionRecord) -> list[Finding]:
    tokens, t = record.queries, record.asked
    said, p = answer(record)
    values = {**_place(record), "answer": said, "p": percent(p)}
    told = [Finding("answer", values)]
    if t + 1 < len(tokens):
        told.append(
            Finding("next_right" if tokens[t + 1] == said else "next", {"next": tokens[t + 1]})
        )
    if record.trained and record.config.causal and not earlier(tokens, t):
        told.append(Finding("first_time", _place(record)))
    return told


def _score(record: AttentionRecord) -> list[Finding]:
    """How often the next token is named; without the mask that is no skill."""
    if record.run is None:
        return []
    found = score(record.run)
    if record.trained and not record.config.causal and found.all:
        values: dict[str, object] = {"named": found.named, "all": found.all, "seen": _seen(record)}
        return [Finding("cheat" if values["seen"] == found.all else "cheat_part", values)]
    if found.loss is None:
        return [Finding("score_none")] if found.all else []
    values = {
        "n": found.asked,
        "right": found.kept if record.trained else found.right,
        "copied": found.copied,
        "loss": number(found.loss),
    }
    return [Finding("score" if record.trained else "score_fresh", values)]


def _seen(record: AttentionRecord) -> int:
    """How many tokens have their next one in plain sight."""
    allowed = record.attention.allowed
    return len(record.queries) - 1 if allowed is None else int(allowed.diagonal(1).sum())


def _changed(record: AttentionRecord) -> list[Finding]:
    """What an edited row or a removed key did, beside what the weights had suggested."""
    before, row = record.before, record.asked
    if before is None:
        return []
    told = []
    if record.dropped:
        weight = float(before.weights[row, list(record.dropped)].sum())
        names = tuple((record.keys[j], j + 1) for j in record.dropped)
        told.append(
            Finding("dropped", {"keys": names, "weight": percent(weight), **_place(record)})
        )
    if record.config.edit is not None:
        total = float(record.attention.weights[row].sum())
        even = math.isclose(total, 1.0, abs_tol=5e-4)
        told.append(
            Finding("edited" if even else "edited_sum", {"sum": number(total), **_place(record)})
        )
    moved = record.attention.context[row] - before.context[row]
    size = float(before.context[row].norm())
    told.append(Finding("moved", {"moved": number(float(moved.norm())), "size": number(size)}))
    if record.run is not None:
        said, p = answer(record, before=True)
        now, q = answer(record)
        after = percent(chance(record, said))
        told.append(Finding("changed_p", {"answer": said, "before": percent(p), "after": after}))
        told.append(
            Finding("same_answer" if now == said else "new_answer", {"said": now, "p": percent(q)})
        )
    return told


def _alone(record: AttentionRecord) -> list[Finding]:
    return [Finding("alone")] if len(record.keys) == 1 else []


def dimension_findings(view: Dimension, d_k: int) -> list[Finding]:
    """What the chart over d_k says, at the size nearest to the one on screen and at the ends."""
    at, last = view.at(d_k), len(view.sizes) - 1
    here: dict[str, object] = {
        "d_k": view.sizes[at],
        "raw_variance": number(float(view.raw_variance[at])),
        "variance": number(float(view.variance[at])),
        "raw": percent(float(view.raw_largest[at])),
        "scaled": percent(float(view.largest[at])),
    }
    collapse: dict[str, object] = {
        "d_k": view.sizes[last],
        "raw": percent(float(view.raw_entropy[last])),
        "scaled": percent(float(view.entropy[last])),
        "raw_largest": percent(float(view.raw_largest[last])),
        "largest": percent(float(view.largest[last])),
        "raw_slope": number(float(view.raw_slope[last])),
        "slope": number(float(view.slope[last])),
    }
    tied: dict[str, object] = {
        "d_k": view.sizes[at],
        "tied": number(float(view.tied[at])),
        "root": number(math.sqrt(view.sizes[at])),
    }
    return [
        Finding("dimension_here", here),
        Finding("dimension_collapse", collapse),
        Finding("dimension_slope", collapse),
        Finding("dimension_tied", tied),
    ]


def explanation_findings(view: Explanation) -> list[Finding]:
    """What the weights suggest, and what really changes without a token."""
    top, most = int(view.weights.argmax()), int(view.effect.argmax())
    told = [Finding("explain_weight", _of_key(view, top)), *_parted(view, top)]
    if float(view.effect[most]) < SAME:
        return [*told, Finding("explain_none")]
    if float(view.effect[top]) >= float(view.effect[most]) - SAME:
        most = top
    if top != most:
        told.append(Finding("explain_other", _of_key(view, most)))
    elif told[-1].key != "explain_hardly":
        told.append(Finding("explain_same", _of_key(view, most)))
    if all(math.isfinite(each) for each in view.agreement):
        names = ("weights", "saliency", "gradient")
        ranks: dict[str, object] = {
            name: number(round(each, 2)) for name, each in zip(names, view.agreement, strict=True)
        }
        told.append(Finding("explain_rank", {**ranks, "n": len(view.places)}))
    return told


def _parted(view: Explanation, top: int) -> list[Finding]:
    """Where removing the key with the largest weight does little, or the reverse of expected."""
    if float(view.without[top]) > view.p + RAISED:
        return [Finding("explain_against")]
    if float(view.weights[top]) > MUCH and SAME < float(view.effect[top]) < LITTLE:
        return [Finding("explain_hardly", _of_key(view, top))]
    return []


def _of_key(view: Explanation, i: int) -> dict[str, object]:
    return {
        "token": view.tokens[i],
        "place": view.places[i] + 1,
        "weight": percent(float(view.weights[i])),
        "answer": view.answer,
        "before": percent(view.p),
        "after": percent(float(view.without[i])),
        "effect": percent(float(view.effect[i])),
    }
