"""What becomes of several heads: their contexts side by side, W_O, and each head's share of it."""

from typing import Any

from seqviz.scenes.head import PAIRS, QUERY
from seqviz.scenes.projections import columns_of_output
from seqviz.scenes.scene import Operand
from seqviz.scenes.sheets import Sheets, numbered, raised


def add_mean(build: Sheets, found: Any) -> None:
    """The average of the heads' weights, which `nn.MultiheadAttention` returns by default."""
    heads = len(found.heads)
    names = [numbered("weights", head, heads) for head in range(heads)]
    build.made("weights_sum", "ΣA", PAIRS, "add", *names, role="attention")
    build.made(
        "weights_mean", "Ā", PAIRS, "scale", "weights_sum",
        role="attention", values=found.mean_weights, scale="unit", factor=1 / heads,
    )  # fmt: skip


def add_output(build: Sheets, found: Any) -> None:
    """concat, the shares, and out: W_O concat + b_O, and once more as the sum of the shares."""
    heads = len(found.heads)
    contexts = [_heard(build, found, head) for head in range(heads)]
    bias = ["b_o"] if "b_o" in build.tensors else []
    joined = contexts[0]
    if heads > 1:
        joined = build.made(
            "concat", "C", QUERY, "concat", *contexts, role="value", values=found.concat
        )
    shares = [
        build.made(
            numbered("share", head, heads), raised("Y", head, heads), QUERY, "affine",
            columns_of_output(build, head, heads), context,
            role="value", values=found.shares[head],
        )
        for head, context in enumerate(contexts)
    ]  # fmt: skip
    operands = [Operand("W_o"), Operand(joined), *map(Operand, bias)]
    build.made("out", "Y", QUERY, "affine", *operands, role="hidden", values=found.out)
    if heads > 1 or bias:
        build.made("out_sum", "Y", QUERY, "add", *shares, *bias, role="hidden", values=found.out)


def _heard(build: Sheets, found: Any, head: int) -> str:
    """A head's context as W_O reads it: 0 where the head is silenced."""
    heads = len(found.heads)
    context = numbered("context", head, heads)
    if found.what_if is None or head not in found.what_if.heads:
        return context
    name, symbol = numbered("silenced", head, heads), raised("AV_0", head, heads)
    return build.made(name, symbol, QUERY, "scale", context, role="value", factor=0.0)
