"""The scene of attention: every value of a record with the operation behind it, query by query.

The step is the query: what belongs to one query is a row of its sheet, what belongs to the keys
stands whole. Only vectors of tokens, positions, parameters and masks are sent, as float32: what
follows from them is right to 1e-5 of its largest value. A softmax turns what its scores are off by
into what its shares are off by, so answers are off by at most 2⁻²³ times their largest score:
2e-4 where untrained weights make scores of 2000, 1e-7 where scores are about 1.
"""

import math
from collections.abc import Mapping
from collections.abc import Sequence as Row
from typing import Any

import numpy as np

from seqviz.scenes.head import KEY, MASKS, PAIRS, QUERY, Head
from seqviz.scenes.heads import add_mean, add_output
from seqviz.scenes.projections import add_parameters
from seqviz.scenes.readings import add_answers, add_embeddings, answers_of
from seqviz.scenes.scene import Scene, Sequence
from seqviz.scenes.sheets import STEP, Sheets, array_of, numbered

INPUTS = "tests/scenes/test_attention.py::test_inputs_are_the_records_own"
GHOST = "tests/scenes/test_attention.py::test_ghost_is_the_run_before_the_change"


def attention_scene(
    found: Any,
    module: Any,
    queries: Row[str],
    keys: Row[str] | None = None,
    *,
    before: Any = None,
    shares: bool = False,
    **shown: Any,
) -> Scene:
    """The scene of a `core.attention.MultiHead` that `module`, an nn.MultiheadAttention, made.

    `queries` and `keys` name the tokens; without `keys` the tokens look at themselves. `before`
    is the record before a what-if. `shares` draws the output as the sum of each head's share
    instead of as W_O times the joined contexts. `shown` is the scene's title, rest, mark and
    more facts.
    """
    build = Sheets()
    _inputs(build, found, keys is None)
    _attend(build, found, module, shares)
    ghost = {} if before is None else _ghost(build, _looks(before))
    facts = _all_facts(found, queries, keys)
    return _scene(build, Sequence(tuple(queries)), ghost, facts, **shown)


def run_scene(
    run: Any,
    model: Any,
    *,
    tokens: Row[str] | None = None,
    targets: Row[str | None] | None = None,
    called: Row[str] = (),
    before: Any = None,
    shares: bool = False,
    **shown: Any,
) -> Scene:
    """The scene of a `core.attention_model.AttentionRun` that `model` made, otherwise as above.

    It goes from the vectors of the tokens and their positions to the answers. `tokens` are the
    tokens as they are drawn, `targets` what the first answer should be. `called` names each
    answer in words, where it is not the next token.
    """
    build = Sheets()
    queries = tuple(run.inputs.tokens if tokens is None else tokens)
    drawn = dict(zip(run.inputs.tokens, queries, strict=True))
    add_embeddings(build, run)
    _row(build, len(queries))
    _attend(build, run.heads, model.attention, shares)
    answers = add_answers(build, run, model.readout, called)
    ghost = {} if before is None else _ghost(build, _looks(before.heads) | answers_of(before))
    facts = _all_facts(run.heads, queries, None) | {"answers": answers}
    sequence = Sequence(
        queries,
        None if targets is None else tuple(targets),
        tuple(drawn[token] for token in run.candidates),
        answers[0],
        asks="label" if called else "next",
    )
    return _scene(build, sequence, ghost, facts, **shown)


def head_scene(
    one: Any,
    queries: Row[str],
    keys: Row[str],
    *,
    vouched: str = INPUTS,
    before: Any = None,
    **shown: Any,
) -> Scene:
    """The scene of one `core.attention.Attention` whose q, k and v come from outside.

    `vouched` names the test of where they come from; it ends with the context. `before` is the
    record before a what-if.
    """
    build = Sheets()
    for name, axes, role in (("q", QUERY, "query"), ("k", KEY, "key"), ("v", KEY, "value")):
        build.given(name, name, axes, getattr(one, name), role, vouched)
    masks = _masks(build, (one,))
    Head(build, one, 0, 1).looks(masks)
    _head_sheets(build, (one,), masks, dict.fromkeys("qkv", ""))
    facts = _facts((one,), queries, keys)
    was = {} if before is None else {"weights": before.weights, "context": before.context}
    return _scene(build, Sequence(tuple(queries)), _ghost(build, was), facts, **shown)


