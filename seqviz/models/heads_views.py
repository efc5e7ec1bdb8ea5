"""The tables of `multi-head`: split and sum in numbers, entropies query by query."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import linear

from seqviz.core.attention_measures import entropy
from seqviz.models.heads_experiment import (
    TRAINED,
    HeadsRecord,
    Score,
    answered,
    model_of,
    score_of,
)
from seqviz.models.heads_findings import asking, parts

SHOWN = 4
LISTED = 12
DIGITS = 4


@dataclass(frozen=True)
class Join:
    """One query's output, piece by piece, its first `SHOWN` numbers.

    terms     (h + 1, n): the share of each head, then b_O
    total     (n,): their sum; `product` (n,): W_O · concat + b_O, the other way to the same
    norms, along, error   as in `Parts`; `split_error` is how far cutting Q differs from h products
    """

    terms: Tensor
    total: Tensor
    product: Tensor
    norms: tuple[float, ...]
    along: tuple[float, ...]
    error: float
    split_error: float

    @property
    def rounded(self) -> bool:
        """Whether a printed column may be off from its printed sum in the last digit."""
        printed = (
            self.terms.round(decimals=DIGITS).sum(0) - self.total.round(decimals=DIGITS)
        ).abs()
        return bool((printed > 0.5 * 10**-DIGITS).any())


@torch.no_grad()
def join_of(record: HeadsRecord) -> Join:
    """The output of the text's last token in both pictures."""
    found, layer, row = record.run.heads, record.model.attention, record.row
    terms = torch.cat([found.shares[:, row], layer.out_proj.bias[None]])
    product = linear(found.concat[row], layer.out_proj.weight, layer.out_proj.bias)
    sizes = parts(record)
    total = terms.sum(0)
    return Join(
        terms=terms[:, :SHOWN],
        total=total[:SHOWN],
        product=product[:SHOWN],
        norms=(*sizes.norms, sizes.out),
        along=(*sizes.along, sum(sizes.along)),
        error=float((product - total).abs().max()),
        split_error=_split_error(record),
    )


def _split_error(record: HeadsRecord) -> float:
    """Q cut into strips against h products with strips of W_Q."""
    layer, x, width = record.model.attention, record.run.inputs.x, record.model.design.width
    weight, bias = layer.in_proj_weight[:width], layer.in_proj_bias[:width]
    cut = linear(x, weight, bias).chunk(record.count, dim=-1)
    strips = zip(weight.chunk(record.count), bias.chunk(record.count), strict=True)
    apart = [(one - linear(x, w, b)).abs().max() for one, (w, b) in zip(cut, strips, strict=True)]
    return float(torch.stack(apart).max())


@dataclass(frozen=True)
class Entropies:
    """H of each head at some queries: `heads` (n, h), `mean` (n,) their mean, `of_mean` (n,)."""

    rows: tuple[int, ...]
    heads: Tensor
    mean: Tensor
    of_mean: Tensor


def entropies(record: HeadsRecord) -> Entropies:
    """Jensen, query by query: the last `LISTED` that may attend to something."""
    rows = asking(record)[-LISTED:]
    heads = entropy(record.run.heads.weights)[:, rows].T
    return Entropies(
        tuple(rows.tolist()),
        heads,
        heads.mean(-1),
        entropy(record.run.heads.mean_weights)[rows],
    )


def rivals(record: HeadsRecord) -> list[tuple[int, Score]]:
    """The trained models of 1, 2 and 4 heads on the same text under the same mask."""
    found = []
    for heads in TRAINED:
        model = model_of(replace(record.config, mode="trained", trained=heads))
        logits = answered(model, record.tokens, record.real, record.allowed).logits
        found.append((heads, score_of(logits, record.targets)))
    return found


@torch.no_grad()
def credit(record: HeadsRecord) -> Tensor:
    """Who writes which answer: (h + 1, answers), the heads and last b_O.

    The score of an answer is linear in `out`, so every share has its own part of it. The part in
    the score of the right answer, above its part in the mean score of all candidates; the mean
    over the tokens that have an answer, 0 where none has. The column sums are the lead itself.
    """
    found, model, targets = record.run.heads, record.model, record.targets
    bias = model.attention.out_proj.bias.expand_as(found.out)
    scores = model.answers(torch.cat([found.shares, bias[None]])) @ record.run.candidate_vectors.T
    lead = scores - scores.mean(-1, keepdim=True)
    places = targets.clamp(min=0)[None, ..., None].expand(len(lead), -1, -1, 1)
    asked = targets >= 0
    return (lead.gather(-1, places)[..., 0] * asked).sum(1) / asked.sum(0).clamp(min=1)
