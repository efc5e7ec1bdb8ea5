"""Sequences that differ in their first token and are random after it: what a memory is asked.

The later tokens do not depend on the first, so whatever of it can be read later was carried there
by the state.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from seqviz.core.model import SequenceModel
from seqviz.models.inputs import FIRST_LETTERS, NOISE_LETTERS

MOST_FIRST = 8
FIRST_NUMBERS = (-1.0, 1.0)

_STREAM = 0xF1257


@dataclass(frozen=True)
class Sample:
    """N sequences of T steps. `labels` (N,) says which of `firsts` each begins with.

    how      lag: A–D, then x, y, z · tokens: any of the vocabulary · numbers: −1 or 1, then normal
    firsts   the first tokens asked for
    tokens   (T, N) indices into `alphabet`, or None where `values` (T, N) are the inputs
    """

    how: str
    firsts: tuple[str, ...]
    labels: Tensor
    alphabet: tuple[str, ...] | None = None
    tokens: Tensor | None = None
    values: Tensor | None = None

    def encode(self, model: SequenceModel) -> Tensor:
        """xs (T, N, D) as this model reads them."""
        if self.values is not None:
            return self.values[..., None].to(model.cell.weight_ih.dtype)
        assert self.tokens is not None
        assert self.alphabet is not None
        places = {token: place for place, token in enumerate(model.vocabulary)}
        own = torch.tensor([places[token] for token in self.alphabet])
        return one_hot(own[self.tokens], len(places)).to(model.cell.weight_ih.dtype)


def sample(
    source: str, alphabet: Sequence[str] | None, steps: int, seed: int, sequences: int
) -> Sample | None:
    """The sample for an input, None where no two first tokens differ.

    `alphabet` are the tokens that every model asked knows, None for a signal. At most MOST_FIRST
    first tokens are asked, the first of the alphabet; every one begins equally many sequences.
    """
    generator = torch.Generator().manual_seed(seed ^ _STREAM)
    if alphabet is None:
        labels = _labels(len(FIRST_NUMBERS), sequences)
        values = torch.randn(steps, len(labels), generator=generator, dtype=torch.float64)
        values[0] = torch.tensor(FIRST_NUMBERS, dtype=torch.float64)[labels]
        return Sample("numbers", ("−1", "1"), labels, values=values)
    known = tuple(alphabet)
    how = "lag" if source == "lag" and {*FIRST_LETTERS, *NOISE_LETTERS} <= set(known) else "tokens"
    firsts = FIRST_LETTERS if how == "lag" else known[:MOST_FIRST]
    later = NOISE_LETTERS if how == "lag" else known
    if len(firsts) < 2:
        return None
    labels = _labels(len(firsts), sequences)
    drawn = torch.randint(len(later), (steps, len(labels)), generator=generator)
    tokens = torch.tensor([known.index(token) for token in later])[drawn]
    tokens[0] = torch.tensor([known.index(token) for token in firsts])[labels]
    return Sample(how, firsts, labels, known, tokens)


def _labels(classes: int, sequences: int) -> Tensor:
    """0, 1, … repeated: each class equally often in each half, about `sequences` in all."""
    return torch.arange(classes).repeat(2 * max(1, sequences // (2 * classes)))