def _scene(
    build: Sheets,
    sequence: Sequence,
    ghost: Mapping[str, str],
    own: Mapping[str, Any],
    *,
    title: str = "",
    rest: int | None = None,
    mark: Row[int] = (),
    facts: Mapping[str, Any] | None = None,
) -> Scene:
    return Scene(
        kind="attention",
        title=title or "Attention",
        steps=len(sequence.inputs),
        tensors=tuple(build.tensors.values()),
        layout=build.layout(),
        substeps=build.substeps(),
        sequence=sequence,
        ghost=ghost,
        mark=tuple(mark),
        rest=rest,
        facts={**own, **(facts or {})},
        step_axis=STEP,
    )


def _looks(found: Any) -> dict[str, Any]:
    """Weights and output by their names in the scene."""
    heads = len(found.heads)
    named = {numbered("weights", head, heads): one.weights for head, one in enumerate(found.heads)}
    return named | {"out": found.out}


def _ghost(build: Sheets, before: Mapping[str, Any]) -> dict[str, str]:
    """What was otherwise before the change, under names of its own."""
    changed = {}
    for name, values in before.items():
        now = build.tensors[name]
        if now.values.shape == tuple(values.shape) and not _same(now.values, values):
            changed[name] = build.given(
                f"ghost_{name}", f"{now.symbol} before", now.axes, values, now.role, GHOST
            )
    return changed


def _inputs(build: Sheets, found: Any, itself: bool) -> None:
    """The vectors of the tokens; tokens that look at themselves share one sheet."""
    if itself:
        build.given("x", "x", KEY, found.query, "given", INPUTS)
        _row(build, len(found.query))
        return
    build.given("x", "x", QUERY, found.query, "given", INPUTS)
    build.given("memory", "m", KEY, found.key, "given", INPUTS)
    build.sheet("x", "x", ["x"])
    build.sheet("memory", "x", ["memory"])
    if not _same(found.key, found.value):
        build.given("memory_v", "m_V", KEY, found.value, "given", INPUTS)
        build.sheet("memory_v", "x", ["memory_v"], label="sheet.memory")


def _row(build: Sheets, steps: int) -> None:
    """The vector of the token that asks: its row of x."""
    build.given("at", "t", ("query",), np.arange(steps), "plain", INPUTS)
    build.made("x_row", "x", QUERY, "lookup", "x", "at", role="given")
    build.sheet("x", "x", ["x"], row="x_row")


def _attend(build: Sheets, found: Any, module: Any, shares: bool) -> None:
    """Every head, and what becomes of them."""
    add_parameters(build, module)
    heads = [Head(build, one, place, len(found.heads)) for place, one in enumerate(found.heads)]
    if "x_row" in build.tensors:
        sources = {"q": "x_row", "k": "x", "v": "x"}
    else:
        value = "memory_v" if "memory_v" in build.tensors else "memory"
        sources = {"q": "x", "k": "memory", "v": value}
    masks = _masks(build, found.heads)
    for head in heads:
        head.vectors(sources, found.extra)
    for head in heads:
        head.looks(masks)
    if len(heads) > 1:
        add_mean(build, found)
    add_output(build, found)
    read = {letter: build.tensors[name].symbol for letter, name in sources.items()}
    joins = {letter: f"W_{letter.upper()} {symbol}" for letter, symbol in read.items()}
    _head_sheets(build, found.heads, masks, joins)
    _output_sheets(build, len(heads), shares)


