"""The short program that prints what the page `attention` shows: weights, and what comes of them.

Every stage is one line of PyTorch; where nothing was set by hand, PyTorch's own
`scaled_dot_product_attention` is asked as well.
"""

from torch import Tensor

from seqviz.models.attention_experiment import (
    FOLLOW,
    AttentionRecord,
    edited,
    factor,
)

PRINTED = 16
LONE = 6  # digits of one weight of many: 1/32 is not on the edge of two roundings


def attention_program(record: AttentionRecord) -> str:
    """Runnable Python that prints a line for each query."""
    lines = ["import math", "", "import torch"]
    lines += ["from torch.nn.functional import linear, scaled_dot_product_attention", ""]
    lines += _given(record) if record.model is None else _read(record)
    lines += ["", *_stages(record), *_printed(record)]
    if record.config.edit is None:
        mask = "None" if record.attention.allowed is None else "allowed"
        lines += [
            f"same = scaled_dot_product_attention(q, k, v, attn_mask={mask}, scale=scale)",
            "print(torch.allclose(same, context))",
        ]
    text = "\n".join(lines) + "\n"
    return text if "linear(" in text else text.replace("import linear, ", "import ")


def attention_output(record: AttentionRecord) -> str:
    """What the program prints, from the record."""
    lines = []
    for t, token in enumerate(record.queries):
        row = record.attention.weights[t]
        said = _numbers(row) if len(row) <= PRINTED else f"{float(row.max()):.{LONE}f}"
        if record.run is None:
            lines.append(f"{token}  {said}  | {_numbers(record.attention.context[t])}")
        else:
            p, place = record.run.probabilities[t, 0].max(-1)
            lines.append(f"{token}  {said}  | {record.run.candidates[int(place)]} {float(p):.4f}")
    if record.config.edit is None:
        lines.append("True")
    return "\n".join(lines) + "\n"


def _numbers(row: Tensor) -> str:
    return " ".join(f"{value:.4f}" for value in row.tolist())


def _given(record: AttentionRecord) -> list[str]:
    """q, k and v: as they stand in the plane, or drawn from the seed."""
    one, lines = record.attention, [f"tokens = {list(record.queries)!r}"]
    if record.config.show == "one":
        for name, vectors in (("q", one.q), ("k", one.k), ("v", one.v)):
            lines.append(f"{name} = torch.tensor({vectors.tolist()!r}, dtype=torch.float64)")
        return lines
    lines.append(f"generator = torch.Generator().manual_seed({record.config.seed})")
    for name, vectors in (("q", one.q), ("k", one.k), ("v", one.v)):
        size = ", ".join(map(str, vectors.shape))
        lines.append(f"{name} = torch.randn({size}, generator=generator, dtype=torch.float64)")
    return lines


def _read(record: AttentionRecord) -> list[str]:
    """q, k and v of the tokens of a sentence."""
    config, d_k = record.config, record.d_k
    if record.trained:
        made = [f"model = load_attention({FOLLOW!r})"]
        names = "from seqviz.models.attention_shelf import load_attention"
    else:
        tied = ", tied=True" if config.tied else ""
        made = [
            f"model = build_attention_model(Design(size={d_k}, width={d_k}){tied}, "
            f"seed={config.seed})"
        ]
        names = "from seqviz.core.attention_model import Design, build_attention_model"
    return [
        names,
        "",
        f"tokens = {list(record.queries)!r}",
        *made,
        "x, attention = model.inputs(tokens).x, model.attention",
        "qkv = linear(x, attention.in_proj_weight, attention.in_proj_bias).detach()",
        "q, k, v = qkv.chunk(3, dim=-1)",
    ]


def _stages(record: AttentionRecord) -> list[str]:
    config, allowed = record.config, record.attention.allowed
    root = f"1 / math.sqrt({record.d_k})" if config.scale else "1.0"
    lines = [f"scale = {root}" + ("" if config.temperature == 1 else f" / {config.temperature!r}")]
    assert factor(config, record.d_k) == record.attention.scale
    lines += ["scores = q @ k.T", "scaled = scores * scale"]
    at = "scaled"
    if allowed is not None:
        lines += [*_mask(allowed), "masked = scaled.masked_fill(~allowed, -math.inf)"]
        at = "masked"
    empty = bool(record.attention.empty.any())
    lines.append(f"weights = {at}.softmax(dim=-1)" + (".nan_to_num(0.0)" if empty else ""))
    edit = edited(config, record.asked)
    if edit is not None:
        row = "[" + ", ".join(repr(weight) for weight in edit.weights) + "]"
        lines.append(f"weights[{edit.row}] = torch.tensor({row}, dtype=torch.float64)")
    return [*lines, "context = weights @ v"]


def _mask(allowed: Tensor) -> list[str]:
    """The mask as code: the causal one by its name, any other as its blocked cells."""
    T, S = allowed.shape
    for said, offset in ((".tril()", 0), (f".tril({S - T})", S - T)):
        if bool((allowed == allowed.new_ones(T, S).tril(offset)).all()):
            return [f"allowed = torch.ones({T}, {S}, dtype=torch.bool){said}"]
    lines = [f"allowed = torch.ones({T}, {S}, dtype=torch.bool)"]
    causal = not bool(allowed.triu(1).any()) and T == S and T > 1
    if causal:
        lines = [f"allowed = torch.ones({T}, {S}, dtype=torch.bool).tril()"]
    start = allowed.new_ones(T, S).tril() if causal else allowed.new_ones(T, S)
    shut = (~allowed).all(0).nonzero().flatten().tolist()
    if shut:
        lines.append(f"allowed[:, {shut}] = False")
        start[:, shut] = False
    for row, key in (start & ~allowed).nonzero().tolist():
        lines.append(f"allowed[{row}, {key}] = False")
    return lines


def _printed(record: AttentionRecord) -> list[str]:
    numbers = '" ".join(f"{value:.4f}" for value in row.tolist())'
    if len(record.keys) > PRINTED:
        numbers = f'f"{{row.max():.{LONE}f}}"'
    if record.run is None:
        return [
            "for token, row, out in zip(tokens, weights, context):",
            f"    numbers = {numbers}",
            '    print(f"{token}  {numbers}  |", *(f"{value:.4f}" for value in out.tolist()))',
        ]
    return [
        "with torch.no_grad():",
        "    out = linear(context, attention.out_proj.weight, attention.out_proj.bias)",
        "    run = model.run(tokens)",
        "    p = (model.answers(out)[:, 0] @ run.candidate_vectors.T).softmax(dim=-1)",
        "for token, row, chances in zip(tokens, weights, p):",
        f"    numbers = {numbers}",
        "    answer = run.candidates[chances.argmax()]",
        '    print(f"{token}  {numbers}  | {answer} {chances.max():.4f}")',
    ]
