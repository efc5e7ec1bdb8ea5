r"""The numbers behind the charts of the page `positions`: each view on its own, on demand.

PE(p, 2i) = sin(p ω_i), PE(p, 2i+1) = cos(p ω_i) with ω_i = base^(−2i/d) (Vaswani et al. 2017,
§3.5). Positions and dimensions count from 0, as in the formula.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from seqviz.core.attention_model import AttentionModel
from seqviz.core.positions import POSITIONS, frequencies, rotate, sinusoidal
from seqviz.models.attention_measure import MEASURED, back_task, held_out
from seqviz.models.attention_shelf import load_attention

BASE = 10_000.0
SEARCHED = 2000
NEAR = 5
ROUNDING = 1e-9


@dataclass(frozen=True)
class Encoding:
    """The table (length, d) and the wavelength of every frequency, in positions (ceil(d/2),).

    `naive` is the 2π·base that is often named as the longest; `lone` says that d is odd, so that
    the last sine has no cosine.
    """

    table: Tensor
    wavelengths: Tensor
    layout: str
    lone: bool

    @property
    def naive(self) -> float:
        return 2 * math.pi * BASE

    def columns(self) -> dict[str, Any]:
        return {"encoding": self.table.numpy(), "wavelength": self.wavelengths.numpy()}


@dataclass(frozen=True)
class Dots:
    """PE(0)·PE(k) for k = 0 … length, and where it first rises again.

    `around` is the value before the rise and at it, `near` the first five. `spread` is how far
    PE(p)·PE(p+k) is from the curve at any other p shown, `norm` the least and largest ‖PE(p)‖².
    `again` is the first distance after the rise at which two positions are more alike than
    neighbours are, and how alike; None where there is none up to SEARCHED.
    """

    dots: Tensor
    rise: int
    around: tuple[float, float]
    near: tuple[float, ...]
    spread: float
    norm: tuple[float, float]
    again: tuple[int, float] | None

    def columns(self) -> dict[str, Any]:
        return {"dot_product": self.dots.numpy()}


@dataclass(frozen=True)
class Shift:
    """R_k, the rotation by k positions (d, d), and how well it does its work.

    `error` is the largest |PE(p+k) − R_k PE(p)| over the positions shown, `orthogonal` the largest
    |R_kᵀ R_k − 1|, `angles` kω_i of every pair in radians.
    """

    matrix: Tensor
    error: float
    orthogonal: float
    angles: Tensor


@dataclass(frozen=True)
class Accuracy:
    """The share of right answers of every shipped order model at every length it was measured at.

    `trained` is the longest length of the training, `guess` the share that any word of a
    sequence of that length would hit.
    """

    lengths: tuple[int, ...]
    shares: dict[str, tuple[float, ...]]
    trained: int
    guess: float

    def columns(self) -> dict[str, Any]:
        named = {f"right_{kind}": shares for kind, shares in self.shares.items()}
        return {"length": self.lengths, **named}


@dataclass(frozen=True)
class Relative:
    """The score of one pair of words `offset` apart, at every place of the pair.

    Keys: "rotary" (q and k are turned by their positions), "sinusoidal" (positions are added to
    the words before W_q and W_k), "none". Each (places,).
    """

    scores: dict[str, Tensor]
    offset: int
    pair: tuple[str, str]

    def spread(self, kind: str) -> float:
        """The largest score less the smallest."""
        values = self.scores[kind]
        return float(values.max() - values.min())

    def columns(self) -> dict[str, Any]:
        return {f"score_{kind}": values.numpy() for kind, values in self.scores.items()}


def encoding_view(length: int, d: int, layout: str) -> Encoding:
    """The sinusoidal encoding of the first `length` positions."""
    table = sinusoidal(length, d, BASE, layout)
    return Encoding(table, 2 * math.pi / frequencies(d, BASE), layout, d % 2 == 1)


def dots_view(length: int, d: int) -> Dots:
    """Dot products over the distance; the layout does not change them."""
    table = sinusoidal(max(SEARCHED, 2 * length + 1), d, BASE)
    dots = table @ table[0]
    products = table[: length + 1] @ table[: 2 * length + 1].T
    shifted = torch.stack([products[p, p : p + length + 1] for p in range(length + 1)])
    norms = table[: length + 1].square().sum(dim=1)
    rise = first_rise(dots)
    again = (dots[rise:] > dots[1] + ROUNDING).nonzero().flatten().tolist()
    return Dots(
        dots=dots[: length + 1],
        rise=rise,
        around=(float(dots[rise - 1]), float(dots[rise])),
        near=tuple(dots[:NEAR].tolist()),
        spread=float((shifted - dots[: length + 1]).abs().max()),
        norm=(float(norms.min()), float(norms.max())),
        again=(rise + again[0], float(dots[rise + again[0]])) if again else None,
    )


def first_rise(values: Tensor) -> int:
    """The first place whose value is larger than the one before."""
    rises = values[1:] - values[:-1] > ROUNDING
    assert bool(rises.any()), "waves of which the first has gone round once have risen"
    return int(rises.nonzero()[0]) + 1


def shift_view(k: int, d: int, length: int) -> Shift:
    """The rotation that turns PE(p) into PE(p+k), the same for all p; a lone last sine is left."""
    pairs = d // 2
    table = sinusoidal(length + k, d, BASE)[:, : 2 * pairs]
    angles = k * frequencies(d, BASE)[:pairs]
    matrix = torch.block_diag(*(_turn(float(angle)) for angle in angles))
    turned = table[:length] @ matrix.T
    identity = torch.eye(2 * pairs, dtype=matrix.dtype)
    return Shift(
        matrix=matrix,
        error=float((turned - table[k : k + length]).abs().max()),
        orthogonal=float((matrix.T @ matrix - identity).abs().max()),
        angles=angles,
    )


def _turn(angle: float) -> Tensor:
    """(sin a, cos a) ↦ (sin(a + angle), cos(a + angle))."""
    cos, sin = math.cos(angle), math.sin(angle)
    return torch.tensor([[cos, sin], [-sin, cos]], dtype=torch.float64)


def relative_view(
    model: AttentionModel, pair: tuple[str, str], offset: int, places: int
) -> Relative:
    """q·k/√d_k of the first head for one pair of words at p + offset and p, p = 0 … places − 1.

    `pair` is (the word that asks, the word it looks at). W_q and W_k are the model's, the same in
    all three.
    """
    attention = model.attention
    d = attention.embed_dim // attention.num_heads
    with torch.no_grad():
        later, earlier = torch.arange(offset, places + offset), torch.arange(places)
        table = sinusoidal(places + offset, attention.embed_dim, BASE)
        asks, seen = (model.inputs([word]).embedded.expand(places, -1) for word in pair)
        q, k = _project(attention, asks, 0)[:, :d], _project(attention, seen, 1)[:, :d]
        added_q = _project(attention, asks + table[later], 0)[:, :d]
        added_k = _project(attention, seen + table[earlier], 1)[:, :d]
        products = {
            "none": q * k,
            "sinusoidal": added_q * added_k,
            "rotary": rotate(q, later, BASE) * rotate(k, earlier, BASE),
        }
    scores = {kind: both.sum(dim=-1) / math.sqrt(d) for kind, both in products.items()}
    return Relative(scores, offset, pair)


def _project(attention: nn.MultiheadAttention, x: Tensor, block: int) -> Tensor:
    """Queries (block 0) or keys (block 1) of x (T, d_model), all heads side by side."""
    rows = slice(block * attention.embed_dim, (block + 1) * attention.embed_dim)
    bias = None if attention.in_proj_bias is None else attention.in_proj_bias[rows]
    return linear(x, attention.in_proj_weight[rows], bias)


def trained_lengths(kind: str) -> tuple[int, int]:
    """The shortest and the longest sequence in the training of a shipped order model."""
    low, high = load_attention(f"order-{kind}").about.trained["lengths"]
    return int(low), int(high)


def accuracy_view() -> Accuracy:
    """What the shipped order models were measured to do, on lengths up to four times trained."""
    found = {kind: load_attention(f"order-{kind}").about for kind in POSITIONS}
    sizes = [size.partition("/") for size in found["none"].measured["random"]]
    distinct = dict(sorted((int(length), int(tokens)) for length, _, tokens in sizes))
    trained = trained_lengths("none")[1]
    return Accuracy(
        lengths=tuple(distinct),
        shares={
            kind: tuple(about.measured["random"][f"{T}/{n}"][0] for T, n in distinct.items())
            for kind, about in found.items()
        },
        trained=trained,
        guess=_guess(load_attention("order-none"), trained, distinct[trained]),
    )


def _guess(model: AttentionModel, length: int, distinct: int) -> float:
    """The share that any word of the sequence would hit, on the sequences that were measured."""
    batch = held_out(back_task(model), length, distinct, model.design.size, MEASURED)
    return float((1 / batch.present.sum(dim=-1)).mean())
