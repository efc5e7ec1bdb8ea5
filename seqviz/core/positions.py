r"""Where a token stands: one-hot vectors, sinusoids, and the rotation of queries and keys.

    ω_i = base^(-2i/d)
    PE(p)_{2i} = sin(p ω_i),  PE(p)_{2i+1} = cos(p ω_i)      interleaved, Vaswani et al. 2017 §3.5

The first pair turns fastest (ω_0 = 1), the last slowest. The layout "halves" puts every sine
before every cosine; both are in use. PE(p+k) = R_k PE(p), where R_k turns pair i by k ω_i,
whatever p. The rotary encoding (Su et al. 2021) adds nothing: it turns each pair of a query and
of a key by p ω_i, so that their product depends on the distance alone.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from seqviz.core.expect import expect_tensor

POSITIONS = ("none", "sinusoidal", "learned", "rotary")
LAYOUTS = ("interleaved", "halves")
BASE = 10000.0


def one_hot(ids: Tensor | Sequence[int], size: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """(T, size): row t is 1 at ids[t], else 0; times a table E it looks up the rows of E."""
    indices = torch.as_tensor(ids)
    if indices.dtype.is_floating_point or indices.dtype == torch.bool or indices.dim() != 1:
        raise ValueError(f"one_hot: expected whole numbers (T,), got {ids!r}")
    if len(indices) == 0 or int(indices.min()) < 0 or int(indices.max()) >= size:
        raise ValueError(f"one_hot: expected ids from 0 to {size - 1}, got {indices.tolist()}")
    return torch.nn.functional.one_hot(indices, size).to(dtype)


def frequencies(d: int, base: float = BASE, dtype: torch.dtype = torch.float64) -> Tensor:
    """ω_i of each pair, fastest first: (d/2,), or ((d+1)/2,) when d is odd."""
    if d < 1 or not base > 1:
        raise ValueError(f"frequencies: expected d of 1 or more and base above 1, got {d}, {base}")
    return base ** (-torch.arange(0, d, 2, dtype=dtype) / d)


def sinusoidal(
    length: int,
    d: int,
    base: float = BASE,
    layout: str = "interleaved",
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """PE (length, d) of positions 0 … length−1; an odd d ends on a sine without its cosine."""
    if length < 1:
        raise ValueError(f"sinusoidal: expected a length of 1 or more, got {length}")
    angles = torch.arange(length, dtype=dtype)[:, None] * frequencies(d, base, dtype)
    sines, cosines = angles.sin(), angles.cos()[:, : d // 2]
    encoding = torch.empty(length, d, dtype=dtype)
    at_sine, at_cosine = _places(d, layout)
    encoding[:, at_sine], encoding[:, at_cosine] = sines, cosines
    return encoding


def shift_matrix(
    k: float,
    d: int,
    base: float = BASE,
    layout: str = "interleaved",
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """R_k (d, d) with PE(p+k) = R_k PE(p) for every p: a rotation of each pair by k ω_i."""
    if d % 2:
        raise ValueError(f"shift_matrix: expected an even d (whole pairs), got {d}")
    angles = k * frequencies(d, base, dtype)
    at_sine, at_cosine = _places(d, layout)
    matrix = torch.zeros(d, d, dtype=dtype)
    matrix[at_sine, at_sine] = matrix[at_cosine, at_cosine] = angles.cos()
    matrix[at_sine, at_cosine] = angles.sin()
    matrix[at_cosine, at_sine] = -angles.sin()
    return matrix


def rotary_angles(positions: Tensor, d: int, base: float = BASE) -> Tensor:
    """p ω_i (T, d), the angle by which each feature turns; the two of a pair share theirs."""
    if d % 2:
        raise ValueError(f"rotary: expected an even number of features (whole pairs), got {d}")
    return (positions[:, None] * frequencies(d, base, positions.dtype)).repeat_interleave(2, -1)


def quarter_turn(x: Tensor) -> Tensor:
    """J x: each pair (a, b) turned by 90°, to (−b, a)."""
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((-b, a), -1).flatten(-2)


def rotate(x: Tensor, positions: Tensor, base: float = BASE) -> Tensor:
    """x (..., T, d), its pairs (x_0, x_1), (x_2, x_3), … in row t turned by positions[t]·ω_i."""
    expect_tensor("rotate", "x", x, ("...", "T", "d"), x.dtype)
    expect_tensor("rotate", "positions", positions, (x.shape[-2],), positions.dtype)
    angles = rotary_angles(positions.to(x.dtype), x.shape[-1], base)
    return x * angles.cos() + quarter_turn(x) * angles.sin()


def _places(d: int, layout: str) -> tuple[Tensor, Tensor]:
    """Which features are sines and which are cosines, in the order of the frequencies."""
    if layout not in LAYOUTS:
        raise ValueError(f"layout: expected {' or '.join(LAYOUTS)}, got {layout!r}")
    features = torch.arange(d)
    if layout == "interleaved":
        return features[0::2], features[1::2]
    return features[: (d + 1) // 2], features[(d + 1) // 2 :]
