"""What the page `multi-head` computes: several heads over one text, and what each one is worth.

A trained model answers with the tokens one, two, three and four places back; an untrained one of
any size answers too, by chance. Padding is made of real tokens that a mask may or may not hide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seqviz.core.attention import WhatIfHeads
from seqviz.core.attention_model import (
    AttentionModel,
    AttentionRun,
    Design,
    build_attention_model,
    token_vectors,
)
from seqviz.core.masks import causal, padding
from seqviz.models.attention_shelf import load_attention

PAD = "[pad]"
LONGEST = 64
MOST_HEADS = 8
ANSWERS = 4
FRESH_SIZE = 16
TRAINED = (1, 2, 4)
MASKS = ("none", "causal", "padding", "both", "all")
SIDES = ("right", "left")


@dataclass(frozen=True)
class HeadsConfig:
    """Everything that decides what the page shows.

    mode     trained, with `trained` heads, or fresh, with `heads` heads over `d_model` numbers
    mask     none, causal, padding, both, or all: nobody may attend to anything
    pads     how many padding tokens stand at the `side` of the text
    off      the head that adds nothing to the output, 0-based
    gain     how large the weights of a fresh layer are drawn: larger is sharper
    """

    tokens: tuple[str, ...] = tuple("abcdefgh")
    mode: str = "trained"
    trained: int = 4
    heads: int = 4
    d_model: int = 16
    mask: str = "causal"
    pads: int = 0
    side: str = "right"
    off: int | None = None
    gain: float = 2.0
    seed: int = 1


@dataclass(frozen=True)
class Score:
    """Of every answer (one place back first): how often it was asked for, how often right."""

    right: tuple[int, ...]
    asked: tuple[int, ...]

    @property
    def share(self) -> float:
        """The share of all answers that are right; 0 where none was asked for."""
        return sum(self.right) / max(1, sum(self.asked))


@dataclass(frozen=True)
class Ablation:
    """What one head is worth: the answers without its share, and how far `out` moves.

    `changed` counts answers that are other tokens; `moved` is ‖share‖ / ‖out‖, the mean over
    the text's tokens.
    """

    score: Score
    changed: int
    moved: float


@dataclass(frozen=True)
class HeadsRecord:
    """One run, the same run with no head silenced, and what each head is worth.

    tokens   the text with its padding; `real` (T,) says which are not padding
    allowed  (T, T), True = may attend, or None
    targets  (T, answers): the place of the right answer among the candidates, −1 where there is
             none, because the text does not reach that far back
    """

    config: HeadsConfig
    tokens: tuple[str, ...]
    real: Tensor
    model: AttentionModel
    allowed: Tensor | None
    run: AttentionRun
    free: AttentionRun
    targets: Tensor
    score: Score
    free_score: Score
    ablations: tuple[Ablation, ...]

    @property
    def count(self) -> int:
        """How many heads."""
        return len(self.run.heads.heads)

    @property
    def row(self) -> int:
        """The last token of the text, 0-based: the query that tables speak of."""
        return int(self.real.nonzero()[-1])

    @property
    def empty(self) -> tuple[int, ...]:
        """The queries that may attend to nothing."""
        return tuple(self.run.heads.heads[0].empty.nonzero().flatten().tolist())


def run(config: HeadsConfig) -> HeadsRecord:
    """The record of a configuration; the same for the same configuration."""
    tokens, real = padded(config.tokens, config.pads, config.side)
    model = model_of(config)
    allowed = allowed_of(config.mask, real)
    targets = targets_of(tokens, real)
    free = answered(model, tokens, real, allowed)
    now = free if config.off is None else answered(model, tokens, real, allowed, config.off)
    return HeadsRecord(
        config=config,
        tokens=tokens,
        real=real,
        model=model,
        allowed=allowed,
        run=now,
        free=free,
        targets=targets,
        score=score_of(now.logits, targets),
        free_score=score_of(free.logits, targets),
        ablations=tuple(
            ablation(model, free, targets, head) for head in range(len(free.heads.heads))
        ),
    )


def fitting(d_model: int, heads: int, most: int = 64) -> int:
    """The d_model nearest to this one that `heads` heads divide; the larger of two as near."""
    fits = range(heads, most + 1, heads)
    return min(fits, key=lambda width: (abs(width - d_model), -width))


def padded(tokens: Sequence[str], pads: int, side: str) -> tuple[tuple[str, ...], Tensor]:
    """The tokens with padding at one side, at most `LONGEST` in all, and which are not padding."""
    if not tokens:
        raise ValueError("padded: expected at least one token, got none")
    if side not in SIDES:
        raise ValueError(f"padded: expected side {' or '.join(SIDES)}, got {side!r}")
    own = tuple(tokens[: LONGEST - pads])
    filler = (PAD,) * pads
    real = torch.tensor([True] * len(own) + [False] * pads)
    return (own + filler, real) if side == "right" else (filler + own, real.flip(0))


def model_of(config: HeadsConfig) -> AttentionModel:
    """The model that ships, or an untrained one of the sizes asked for."""
    if config.mode == "trained":
        return load_attention(f"back-{config.trained}h")
    design = Design(
        size=min(config.d_model, FRESH_SIZE),
        width=config.d_model,
        heads=config.heads,
        positions="sinusoidal",
        answers=ANSWERS,
    )
    return build_attention_model(design, gain=config.gain, seed=config.seed)


def allowed_of(mask: str, real: Tensor) -> Tensor | None:
    """Who may attend to whom: (T, T), rows are queries, True = may attend."""
    steps = len(real)
    if mask == "none":
        return None
    if mask == "all":
        return torch.zeros(steps, steps, dtype=torch.bool)
    parts = {"causal": [causal(steps)], "padding": [padding(real, steps)]}
    parts["both"] = parts["causal"] + parts["padding"]
    if mask not in parts:
        raise ValueError(f"allowed_of: expected one of {', '.join(MASKS)}, got {mask!r}")
    return torch.stack(parts[mask]).all(0)


def targets_of(tokens: Sequence[str], real: Tensor) -> Tensor:
    """(T, answers): which candidate stands 1, 2, … places back; −1 where no token of the text."""
    places = {token: place for place, token in enumerate(candidates_of(tokens, real))}
    return torch.tensor(
        [
            [
                places[tokens[t - back]] if real[t] and t >= back and real[t - back] else -1
                for back in range(1, ANSWERS + 1)
            ]
            for t in range(len(tokens))
        ]
    )


def candidates_of(tokens: Sequence[str], real: Tensor) -> tuple[str, ...]:
    """What the model may answer: the distinct tokens of the text, padding left out."""
    kept = [token for token, keep in zip(tokens, real.tolist(), strict=True) if keep]
    return tuple(dict.fromkeys(kept))


def answered(
    model: AttentionModel,
    tokens: tuple[str, ...],
    real: Tensor,
    allowed: Tensor | None,
    off: int | None = None,
) -> AttentionRun:
    """A run in which padding is no answer."""
    what_if = None if off is None else WhatIfHeads(frozenset({off}))
    found = model.run(tokens, causal=False, allowed=allowed, what_if=what_if)
    candidates = candidates_of(tokens, real)
    if candidates == found.candidates:
        return found
    vectors = token_vectors(candidates, model.design.size, model.design.draw)
    logits = found.answer_vectors @ vectors.T
    return replace(
        found,
        logits=logits,
        probabilities=logits.softmax(-1),
        candidates=candidates,
        candidate_vectors=vectors,
    )


def score_of(logits: Tensor, targets: Tensor) -> Score:
    """How many answers are right, of (T, answers, candidates) and (T, answers)."""
    asked = targets >= 0
    right = (logits.argmax(-1) == targets) & asked
    return Score(tuple(right.sum(0).tolist()), tuple(asked.sum(0).tolist()))


@torch.no_grad()
def ablation(model: AttentionModel, free: AttentionRun, targets: Tensor, head: int) -> Ablation:
    """What `out` without one head's share answers."""
    share = free.heads.shares[head]
    logits = model.answers(free.heads.out - share) @ free.candidate_vectors.T
    asked = targets >= 0
    rows = asked.any(-1)
    changed = (logits.argmax(-1) != free.logits.argmax(-1)) & asked
    sizes = share.norm(dim=-1) / free.heads.out.norm(dim=-1).clamp_min(1e-300)
    moved = float(sizes[rows].mean()) if bool(rows.any()) else 0.0
    return Ablation(score_of(logits, targets), int(changed.sum()), moved)
