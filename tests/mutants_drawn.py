"""Known ways to draw attention wrong: its scene, and the player that computes it once more.

A file, what changes in it, and for each group the tests that must notice.
"""

Change = tuple[str, str]
Written = tuple[str, str, *tuple[Change, ...]]

SCENE = "seqviz/scenes/attention.py"
HEAD = "seqviz/scenes/head.py"
JOINED = "seqviz/scenes/heads.py"
PARAMETERS = "seqviz/scenes/projections.py"
READINGS = "seqviz/scenes/readings.py"
ELEMENT = "seqviz/player/operations.js"
WHOLE = "seqviz/player/whole.js"

OF_SCENES: list[Written] = [
    (
        "scene: scores of keys by queries",
        HEAD,
        ('"matmul", name("q"), name("k"),', '"matmul", name("k"), name("q"),'),
    ),
    (
        "scene: keys read for values",
        HEAD,
        ('"matmul", name("weights"), name("v"),', '"matmul", name("weights"), name("k"),'),
    ),
    (
        "scene: a mask that is not drawn",
        HEAD,
        ("        if self.place in masks:\n", "        if False:\n"),
    ),
    ("scene: every scale is √d_k", SCENE, ("    if math.isclose(", "    if True or math.isclose(")),
    (
        "scene: a row that is edited everywhere",
        HEAD,
        ("np.broadcast_to(row, values.shape)", "np.ones(values.shape)"),
    ),
    (
        "scene: rotation the other way",
        HEAD,
        (
            "quarter_turn(torch.eye(width, dtype=torch.float64)).T",
            "quarter_turn(torch.eye(width, dtype=torch.float64))",
        ),
    ),
    (
        "scene: bias_k of another head",
        HEAD,
        ("start = self.place * width", "start = (self.heads - 1 - self.place) * width"),
    ),
    (
        "scene: zeros before the bias",
        HEAD,
        ('rows.append(Operand("zero"))', 'rows.insert(0, Operand("zero"))'),
    ),
    (
        "scene: rows of another head",
        PARAMETERS,
        (
            "(0, head * rows, (head + 1) * rows)",
            "(0, (heads - 1 - head) * rows, (heads - head) * rows)",
        ),
    ),
    (
        "scene: columns of another head",
        PARAMETERS,
        (
            "(1, head * columns, (head + 1) * columns)",
            "(1, (heads - 1 - head) * columns, (heads - head) * columns)",
        ),
    ),
    (
        "scene: rows of W_O for columns",
        PARAMETERS,
        ("(1, head * columns, (head + 1) * columns)", "(0, head * columns, (head + 1) * columns)"),
    ),
    ("scene: the sum of weights for the mean", JOINED, ("factor=1 / heads", "factor=1.0")),
    (
        "scene: the bias of W_O forgotten in the sum",
        JOINED,
        ('"add", *shares, *bias,', '"add", *shares,'),
    ),
    (
        "scene: a silenced head heard",
        JOINED,
        ("if found.what_if is None or head not in found.what_if.heads:", "if True:"),
    ),
    (
        "scene: silenced heads counted from 1",
        SCENE,
        ("sorted(found.what_if.heads)", "sorted(i + 1 for i in found.what_if.heads)"),
    ),
    (
        "scene: appended keys without a name",
        SCENE,
        ('"keys": [*facts["keys"], *found.extra]', '"keys": facts["keys"]'),
    ),
    (
        "scene: one mask drawn for all heads",
        SCENE,
        ("if all(_same(heads[0].allowed, one.allowed) for one in heads):", "if True:"),
    ),
    (
        "scene: hatched with the first head's mask",
        SCENE,
        ("    if len(set(masks.values())) > 1:\n", "    if False:\n"),
    ),
    (
        "scene: empty rows of the first head",
        SCENE,
        (
            "np.asarray(one.empty)).tolist() for one in heads",
            "np.asarray(heads[0].empty)).tolist() for one in heads",
        ),
    ),
    (
        "scene: values of a memory are its keys",
        SCENE,
        ("    if not _same(found.key, found.value):\n", "    if False:\n"),
    ),
    (
        "scene: a ghost of what did not change",
        SCENE,
        ("tuple(values.shape) and not _same(now.values, values):", "tuple(values.shape):"),
    ),
    (
        "scene: no ghost of the answers",
        SCENE,
        ("_looks(before.heads) | answers_of(before)", "_looks(before.heads)"),
    ),
    (
        "scene: the first token has one before it",
        READINGS,
        ("before = [max(ids) + 1, *ids[:-1]]", "before = [ids[0], *ids[:-1]]"),
    ),
    (
        "scene: positions of another place",
        READINGS,
        ('"add", last, "positions"', '"add", "positions", "positions"'),
    ),
    (
        "scene: answers in another order",
        READINGS,
        (
            "(0, place * size, (place + 1) * size)",
            "(0, (answers - 1 - place) * size, (answers - place) * size)",
        ),
    ),
    (
        "scene: padding is an answer",
        READINGS,
        ("block=(0, 0, len(run.candidates))", "block=(0, 0, len(build.values('E')))"),
    ),
    (
        "scene: the room behind the vector",
        READINGS,
        ("VECTORS), vector]", "VECTORS), vector][::-1]"),
    ),
]

