"""Known ways to get attention and positions wrong; `tests.mutants` writes them and counts."""

Change = tuple[str, str]

ATTENTION_TESTS = (
    "attention_records",
    "attention",
    "attention_masks",
    "positions",
    "scores",
    "attention_measures",
    "attention_gradients",
    "attention_laws",
)

SOFTMAX = "return masked.masked_fill(empty, 0).softmax(-1).masked_fill(empty, 0)"
MASK = "scaled.masked_fill(~allowed, -math.inf)"
OUT = "total if found.b_o is None else total + found.b_o"

ATTENTION_MUTANTS: list[tuple[str, str, *tuple[Change, ...]]] = [
    # one head
    (
        "attention: softmax over the queries",
        "attention",
        ("        return masked.softmax(-1)", "        return masked.softmax(0)"),
        (SOFTMAX, "return masked.masked_fill(empty, 0).softmax(0).masked_fill(empty, 0)"),
    ),
    (
        "attention: softmax over the queries without a mask",
        "attention",
        ("        return masked.softmax(-1)", "        return masked.softmax(0)"),
    ),
    (
        "attention: sharper than softmax",
        "attention",
        (SOFTMAX, SOFTMAX.replace(".softmax(-1)", ".mul(2).softmax(-1)")),
    ),
    ("attention: no scale", "attention", ("scaled = scores * scale", "scaled = scores * 1")),
    (
        "attention: scale 1/d_k",
        "attention",
        ("1 / math.sqrt(d_k) if scale", "1 / d_k if scale"),
    ),
    (
        "attention: scale of d_v",
        "attention",
        ("1 / math.sqrt(d_k) if scale", "1 / math.sqrt(v.shape[1]) if scale"),
    ),
    (
        "attention: scale of the model, not of the head",
        "attention",
        (
            "allowed=mask, scale=scale, edit=edit)",
            "allowed=mask, scale=scale or module.embed_dim**-0.5, edit=edit)",
        ),
    ),
    (
        "attention: scale 0 taken for none",
        "attention",
        (
            "1 / math.sqrt(d_k) if scale is None else scale",
            "scale or 1 / math.sqrt(d_k)",
        ),
    ),
    (
        "attention: scores shown scaled",
        "attention",
        ("q, k, v, scores, scaled, masked)", "q, k, v, scaled, scaled, masked)"),
    ),
    (
        "attention: scaled shown unscaled",
        "attention",
        ("q, k, v, scores, scaled, masked)", "q, k, v, scores, scores, masked)"),
    ),
    (
        "attention: masked shown unmasked",
        "attention",
        ("q, k, v, scores, scaled, masked)", "q, k, v, scores, scaled, scaled)"),
    ),
    (
        "attention: keys for values",
        "attention",
        ("weights, weights @ v, allowed", "weights, weights @ k, allowed"),
    ),
    (
        "attention: context of the free weights",
        "attention",
        ("weights, weights @ v, allowed", "weights, free @ v, allowed"),
    ),
    (
        "attention: context without a graph of its weights",
        "attention",
        ("weights, weights @ v, allowed", "weights, weights.detach() @ v, allowed"),
    ),
    # masks
    ("attention: mask ignored", "attention", (MASK, "scaled")),
    ("attention: mask the other way round", "attention", (MASK, MASK.replace("~", ""))),
    (
        "attention: mask of −10 instead of −∞",
        "attention",
        (MASK, "scaled.masked_fill(~allowed, -10.0)"),
    ),
    (
        "attention: mask after the softmax",
        "attention",
        (
            "free = softmax_over_keys(masked, allowed)",
            "free = scaled.softmax(-1) * (1 if allowed is None else allowed)",
        ),
    ),
    (
        "attention: a row without keys is nan",
        "attention",
        (SOFTMAX, "return masked.softmax(-1)"),
    ),
    (
        "attention: a row without keys is uniform",
        "attention",
        (SOFTMAX, "return masked.masked_fill(empty, 0).softmax(-1)"),
    ),
    (
        "attention: nan hidden, its gradient not",
        "attention",
        (SOFTMAX, "return masked.softmax(-1).masked_fill(empty, 0)"),
    ),
    (
        "attention: rows with some keys called empty",
        "attention",
        ("return ~self.allowed.any(-1)", "return ~self.allowed.all(-1)"),
    ),
    (
        "attention: the first head's mask for all",
        "attention",
        ("None if allowed is None else allowed[i]", "None if allowed is None else allowed[0]"),
    ),
    (
        "attention: appended keys blocked",
        "attention",
        ("(0, len(found.extra)), value=True)", "(0, len(found.extra)), value=False)"),
    ),
    ("masks: the other polarity for PyTorch", "masks", ("return ~allowed", "return allowed")),
    (
        "masks: causal without the diagonal",
        "masks",
        (".tril(offset)", ".tril(offset - 1)"),
    ),
    ("masks: causal sees the next token", "masks", (".tril(offset)", ".tril(offset + 1)")),
    ("masks: causal upside down", "masks", (".tril(offset)", ".triu(offset)")),
    (
        "masks: always top-left",
        "masks",
        ('S - T if align == "bottom-right" else 0', "0"),
    ),
    (
        "masks: always bottom-right",
        "masks",
        ('S - T if align == "bottom-right" else 0', "S - T"),
    ),
    (
        "masks: padding keeps one more",
        "masks",
        ("torch.arange(S) < lengths", "torch.arange(S) <= lengths"),
    ),
    (
        "masks: a key taken away from the query's row",
        "masks",
        ("left[..., key] = False", "left[..., min(key, T - 1), :] = False"),
    ),
    ("masks: the caller's mask changed", "masks", ("else checked.clone()", "else checked")),
    (
        "masks: keys counted from the end",
        "masks",
        ("key not in range(S)", "key >= S"),
    ),
    (
        "masks: lengths beyond the last key",
        "masks",
        ("int(lengths.min()) < 0 or longest > S", "int(lengths.min()) < 0"),
    ),
    (
        "masks: lengths below 0",
        "masks",
        ("int(lengths.min()) < 0 or longest > S", "longest > S"),
    ),
    (
        "masks: padding of another number of keys",
        "masks",
        (" or S not in (None, keep.shape[-1])", ""),
    ),
    (
        "masks: masks of other heads",
        "masks",
        ("heads is not None and len(allowed) != heads", "False"),
    ),
    # several heads
    (
        "heads: key rows for queries",
        "projections",
        ("W_q, W_k, W_v = separate", "W_k, W_q, W_v = separate"),
    ),
    (
        "heads: value rows for keys",
        "projections",
        ("W_q, W_k, W_v = separate", "W_q, W_v, W_k = separate"),
    ),
    (
        "heads: biases in another order",
        "projections",
        ("b_q, b_k, b_v = (None", "b_v, b_k, b_q = (None"),
    ),
    (
        "heads: projection biases dropped",
        "projections",
        ("(None, None, None) if bias is None else bias.chunk(3)", "(None, None, None)"),
    ),
    (
        "heads: bias_v for bias_k",
        "projections",
        ("for b in (module.bias_k, module.bias_v)", "for b in (module.bias_v, module.bias_k)"),
    ),
    (
        "heads: every h-th row instead of a block",
        "attention",
        (
            "linear(x, W, b).unflatten(-1, (h, -1)).transpose(0, 1)",
            "linear(x, W, b).unflatten(-1, (-1, h)).movedim(-1, 0)",
        ),
    ),
    (
        "heads: keys stand for values",
        "attention",
        ("(value, found.W_v, found.b_v)", "(key, found.W_v, found.b_v)"),
    ),
    ("heads: output bias dropped", "attention", (OUT, "total")),
    (
        "heads: output bias once a head",
        "attention",
        (OUT, "total if found.b_o is None else total + len(heads) * found.b_o"),
    ),
    (
        "heads: rows of W_o for columns",
        "attention",
        ("found.W_o.chunk(len(heads), dim=1)", "found.W_o.T.chunk(len(heads), dim=1)"),
    ),
    (
        "heads: blocks of W_o reversed",
        "attention",
        ("found.W_o.chunk(len(heads), dim=1)", "found.W_o.chunk(len(heads), dim=1)[::-1]"),
    ),
    (
        "heads: mean instead of each",
        "attention",
        (
            "return torch.stack([head.weights for head in self.heads])",
            "return torch.stack([sum(h.weights for h in self.heads) / len(self.heads)]"
            " * len(self.heads))",
        ),
    ),
    (
        "heads: sum for mean",
        "attention",
        ("return self.weights.mean(0)", "return self.weights.sum(0)"),
    ),
    (
        "heads: appended bias left out",
        "attention",
        ("    if bias is not None:\n        x = torch.cat", "    if False:\n        x = torch.cat"),
    ),
    (
        "heads: zeros before the bias",
        "projections",
        (
            'return ("bias",) * (self.bias_k is not None) + ("zero",) * self.zero',
            'return ("zero",) * self.zero + ("bias",) * (self.bias_k is not None)',
        ),
    ),
    (
        "heads: dropout in training recorded",
        "attention",
        ("if module.training and module.dropout > 0:", "if False:"),
    ),
    # what if
    (
        "what if: edited row normalised",
        "attention",
        ("    if free.dim() == 1:\n", "    row = row / row.sum()\n    if free.dim() == 1:\n"),
    ),
    (
        "what if: every row edited",
        "attention",
        ("torch.where(chosen, row, free)", "torch.where(chosen | ~chosen, row, free)"),
    ),
    (
        "what if: edited in every head",
        "attention",
        ("what_if.edit is not None and what_if.edit[0] == i", "what_if.edit is not None"),
    ),
    (
        "what if: edited weights shown as free",
        "attention",
        ("None if edit is None else free, weights,", "None if edit is None else weights, weights,"),
    ),
    (
        "what if: the other heads silenced",
        "attention",
        ("if i in what_if.heads else", "if i not in what_if.heads else"),
    ),
    # positions
    (
        "positions: sines for cosines",
        "positions",
        (
            "encoding[:, at_sine], encoding[:, at_cosine] = sines, cosines",
            "encoding[:, at_sine[: d // 2]], encoding[:, at_cosine] = cosines, sines[:, : d // 2]",
        ),
    ),
    (
        "positions: slow features first",
        "positions",
        ("base ** (-torch.arange(0, d, 2", "base ** (-torch.arange(d - d % 2 - 2, -1, -2"),
    ),
    (
        "positions: half the exponent",
        "positions",
        ("torch.arange(0, d, 2, dtype=dtype) / d)", "torch.arange(0, d, 2, dtype=dtype) / d / 2)"),
    ),
    (
        "positions: base ignored",
        "positions",
        ("return base ** (", "return 10000.0 ** ("),
    ),
    (
        "positions: counted from 1",
        "positions",
        (
            "torch.arange(length, dtype=dtype)[:, None]",
            "torch.arange(1, length + 1, dtype=dtype)[:, None]",
        ),
    ),
    (
        "positions: always interleaved",
        "positions",
        ('if layout == "interleaved":', "if True:"),
    ),
    (
        "positions: shift the other way",
        "positions",
        ("angles = k * frequencies(d, base, dtype)", "angles = -k * frequencies(d, base, dtype)"),
    ),
    (
        "positions: rotary turned the other way for keys and queries alike",
        "positions",
        ("torch.stack((-b, a), -1)", "torch.stack((b, -a), -1)"),
    ),
    (
        "positions: rotary pairs of halves",
        "positions",
        (
            "a, b = x[..., 0::2], x[..., 1::2]\n    return torch.stack((-b, a), -1).flatten(-2)",
            "a, b = x.chunk(2, -1)\n    return torch.cat((-b, a), -1)",
        ),
    ),
    (
        "positions: rotary places ignored",
        "positions",
        (
            "rotary_angles(positions.to(x.dtype), x.shape[-1], base)",
            "rotary_angles(0 * positions.to(x.dtype), x.shape[-1], base)",
        ),
    ),
    (
        "positions: rotary base ignored",
        "positions",
        (
            "(positions[:, None] * frequencies(d, base, positions.dtype))",
            "(positions[:, None] * frequencies(d, dtype=positions.dtype))",
        ),
    ),
    (
        "heads: only the queries turned",
        "attention",
        ("(_rotated(q), _rotated(k)) if rotary", "(_rotated(q), k) if rotary"),
    ),
    (
        "heads: turned vectors shown as plain",
        "attention",
        ("q_plain=q[i], k_plain=k[i])", "q_plain=q_turned[i], k_plain=k_turned[i])"),
    ),
    (
        "heads: the whole model turned instead of each head",
        "attention",
        (
            "return rotate(x, torch.arange(x.shape[1], dtype=x.dtype))",
            "places = torch.arange(x.shape[1], dtype=x.dtype)\n"
            "    joined = rotate(x.transpose(0, 1).flatten(1), places)\n"
            "    return joined.unflatten(-1, (len(x), -1)).transpose(0, 1)",
        ),
    ),
    # scores
    (
        "scores: general with W transposed",
        "scores",
        (
            "return query @ linear(keys, parameters.W).T",
            "return linear(query, parameters.W[: query.shape[1], : query.shape[1]])"
            " @ keys[:, : query.shape[1]].T",
        ),
    ),
    (
        "scores: key before query",
        "scores",
        (
            "torch.cat([query[:, None].expand(-1, S, -1), keys.expand(T, -1, -1)], -1)",
            "torch.cat([keys.expand(T, -1, -1), query[:, None].expand(-1, S, -1)], -1)",
        ),
    ),
    (
        "scores: no tanh",
        "scores",
        (
            "(linear(query, W_q)[:, None] + linear(keys, W_k)).tanh()",
            "(linear(query, W_q)[:, None] + linear(keys, W_k))",
        ),
    ),
    ("scores: √ left out", "scores", ("math.sqrt(keys.shape[-1])", "keys.shape[-1]")),
    # measures
    (
        "measures: bits",
        "attention_measures",
        ("torch.special.entr(weights).sum(-1)", "torch.special.entr(weights).sum(-1) / 0.6931"),
    ),
    (
        "measures: entropy over the queries",
        "attention_measures",
        ("torch.special.entr(weights).sum(-1)", "torch.special.entr(weights).sum(-2)"),
    ),
    (
        "measures: normalised by every key",
        "attention_measures",
        (
            "count = allowed.sum(-1).to(weights.dtype)",
            "count = torch.full_like(weights[..., 0], weights.shape[-1])",
        ),
    ),
    (
        "measures: distance with its sign",
        "attention_measures",
        ("(places[:, None] - places).abs()", "(places[:, None] - places)"),
    ),
    (
        "measures: the next token for the one before",
        "attention_measures",
        ("weights.diagonal(-1, dim1", "weights.diagonal(1, dim1"),
    ),
    (
        "measures: the first token counts as one with a token before it",
        "attention_measures",
        ("    later[:, 0] = 0\n", ""),
    ),
    (
        "measures: rows that see nothing count",
        "attention_measures",
        ("torch.ones(h, T) if allowed is None else", "torch.ones(h, T) if True else"),
    ),
    # gradients and ablation
    (
        "saliency: gradient alone",
        "attention_gradients",
        ("dweights * heads.weights.detach()", "dweights"),
    ),
    (
        "saliency: weight alone",
        "attention_gradients",
        ("dweights * heads.weights.detach()", "heads.weights.detach()"),
    ),
    (
        "ablation: the mask forgotten",
        "attention_gradients",
        ("predict(without_keys(allowed, [key], T, S))", "predict(without_keys(None, [key], T, S))"),
    ),
    (
        "ablation: compared with a run without the mask",
        "attention_gradients",
        (
            "whole = predict(without_keys(allowed, (), T, S))",
            "whole = predict(without_keys(None, (), T, S))",
        ),
    ),
    (
        "ablation: the next part taken away",
        "attention_gradients",
        ("WhatIfHeads(frozenset([i]))", "WhatIfHeads(frozenset([(i + 1) % len(expected)]))"),
    ),
    (
        "ablation: expected of the first parts, whichever were asked",
        "attention_gradients",
        ("expected.detach()[list(parts)]", "expected.detach()[: len(parts)]"),
    ),
    (
        "ablation: total variation not halved",
        "attention_gradients",
        ("(p - q).abs().sum(-1) / 2", "(p - q).abs().sum(-1)"),
    ),
    (
        "rank correlation: of the values",
        "attention_gradients",
        ("x, y = _ranks(a), _ranks(b)", "x, y = a.double(), b.double()"),
    ),
    (
        "rank correlation: equal values ranked apart",
        "attention_gradients",
        ("below.double() + (same.double() + 1) / 2", "values.argsort().argsort().double()"),
    ),
]
