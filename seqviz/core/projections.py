"""The parameters of an `nn.MultiheadAttention` by name, whichever way it keeps them."""

from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn


@dataclass(frozen=True)
class Projections:
    """W_q (d_model, d_model), W_k (d_model, kdim), W_v (d_model, vdim), W_o (d_model, d_model).

    Head i owns the rows i·d_k … (i+1)·d_k of W_q, W_k, W_v and their biases, and the same columns
    of W_o. bias_k, bias_v (d_model,) are a key and a value appended to those of the tokens, `zero`
    appends a key and a value of zeros after that. What a module does not have is None.
    """

    W_q: Tensor
    W_k: Tensor
    W_v: Tensor
    W_o: Tensor
    b_q: Tensor | None
    b_k: Tensor | None
    b_v: Tensor | None
    b_o: Tensor | None
    bias_k: Tensor | None
    bias_v: Tensor | None
    zero: bool

    @property
    def extra(self) -> tuple[str, ...]:
        """The appended keys, in order: "bias", "zero"."""
        return ("bias",) * (self.bias_k is not None) + ("zero",) * self.zero


def projections(module: nn.MultiheadAttention) -> Projections:
    """The parameters, from packed (`in_proj_weight`) or separate projections; not copies."""
    if not isinstance(module, nn.MultiheadAttention):
        raise ValueError(f"attend: expected an nn.MultiheadAttention, got {type(module).__name__}")
    packed = cast(Tensor | None, module.in_proj_weight)
    separate = (module.q_proj_weight, module.k_proj_weight, module.v_proj_weight)
    W_q, W_k, W_v = separate if packed is None else packed.chunk(3)
    bias = cast(Tensor | None, module.in_proj_bias)
    b_q, b_k, b_v = (None, None, None) if bias is None else bias.chunk(3)
    bias_k, bias_v = (None if b is None else b.flatten() for b in (module.bias_k, module.bias_v))
    out = module.out_proj
    return Projections(
        *(W_q, W_k, W_v, out.weight),
        *(b_q, b_k, b_v, cast(Tensor | None, out.bias)),
        *(bias_k, bias_v, module.add_zero_attn),
    )
