"""Known ways to get what the pages of attention compute wrong.

A file, what changes in it, and for each group the tests that must notice.
"""

Change = tuple[str, str]
Written = tuple[str, str, *tuple[Change, ...]]

MEASURE = "seqviz/models/attention_measure.py"
HEADS = "seqviz/models/heads_experiment.py"
POSITIONS = "seqviz/models/positions_experiment.py"

OF_MEASURES: list[Written] = [
    (
        "figures: wrong answers counted",
        MEASURE,
        ("best)[..., 0] > 0\n\n\ndef _next", "best)[..., 0] == 0\n\n\ndef _next"),
    ),
    (
        "figures: answers that nobody asked for",
        MEASURE,
        (
            "hit[..., i][batch.asked[..., i]].double().mean().item() for i in range(hit",
            "hit[..., i].double().mean().item() for i in range(hit",
        ),
    ),
    (
        "figures: tokens that are not there may be answers",
        MEASURE,
        ("logits = logits.masked_fill(~batch.present[:, None, None], -torch.inf)", "pass"),
    ),
    (
        "figures: the cheat with the mask",
        MEASURE,
        ("right(model, future, causal=False)[0]", "right(model, future)[0]"),
    ),
    (
        "figures: any follower counted as the only one",
        MEASURE,
        (
            '"one": right(model, single)[0],\n        "any": right(model, batch)',
            '"one": right(model, batch)[0],\n        "any": right(model, batch)',
        ),
    ),
    (
        "figures: the guess of any token there is",
        MEASURE,
        ("1 / batch.present.sum(-1).double()", "1 / batch.present.double().sum(-1).mul(2)"),
    ),
    (
        "figures: a blind guess that names the token itself",
        MEASURE,
        ("(each.sum(1, keepdim=True) - each).argmax(-1)", "each.argmax(-1)"),
    ),
    (
        "figures: weight on the token met before, not on what followed",
        MEASURE,
        ("if tokens[j - 1] == token]", "if tokens[j] == token]"),
    ),
    (
        "figures: rows too near the start for the farthest place",
        MEASURE,
        ("weights.diagonal(-back, 1, 2)[:, farthest - back :]", "weights.diagonal(-back, 1, 2)"),
    ),
    (
        "figures: looks ahead for looks back",
        MEASURE,
        ("weights.diagonal(-back, 1, 2)", "weights.diagonal(back, 1, 2)"),
    ),
    ("figures: tokens met twice asked as well", MEASURE, (".sum(-1) == 1\n", ".sum(-1) >= 1\n")),
    (
        "figures: this token wanted for the next",
        MEASURE,
        ("one_hot(ids[:, 1:], count)", "one_hot(ids[:, :-1], count)"),
    ),
    (
        "figures: measured on what training saw",
        MEASURE,
        (
            "torch.Generator().manual_seed(seed)\n    return random_batch",
            "torch.Generator().manual_seed(0)\n    return random_batch",
        ),
    ),
]

OF_HEADS: list[Written] = [
    (
        "heads page: padding at the other side",
        HEADS,
        ("(filler + own, real.flip(0))", "(own + filler, real)"),
    ),
    (
        "heads page: padding that counts as text",
        HEADS,
        ("(filler + own, real.flip(0))", "(filler + own, real)"),
    ),
    (
        "heads page: tokens not cut for the padding",
        HEADS,
        ("tokens[: LONGEST - pads]", "tokens[:LONGEST]"),
    ),
    (
        "heads page: the last token, padding or not",
        HEADS,
        ("int(self.real.nonzero()[-1])", "len(self.tokens) - 1"),
    ),
    (
        "heads page: padding wanted as an answer",
        HEADS,
        ("if real[t] and t >= back and real[t - back] else -1", "if real[t] and t >= back else -1"),
    ),
    (
        "heads page: padding asked",
        HEADS,
        ("if real[t] and t >= back and real[t - back]", "if t >= back and real[t - back]"),
    ),
    (
        "heads page: one place back more",
        HEADS,
        ("for back in range(1, ANSWERS + 1)", "for back in range(ANSWERS)"),
    ),
    (
        "heads page: either mask for both",
        HEADS,
        ("torch.stack(parts[mask]).all(0)", "torch.stack(parts[mask]).any(0)"),
    ),
    (
        "heads page: a mask of all lets all through",
        HEADS,
        (
            "torch.zeros(steps, steps, dtype=torch.bool)",
            "torch.ones(steps, steps, dtype=torch.bool)",
        ),
    ),
    (
        "heads page: padding may be an answer",
        HEADS,
        ("    if candidates == found.candidates:\n", "    if True:\n"),
    ),
    (
        "heads page: answers where none is asked are right",
        HEADS,
        (
            "right = (logits.argmax(-1) == targets) & asked",
            "right = logits.argmax(-1) == targets.clamp(min=0)",
        ),
    ),
    (
        "heads page: a share of what was right",
        HEADS,
        ("sum(self.right) / max(1, sum(self.asked))", "sum(self.right) / max(1, sum(self.right))"),
    ),
    ("heads page: the other heads taken out", HEADS, ("free.heads.out - share)", "share)")),
    (
        "heads page: the bias taken out too",
        HEADS,
        ("free.heads.out - share)", "free.heads.shares.sum(0) - share)"),
    ),
    (
        "heads page: changes that nobody asked for",
        HEADS,
        ("free.logits.argmax(-1)) & asked", "free.logits.argmax(-1))"),
    ),
    (
        "heads page: how far padding moves",
        HEADS,
        ("float(sizes[rows].mean())", "float(sizes.mean())"),
    ),
    (
        "heads page: the next head silenced",
        HEADS,
        ("WhatIfHeads(frozenset({off}))", "WhatIfHeads(frozenset({off + 1}))"),
    ),
    (
        "heads page: ablations of the silenced run",
        HEADS,
        ("ablation(model, free, targets, head)", "ablation(model, now, targets, head)"),
    ),
    (
        "heads page: the free score is the score",
        HEADS,
        ("free_score=score_of(free.logits", "free_score=score_of(now.logits"),
    ),
    (
        "heads page: the smaller of two sizes as near",
        HEADS,
        ("(abs(width - d_model), -width)", "(abs(width - d_model), width)"),
    ),
    (
        "heads page: sizes that heads do not divide",
        HEADS,
        ("range(heads, most + 1, heads)", "range(heads, most + 1)"),
    ),
    (
        "heads page: always the same seed",
        HEADS,
        ("gain=config.gain, seed=config.seed", "gain=config.gain, seed=1"),
    ),
    (
        "heads page: always the same gain",
        HEADS,
        ("gain=config.gain, seed=config.seed", "gain=2.0, seed=config.seed"),
    ),
]

