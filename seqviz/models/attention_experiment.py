"""What the page `attention` computes: a configuration in, one frozen record out.

Three ways to look: `one` query and its keys and values in a plane, a `matrix` of a few queries and
other keys, a `sentence` that looks at itself. `run(config)` is pure: the same configuration, which
holds the seed, gives the same numbers.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seqviz.core.attention import Attention, WeightEdit, WhatIfHeads, attend
from seqviz.core.attention_model import (
    AttentionModel,
    AttentionRun,
    Design,
    build_attention_model,
)
from seqviz.core.masks import causal, padding, without_keys
from seqviz.models.attention_shelf import load_attention

LONGEST = 64
FOLLOW = "follow"
WIDEST_SENTENCE = 64


@dataclass(frozen=True)
class AttentionConfig:
    """Everything the page can be asked for, as plain values; places are 0-based.

    rows, keys, d_k, d_v   sizes of the matrix; a sentence that is not trained has d_k, too
    scale, temperature     the factor is 1/√d_k (or 1) over the temperature
    causal, align          the mask of a sentence; of a matrix: none, top-left or bottom-right
    pad                    how many keys at the end are padding
    hidden                 cells (query, key) that are blocked, None is every one
    asked                  the query that what-ifs and questions are about; None chooses one
    edit                   its weights, set by hand
    top, drop              remove the key it looks at most, and one key by its place
    """

    show: str = "one"
    mode: str = "trained"
    tokens: tuple[str, ...] = ("the", "cat", "ran", "and", "the", "cat", "ran", "away")
    rows: int = 3
    keys: int = 5
    d_k: int = 4
    d_v: int = 3
    scale: bool = True
    temperature: float = 1.0
    causal: bool = True
    align: str = "none"
    pad: int = 0
    hidden: tuple[tuple[int | None, int | None], ...] = ()
    tied: bool = False
    asked: int | None = None
    edit: tuple[float, ...] | None = None
    top: bool = False
    drop: int | None = None
    seed: int = 1


@dataclass(frozen=True)
class AttentionRecord:
    """One run, ready to be drawn.

    `attention` is the one head; `model` and `run` are None unless it is a sentence. `asked` is the
    row in question, `dropped` the keys that were removed. `before` is the same run without the
    edited row and with every key, None where nothing was changed; `run_before` belongs to it.
    """

    config: AttentionConfig
    queries: tuple[str, ...]
    keys: tuple[str, ...]
    attention: Attention
    model: AttentionModel | None
    run: AttentionRun | None
    asked: int
    dropped: tuple[int, ...]
    before: Attention | None
    run_before: AttentionRun | None

    @property
    def trained(self) -> bool:
        return self.model is not None and self.config.mode == "trained"

    @property
    def d_k(self) -> int:
        return self.attention.q.shape[-1]


def run(config: AttentionConfig) -> AttentionRecord:
    """Compute the record of a configuration."""
    queries, keys = tokens_of(config)
    asked = _asked(config, queries)
    model = _model(config) if config.show == "sentence" else None
    plain = replace(config, edit=None, top=False, drop=None)
    if config.show == "one":
        config = plain
    before = _attend(plain, model, asked, ())
    dropped = _dropped(config, before[0], asked, len(keys))
    changed = bool(dropped) or config.edit is not None
    attention, found = _attend(config, model, asked, dropped) if changed else before
    return AttentionRecord(
        config=config,
        queries=queries,
        keys=keys,
        attention=attention,
        model=model,
        run=found,
        asked=asked,
        dropped=dropped,
        before=before[0] if changed else None,
        run_before=before[1] if changed else None,
    )


def places(tokens: tuple[str, ...]) -> list[int]:
    """Where a token stands that stood before, and that has a token after it."""
    return [t for t in range(1, len(tokens) - 1) if tokens[t] in tokens[:t]]


def earlier(tokens: tuple[str, ...], t: int) -> list[int]:
    """The places of the tokens that followed this one before, up to t itself."""
    return [s + 1 for s in range(t) if tokens[s] == tokens[t]]


def tokens_of(config: AttentionConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the rows and the columns are called."""
    if config.show == "sentence":
        tokens = config.tokens[:LONGEST]
        return tokens, tokens
    rows = 1 if config.show == "one" else config.rows
    names = ("q",) if rows == 1 else _numbered("q", rows)
    return names, _numbered("k", config.keys)


def _numbered(letter: str, count: int) -> tuple[str, ...]:
    low = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    return tuple(f"{letter}{n}".translate(low) for n in range(1, count + 1))


