"""What a trained model can do, in figures: the ones it ships with, and the ones tests take again.

Strings measured on have the seeds 0, 1, 2, …; training draws from seeds that are never these.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from seqviz.core.model import SequenceModel
from seqviz.core.training import NO_TARGET, sequence_loss
from seqviz.core.unroll import Options, run_steps
from seqviz.core.what_if import WhatIf
from seqviz.models.inputs import DEEPEST_CLASS, Example, depths, example

COUNT = 200


def batch(model: SequenceModel, examples: Sequence[Example]) -> tuple[Tensor, Tensor]:
    """One-hot xs (T, B, V) and targets (T, B) of examples of one length, all tokens known."""
    tokens = {token: index for index, token in enumerate(model.vocabulary)}
    labels = {label: index for index, label in enumerate(model.classes)}
    read = torch.tensor([[tokens[token] for token in one.tokens] for one in examples]).T
    asked = [
        [NO_TARGET if label is None else labels[label] for label in one.targets] for one in examples
    ]
    xs = one_hot(read, len(tokens)).to(model.cell.weight_ih.dtype)
    return xs, torch.tensor(asked).T


@torch.no_grad()
def fit(model: SequenceModel, one: Example) -> dict[str, float]:
    """Loss in nats, share of right answers and the least chance given to a right answer.

    `wiped_loss` is the loss when the state is set to zero before every step.
    """
    xs, targets = batch(model, [one])
    options = Options(what_if=WhatIf(wipe=True))
    wiped = model.logits(run_steps(model.cell, xs, model.h0, model.c0, options).h)
    logits = model(xs)
    chances = logits.softmax(-1).gather(-1, targets[..., None])
    return {
        "loss": sequence_loss(logits, targets).item(),
        "accuracy": _share(logits.argmax(-1) == targets),
        "least_chance": chances.min().item(),
        "wiped_loss": sequence_loss(wiped, targets).item(),
    }


def memoryless_floor(one: Example) -> float:
    """The least loss in nats of a model that sees only the current token (R13 for "hello")."""
    pairs = Counter(zip(one.tokens, one.targets, strict=True))
    singles = Counter(one.tokens)
    return -sum(
        count * math.log(count / singles[token]) for (token, _), count in pairs.items()
    ) / len(one.tokens)


@torch.no_grad()
def bracket_figures(model: SequenceModel, length: int) -> dict[str, float]:
    """On unseen strings of this length.

    accuracy  share of right answers
    named     the same where the answer is a number (depth below the last class)
    guess     share of the most frequent answer, what a model without eyes would reach
    deepest   the deepest nesting met
    """
    examples = [example("brackets", length, seed) for seed in range(COUNT)]
    xs, targets = batch(model, examples)
    right = model(xs).argmax(-1) == targets
    named = targets < DEEPEST_CLASS
    answers = torch.bincount(targets.flatten())
    return {
        "accuracy": _share(right),
        "named": _share(right[named]),
        "guess": answers.max().item() / targets.numel(),
        "deepest": max(max(depths(one.tokens)) for one in examples),
    }


@torch.no_grad()
def counting(model: SequenceModel, length: int) -> list[float]:
    """How each unit's memory (c of an LSTM, else h) goes with the depth: correlations (H,)."""
    examples = [example("brackets", length, seed) for seed in range(COUNT)]
    xs, _ = batch(model, examples)
    record: Any = run_steps(model.cell, xs, model.h0, model.c0)
    memory = (record.c if model.kind == "lstm" else record.h).flatten(0, 1)
    depth = torch.tensor([depths(one.tokens) for one in examples]).T.flatten()
    return torch.corrcoef(torch.cat([depth[None].to(memory.dtype), memory.T]))[0, 1:].tolist()


@torch.no_grad()
def recall(model: SequenceModel, lag: int) -> float:
    """Share of unseen sequences whose first letter is the answer after the last of `lag` others."""
    xs, targets = batch(model, [example("lag", lag + 1, seed) for seed in range(COUNT)])
    return _share(model(xs)[-1].argmax(-1) == targets[-1])


def _share(right: Tensor) -> float:
    return right.double().mean().item()
