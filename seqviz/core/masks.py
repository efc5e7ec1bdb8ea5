"""Masks: who may attend to whom, as bool tensors called `allowed`, True = may attend.

Rows are queries, columns are keys; masks are combined with `&`. That is the polarity of
`F.scaled_dot_product_attention` and of Keras; `nn.MultiheadAttention` and the Transformer layers
of PyTorch want the opposite, True = blocked, and take the wrong one without a word: `blocked`.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

ALIGNMENTS = ("top-left", "bottom-right")


def causal(T: int, S: int | None = None, align: str = "top-left") -> Tensor:
    """(T, S): query t may attend to keys 0…t, and to none that comes later.

    For S ≠ T, "top-left" lets the first query see one key (`is_causal` of PyTorch's scaled dot
    product attention); "bottom-right" lets the last query see every key, as for queries that
    continue a longer sequence whose keys are kept.
    """
    if align not in ALIGNMENTS:
        raise ValueError(f"causal: expected align {' or '.join(ALIGNMENTS)}, got {align!r}")
    S = T if S is None else S
    _check_sizes("causal", T, S)
    offset = S - T if align == "bottom-right" else 0
    return torch.ones(T, S, dtype=torch.bool).tril(offset)


def padding(keep: Tensor | Sequence[int] | int, T: int, S: int | None = None) -> Tensor:
    """Which keys are tokens and not padding, the same for each of T queries.

    `keep` is a bool tensor (S,), or how many tokens come before the padding: (T, S). Several
    sequences, a bool tensor (B, S) or a list of B lengths, give (B, T, S). S is the longest
    length unless given.
    """
    if isinstance(keep, Tensor) and keep.dtype == torch.bool:
        if keep.dim() not in (1, 2) or 0 in keep.shape or S not in (None, keep.shape[-1]):
            wanted = f"(S,) or (B, S){'' if S is None else f' with S={S}'}"
            raise ValueError(f"padding: expected keep of shape {wanted}, got {tuple(keep.shape)}")
        kept = keep
    else:
        lengths = torch.as_tensor(keep)
        if lengths.dtype.is_floating_point or lengths.dim() > 1 or not lengths.numel():
            raise ValueError(f"padding: expected a bool tensor or whole lengths, got {keep!r}")
        longest = int(lengths.max())
        S = longest if S is None else S
        if int(lengths.min()) < 0 or longest > S:
            raise ValueError(f"padding: expected lengths from 0 to {S}, got {lengths.tolist()}")
        kept = torch.arange(S) < lengths[..., None]
    _check_sizes("padding", T, kept.shape[-1])
    return kept[..., None, :].expand(*kept.shape[:-1], T, -1).clone()


def without_keys(allowed: Tensor | None, keys: Iterable[int], T: int, S: int) -> Tensor:
    """`allowed` (T, S), or (h, T, S), with the columns `keys` blocked for every query."""
    checked = check_allowed(allowed, T, S)
    left = torch.ones(T, S, dtype=torch.bool) if checked is None else checked.clone()
    for key in keys:
        if key not in range(S):
            raise ValueError(f"without_keys: expected keys from 0 to {S - 1}, got {key!r}")
        left[..., key] = False
    return left


def blocked(allowed: Tensor) -> Tensor:
    """The same mask for `nn.MultiheadAttention` (attn_mask, key_padding_mask): True = blocked."""
    if not isinstance(allowed, Tensor) or allowed.dtype != torch.bool:
        raise ValueError(
            f"blocked: expected a bool tensor, True = may attend, got {_came(allowed)}"
        )
    return ~allowed


def check_allowed(
    allowed: Tensor | None, T: int, S: int, heads: int | None = None
) -> Tensor | None:
    """`allowed` if it is None or a bool tensor (T, S) or (h, T, S), else a ValueError."""
    if allowed is None:
        return None
    if not isinstance(allowed, Tensor) or allowed.dtype != torch.bool:
        raise ValueError(
            f"allowed: expected a bool tensor, True = may attend, got {_came(allowed)}"
        )
    count = "heads" if heads is None else heads
    fits = allowed.shape[-2:] == (T, S) and allowed.dim() in (2, 3)
    if not fits or (allowed.dim() == 3 and heads is not None and len(allowed) != heads):
        wanted = f"({T}, {S}) or ({count}, {T}, {S}), queries by keys"
        raise ValueError(f"allowed: expected shape {wanted}, got {tuple(allowed.shape)}")
    return allowed


def _check_sizes(where: str, T: int, S: int) -> None:
    if T < 1 or S < 1:
        raise ValueError(f"{where}: expected at least 1 query and 1 key, got T={T}, S={S}")


def _came(value: object) -> str:
    return f"{value.dtype}" if isinstance(value, Tensor) else type(value).__name__
