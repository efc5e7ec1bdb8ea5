"""How every public record shows itself: as a scene that plays, as files, in the reader's words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from seqviz.player.html import notebook_html, to_html
from seqviz.player.still import still_svg
from seqviz.scenes import Scene
from seqviz.text import PLAYER, Words
from seqviz.text.characters import characters

File: TypeAlias = str | PathLike[str]
Tokens: TypeAlias = Iterable[object] | None


@dataclass(frozen=True)
class ShownScene:
    """A scene with the language it is shown in. A notebook shows it by itself."""

    scene: Scene
    language: str = "en"

    def to_html(self, path: File) -> Path:
        """Write one file that plays offline."""
        written = Path(path)
        text = to_html(self.scene, words_of(self.language), self.language, self.scene.title)
        written.write_text(text, encoding="utf-8")
        return written

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        words = words_of(self.language)
        return {
            "text/html": notebook_html(self.scene, words, self.language, self.scene.title),
            "image/svg+xml": still_svg(self.scene, words),
            "text/plain": repr(self),
        }

    def __repr__(self) -> str:
        return f"<ShownScene {self.scene.title!r}: {self.scene.steps} steps>"


def refuse_unreadable(
    where: str, read: tuple[type[nn.Module], ...], module: object, **tensors: object
) -> None:
    """Refuse a module that computes otherwise than PyTorch's, or is not on the CPU in floats."""
    own = next((base for base in read if isinstance(module, base)), None)
    if own is not None and vars(type(module)).get("forward", own.forward) is not own.forward:
        raise ValueError(
            f"{where}: expected {own.__name__}'s own forward, got the one of "
            f"{type(module).__name__}; give {where} the {own.__name__} inside it"
        )
    *others, last = tensors
    named = f"{', '.join(['module', *others])} and {last}"
    parameters = module.parameters() if isinstance(module, nn.Module) else ()
    for tensor in (*parameters, *tensors.values()):
        if not isinstance(tensor, Tensor):
            continue
        if tensor.device.type != "cpu":
            given = " and ".join(f"{name}.cpu()" for name in tensors)
            raise ValueError(
                f"{where}: expected {named} on the CPU, got {tensor.device}; "
                f"give copy.deepcopy(module).cpu() and {given}"
            )
        if tensor.dtype not in (torch.float32, torch.float64):
            given = " and ".join(f"{name}.float()" for name in tensors)
            raise ValueError(
                f"{where}: expected {named} of float32 or float64, got {tensor.dtype}; "
                f"give copy.deepcopy(module).float() and {given}"
            )


def labels(tokens: Tokens, steps: int, of: str = "step") -> tuple[str, ...]:
    """The names of the steps as text: a str by its characters, numbers from 1 if not given."""
    if tokens is None:
        return tuple(str(t + 1) for t in range(steps))
    names = characters(tokens) if isinstance(tokens, str) else [str(token) for token in tokens]
    if len(names) != steps:
        raise ValueError(f"scene: expected {steps} tokens, one for each {of}, got {len(names)}")
    return tuple(names)


def words_of(language: str) -> dict[str, str]:
    """What the player and the figures say."""
    return Words(language, *PLAYER, "figures").flat


def array_of(tensor: Tensor) -> np.ndarray:
    return np.asarray(tensor.detach())


def save_arrays(path: File, arrays: dict[str, np.ndarray]) -> Path:
    """Write an NPZ file, under exactly the name that was asked for."""
    written = Path(path)
    with written.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return written
