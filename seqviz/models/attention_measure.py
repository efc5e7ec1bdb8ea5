"""What an attention model can do, in figures: the ones it ships with and the ones tests retake.

Batches measured on are drawn from the seed MEASURED, those that choose a seed from CHOSEN;
training draws from neither. A generator of torch keeps the low 32 bits of a seed and no more.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from seqviz.core.attention_model import AttentionModel
from seqviz.models.attention_tasks import (
    TEXTS,
    Batch,
    followers,
    random_batch,
    text_batch,
    unambiguous,
    wanted_back,
    wanted_followers,
)

MEASURED = 2**32 - 1
CHOSEN = 2**32 - 2
COUNT = 100
FOLLOW_SIZES = ((8, 5), (12, 8), (20, 12), (24, 20), (64, 20), (64, 64))
PLACE_SIZES = {
    "back": ((8, 6), (24, 20), (64, 20), (64, 64)),
    "order": ((8, 8), (16, 16), (24, 16), (32, 16), (64, 16)),
}


@torch.no_grad()
def right(model: AttentionModel, batch: Batch, causal: bool | None = None) -> list[float]:
    """The share of right answers among those asked, for each of the model's answers.

    An answer is right when it is one of the wanted ones; only tokens of the text are answers.
    """
    hit = _hits(model, batch, causal)
    return [hit[..., i][batch.asked[..., i]].double().mean().item() for i in range(hit.shape[-1])]


def held_out(
    wanted: Callable[[Tensor, int], Tensor], length: int, distinct: int, size: int, seed: int
) -> Batch:
    """COUNT random sequences that training has not seen."""
    generator = torch.Generator().manual_seed(seed)
    return random_batch(wanted, (COUNT, length), distinct, size, generator)


def follow_figures(
    model: AttentionModel, length: int, distinct: int, seed: int = MEASURED
) -> dict[str, float]:
    """On unseen random sequences.

    one      share right where only one token has followed so far
    any      share right of all questions, any token that has followed being right
    cheat    the same as `next` without the mask
    next     share of tokens met only once whose answer is the token that really comes next
    guess    share of the `one` answers that a token drawn from the text would hit
    """
    batch = held_out(wanted_followers, length, distinct, model.design.size, seed)
    single = unambiguous(batch)
    future = _next_of_single(batch)
    return {
        "one": right(model, single)[0],
        "any": right(model, batch)[0],
        "next": right(model, future)[0],
        "cheat": right(model, future, causal=False)[0],
        "guess": (1 / batch.present.sum(-1).double()).mean().item(),
    }


def back_figures(
    model: AttentionModel, length: int, distinct: int, seed: int = MEASURED
) -> list[float]:
    """On unseen random sequences, the share right for 1, 2, … places back."""
    return right(model, held_out(back_task(model), length, distinct, model.design.size, seed))


def blind_guess(length: int, distinct: int, places: int, seed: int = MEASURED) -> list[float]:
    """The same for an answer that knows which tokens there are, and how often, but not where.

    It names the token that is met most often beside this one.
    """
    batch = held_out(lambda ids, count: wanted_back(ids, count, places), length, distinct, 1, seed)
    each = one_hot(batch.ids, distinct)
    best = (each.sum(1, keepdim=True) - each).argmax(-1)
    chosen = best[..., None, None].expand(-1, -1, places, 1)
    hit = batch.wanted.gather(-1, chosen)[..., 0] > 0
    return [hit[..., i][batch.asked[..., i]].double().mean().item() for i in range(places)]


def follow_texts(model: AttentionModel) -> dict[str, dict[str, float]]:
    """On TEXTS split at spaces: how many questions, and the share right, `one` and `any`."""
    return {name: _follow_text(model, text.split()) for name, text in TEXTS.items()}


def weight_on_answers(model: AttentionModel, tokens: Sequence[str]) -> float:
    """The mean weight on what came after an earlier occurrence, where there was one."""
    weights = model.run(tokens).heads.mean_weights
    found = []
    for t, token in enumerate(tokens):
        places = [j for j in range(1, t + 1) if tokens[j - 1] == token]
        if places:
            found.append(weights[t, places].sum().item())
    return sum(found) / len(found)


@torch.no_grad()
def looks(model: AttentionModel, length: int = 24, farthest: int = 6) -> list[list[float]]:
    """For every head its mean weight on 0, 1, … `farthest` places back, where there are as many."""
    generator = torch.Generator().manual_seed(MEASURED)
    drawn = torch.randint(length, (COUNT // 5, length), generator=generator).tolist()
    weights = torch.stack([model.run([str(i) for i in ids]).heads.weights for ids in drawn]).mean(0)
    lines = [weights.diagonal(-back, 1, 2)[:, farthest - back :] for back in range(farthest + 1)]
    return torch.stack([line.mean(-1) for line in lines], -1).tolist()


def back_task(model: AttentionModel) -> Callable[[Tensor, int], Tensor]:
    """The task of a model that names as many places back as it has answers."""
    return lambda ids, count: wanted_back(ids, count, model.design.answers)


def _follow_text(model: AttentionModel, tokens: Sequence[str]) -> dict[str, Any]:
    batch = text_batch(wanted_followers, tokens, model.design.size, model.design.draw)
    return {
        "tokens": len(tokens),
        "asked": sum(bool(each) for each in followers(tokens)),
        "one": right(model, unambiguous(batch))[0],
        "any": right(model, batch)[0],
        "weight": weight_on_answers(model, tokens),
    }


def _hits(model: AttentionModel, batch: Batch, causal: bool | None) -> Tensor:
    logits = model(batch.vectors, batch.candidates, causal)
    logits = logits.masked_fill(~batch.present[:, None, None], -torch.inf)
    best = logits.argmax(-1, keepdim=True)
    return batch.wanted.gather(-1, best)[..., 0] > 0


def _next_of_single(batch: Batch) -> Batch:
    """Asks tokens met once in the whole sequence for the token that really comes next."""
    ids, count = batch.ids, batch.candidates.shape[1]
    once = (ids[:, :, None] == ids[:, None, :]).sum(-1) == 1
    wanted = torch.zeros_like(batch.wanted)
    wanted[:, :-1, 0] = one_hot(ids[:, 1:], count).double()
    return Batch(batch.vectors, batch.candidates, ids, wanted * once[..., None, None])
