"""What a model is asked to read, and what should come out at each step."""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqviz.core.model import SequenceModel
from seqviz.models import inputs

SIGNALS = {"sine": inputs.sine, "step": inputs.step, "impulse": inputs.impulse}


@dataclass(frozen=True)
class Task:
    """Inputs of one sequence, either tokens with targets or a signal (one number a step).

    `targets` has one label per step, None where nothing is asked; it is None when the whole
    sequence has no target.
    """

    source: str
    inputs: tuple[str, ...]
    targets: tuple[str | None, ...] | None = None
    vocabulary: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    values: tuple[float, ...] | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def encode(self, model: SequenceModel) -> Tensor:
        """xs (T, D): one-hot rows of the model's vocabulary, or the signal as (T, 1)."""
        if self.values is not None:
            return torch.tensor(self.values, dtype=torch.float64)[:, None]
        return model.encode(self.inputs)


def example_task(source: str, length: int, seed: int) -> Task:
    """The sequence of a shipped task; `length` 0 is its own."""
    read = inputs.example(source, length, seed)
    return Task(source, read.tokens, read.targets, read.vocabulary, read.classes)


def text_task(tokens: tuple[str, ...], length: int) -> Task:
    """Predict the next character: inputs all but the last, targets all but the first.

    `length` is the number of inputs to use, 0 for all. A single character has no target.
    """
    if not tokens:
        raise ValueError("text_task: expected at least one character, got none")
    used = tokens if length == 0 else tokens[: length + 1]
    vocabulary = tuple(dict.fromkeys(tokens))
    read = used[:-1] if len(used) > 1 else used
    targets = used[1:] if len(used) > 1 else None
    return Task("text", read, targets, vocabulary, vocabulary)


def signal_task(source: str, length: int, seed: int, numbers: tuple[float, ...]) -> Task:
    """A signal of one number a step, without targets."""
    if source == "numbers":
        values = numbers if length == 0 else numbers[:length]
    else:
        steps = length or inputs.OWN_LENGTH[source]
        values = inputs.noise(steps, seed) if source == "noise" else SIGNALS[source](steps)
    return Task(source, tuple(map(label, values)), values=tuple(values))


def label(value: float) -> str:
    """A signal's value as a token: two decimals, with a true minus, and no negative zero."""
    text = f"{value:.2f}"
    return text.replace("-", "−") if float(text) != 0 else "0.00"
