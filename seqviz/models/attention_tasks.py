"""What the attention models are asked: of any tokens, and of random batches to train on.

follow  which token came after an earlier occurrence of this one?
back    which tokens stand 1, 2, … places before this one?

Pure: the same arguments give the same tasks, and the same seed the same batches.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from seqviz.core.attention_model import token_vectors

TEXTS: dict[str, str] = {
    "cat": "the cat sat on the mat and the cat saw the dog",
    "queen": "the queen met the king and the king met the queen",
    "song": "row your boat row your boat down the stream row your boat",
    "rule": "what we read we know and what we know we use and what we use we keep",
    "rain": "비가 오면 우산을 쓰고 비가 오면 장화를 신고 비가 오면 집에 간다",
    "market": "철수는 시장에 가고 영희는 학교에 가고 철수는 시장에 가서 영희는 학교에 갔다",
}


@dataclass(frozen=True)
class Batch:
    """B sequences of T tokens out of C candidates each, as token vectors.

    vectors (B, T, size), candidates (B, C, size), ids (B, T) indices of candidates;
    wanted (B, T, answers, C): the share of each candidate in the right answer, 0 where nothing
    is asked.
    """

    vectors: Tensor
    candidates: Tensor
    ids: Tensor
    wanted: Tensor

    @property
    def asked(self) -> Tensor:
        """(B, T, answers) bool."""
        return self.wanted.sum(-1) > 0

    @property
    def present(self) -> Tensor:
        """(B, C) bool: the candidates that stand in the sequence."""
        blank = torch.zeros(self.candidates.shape[:2], dtype=torch.bool)
        return blank.scatter(1, self.ids, True)


def followers(tokens: Sequence[str]) -> tuple[Counter[str], ...]:
    """For every token, how often each token came after an earlier occurrence of it."""
    seen: dict[str, Counter[str]] = {}
    found = []
    for t, token in enumerate(tokens):
        if t:
            seen.setdefault(tokens[t - 1], Counter())[token] += 1
        found.append(Counter(seen.get(token, {})))
    return tuple(found)


def places_back(tokens: Sequence[str], places: int) -> tuple[str | None, ...]:
    """For every token the one that stands so many places before it."""
    if places < 1:
        raise ValueError(f"places_back: expected 1 place or more, got {places}")
    return (*(None,) * min(places, len(tokens)), *tokens[:-places])


def wanted_followers(ids: Tensor, count: int) -> Tensor:
    """ids (B, T) → (B, T, 1, C): each candidate's share among the followers seen so far."""
    length = ids.shape[1]
    earlier = torch.ones(length, length, dtype=torch.bool).tril(-1)[:, :-1]
    found = ((ids[:, :, None] == ids[:, None, :-1]) & earlier).double()
    counts = found @ one_hot(ids[:, 1:], count).double()
    return (counts / counts.sum(-1, keepdim=True).clamp(min=1))[:, :, None]


def wanted_back(ids: Tensor, count: int, places: int) -> Tensor:
    """ids (B, T) → (B, T, places, C): 1 for the token 1, 2, … `places` before."""
    wanted = torch.zeros(*ids.shape, places, count, dtype=torch.float64)
    for back in range(1, places + 1):
        wanted[:, back:, back - 1] = one_hot(ids[:, :-back], count).double()
    return wanted


def random_batch(
    wanted: Callable[[Tensor, int], Tensor],
    shape: tuple[int, int],
    distinct: int,
    size: int,
    generator: torch.Generator,
) -> Batch:
    """`shape` (B, T) tokens, each any of `distinct` candidates with random vectors."""
    ids = torch.randint(distinct, shape, generator=generator)
    drawn = torch.randn(shape[0], distinct, size, dtype=torch.float64, generator=generator)
    candidates = drawn * (size**0.5 / drawn.norm(dim=-1, keepdim=True))
    return _batch(candidates, ids, wanted(ids, distinct))


def text_batch(
    wanted: Callable[[Tensor, int], Tensor], tokens: Sequence[str], size: int, draw: int = 0
) -> Batch:
    """A batch of one text, with the vectors its tokens have on the page."""
    words = tuple(dict.fromkeys(tokens))
    ids = torch.tensor([[words.index(token) for token in tokens]])
    return _batch(token_vectors(words, size, draw)[None], ids, wanted(ids, len(words)))


def unambiguous(batch: Batch) -> Batch:
    """The same, asked only where one answer alone is right."""
    only = (batch.wanted > 0).sum(-1, keepdim=True) == 1
    return replace(batch, wanted=batch.wanted * only)


def _batch(candidates: Tensor, ids: Tensor, wanted: Tensor) -> Batch:
    size = candidates.shape[-1]
    vectors = candidates.gather(1, ids[..., None].expand(-1, -1, size))
    return Batch(vectors, candidates, ids, wanted)
