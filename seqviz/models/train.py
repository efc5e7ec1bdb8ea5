"""Train the models that ship: `python -m seqviz.models.train [names]`, all when none is named.

Every cell of a task gets the same size, data, steps, learning rate and number of seeds, and the
seed that ships is chosen by the same rule, so that what one can do and another cannot is the
cell's. What differs is said in `about.trained`.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import torch

from seqviz.core.model import SequenceModel, build_model
from seqviz.core.training import descend, sequence_loss, train
from seqviz.models import measure
from seqviz.models.attention_shelf import save_attention
from seqviz.models.attention_train import ATTENTION_NAMES, make_attention
from seqviz.models.inputs import KOREAN, Example, example
from seqviz.models.shelf import About, save

KINDS = ("lstm", "gru", "rnn")
TRIED = (0, 1, 2, 3, 4)
LENGTHS = ("30", "100", "200")

# The seeds whose picture teaches: gates that are not all 0 or 1, both l's far apart. In the LSTM
# two units add up at every l and two are overwritten at the second one, and its answer needs c.
HELLO_SEEDS = {"lstm": 215, "gru": 71, "rnn": 8}
HELLO: dict[str, Any] = {"hidden_size": 4, "lr": 0.03, "clip": 1.0, "until_loss": 0.008}
SENTENCE: dict[str, Any] = {"hidden_size": 8, "lr": 0.02, "clip": 1.0, "until_loss": 0.01}
BRACKETS: dict[str, Any] = {
    "hidden_size": 6,
    "lr": 0.03,
    "clip": 1.0,
    "steps": 4000,
    "batch": 32,
    "length": 30,
}
LAG: dict[str, Any] = {
    "hidden_size": 8,
    "lr": 0.01,
    "clip": 1.0,
    "steps": 1500,
    "batch": 32,
    "lags": [10, 40],
}


def hello(kind: str) -> tuple[SequenceModel, About]:
    """h, e, l, l → e, l, l, o."""
    return _learn_by_heart("hello", kind, HELLO | {"seed": HELLO_SEEDS[kind]})


def korean(kind: str) -> tuple[SequenceModel, About]:
    """One sentence, character by character."""
    return _learn_by_heart("korean", kind, SENTENCE | {"seed": 0, "text": KOREAN})


def brackets(kind: str) -> tuple[SequenceModel, About]:
    """The nesting depth after every character, up to 5 and "6+".

    `counter.unit` (from 0) is the unit whose memory goes best with the depth at length 100.
    """

    def draw(random: Random) -> list[Example]:
        return [
            example("brackets", BRACKETS["length"], _training_seed(random))
            for _ in range(BRACKETS["batch"])
        ]

    how = BRACKETS | _open_memory(kind)
    models = [_fit_batches(kind, how, draw, seed) for seed in TRIED]
    tried = [
        {length: measure.bracket_figures(each, int(length)) for length in LENGTHS}
        for each in models
    ]
    seed = _best([figures["100"]["accuracy"] for figures in tried])
    unit = _best([abs(value) for value in measure.counting(models[seed], 100)])
    found = {length: measure.counting(models[seed], int(length))[unit] for length in LENGTHS}
    figures = {
        "by_length": tried[seed],
        "by_seed": [{n: each[n]["accuracy"] for n in LENGTHS} for each in tried],
        "counter": {"unit": unit, "correlation": found},
    }
    return models[seed], _about("brackets", models[seed], how | {"seed": seed}, figures)


def lag(kind: str) -> tuple[SequenceModel, About]:
    """The first letter, asked for only after the last of 10 to 40 others.

    An RNN that is also asked after 1 to 9 letters learns the
    task with some seeds; `recall_40_by_seed_from_lag_1` says how often, for each cell.
    """
    how = LAG | _open_memory(kind)
    models = [_fit_batches(kind, how, _lag_draw(10), seed) for seed in TRIED]
    tried = [measure.recall(model, 40) for model in models]
    seed = _best(tried)
    model = models[seed]
    easier = [_fit_batches(kind, how, _lag_draw(1), seed) for seed in TRIED]
    figures = {
        "recall_by_lag": {str(n): measure.recall(model, n) for n in (1, 10, 20, 40, 80, 199)},
        "recall_40_by_seed": tried,
        "recall_40_by_seed_from_lag_1": [measure.recall(each, 40) for each in easier],
        "guess": 0.25,
    }
    return model, _about("lag", model, how | {"seed": seed}, figures)


RECIPES: dict[str, tuple[Callable[[str], tuple[SequenceModel, About]], tuple[str, ...]]] = {
    "hello": (hello, KINDS),
    "brackets": (brackets, KINDS),
    "lag": (lag, KINDS),
    "korean": (korean, ("lstm",)),
}
NAMES = tuple(f"{task}-{kind}" for task, (_, kinds) in RECIPES.items() for kind in kinds)


def make(name: str) -> tuple[SequenceModel, About]:
    """Train one model from nothing; the same name gives the same weights."""
    if name not in NAMES:
        raise ValueError(f"train: expected one of {', '.join(NAMES)}, got {name!r}")
    task, kind = name.split("-")
    return RECIPES[task][0](kind)


def _fresh(
    kind: str, one: Example, hidden_size: int, seed: int, forget_bias: float | None = None
) -> SequenceModel:
    return build_model(
        kind, one.vocabulary, one.classes, hidden_size, forget_bias=forget_bias, seed=seed
    )


def _learn_by_heart(task: str, kind: str, how: dict[str, Any]) -> tuple[SequenceModel, About]:
    """One text, stopped early, before the gates are nothing but open or shut."""
    one = example(task)
    model = _fresh(kind, one, how["hidden_size"], how["seed"])
    xs, targets = model.encode(one.tokens), model.encode_targets(one.targets)
    for checkpoint in train(model, xs, targets, 3000, how["lr"], how["clip"]):
        if checkpoint.loss < how["until_loss"]:
            break
    figures = measure.fit(model, one) | {"floor": measure.memoryless_floor(one)}
    return model, _about(task, model, how | {"steps": checkpoint.step}, figures)


def _fit_batches(
    kind: str, how: dict[str, Any], draw: Callable[[Random], list[Example]], seed: int
) -> SequenceModel:
    """A model trained on a new batch each step, the learning rate falling evenly to zero."""
    random = Random(seed)
    one = draw(Random(seed))[0]
    model = _fresh(kind, one, how["hidden_size"], seed, how.get("forget_bias"))

    def loss_at(step: int) -> torch.Tensor:
        xs, targets = measure.batch(model, draw(random))
        return sequence_loss(model(xs), targets)

    def lr_at(step: int) -> float:
        return how["lr"] * (1 - step / how["steps"])

    for _ in descend(model, loss_at, how["steps"], lr_at, how["clip"]):
        pass
    return model


def _lag_draw(shortest: int) -> Callable[[Random], list[Example]]:
    """Batches of one lag each; only the last step has a target."""

    def draw(random: Random) -> list[Example]:
        length = 1 + random.randint(shortest, LAG["lags"][1])
        shown = (example("lag", length, _training_seed(random)) for _ in range(LAG["batch"]))
        return [_only_last(one) for one in shown]

    return draw


def _open_memory(kind: str) -> dict[str, float]:
    """An LSTM that has to keep something long starts with its forget gates open (Gers 2000)."""
    return {"forget_bias": 3.0} if kind == "lstm" else {}


def _only_last(one: Example) -> Example:
    targets = (None,) * (len(one.tokens) - 1) + one.targets[-1:]
    return Example(one.tokens, targets, one.vocabulary, one.classes)


def _training_seed(random: Random) -> int:
    return 2**40 + random.getrandbits(40)


def _best(figures: list[float]) -> int:
    return figures.index(max(figures))


def _about(task: str, model: SequenceModel, how: dict, figures: dict) -> About:
    return About(
        name=f"{task}-{model.kind}",
        task=task,
        kind=model.kind,
        hidden_size=model.cell.hidden_size,
        vocabulary=model.vocabulary,
        classes=model.classes,
        trained=how,
        measured=figures,
    )


def main(names: list[str]) -> Iterator[str]:
    """Train and save; yields a line about each."""
    torch.set_num_threads(1)
    for name in names or NAMES + ATTENTION_NAMES:
        path, measured = _save_new(name)
        yield f"{name}: {path.stat().st_size} bytes, {measured}"


def _save_new(name: str) -> tuple[Path, dict[str, Any]]:
    if name in ATTENTION_NAMES:
        attention, told = make_attention(name)
        return save_attention(attention, told), told.measured
    model, about = make(name)
    return save(model, about), about.measured


if __name__ == "__main__":
    for line in main(sys.argv[1:]):
        print(line, flush=True)
