"""Why the scale: dot products of random vectors as d_k grows (Vaswani et al. 2017, footnote 4).

Components of q and k are independent and standard normal, so q·k has mean 0 and variance d_k. The
softmax of such scores is sharp for a large d_k, and its gradient small; after ÷ √d_k it is not.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
QUERIES, KEYS, TOGETHER = 2000, 64, 10


@dataclass(frozen=True)
class Dimension:
    """Means over the queries, one number for each d_k of `sizes`; `raw` is without the scale.

    variance  of q·k, and of q·k / √d_k
    entropy   of a row of weights over the most there can be, ln(keys)
    largest   weight of a row
    slope     Σ p(1 − p): the trace of the softmax's Jacobian
    tied      the mean of q·q / √d_k, a token's score with itself when W_Q = W_K
    """

    sizes: tuple[int, ...]
    queries: int
    keys: int
    raw_variance: Tensor
    variance: Tensor
    raw_entropy: Tensor
    entropy: Tensor
    raw_largest: Tensor
    largest: Tensor
    raw_slope: Tensor
    slope: Tensor
    tied: Tensor

    def at(self, size: int) -> int:
        """The place of the measured d_k nearest to `size`, by ratio."""
        return min(range(len(self.sizes)), key=lambda i: abs(math.log(self.sizes[i] / size)))

    def columns(self) -> dict[str, Tensor]:
        """The numbers behind the chart."""
        names = ("variance", "entropy", "largest", "slope")
        measured = {f"{kind}{name}": getattr(self, f"{kind}{name}") for name in names
                    for kind in ("raw_", "")}  # fmt: skip
        return {"d_k": torch.tensor(self.sizes), **measured, "tied": self.tied}


def dimension(seed: int) -> Dimension:
    """2000 queries against 64 keys each for every size; ten queries share their keys."""
    generator = torch.Generator().manual_seed(seed)
    measured = [_measured(size, generator) for size in SIZES]
    columns = torch.tensor(measured, dtype=torch.float64).unbind(1)
    return Dimension(SIZES, QUERIES, KEYS, *columns)


def _measured(size: int, generator: torch.Generator) -> list[float]:
    groups = QUERIES // TOGETHER
    q = torch.randn(groups, TOGETHER, size, generator=generator, dtype=torch.float64)
    k = torch.randn(groups, KEYS, size, generator=generator, dtype=torch.float64)
    raw = (q @ k.transpose(1, 2)).flatten(0, 1)
    scaled = raw / math.sqrt(size)
    found = [float(scores.var()) for scores in (raw, scaled)]
    rows = [scores.softmax(-1) for scores in (raw, scaled)]
    found += [float(torch.special.entr(p).sum(-1).mean()) / math.log(KEYS) for p in rows]
    found += [float(p.amax(-1).mean()) for p in rows]
    found += [float((p * (1 - p)).sum(-1).mean()) for p in rows]
    return [*found, float(q.square().sum(-1).mean()) / math.sqrt(size)]
