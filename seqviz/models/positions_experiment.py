"""What the page `positions` computes: one text in two orders, with and without positions.

`run(config)` is pure: the same configuration, which holds the seed, gives the same numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

import torch
from torch import Tensor

from seqviz.core.attention_model import (
    AttentionModel,
    AttentionRun,
    Design,
    build_attention_model,
)
from seqviz.core.positions import POSITIONS
from seqviz.models.attention_shelf import load_attention

LONGEST = 64
FRESH = Design(size=4, width=8, causal=False)
MASKS = (False, True)
ORDERS = ("own", "swapped", "reversed", "shuffled")
TEXTS: Mapping[str, tuple[tuple[str, ...], tuple[int, int]]] = {
    "dog": (("the", "dog", "bit", "the", "man"), (1, 4)),
    "only": (
        ("only", "she", "said", "that", "he", "had", "seen", "the", "small", "red", "house"),
        (0, 3),
    ),
    "korean": (("큰", "개가", "작은", "고양이를", "보았습니다"), (0, 2)),
    "letters": (tuple("ㄱㅏㅇㅁㅜㄹㅇㅣㅅㅏㄴㅇㅡㄹㄷㅗㄹㅇㅏㅎㅡㄹㅡㄴㄷㅏ"), (0, 7)),
}


@dataclass(frozen=True)
class PositionsConfig:
    """Everything the picture can be asked for, as plain values.

    `source` names a text of TEXTS (its tokens, and the two places that are swapped), or "text" is
    the reader's own `tokens`. `order` is one of ORDERS; `draw` picks one of the shuffles.
    """

    source: str = "dog"
    tokens: tuple[str, ...] = ()
    order: str = "swapped"
    draw: int = 1
    positions: str = "none"
    causal: bool = False
    mode: str = "trained"
    seed: int = 1


@dataclass(frozen=True)
class Late:
    """Positions added after the first attention, on the same words and weights.

    `weights_early`, `weights_late`: the largest change of a weight of one word on another between
    the two orders, when positions are added to the words at the bottom, and when they come after.
    """

    weights_early: float
    weights_late: float
    kind: str


@dataclass(frozen=True)
class PositionsRecord:
    """One text in its own order (`own`) and in the order on screen (`run`).

    order     order[i] is the place in the own text of the word that now stands at place i
    changes   (positions, causal) → (T,): ‖output now − output in the own order‖ of every word of
              the own text, by the same weights; sizes: ‖output‖ in the own order
    twins     the first two equal words, as places on screen, or None
    cut       how many tokens were left out
    """

    config: PositionsConfig
    tokens: tuple[str, ...]
    order: tuple[int, ...]
    model: AttentionModel
    own: AttentionRun
    run: AttentionRun
    changes: Mapping[tuple[str, bool], Tensor]
    sizes: Mapping[tuple[str, bool], Tensor]
    late: Late
    twins: tuple[int, int] | None
    cut: int

    @property
    def shown(self) -> tuple[str, ...]:
        return tuple(self.tokens[place] for place in self.order)

    @property
    def moved(self) -> bool:
        """Whether the order on screen reads differently from the own one."""
        return self.shown != self.tokens

    @property
    def change(self) -> Tensor:
        """(T,) of the words of the own text, for the positions and the mask on screen."""
        return self.changes[self.config.positions, self.config.causal]

    @property
    def size(self) -> Tensor:
        return self.sizes[self.config.positions, self.config.causal]


def run(config: PositionsConfig) -> PositionsRecord:
    """Both orders through the model on screen, and the changes through all the others."""
    every = tokens_of(config)
    tokens = every[:LONGEST]
    order = order_of(config, tokens)
    shown = tuple(tokens[place] for place in order)
    changes, sizes = {}, {}
    for positions in POSITIONS:
        other = model_of(config, positions)
        for causal in MASKS:
            before = other.run(tokens, causal=causal).heads.out
            after = other.run(shown, causal=causal).heads.out
            changes[positions, causal] = (back(after, order) - before).norm(dim=-1)
            sizes[positions, causal] = before.norm(dim=-1)
    model = model_of(config, config.positions)
    return PositionsRecord(
        config=config,
        tokens=tokens,
        order=order,
        model=model,
        own=model.run(tokens, causal=config.causal),
        run=model.run(shown, causal=config.causal),
        changes=changes,
        sizes=sizes,
        late=_late(config, tokens, order),
        twins=_twins(shown),
        cut=len(every) - len(tokens),
    )


def tokens_of(config: PositionsConfig) -> tuple[str, ...]:
    """The whole text; one without any token is the first of the shipped ones."""
    if config.source != "text":
        return TEXTS[config.source][0]
    return config.tokens or TEXTS["dog"][0]


def order_of(config: PositionsConfig, tokens: tuple[str, ...]) -> tuple[int, ...]:
    """Which word of the own text stands at each place; an order that reads the same is the own."""
    own = list(range(len(tokens)))
    places = list(own)
    if config.order == "reversed":
        places.reverse()
    elif config.order == "shuffled":
        Random(config.draw).shuffle(places)
    elif config.order == "swapped":
        one, other = (0, len(tokens) - 1) if config.source == "text" else TEXTS[config.source][1]
        places[one], places[other] = places[other], places[one]
    same = all(tokens[place] == token for place, token in zip(places, tokens, strict=True))
    return tuple(own if same else places)


def back(rows: Tensor, order: tuple[int, ...]) -> Tensor:
    """Rows of the order on screen, put back into the own order."""
    return rows[_inverse(order)]


def model_of(config: PositionsConfig, positions: str) -> AttentionModel:
    """The trained model with these positions, or a fresh one: there all have the same weights."""
    if config.mode == "trained":
        return load_attention(f"order-{positions}")
    return build_attention_model(replace(FRESH, positions=positions), seed=config.seed)


def _late(config: PositionsConfig, tokens: tuple[str, ...], order: tuple[int, ...]) -> Late:
    kind = config.positions if config.positions in ("sinusoidal", "learned") else "sinusoidal"
    model = model_of(config, kind)
    bare = AttentionModel(replace(model.design, positions="none"), model.attention, model.readout)
    return Late(_weight_change(model, tokens, order), _weight_change(bare, tokens, order), kind)


def _weight_change(model: AttentionModel, tokens: tuple[str, ...], order: tuple[int, ...]) -> float:
    shown = tuple(tokens[place] for place in order)
    before = model.run(tokens, causal=False).heads.weights
    after = model.run(shown, causal=False).heads.weights
    places = _inverse(order)
    return float((after[:, places][:, :, places] - before).abs().max())


def _inverse(order: tuple[int, ...]) -> list[int]:
    """At which place on screen each word of the own text stands."""
    return torch.tensor(order).argsort().tolist()


def _twins(tokens: tuple[str, ...]) -> tuple[int, int] | None:
    seen: dict[str, int] = {}
    for place, token in enumerate(tokens):
        if token in seen:
            return seen[token], place
        seen[token] = place
    return None