def allowed_of(config: AttentionConfig, dropped: tuple[int, ...] = ()) -> Tensor | None:
    """(T, S) bool, True where a query may look; None where no mask is on."""
    queries, keys = tokens_of(config)
    T, S = len(queries), len(keys)
    if config.show == "one":
        return None
    allowed = torch.ones(T, S, dtype=torch.bool)
    if config.show == "sentence" and config.causal:
        allowed &= causal(T)
    if config.show == "matrix" and config.align != "none":
        allowed &= causal(T, S, align=config.align)
    allowed &= padding(max(0, S - config.pad), T, S)
    for query, key in config.hidden:
        if (query or 0) < T and (key or 0) < S:
            rows = slice(None) if query is None else query
            allowed[rows, slice(None) if key is None else key] = False
    allowed = without_keys(allowed, dropped, T, S)
    return None if bool(allowed.all()) else allowed


def factor(config: AttentionConfig, d_k: int) -> float:
    """What the scores are multiplied by."""
    return (1 / math.sqrt(d_k) if config.scale else 1.0) / config.temperature


def edited(config: AttentionConfig, asked: int) -> WeightEdit | None:
    """The row set by hand; missing weights are 0, those too many are left out."""
    if config.edit is None:
        return None
    keys = len(tokens_of(config)[1])
    return WeightEdit(asked, (*config.edit, *[0.0] * keys)[:keys])


def vectors(config: AttentionConfig) -> tuple[Tensor, Tensor, Tensor]:
    """q (T, d_k), k (S, d_k) and v (S, d_v) of `one` or `matrix`, from the seed."""
    queries, keys = tokens_of(config)
    generator = torch.Generator().manual_seed(config.seed)
    if config.show == "one":
        q, k, v = (_around(count, generator) for count in (1, len(keys), len(keys)))
        return q, k, v
    shapes = ((len(queries), config.d_k), (len(keys), config.d_k), (len(keys), config.d_v))
    q, k, v = (torch.randn(*s, generator=generator, dtype=torch.float64) for s in shapes)
    return q, k, v


def _around(count: int, generator: torch.Generator) -> Tensor:
    """(count, 2) with two decimals: one direction in each sector of the plane, 1 to 2 long."""
    first, turn, length = torch.rand(3, count, generator=generator, dtype=torch.float64)
    angle = 2 * math.pi * (torch.arange(count) + turn / 2) / count + 2 * math.pi * first[0]
    points = torch.stack([angle.cos(), angle.sin()], -1) * (1 + length[:, None])
    return points.round(decimals=2)


def _asked(config: AttentionConfig, queries: tuple[str, ...]) -> int:
    """The query in question; of a sentence the last that repeats with the same successor."""
    if config.asked is not None:
        return min(config.asked, len(queries) - 1)
    if config.show != "sentence":
        return len(queries) - 1
    repeated = places(queries)
    alike = [t for t in repeated if queries[t + 1] in {queries[s] for s in earlier(queries, t)}]
    return (alike or repeated or [len(queries) - 1])[-1]


def _model(config: AttentionConfig) -> AttentionModel:
    if config.mode == "trained":
        return load_attention(FOLLOW)
    d_k = min(config.d_k, WIDEST_SENTENCE)
    return build_attention_model(Design(size=d_k, width=d_k), tied=config.tied, seed=config.seed)


def _attend(
    config: AttentionConfig, model: AttentionModel | None, asked: int, dropped: tuple[int, ...]
) -> tuple[Attention, AttentionRun | None]:
    allowed, edit = allowed_of(config, dropped), edited(config, asked)
    if model is None:
        q, k, v = vectors(config)
        scale = factor(config, q.shape[-1])
        return attend(q, k, v, allowed=allowed, scale=scale, edit=edit).detach(), None
    found = model.run(
        config.tokens[:LONGEST],
        causal=False,
        allowed=allowed,
        scale=factor(config, model.design.width // model.design.heads),
        what_if=None if edit is None else WhatIfHeads(edit=(0, edit)),
    )
    return found.heads.heads[0], found


def _dropped(config: AttentionConfig, before: Attention, asked: int, keys: int) -> tuple[int, ...]:
    dropped = set() if config.drop is None or config.drop >= keys else {config.drop}
    if config.top and float(before.weights[asked].max()) > 0:
        dropped.add(int(before.weights[asked].argmax()))
    return tuple(sorted(dropped))
