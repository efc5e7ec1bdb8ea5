"""More known ways to get attention wrong: the model around it, its positions, maps of losses."""

Change = tuple[str, str]

MODEL_TESTS = (
    "attention_model",
    "positions",
    "attention_gradients",
    "attention",
    "attention_masks",
    "attention_laws",
    "attention_records",
    "attention_measures",
    "loss_map",
)

TURN = "return x * angles.cos() + quarter_turn(x) * angles.sin()"
BACK = "return back if allowed is None else back & allowed"
CONCAT = "return torch.cat(contexts, -1), shares"
EMPTY = '    if part == "h":\n        return lambda rows, _: rows[..., :hidden]\n'

MODEL_MUTANTS: list[tuple[str, str, *tuple[Change, ...]]] = [
    # positions
    (
        "positions: cosines before sines",
        "positions",
        (
            "return features[0::2], features[1::2]",
            "return features[1::2], features[0 : len(features) // 2 * 2 : 2]",
        ),
    ),
    (
        "positions: halves cut at the cosines of an odd d",
        "positions",
        (
            "return features[: (d + 1) // 2], features[(d + 1) // 2 :]",
            "return features[d // 2 :], features[: d // 2]",
        ),
    ),
    (
        "positions: angles side by side instead of in pairs",
        "positions",
        (".repeat_interleave(2, -1)", ".repeat(1, 2)"),
    ),
    ("positions: rotated back", "positions", (TURN, TURN.replace("+", "-"))),
    ("positions: stretched, not turned", "positions", (TURN, "return x * (1 + angles.sin())")),
    (
        "positions: a shift that is a reflection",
        "positions",
        (
            "matrix[at_cosine, at_sine] = -angles.sin()",
            "matrix[at_cosine, at_sine] = angles.sin()",
        ),
    ),
    (
        "positions: one-hot columns for rows",
        "positions",
        (
            "return torch.nn.functional.one_hot(indices, size).to(dtype)",
            "return torch.nn.functional.one_hot(indices.flip(0), size).to(dtype)",
        ),
    ),
    (
        "positions: the last frequency reaches the base",
        "positions",
        ("/ d)", "/ max(1, d - 2))"),
    ),
    # x
    (
        "model: positions forgotten",
        "attention_model",
        (
            "x = embedded if positions is None else embedded + positions",
            "x = embedded",
        ),
    ),
    (
        "model: the token after instead of the one before",
        "attention_model",
        (
            "pad(vectors[..., :-1, :], (0, 0, 1, 0))",
            "pad(vectors[..., 1:, :], (0, 0, 0, 1))",
        ),
    ),
    (
        "model: before the token, not after it",
        "attention_model",
        ("torch.cat([vectors, before], -1)", "torch.cat([before, vectors], -1)"),
    ),
    (
        "model: vectors where the fast waves are",
        "attention_model",
        (
            "pad(vectors, (self.design.width - self.design.size, 0))",
            "pad(vectors, (0, self.design.width - self.design.size))",
        ),
    ),
    (
        "model: learned places counted from the end",
        "attention_model",
        ("return self.table[:length]", "return self.table[len(self.table) - length :]"),
    ),
    (
        "model: sinusoids of the token's size",
        "attention_model",
        (
            "return sinusoidal(length, self.design.width)",
            "return pad(sinusoidal(length, self.design.size), "
            "(self.design.width - self.design.size, 0))",
        ),
    ),
    # token vectors
    (
        "model: letters in pieces are another token",
        "attention_model",
        ("unicodedata.normalize('NFC', token)", "token"),
    ),
    ("model: one draw for all", "attention_model", ('f"{draw}:{', 'f"{0 * draw}:{')),
    (
        "model: vectors of length 1",
        "attention_model",
        ("drawn * (math.sqrt(size) / drawn.norm())", "drawn / drawn.norm()"),
    ),
    (
        "model: vectors of any length",
        "attention_model",
        ("drawn * (math.sqrt(size) / drawn.norm())", "drawn"),
    ),
    # a run
    (
        "model: the causal switch ignored",
        "attention_model",
        (
            "if not (self.design.causal if causal is None else causal):",
            "if not self.design.causal:",
        ),
    ),
    (
        "model: a run always looks back only",
        "attention_model",
        ("if not (self.design.causal if causal is None else causal):", "if False:"),
    ),
    (
        "model: the reader's mask opens the future",
        "attention_model",
        (BACK, BACK.replace("&", "|")),
    ),
    ("model: the reader's mask forgotten", "attention_model", (BACK, "return back")),
    (
        "model: rotary not turned in a run",
        "attention_model",
        ('rotary=self.design.positions == "rotary",', "rotary=False,"),
    ),
    ("model: the scale forgotten", "attention_model", ("            scale=scale,\n", "")),
    ("model: the what-if forgotten", "attention_model", ("            what_if=what_if,\n", "")),
    (
        "model: a token twice among the answers",
        "attention_model",
        ("candidates = tuple(dict.fromkeys(tokens))", "candidates = tuple(tokens)"),
    ),
    (
        "model: answers mixed among each other",
        "attention_model",
        (
            "unflatten(-1, (self.design.answers, self.design.size))",
            "unflatten(-1, (self.design.size, self.design.answers)).transpose(-1, -2)",
        ),
    ),
    (
        "model: says the least likely",
        "attention_model",
        ("self.logits.argmax", "self.logits.argmin"),
    ),
    (
        "model: probabilities over the answers",
        "attention_model",
        ("logits, logits.softmax(-1), candidates", "logits, logits.softmax(1), candidates"),
    ),
    # a batch
    (
        "model: a batch scaled by the model's width",
        "attention_model",
        ("/ math.sqrt(q.shape[-1])", "/ math.sqrt(self.design.width)"),
    ),
    (
        "model: a batch sees the future",
        "attention_model",
        (
            "scores = scores.masked_fill(~causal_mask(length), -math.inf)",
            "scores = scores + 0",
        ),
    ),
    (
        "model: a batch without positions",
        "attention_model",
        ("x = x if positions is None else x + positions", "x = x + 0"),
    ),
    (
        "model: a batch turned the other way",
        "attention_model",
        ("each * cos + quarter_turn(each) * sin", "each * cos + each * sin"),
    ),
    (
        "model: heads of a batch joined in another order",
        "attention_model",
        (
            "unflatten(-1, (3, self.design.heads, -1)).unbind(-3)",
            "unflatten(-1, (3, -1, self.design.heads)).transpose(-1, -2).unbind(-3)",
        ),
    ),
    # fresh
    (
        "model: the gain ignored",
        "attention_model",
        ("bound = gain * math.sqrt(3 / width)", "bound = math.sqrt(3 / width)"),
    ),
    (
        "model: drawn as wide as a variance",
        "attention_model",
        ("bound = gain * math.sqrt(3 / width)", "bound = gain * math.sqrt(1 / width)"),
    ),
    (
        "model: tied values instead of keys",
        "attention_model",
        (
            "attention.in_proj_weight[width : 2 * width] =",
            "attention.in_proj_weight[2 * width :] =",
        ),
    ),
    ("model: never tied", "attention_model", ("        if tied:\n", "        if False:\n")),
    (
        "model: the readout is drawn as the queries are",
        "attention_model",
        ("manual_seed(seed ^ _READOUT_STREAM)", "manual_seed(seed)"),
    ),
    (
        "model: places are drawn as the queries are",
        "attention_model",
        ("manual_seed(seed ^ _TABLE_STREAM)", "manual_seed(seed)"),
    ),
    (
        "model: learned places larger than waves",
        "attention_model",
        ("return drawn / math.sqrt(2)", "return drawn"),
    ),
    # heads
    (
        "what if: a silenced head is still joined",
        "attention",
        (CONCAT, "return torch.cat([head.context for head in heads], -1), shares"),
    ),
    (
        "heads: contexts joined feature by feature",
        "attention",
        (CONCAT, "return torch.stack(contexts, -1).flatten(-2), shares"),
    ),
    (
        "heads: the output is read from the first head",
        "attention",
        ("total = shares.sum(0)", "total = len(shares) * shares[0]"),
    ),
    # gradients
    (
        "token gradients: squared lengths",
        "attention_gradients",
        (
            "TokenGradients(value.detach(), dx, norm(dx))",
            "TokenGradients(value.detach(), dx, norm(dx) ** 2)",
        ),
    ),
    (
        "token gradients: of the loss with its graph",
        "attention_gradients",
        ("return TokenGradients(value.detach(),", "return TokenGradients(value * 1,"),
    ),
    (
        "weight gradients: the graph is gone after one look",
        "attention_gradients",
        ("retain_graph=True, allow_unused", "retain_graph=False, allow_unused"),
    ),
    (
        "ablation: the mean change for the largest",
        "attention_gradients",
        (".sum(-1) / 2).max()", ".sum(-1) / 2).mean()"),
    ),
    (
        "ablation: every key up to this one",
        "attention_gradients",
        (
            "without_keys(allowed, [key], T, S)",
            "without_keys(allowed, range(key + 1), T, S)",
        ),
    ),
    # maps of losses
    ("loss map: transposed", "loss_map", ("within.filled :]\n", "within.filled :].T\n")),
    (
        "loss map: the end of the filling",
        "loss_map",
        ("found[within.filled :, within.filled :]", "found[: len(direct), : len(direct)]"),
    ),
    ("loss map: losses of a block backwards", "loss_map", ("inner[:, j:, j]", "inner[:, j, j:]")),
    ("loss map: the joint state for h", "loss_map", (EMPTY, EMPTY.replace("[..., :hidden]", ""))),
    (
        "loss map: h for the joint state",
        "loss_map",
        ('if part == "state" or slopes.kind', "if slopes.kind"),
    ),
]