OF_POSITIONS: list[Written] = [
    (
        "positions page: words compared place by place",
        POSITIONS,
        ("return rows[_inverse(order)]", "return rows"),
    ),
    (
        "positions page: the order for its inverse",
        POSITIONS,
        ("return rows[_inverse(order)]", "return rows[list(order)]"),
    ),
    (
        "positions page: sizes of the new order",
        POSITIONS,
        ("= before.norm(dim=-1)", "= after.norm(dim=-1)"),
    ),
    (
        "positions page: the mask forgotten in the new order",
        POSITIONS,
        ("after = other.run(shown, causal=causal)", "after = other.run(shown, causal=False)"),
    ),
    (
        "positions page: one model for all positions",
        POSITIONS,
        ("other = model_of(config, positions)", "other = model_of(config, config.positions)"),
    ),
    (
        "positions page: the mask of the picture forgotten",
        POSITIONS,
        ("run=model.run(shown, causal=config.causal)", "run=model.run(shown, causal=False)"),
    ),
    (
        "positions page: the own order is on screen",
        POSITIONS,
        ("run=model.run(shown,", "run=model.run(tokens,"),
    ),
    (
        "positions page: words that were cut are not counted",
        POSITIONS,
        ("cut=len(every) - len(tokens)", "cut=0"),
    ),
    ("positions page: always the first shuffle", POSITIONS, ("Random(config.draw)", "Random(1)")),
    (
        "positions page: an own text swaps its first two",
        POSITIONS,
        ("(0, len(tokens) - 1) if", "(0, min(1, len(tokens) - 1)) if"),
    ),
    (
        "positions page: equal words count as moved",
        POSITIONS,
        ("return tuple(own if same else places)", "return tuple(places)"),
    ),
    (
        "positions page: late positions are early",
        POSITIONS,
        ('replace(model.design, positions="none")', "model.design"),
    ),
    (
        "positions page: late weights compared place by place",
        POSITIONS,
        ("after[:, places][:, :, places] - before", "after - before"),
    ),
    (
        "positions page: only the queries put back",
        POSITIONS,
        ("after[:, places][:, :, places]", "after[:, places]"),
    ),
    (
        "positions page: learned places never come late",
        POSITIONS,
        ('in ("sinusoidal", "learned")', 'in ("sinusoidal",)'),
    ),
    (
        "positions page: the last two equal words",
        POSITIONS,
        ("            return seen[token], place\n", "            return place, seen[token]\n"),
    ),
    (
        "positions page: a fresh model of another seed for each",
        POSITIONS,
        ("seed=config.seed)", "seed=config.seed + len(positions))"),
    ),
]

PAGE_MUTANTS: list[tuple[tuple[str, ...], list[Written]]] = [
    (("tests/models/test_attention_models.py",), OF_MEASURES),
    (
        (
            "tests/models/test_heads_record.py",
            "tests/models/test_heads_sentences.py",
            "tests/models/test_heads_programs.py",
            "tests/ui/test_heads.py",
        ),
        OF_HEADS,
    ),
    (
        (
            "tests/models/test_positions_record.py",
            "tests/models/test_positions_sentences.py",
            "tests/models/test_positions_views.py",
        ),
        OF_POSITIONS,
    ),
]