def _masks(build: Sheets, heads: Row[Any]) -> dict[int, str]:
    """The name of each head's mask: one mask if all have the same."""
    if heads[0].allowed is None:
        return {}
    if all(_same(heads[0].allowed, one.allowed) for one in heads):
        build.given("allowed", "allowed", PAIRS, heads[0].allowed, "plain", MASKS)
        return dict.fromkeys(range(len(heads)), "allowed")
    names = {place: numbered("allowed", place, len(heads)) for place in range(len(heads))}
    for place, name in names.items():
        build.given(name, "allowed", PAIRS, heads[place].allowed, "plain", MASKS)
    return names


def _head_sheets(
    build: Sheets, heads: Row[Any], masks: Mapping[int, str], joins: Mapping[str, str]
) -> None:
    """The sheets of the heads in reading order; a stage that was switched off is not there."""

    def add(name: str, join: str, stage: str = "", **more: Any) -> None:
        names = [numbered(name, head, len(heads)) for head in range(len(heads))]
        if names[0] in build.tensors:
            build.sheet(name, stage or name, names, join, **more)

    hatch: dict[str, Any] = {"hatch": masks.get(0)}
    if len(set(masks.values())) > 1:
        hatch["hatches"] = list(masks.values())
    turned = "qk" if numbered("q_plain", 0, len(heads)) in build.tensors else ""
    for letter, join in joins.items():
        straight = f"{letter}_plain" if letter in turned else letter
        add(straight, join, stage=letter, label=f"sheet.{letter}")
    for letter in turned:
        add(letter, f"R {letter}", stage="turned", label=f"sheet.{letter}_turned")
    add("scores", "Q Kᵀ")
    add("scaled", _scaling(heads[0]))
    add("masked", "join.mask", **hatch)
    add("weights", "softmax", sum=True, **hatch)
    add("context", "· V")


def _output_sheets(build: Sheets, heads: int, shares: bool) -> None:
    """Either W_O times the joined contexts, or the shares and their sum."""
    if shares:
        names = [numbered("share", head, heads) for head in range(heads)]
        build.sheet("share", "shares", names, "· W_O")
        build.sheet("out", "out", ["out_sum" if "out_sum" in build.tensors else "out"], "Σ")
        return
    if heads > 1:
        build.sheet("concat", "concat", ["concat"], "concat")
    build.sheet("out", "out", ["out"], "· W_O")


def _scaling(one: Any) -> str:
    """What the scores are divided by, as it is written between two sheets."""
    if math.isclose(one.scale, 1 / math.sqrt(one.q.shape[-1]), rel_tol=1e-9):
        return "÷ √d_k"
    return f"× {one.scale:.3g}".replace("-", "−")


def _facts(heads: Row[Any], queries: Row[str], keys: Row[str] | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "keys": list(queries if keys is None else keys),
        "extra": [],
        "heads": len(heads),
        "self": keys is None,
        "masked": heads[0].allowed is not None,
        "scale": float(heads[0].scale),
        "empty": [np.flatnonzero(np.asarray(one.empty)).tolist() for one in heads],
        "silenced": [],
    }
    if len(heads) > 1:
        names = [numbered("weights", head, len(heads)) for head in range(len(heads))]
        facts["maps"] = {"tensors": names, "mean": "weights_mean"}
    return facts


def _all_facts(found: Any, queries: Row[str], keys: Row[str] | None) -> dict[str, Any]:
    """The facts of the heads, the keys that the module appends, and the silenced heads."""
    facts = _facts(found.heads, queries, keys)
    silenced = [] if found.what_if is None else sorted(found.what_if.heads)
    appended = {"keys": [*facts["keys"], *found.extra], "extra": list(found.extra)}
    return facts | appended | {"silenced": silenced}


def _same(one: Any, other: Any) -> bool:
    return one is other or np.array_equal(array_of(one), array_of(other))