OF_OPERATIONS: list[Written] = [
    (
        "player: softmax of columns",
        WHOLE,
        (
            "softmaxRows(out, a.values, widthOf(a.shape))",
            "softmaxRows(out, a.values, a.values.length)",
        ),
    ),
    (
        "player: softmax that overflows",
        WHOLE,
        ("const largest = Number.isFinite(top) ? top : 0;", "const largest = 0;"),
    ),
    (
        "player: a row without keys is nan",
        WHOLE,
        ("sum === 0 ? 0 : out[start + k] / sum", "out[start + k] / sum"),
    ),
    (
        "player: masks the other way round",
        WHOLE,
        ("allowed.values[k] === 0 ? -Infinity", "allowed.values[k] !== 0 ? -Infinity"),
    ),
    (
        "player: one masked element the other way round",
        ELEMENT,
        ("value === 0 ? -Infinity", "value !== 0 ? -Infinity"),
    ),
    ("player: masked with zero", WHOLE, ("=== 0 ? -Infinity", "=== 0 ? 0")),
    (
        "player: scaled by the inverse",
        WHOLE,
        ("out[k] = a.values[k] * factor", "out[k] = a.values[k] / factor"),
    ),
    ("player: the bias of an affine forgotten", WHOLE, ("bias ? sum + bias[column] : sum", "sum")),
    (
        "player: transposed products are plain ones",
        WHOLE,
        ("if (transpose) return rowProducts", "if (false) return rowProducts"),
    ),
    (
        "player: terms of a product transposed",
        ELEMENT,
        ("factor(B, transpose ?", "factor(B, !transpose ?"),
    ),
    (
        "player: the terms of an affine without its bias",
        ELEMENT,
        ('return b ? [...terms, single(b, row, "bias")] : terms;', "return terms;"),
    ),
    (
        "player: the sum of a mean",
        ELEMENT,
        ("total(rowTerms(a, index)) / last(a.shape)", "total(rowTerms(a, index))"),
    ),
    (
        "player: a block from its start",
        ELEMENT,
        ("last(a.shape) + start + (index % width)", "last(a.shape) + (index % width)"),
    ),
    (
        "player: rows joined in another order",
        ELEMENT,
        (
            "for (const taken of operands) {\n    const width",
            "for (const taken of operands.toReversed()) {\n    const width",
        ),
    ),
    ("player: forced everywhere", ELEMENT, ("value !== 0;", "value !== 2;")),
    (
        "player: the subtraction turned round",
        ELEMENT,
        ("negative(pick(b, shape, index))]", "single(b, index)]"),
    ),
    (
        "player: a row looked up one too far",
        ELEMENT,
        ("id.value * width + (index % width)", "(id.value + 1) * width + (index % width)"),
    ),
    (
        "player: only two are added",
        WHOLE,
        (
            "for (const { values } of operands) sum += values[k];",
            "for (const { values } of operands.slice(0, 2)) sum += values[k];",
        ),
    ),
    (
        "player: a standard deviation of n − 1",
        ELEMENT,
        ("(x - mean) ** 2, 0) / row.length", "(x - mean) ** 2, 0) / (row.length - 1)"),
    ),
]

DRAWN_MUTANTS: list[tuple[tuple[str, ...], list[Written]]] = [
    (("tests/scenes/test_attention.py", "tests/scenes/test_scene.py"), OF_SCENES),
    (("tests/player/test_values.py", "tests/player/test_explain.py"), OF_OPERATIONS),
]
