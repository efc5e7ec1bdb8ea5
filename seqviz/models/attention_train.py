"""Train the attention models that ship; `python -m seqviz.models.train` calls this.

Sequences are random and so are the vectors of their tokens, new ones in every batch, so that
there is nothing to learn by heart. Within a family every model gets the same data, steps,
learning rate and seeds, and the seed that ships is chosen by the same rule: the best of TRIED on
sequences that are neither trained nor reported on. Sizes, steps and learning rates were chosen
by hand after some runs with these same seeds: the smallest width that learns its task. `follow`
stops early, which was decided with the reported sequences in view: 3000 steps answer 0.6 to 1.6 %
more (one follower, 20 tokens of 12), but with scores two and a half times as large, too large to
teach with. `follow-wide` is the same with room for texts of more tokens and for two followers.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from seqviz.core.attention_model import AttentionModel, Design, build_attention_model
from seqviz.core.training import descend
from seqviz.models import attention_measure as measure
from seqviz.models.attention_shelf import AttentionAbout
from seqviz.models.attention_tasks import Batch, random_batch, wanted_back, wanted_followers

TRIED = (0, 1, 2, 3, 4)
COMMON: dict[str, Any] = {"clip": 1.0, "gain": 0.5, "tokens": 512, "tried": list(TRIED)}
FOLLOW = COMMON | {"steps": 600, "lr": 0.02, "lengths": [8, 32], "distinct": [4, 20]}
BACK = COMMON | {"steps": 4000, "lr": 0.02, "lengths": [8, 64], "distinct": [6, 24]}
ORDER = COMMON | {"steps": 3000, "lr": 0.02, "lengths": [4, 16], "distinct": [4, 16]}

FOLLOWERS = {
    "follow": Design(size=4, width=8, previous=True, bias=False),
    "follow-wide": Design(size=8, width=16, previous=True, bias=False),
}
BACKS = {
    f"back-{heads}h": Design(size=4, width=16, heads=heads, positions="sinusoidal", answers=4)
    for heads in (1, 2, 4)
}
ORDERS = {
    f"order-{positions}": Design(size=4, width=8, positions=positions, causal=False)
    for positions in ("none", "sinusoidal", "learned", "rotary")
}
ATTENTION_NAMES = (*FOLLOWERS, *BACKS, *ORDERS)


def make_attention(name: str) -> tuple[AttentionModel, AttentionAbout]:
    """Train one model from nothing; the same name gives the same weights."""
    if name in FOLLOWERS:
        return _follow(name, FOLLOWERS[name])
    if name in BACKS:
        return _places(name, BACKS[name], "back", BACK, (24, 20))
    if name in ORDERS:
        return _places(name, ORDERS[name], "order", ORDER, (16, 16))
    raise ValueError(f"train: expected one of {', '.join(ATTENTION_NAMES)}, got {name!r}")


def _follow(name: str, design: Design) -> tuple[AttentionModel, AttentionAbout]:
    """Which token came after an earlier occurrence of this one?

    Where several have, the answer wanted is each in its share. Where none has, nothing is asked:
    the weights may rest anywhere.
    """
    models = [fit(design, FOLLOW, wanted_followers, seed) for seed in TRIED]
    chosen = [measure.follow_figures(model, 20, 12, measure.CHOSEN)["any"] for model in models]
    seed = chosen.index(max(chosen))
    model = models[seed]
    figures = {
        "random": {
            f"{length}/{distinct}": measure.follow_figures(model, length, distinct)
            for length, distinct in measure.FOLLOW_SIZES
        },
        "texts": measure.follow_texts(model),
        "by_seed": [measure.follow_figures(each, 20, 12) for each in models],
    }
    return model, AttentionAbout(name, "follow", design, FOLLOW | {"seed": seed}, figures)


def _places(
    name: str, design: Design, family: str, how: dict[str, Any], choice: tuple[int, int]
) -> tuple[AttentionModel, AttentionAbout]:
    """Which tokens stand 1, 2, … places before this one, as many as the design has answers?"""

    def wanted(ids: Tensor, count: int) -> Tensor:
        return wanted_back(ids, count, design.answers)

    models = [fit(design, how, wanted, seed) for seed in TRIED]
    chosen = [sum(measure.back_figures(model, *choice, measure.CHOSEN)) for model in models]
    seed = chosen.index(max(chosen))
    model = models[seed]
    figures = {
        "random": {
            f"{length}/{distinct}": measure.back_figures(model, length, distinct)
            for length, distinct in measure.PLACE_SIZES[family]
        },
        "guess": {
            f"{length}/{distinct}": measure.blind_guess(length, distinct, design.answers)
            for length, distinct in measure.PLACE_SIZES[family]
        },
        "looks": measure.looks(model),
        "by_seed": [measure.back_figures(each, *choice) for each in models],
    }
    return model, AttentionAbout(name, family, design, how | {"seed": seed}, figures)


def fit(
    design: Design, how: dict[str, Any], wanted: Callable[[Tensor, int], Tensor], seed: int
) -> AttentionModel:
    """A model trained on a new batch each step, the learning rate falling evenly to zero."""
    model = build_attention_model(design, gain=how["gain"], seed=seed)
    generator = torch.Generator().manual_seed(seed)

    def loss_at(step: int) -> Tensor:
        length, distinct = (_whole(how[each], generator) for each in ("lengths", "distinct"))
        shape = (how["tokens"] // length, length)
        return answer_loss(model, random_batch(wanted, shape, distinct, design.size, generator))

    def lr_at(step: int) -> float:
        return how["lr"] * (1 - step / how["steps"])

    for _ in descend(model, loss_at, how["steps"], lr_at, how["clip"]):
        pass
    return model


def answer_loss(model: AttentionModel, batch: Batch) -> Tensor:
    """Mean cross-entropy in nats against the shares wanted, where something is asked."""
    told = model(batch.vectors, batch.candidates).log_softmax(-1)
    return -(batch.wanted * told).sum() / batch.asked.sum()


def _whole(limits: list[int], generator: torch.Generator) -> int:
    """A whole number from the first limit to the last, both included."""
    low, high = limits
    return int(torch.randint(low, high + 1, (), generator=generator))
