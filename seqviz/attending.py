"""What `seqviz.attend` gives: a reader's own attention, drawn, played and saved."""

from __future__ import annotations

import copy
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from seqviz.core import attention as core_attention
from seqviz.core.attention_measures import HeadMeasures, measure_heads
from seqviz.scenes.attention import attention_scene
from seqviz.showing import (
    File,
    ShownScene,
    Tokens,
    array_of,
    labels,
    refuse_unreadable,
    save_arrays,
    words_of,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

LONGEST = 64
FIELDS = ("q", "k", "v", "scores", "scaled", "masked", "weights", "context")


def attend(
    module: nn.MultiheadAttention,
    x: Tensor,
    memory: Tensor | None = None,
    allowed: Tensor | None = None,
    scale: float | None = None,
) -> Any:
    """Run an `nn.MultiheadAttention` in the open: a `MultiHead`.

    x (T, D) are the tokens that look, `memory` (S, D) those that are looked at: x itself unless
    given. A batch, (B, T, D) with the module's `batch_first`, else (T, B, D), gives a list with one
    `MultiHead` a sequence. `allowed` is True where a query may look, the opposite of the module's
    own `attn_mask`: (T, S), or (h, T, S) for a mask a head; of a batch (T, S) for all, or with B
    in front. `scale` is 1/√d_k unless given. The module is not changed, and what comes back stays
    as it is when the module goes on learning.
    """
    tensors = {"x": x} if memory is None else {"x": x, "memory": memory}
    refuse_unreadable("attend", (nn.MultiheadAttention,), module, **tensors)
    kept = copy.deepcopy(module)
    if not isinstance(x, Tensor) or x.dim() != 3:
        return _attended(kept, x, memory, allowed, scale)
    axis = 0 if module.batch_first else 1
    queries = x.unbind(axis)
    memories = _memories(memory, axis, len(queries))
    masks = _masks(allowed, len(queries))
    return [
        _attended(kept, one, other, mask, scale)
        for one, other, mask in zip(queries, memories, masks, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class MultiHead:
    """Attention with h heads, T queries and S keys; all detached, heads counted from 0.

    q (h, T, d_k), k (h, S, d_k), v (h, S, d_v); scores, scaled, masked, weights (h, T, S), rows
    are queries; context (h, T, d_v). concat (T, D) has the contexts side by side, shares (h, T, D)
    what each head adds to out (T, D) through its own columns of W_o: their sum plus b_o is out.
    A query that may look nowhere has weights and context 0, not nan. Keys that the module appends
    (`add_bias_kv`, `add_zero_attn`) come after those of the tokens and are named in `extra`.
    `memory` is None where the tokens look at themselves.
    """

    x: Tensor
    memory: Tensor | None
    q: Tensor
    k: Tensor
    v: Tensor
    scores: Tensor
    scaled: Tensor
    masked: Tensor
    weights: Tensor
    context: Tensor
    concat: Tensor
    shares: Tensor
    out: Tensor
    allowed: Tensor | None
    scale: float
    extra: tuple[str, ...]
    module: nn.MultiheadAttention

    @property
    def mean_weights(self) -> Tensor:
        """(T, S), the average over heads, which the module itself returns by default."""
        return self.weights.mean(0)

    def measures(self) -> HeadMeasures:
        """Each (h,): entropy, largest weight, mean distance, share on itself and on the token
        before; the last three only where tokens look at themselves."""
        found = measure_heads(self.weights, self.allowed)
        if self.memory is None:
            return found
        return HeadMeasures(found.entropy, found.normalised, found.largest, None, None, None)

    def scene(
        self,
        tokens: Tokens = None,
        memory_tokens: Tokens = None,
        *,
        shares: bool = False,
        language: str = "en",
        title: str | None = None,
    ) -> ShownScene:
        """Every stage as a sheet, query by query, which a notebook shows by itself.

        `tokens` names the queries, `memory_tokens` the keys of a memory; a str names them by its
        characters. `shares` draws the output as the sum of each head's share. What plays is
        computed in float64, whatever the module has, so that printed sums add up. At most 64
        queries and 64 keys can be told apart; more are refused, and `figure` draws them.
        """
        words_of(language)
        self._refuse_too_long()
        queries, keys = self._names(tokens, memory_tokens)
        module = copy.deepcopy(self.module).double()
        memory = None if self.memory is None else self.memory.double()
        found = _run(module, self.x.double(), memory, self._own_mask(), self.scale)
        scene = attention_scene(
            found,
            module,
            queries,
            None if self.memory is None else keys,
            shares=shares,
            title="MultiheadAttention" if title is None else title,
        )
        return ShownScene(scene, language)

    def figure(
        self,
        language: str = "en",
        *,
        tokens: Tokens = None,
        memory_tokens: Tokens = None,
    ) -> go.Figure:
        """The weights of every head and their mean as maps on one scale (Plotly)."""
        from seqviz.figures.attention import attention_figure

        queries, keys = self._names(tokens, memory_tokens)
        return attention_figure(
            self.weights, queries, (*keys, *self.extra), words_of(language), allowed=self.allowed
        )

    def to_html(self, path: File, language: str = "en", **scene: Any) -> Path:
        """Write one file that plays offline; further arguments as for `scene`."""
        return self.scene(language=language, **scene).to_html(path)

    def to_npz(self, path: File) -> Path:
        """Write every field by its name and the module's parameters, as they are."""
        named = [(field.name, getattr(self, field.name)) for field in fields(self)]
        arrays = {name: array_of(value) for name, value in named if isinstance(value, Tensor)}
        parameters = {name: array_of(one) for name, one in self.module.named_parameters()}
        return save_arrays(path, arrays | parameters)

    def __repr__(self) -> str:
        heads, queries, keys = self.weights.shape
        looked = "" if self.memory is None else " of a memory"
        many = "1 head" if heads == 1 else f"{heads} heads"
        return f"<MultiHead: {many}, {queries} queries, {keys} keys{looked}>"

    def _names(
        self, tokens: Tokens, memory_tokens: Tokens
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        queries = labels(tokens, len(self.x), "query")
        if self.memory is not None:
            return queries, labels(memory_tokens, len(self.memory), "key")
        if memory_tokens is not None:
            raise ValueError("scene: expected no memory_tokens, the tokens look at themselves")
        return queries, queries

    def _refuse_too_long(self) -> None:
        looked = self.x if self.memory is None else self.memory
        if max(len(self.x), len(looked)) > LONGEST:
            raise ValueError(
                f"scene: expected at most {LONGEST} queries and {LONGEST} keys, got {len(self.x)} "
                f"and {len(looked)}: attend to fewer tokens, or draw them all with figure()"
            )

    def _own_mask(self) -> Tensor | None:
        """`allowed` without the keys that the module appends."""
        if self.allowed is None:
            return None
        return self.allowed[..., : self.allowed.shape[-1] - len(self.extra)]


def _attended(
    module: nn.MultiheadAttention,
    x: Tensor,
    memory: Tensor | None,
    allowed: Tensor | None,
    scale: float | None,
) -> MultiHead:
    found = _run(module, x, memory, allowed, scale)
    masks = [head.allowed for head in found.heads if head.allowed is not None]
    return MultiHead(
        x=found.query.clone(),
        memory=None if memory is None else found.key.clone(),
        **{name: torch.stack([getattr(head, name) for head in found.heads]) for name in FIELDS},
        concat=found.concat,
        shares=found.shares,
        out=found.out,
        allowed=torch.stack(masks) if masks else None,
        scale=found.heads[0].scale,
        extra=found.extra,
        module=module,
    )


def _run(
    module: nn.MultiheadAttention,
    x: Tensor,
    memory: Tensor | None,
    allowed: Tensor | None,
    scale: float | None,
) -> core_attention.MultiHead:
    with torch.no_grad():
        found = core_attention.attend_heads(module, x, memory, allowed=allowed, scale=scale)
    return found.detach()


def _memories(memory: Tensor | None, axis: int, count: int) -> list[Tensor | None]:
    if memory is None:
        return [None] * count
    if memory.dim() != 3 or memory.shape[axis] != count:
        raise ValueError(
            f"attend: expected memory of a batch of {count} sequences, as x is, "
            f"got {tuple(memory.shape)}"
        )
    return list(memory.unbind(axis))


def _masks(allowed: Tensor | None, count: int) -> list[Tensor | None]:
    if allowed is None or allowed.dim() == 2:
        return [allowed] * count
    if len(allowed) != count:
        raise ValueError(
            f"attend: expected allowed (T, S) or with {count} sequences in front, "
            f"got {tuple(allowed.shape)}"
        )
    return list(allowed)
