r"""One attention layer that reads any text and answers with tokens of that text.

x_t      = [0 ; E(w_t)] or [E(w_t) ; E(w_{t-1})], plus a position
out      = attention(x, x, x)                        nn.MultiheadAttention's own numbers
a_t      = W_r out_t                                 one vector of E's size per answer
logits   = a_t · E(c)   for every candidate c: the distinct tokens of the text

No vocabulary: E(w) is drawn from the token itself, so a model trained on random vectors works on
words it has never met. Positions are *added* (Vaswani et al. 2017, §3.5). A token vector shorter
than d_model stands in the last places, where sinusoidal positions hardly move; the first are
left to the fast waves.
"""

import hashlib
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from seqviz.core.attention import MultiHead, WhatIfHeads, attend_heads
from seqviz.core.masks import causal as causal_mask
from seqviz.core.positions import POSITIONS, quarter_turn, rotary_angles, sinusoidal

_READOUT_STREAM = 0x0DD0
_TABLE_STREAM = 0x7AB1


@dataclass(frozen=True)
class Design:
    """What the model reads and how often it answers.

    size       numbers in a token vector
    width      numbers in x (d_model); size ≤ width, or 2·size = width with `previous`
    previous   whether x_t also holds the token before
    positions  none, sinusoidal, learned (a table of `longest` rows) or rotary
    answers    how many tokens it names at each step
    causal     whether it was made to look back only
    draw       the seed that, with the token, decides a token's vector
    """

    size: int = 8
    width: int = 8
    heads: int = 1
    previous: bool = False
    positions: str = "none"
    answers: int = 1
    causal: bool = True
    bias: bool = True
    longest: int = 64
    draw: int = 0

    def __post_init__(self) -> None:
        if self.positions not in POSITIONS:
            raise ValueError(
                f"Design: expected positions {', '.join(POSITIONS)}, got {self.positions!r}"
            )
        for name in ("head", "answer"):
            if getattr(self, f"{name}s") < 1:
                got = getattr(self, f"{name}s")
                raise ValueError(f"Design: expected at least 1 {name}, got {got}")
        if self.width % self.heads:
            raise ValueError(
                f"Design: expected a width that {self.heads} heads divide, got {self.width}"
            )
        if self.previous and self.width != 2 * self.size:
            raise ValueError(
                f"Design: expected a width of twice the size {self.size}, got {self.width}"
            )
        if not 1 <= self.size <= self.width:
            raise ValueError(
                f"Design: expected a size of 1 to the width {self.width}, got {self.size}"
            )
        if self.positions == "rotary" and (self.width // self.heads) % 2:
            raise ValueError(
                f"Design: expected an even d_k for rotary, got {self.width // self.heads}"
            )


@dataclass(frozen=True)
class Inputs:
    """How x is made: x = embedded + positions.

    vectors (T, size) E(w_t), previous (T, size) E(w_{t-1}) with zeros first, or None;
    embedded (T, width) the two joined, or zeros and the vector; positions (T, width) or None.
    """

    tokens: tuple[str, ...]
    vectors: Tensor
    previous: Tensor | None
    embedded: Tensor
    positions: Tensor | None
    x: Tensor


@dataclass(frozen=True)
class AttentionRun:
    """One run. `answer_vectors` (T, answers, size); `logits`, `probabilities` (T, answers, C)."""

    inputs: Inputs
    heads: MultiHead
    answer_vectors: Tensor
    logits: Tensor
    probabilities: Tensor
    candidates: tuple[str, ...]
    candidate_vectors: Tensor

    def said(self) -> list[tuple[str, ...]]:
        """The likeliest candidate of every answer, a tuple per token."""
        best: list[list[int]] = self.logits.argmax(-1).tolist()
        return [tuple(self.candidates[i] for i in row) for row in best]


class AttentionModel(nn.Module):
    """`attention`, `readout` (answers·size, width) without bias, and `table` of learned positions.

    The attention is made with batch_first=True and has no dropout.
    """

    table: Tensor | None

    def __init__(
        self,
        design: Design,
        attention: nn.MultiheadAttention,
        readout: nn.Linear,
        table: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.design = design
        self.attention = attention
        self.readout = readout
        self.register_parameter("table", None if table is None else nn.Parameter(table))

    def inputs(self, tokens: Sequence[str]) -> Inputs:
        """Vectors, positions and their sum for at least one token."""
        if not tokens:
            raise ValueError("inputs: expected at least one token, got none")
        vectors = token_vectors(tokens, self.design.size, self.design.draw)
        embedded = self._embedded(vectors)
        positions = self._positions(len(tokens))
        x = embedded if positions is None else embedded + positions
        previous = embedded[:, self.design.size :] if self.design.previous else None
        return Inputs(tuple(tokens), vectors, previous, embedded, positions, x)

    @torch.no_grad()
    def run(
        self,
        tokens: Sequence[str],
        *,
        causal: bool | None = None,
        allowed: Tensor | None = None,
        scale: float | None = None,
        what_if: WhatIfHeads | None = None,
    ) -> AttentionRun:
        """Everything between the tokens and the answers.

        `causal` None looks back only if the model was made to; `allowed` (T, T) or (h, T, T)
        restricts further. `scale` None is 1/√d_k.
        """
        inputs = self.inputs(tokens)
        heads = attend_heads(
            self.attention,
            inputs.x,
            allowed=self._allowed(len(tokens), causal, allowed),
            scale=scale,
            rotary=self.design.positions == "rotary",
            what_if=what_if,
        )
        candidates = tuple(dict.fromkeys(tokens))
        vectors = token_vectors(candidates, self.design.size, self.design.draw)
        answers = self.answers(heads.out)
        logits = answers @ vectors.T
        return AttentionRun(inputs, heads, answers, logits, logits.softmax(-1), candidates, vectors)

    def answers(self, out: Tensor) -> Tensor:
        """(…, T, width) → (…, T, answers, size)."""
        return self.readout(out).unflatten(-1, (self.design.answers, self.design.size))

    def forward(self, vectors: Tensor, candidates: Tensor, causal: bool | None = None) -> Tensor:
        """Logits (B, T, answers, C) of token vectors (B, T, size) and candidates (B, C, size).

        The same numbers as `run` for a batch of equal lengths, with the autograd graph.
        """
        x = self._embedded(vectors)
        length = x.shape[-2]
        positions = self._positions(length)
        x = x if positions is None else x + positions
        projected = nn.functional.linear(
            x, self.attention.in_proj_weight, self.attention.in_proj_bias
        )
        q, k, v = projected.unflatten(-1, (3, self.design.heads, -1)).unbind(-3)
        q, k, v = (each.transpose(-3, -2) for each in (q, k, v))
        if self.design.positions == "rotary":
            angles = rotary_angles(torch.arange(length, dtype=q.dtype), q.shape[-1])
            cos, sin = angles.cos(), angles.sin()
            q, k = (each * cos + quarter_turn(each) * sin for each in (q, k))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if self.design.causal if causal is None else causal:
            scores = scores.masked_fill(~causal_mask(length), -math.inf)
        context = scores.softmax(-1) @ v
        out = self.attention.out_proj(context.transpose(-3, -2).flatten(-2))
        return self.answers(out) @ candidates.transpose(-1, -2)[..., None, :, :]

    def _embedded(self, vectors: Tensor) -> Tensor:
        if self.design.previous:
            before = pad(vectors[..., :-1, :], (0, 0, 1, 0))
            return torch.cat([vectors, before], -1)
        return pad(vectors, (self.design.width - self.design.size, 0))

    def _positions(self, length: int) -> Tensor | None:
        if self.design.positions == "sinusoidal":
            return sinusoidal(length, self.design.width)
        if self.table is None:
            return None
        if length > len(self.table):
            raise ValueError(
                f"learned positions: expected at most {len(self.table)} tokens, got {length}"
            )
        return self.table[:length]

    def _allowed(self, length: int, causal: bool | None, allowed: Tensor | None) -> Tensor | None:
        if not (self.design.causal if causal is None else causal):
            return allowed
        back = causal_mask(length)
        return back if allowed is None else back & allowed


def token_vectors(tokens: Sequence[str], size: int, draw: int = 0) -> Tensor:
    """A vector of length √size for each token (T, size), the same for the same token anywhere.

    √d times a unit vector, as Vaswani et al. scale E: a component is about as large as 1.
    """
    return torch.stack([_token_vector(token, size, draw) for token in tokens])


def build_attention_model(
    design: Design, *, tied: bool = False, gain: float = 1.0, seed: int
) -> AttentionModel:
    """A fresh float64 model, the same for the same arguments; `tied` starts with W_K = W_Q.

    Projections uniform in ±gain·√(3/width), so that a component of q keeps the variance of one
    of x for gain 1; biases zero.
    """
    generator = torch.Generator().manual_seed(seed)
    attention = empty_attention(design)
    width = design.width
    bound = gain * math.sqrt(3 / width)
    with torch.no_grad():
        attention.in_proj_weight.uniform_(-bound, bound, generator=generator)
        attention.out_proj.weight.uniform_(-bound, bound, generator=generator)
        if tied:
            attention.in_proj_weight[width : 2 * width] = attention.in_proj_weight[:width]
        for bias in (attention.in_proj_bias, attention.out_proj.bias):
            if bias is not None:
                bias.zero_()
    readout = nn.Linear(
        width, design.answers * design.size, bias=False, device="meta", dtype=torch.float64
    )
    drawn = torch.empty(readout.weight.shape, dtype=torch.float64)
    other = torch.Generator().manual_seed(seed ^ _READOUT_STREAM)
    readout.weight = nn.Parameter(drawn.uniform_(-bound, bound, generator=other))
    return AttentionModel(design, attention, readout, _fresh_table(design, seed))


def empty_attention(design: Design) -> nn.MultiheadAttention:
    """The module of this design, its parameters zero: nothing is drawn from the global RNG."""
    attention = nn.MultiheadAttention(
        design.width,
        design.heads,
        bias=design.bias,
        batch_first=True,
        device="meta",
        dtype=torch.float64,
    )
    zeros = {name: torch.zeros(p.shape, dtype=p.dtype) for name, p in attention.named_parameters()}
    attention.load_state_dict(zeros, assign=True)
    return attention


def _fresh_table(design: Design, seed: int) -> Tensor | None:
    """Standard normal / √2 a number: as large as a sinusoidal position."""
    if design.positions != "learned":
        return None
    generator = torch.Generator().manual_seed(seed ^ _TABLE_STREAM)
    drawn = torch.randn(design.longest, design.width, dtype=torch.float64, generator=generator)
    return drawn / math.sqrt(2)


@lru_cache(maxsize=4096)
def _token_vector(token: str, size: int, draw: int) -> Tensor:
    name = f"{draw}:{unicodedata.normalize('NFC', token)}"
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(size, dtype=torch.float64, generator=generator)
    return drawn * (math.sqrt(size) / drawn.norm())
