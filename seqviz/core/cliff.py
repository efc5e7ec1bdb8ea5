r"""The error surface with a wall: Pascanu, Mikolov & Bengio 2013, Fig. 6 and eq. (8).

    x_t = w σ(x_{t−1}) + b,   x_0 = 1/2,   E = (σ(x_50) − 0.7)²

One unit, two parameters. On the line b* = 1/2 − w σ(1/2) the start x_0 is a fixed point, and for
w σ'(1/2) > 1 an unstable one: on one side of the line x_t falls to the lower fixed point, on the
other it climbs to the upper. Differences grow by λ = w σ'(1/2) a step, so the wall between is about
λ^{−50} wide and λ^{50} steep: a plain grid steps over it. Here b is sampled at distances from b*
that shrink geometrically. From (JUMP_W, JUMP_B) plain gradient descent at JUMP_RATE meets the wall
and is thrown onto a plain it does not come back from; clipped to JUMP_CLIP it goes on down.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from seqviz.core.clipping import clip_by_norm

START, TARGET, STEPS = 0.5, 0.7, 50
JUMP_W, JUMP_B, JUMP_RATE, JUMP_CLIP = 5.0, -2.5, 0.2, 0.5
_HALF = 1 / (1 + math.exp(-START))
_NEAREST = 1e-15


@dataclass(frozen=True)
class Surface:
    """E and its gradient at points (w, b), all of one shape; norm is ‖(∂E/∂w, ∂E/∂b)‖."""

    w: Tensor
    b: Tensor
    error: Tensor
    dw: Tensor
    db: Tensor

    @property
    def norm(self) -> Tensor:
        return torch.hypot(self.dw, self.db)


@dataclass(frozen=True)
class Descent:
    """Gradient descent from a point: w, b, error and norm (before clipping) at each update, (n,).

    `clip` is the largest norm that was let through, None for all of it.
    """

    w: Tensor
    b: Tensor
    error: Tensor
    norm: Tensor
    clip: float | None

    @property
    def longest_step(self) -> float:
        """The farthest that one update moved (w, b)."""
        return float(torch.hypot(self.w.diff(), self.b.diff()).max())


def evaluate(w: Tensor, b: Tensor, steps: int = STEPS) -> Surface:
    """E and its exact gradient at every point; the derivatives run forward beside x_t."""
    w, b = torch.broadcast_tensors(w.double(), b.double())
    x, dw, db = torch.full_like(w, START), torch.zeros_like(w), torch.zeros_like(w)
    for _ in range(steps):
        s = torch.sigmoid(x)
        slope = w * s * (1 - s)
        x, dw, db = w * s + b, s + slope * dw, 1 + slope * db
    s = torch.sigmoid(x)
    outer = 2 * (s - TARGET) * s * (1 - s)
    return Surface(w, b, (s - TARGET) ** 2, outer * dw, outer * db)


def wall(w: Tensor) -> Tensor:
    """b*(w) = 1/2 − w σ(1/2), where the wall stands."""
    return START - w * _HALF


def growth(w: float) -> float:
    """λ = w σ'(1/2): what a distance from the wall is multiplied by each step."""
    return w * _HALF * (1 - _HALF)


def folds(w: float) -> tuple[float, float]:
    """The two b at which fixed points of x = w σ(x) + b appear and vanish (Doya 1993), w > 4.

    There σ = (1 ∓ √(1 − 4/w)) / 2, from w σ' = 1; in rising order of b.
    """
    if w <= 4:
        raise ValueError(f"folds: expected w above 4, got {w}")
    root = math.sqrt(1 - 4 / w)
    sigmas = ((1 - root) / 2, (1 + root) / 2)
    lower, upper = sorted(math.log(s / (1 - s)) - w * s for s in sigmas)
    return lower, upper


def surface(ws: Tensor, low: float, high: float, count: int = 201) -> Surface:
    """E over rows of constant w (W,), each with its own `count` values of b, (W, count).

    Half of the values between low and high are even, half crowd geometrically around b*(w), so
    that each row has points on the wall (above w = 8 it is thinner than float64 can tell apart);
    a row whose b* is outside is even.
    """
    if not low < high or count < 5:
        raise ValueError(f"surface: expected low < high and 5 points, got {low}, {high}, {count}")
    rows = torch.stack([_around(float(wall(w)), low, high, count) for w in ws.double()])
    return evaluate(ws.double()[:, None], rows)


def steepest(w: float, steps: int = STEPS) -> Surface:
    """The point of the row w where |∂E/∂b| is largest: a fine sample, then a finer one about it."""
    at = float(wall(torch.tensor(w, dtype=torch.float64)))
    bs = _around(at, at - 1, at + 1, 4001)
    for _ in range(6):
        best = int(evaluate(torch.tensor(w), bs, steps).db.abs().argmax())
        lower, upper = float(bs[max(best - 1, 0)]), float(bs[min(best + 1, len(bs) - 1)])
        bs = torch.linspace(lower, upper, 401, dtype=torch.float64)
    found = evaluate(torch.tensor(w), bs, steps)
    best = int(found.db.abs().argmax())
    return Surface(*(getattr(found, name)[best] for name in ("w", "b", "error", "dw", "db")))


def descend(
    w: float = JUMP_W,
    b: float = JUMP_B,
    rate: float = JUMP_RATE,
    updates: int = 200,
    clip: float | None = None,
) -> Descent:
    """θ ← θ − rate · g, with g clipped by its norm if `clip` is given."""
    point, path = torch.tensor([w, b], dtype=torch.float64), []
    for _ in range(updates + 1):
        here = evaluate(point[0], point[1])
        path.append(torch.stack([point[0], point[1], here.error, here.norm]))
        gradient = torch.stack([here.dw, here.db])
        if clip is not None:
            gradient = clip_by_norm([gradient], clip).gradients[0]
        point = point - rate * gradient
    ws, bs, errors, norms = torch.stack(path).unbind(dim=1)
    return Descent(ws, bs, errors, norms, clip)


def _around(center: float, low: float, high: float, count: int) -> Tensor:
    """`count` rising values from low to high: half of them even, the others about `center`.

    Those lie at distances that shrink geometrically to 1e-15, and `center` is one of them.
    """
    if not low < center < high:
        return torch.linspace(low, high, count, dtype=torch.float64)
    even = torch.linspace(low, high, count // 2, dtype=torch.float64)
    rest = count - len(even) - 1
    near = [torch.tensor([center], dtype=torch.float64)]
    for end, points in ((low, rest // 2), (high, rest - rest // 2)):
        far = abs(end - center)
        logs = torch.linspace(math.log(far), math.log(_NEAREST), points + 1, dtype=torch.float64)
        near.append(center + math.copysign(1, end - center) * logs[1:].exp())
    return torch.cat([even, *near]).sort().values
