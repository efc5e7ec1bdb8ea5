"""What the closed parts of the page `attention` compute: the cheat, and what weights explain."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seqviz.core.attention import MultiHead, attend_heads
from seqviz.core.attention_gradients import (
    rank_correlation,
    token_gradients,
    total_variation,
    weight_gradients,
)
from seqviz.core.attention_model import AttentionModel, AttentionRun
from seqviz.core.masks import without_keys
from seqviz.models.attention_experiment import (
    AttentionConfig,
    AttentionRecord,
    earlier,
    places,
    run,
)

DECIMALS = 12


@dataclass(frozen=True)
class Score:
    """How well a run names the token that follows.

    `asked` are the places whose token stood before and has a token after it: there `right` name
    that token, `copied` one that followed before, and `kept` one that does both. Of `all` places
    with a token after them `named` name it. `loss` and `loss_all` are the means of −log p(next) in
    nats over the same places; None where there are none.
    """

    asked: int
    right: int
    copied: int
    kept: int
    loss: float | None
    all: int
    named: int
    loss_all: float | None


@dataclass(frozen=True)
class Cheat:
    """The same weights on the same text, looking back only and looking everywhere."""

    masked: Score
    free: Score


def score(found: AttentionRun) -> Score:
    """How well this run names the next tokens of its own text."""
    tokens = found.inputs.tokens
    asked, said = places(tokens), [row[0] for row in found.said()]
    with_next = list(range(len(tokens) - 1))
    copies = [t for t in asked if said[t] in {tokens[s] for s in earlier(tokens, t)}]
    after = [found.candidates.index(token) for token in tokens[1:]]
    logs = found.logits[:, 0].log_softmax(-1)
    losses = [-float(logs[t, after[t]]) for t in with_next]
    return Score(
        asked=len(asked),
        right=sum(said[t] == tokens[t + 1] for t in asked),
        copied=len(copies),
        kept=sum(said[t] == tokens[t + 1] for t in copies),
        loss=_mean([losses[t] for t in asked]),
        all=len(with_next),
        named=sum(said[t] == tokens[t + 1] for t in with_next),
        loss_all=_mean(losses),
    )


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def cheat(config: AttentionConfig) -> Cheat:
    """The text read with the causal mask and without any; what-ifs are left out."""
    plain = replace(config, pad=0, hidden=(), edit=None, top=False, drop=None)
    scores = [score(_sentence(replace(plain, causal=causal))) for causal in (True, False)]
    return Cheat(*scores)


def _sentence(config: AttentionConfig) -> AttentionRun:
    found = run(config).run
    if found is None:
        raise ValueError(f"cheat: expected a sentence, got show={config.show!r}")
    return found


def answer(record: AttentionRecord, before: bool = False) -> tuple[str, float]:
    """What the model says after the token in question, and its probability."""
    found = record.run_before if before and record.run_before is not None else record.run
    assert found is not None
    p, place = found.probabilities[record.asked, 0].max(-1)
    return found.candidates[int(place)], float(p)


def chance(record: AttentionRecord, token: str) -> float:
    """The probability that the model now gives to a token."""
    assert record.run is not None
    return float(record.run.probabilities[record.asked, 0, record.run.candidates.index(token)])


@dataclass(frozen=True)
class Explanation:
    """Four answers to "which token mattered?", for the answer that the query in question gets.

    `places` are the keys it may look at, 0-based, in order; all others are of those keys. weights:
    the row of attention. saliency: weight × ∂L/∂weight, with L = −log p(answer). gradient:
    ‖∂L/∂x‖ of each token along every path, its own query too. effect: how far the prediction moves
    (total variation, 0 to 1) when nobody may look at that key; `without` is the probability of the
    answer then. `agreement` are the rank correlations of the first three, by size, with the effect,
    to DECIMALS so that equal tokens share a rank; nan where one of them is all the same.
    """

    places: tuple[int, ...]
    tokens: tuple[str, ...]
    answer: str
    p: float
    weights: Tensor
    saliency: Tensor
    gradient: Tensor
    effect: Tensor
    without: Tensor
    agreement: tuple[float, ...]

    def columns(self) -> dict[str, object]:
        """The numbers behind the chart."""
        return {
            "place": [place + 1 for place in self.places],
            "weight": self.weights,
            "weight_x_gradient": self.saliency,
            "gradient_norm": self.gradient,
            "change_without": self.effect,
            "p_without": self.without,
        }


def explanation(record: AttentionRecord) -> Explanation | None:
    """Of the run before any what-if: no row set by hand, no token removed.

    None where there is nothing to explain: no model, or a query that may look at nothing.
    """
    if record.before is not None:
        record = run(replace(record.config, edit=None, top=False, drop=None))
    model, found, row = record.model, record.run, record.asked
    allowed = record.attention.allowed
    T = len(record.queries)
    open_row = torch.ones(T, dtype=torch.bool) if allowed is None else allowed[row]
    places = open_row.nonzero().flatten().tolist()
    if model is None or found is None or not places:
        return None
    said, p = answer(record)
    place = found.candidates.index(said)
    predict = _predict(record, model, found)
    heads = attend_heads(model.attention, found.inputs.x, allowed=allowed, scale=_scale(record))
    of_weights = weight_gradients(heads, -_logits(model, found, heads, row).log_softmax(-1)[place])
    of_tokens = token_gradients(found.inputs.x, lambda x: -predict(allowed, x).log()[place])
    weights = record.attention.weights[row]
    whole = predict(allowed).detach()
    left = [predict(without_keys(allowed, [key], T, T)).detach() for key in places]
    effect = torch.stack([total_variation(whole, chances) for chances in left])
    saliency, gradient = of_weights.saliency[0, row, places], of_tokens.norm[places]
    ranked = (each.round(decimals=DECIMALS) for each in (weights[places], saliency.abs(), gradient))
    moved = effect.round(decimals=DECIMALS)
    return Explanation(
        places=tuple(places),
        tokens=tuple(record.queries[key] for key in places),
        answer=said,
        p=p,
        weights=weights[places],
        saliency=saliency,
        gradient=gradient,
        effect=effect,
        without=torch.stack(left)[:, place],
        agreement=tuple(rank_correlation(each, moved) for each in ranked),
    )


def _scale(record: AttentionRecord) -> float:
    return record.attention.scale


def _logits(model: AttentionModel, found: AttentionRun, heads: MultiHead, row: int) -> Tensor:
    return (model.answers(heads.out) @ found.candidate_vectors.T)[row, 0]


def _predict(
    record: AttentionRecord, model: AttentionModel, found: AttentionRun
) -> Callable[..., Tensor]:
    """From a mask, and vectors of the tokens, to the probabilities at the row in question."""

    def predict(allowed: Tensor | None, x: Tensor = found.inputs.x) -> Tensor:
        heads = attend_heads(model.attention, x, allowed=allowed, scale=_scale(record))
        return _logits(model, found, heads, record.asked).softmax(-1)

    return predict
