"""The activation functions a cell may use, each with its derivative and its LaTeX name."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Activation:
    """An elementwise function φ and its derivative φ', both taken at the pre-activation.

    steepest is γ, the largest |φ'| anywhere.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor], Tensor]
    latex: str
    steepest: float


def _tanh_derivative(pre: Tensor) -> Tensor:
    return 1 - torch.tanh(pre) ** 2


def _sigmoid_derivative(pre: Tensor) -> Tensor:
    gate = torch.sigmoid(pre)
    return gate * (1 - gate)


def _relu_derivative(pre: Tensor) -> Tensor:
    return (pre > 0).to(pre.dtype)


def _identity(pre: Tensor) -> Tensor:
    return pre.clone()


ACTIVATIONS: dict[str, Activation] = {
    "tanh": Activation("tanh", torch.tanh, _tanh_derivative, r"\tanh", 1.0),
    "sigmoid": Activation("sigmoid", torch.sigmoid, _sigmoid_derivative, r"\sigma", 0.25),
    "relu": Activation("relu", torch.relu, _relu_derivative, r"\mathrm{ReLU}", 1.0),
    "identity": Activation("identity", _identity, torch.ones_like, r"\mathrm{id}", 1.0),
}


def find_activation(name: str) -> Activation:
    """The activation of that name; the four names are those of `ACTIVATIONS`."""
    if name not in ACTIVATIONS:
        raise ValueError(f"activation: expected one of {', '.join(ACTIVATIONS)}, got {name!r}")
    return ACTIVATIONS[name]
