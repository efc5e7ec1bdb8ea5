"""Training in the open: a run is a generator of checkpoints.

Adam (Kingma & Ba 2015) on gradients clipped jointly over all parameters (Pascanu 2013, Alg. 1).
The numbers are those of `torch.optim.Adam`; it is written out because its first use loads
PyTorch's compiler, a second and seventy megabytes that nothing here needs.
"""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

NO_TARGET = -100
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Checkpoint:
    """The model after `step` updates.

    loss           of these very parameters, mean over the steps with a target, in nats
    gradient_norm  of that loss over all parameters jointly, before clipping
    parameters     copies by name, for `model.load_state_dict` (buffers included)
    """

    step: int
    loss: float
    gradient_norm: float
    parameters: dict[str, Tensor]


def sequence_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy in nats of logits (T, ..., C) at the targets (T, ...) that are given.

    A target of NO_TARGET does not count. The softmax is in here, so logits go in, never
    probabilities.
    """
    if logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"sequence_loss: expected targets of shape {tuple(logits.shape[:-1])}, "
            f"got {tuple(targets.shape)}"
        )
    if not bool((targets != NO_TARGET).any()):
        raise ValueError("sequence_loss: expected at least one step with a target, got none")
    return cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=NO_TARGET)


def train(
    model: nn.Module,
    xs: Tensor,
    targets: Tensor,
    steps: int = 300,
    lr: float = 0.05,
    clip: float = 1.0,
) -> Generator[Checkpoint, None, None]:
    """Fit model(xs) to the targets, in place; checkpoints 0 (untouched) to `steps`.

    Takes one update each time the next checkpoint is asked for; closing the generator stops the
    run. Nothing is random: the same model and data give the same checkpoints.
    """
    return descend(model, lambda step: sequence_loss(model(xs), targets), steps, lr, clip)


def descend(
    model: nn.Module,
    loss_at: Callable[[int], Tensor],
    steps: int,
    lr: float | Callable[[int], float],
    clip: float = 1.0,
) -> Generator[Checkpoint, None, None]:
    """As `train`, for any loss (it may draw a new batch each step) and a learning rate by step.

    A loss or gradient that is no longer finite ends the run: its checkpoint is the last.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    adam = Adam(parameters)
    for step in range(steps + 1):
        with torch.enable_grad():
            loss = loss_at(step)
            gradients = torch.autograd.grad(
                loss, parameters, allow_unused=True, materialize_grads=True
            )
        norm = clip_jointly(gradients, clip)
        value = loss.item()
        del loss
        yield Checkpoint(step, value, norm, _copied(model))
        if step == steps or not (math.isfinite(value) and math.isfinite(norm)):
            return
        adam.update(gradients, lr(step) if callable(lr) else lr)


def clip_jointly(gradients: tuple[Tensor, ...], limit: float) -> float:
    """Scale the gradients in place to a joint norm of at most `limit`; the norm they had."""
    norm = torch.linalg.vector_norm(torch.cat([gradient.flatten() for gradient in gradients]))
    coefficient = (limit / (norm + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(coefficient)
    return norm.item()


class Adam:
    """m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²,  θ ← θ − lr · m̂ / (√v̂ + ε)."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self.parameters = parameters
        self.m = [torch.zeros_like(parameter) for parameter in parameters]
        self.v = [torch.zeros_like(parameter) for parameter in parameters]
        self.steps = 0

    @torch.no_grad()
    def update(self, gradients: tuple[Tensor, ...], lr: float) -> None:
        """One step; m̂ and v̂ are m and v without their pull towards the zeros they began as."""
        self.steps += 1
        m_scale = lr / (1 - BETA_1**self.steps)
        v_scale = math.sqrt(1 - BETA_2**self.steps)
        for parameter, g, m, v in zip(self.parameters, gradients, self.m, self.v, strict=True):
            m.lerp_(g, 1 - BETA_1)
            v.mul_(BETA_2).addcmul_(g, g, value=1 - BETA_2)
            parameter.addcdiv_(m, v.sqrt().div_(v_scale).add_(EPSILON), value=-m_scale)


def _copied(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
