"""What stands before and after the attention of a small model: token vectors and answers."""

from collections.abc import Sequence as Row
from typing import Any

import numpy as np

from seqviz.scenes.head import KEY, QUERY
from seqviz.scenes.scene import Operand
from seqviz.scenes.sheets import Sheets, array_of, numbered, raised

VECTORS = "tests/scenes/test_attention.py::test_token_vectors_and_positions_are_the_runs_own"
READOUT = "tests/scenes/test_attention.py::test_parameters_are_the_modules_own"


def add_embeddings(build: Sheets, run: Any) -> None:
    """x from the vectors of the tokens, of the tokens before them, and the positions."""
    inputs = run.inputs
    table, rows = _table(run)
    ids = [rows[token] for token in inputs.tokens]
    if inputs.previous is not None:
        table = np.concatenate([table, np.zeros((1, table.shape[1]))])
    build.given("E", "E", ("token", "feature"), table, "weight", VECTORS)
    build.given("ids", "id", ("key",), ids, "plain", VECTORS)
    parts = _parts(build, run, table.shape[1], ids)
    plain = inputs.positions is None
    last = parts[0]
    if len(parts) > 1:
        name, symbol = ("x", "x") if plain else ("embedded", "e")
        last = build.made(name, symbol, KEY, "concat", *parts, role="given", values=inputs.embedded)
    if not plain:
        build.given("positions", "PE", KEY, inputs.positions, "given", VECTORS)
        build.made("x", "x", KEY, "add", last, "positions", role="given", values=inputs.x)


def _table(run: Any) -> tuple[Any, dict[str, int]]:
    """The vector of every token, candidates first: what is read may not be an answer (padding)."""
    tokens, vectors = run.inputs.tokens, array_of(run.inputs.vectors)
    others = [t for t in dict.fromkeys(tokens) if t not in run.candidates]
    table = [array_of(run.candidate_vectors), *(vectors[None, tokens.index(t)] for t in others)]
    return np.concatenate(table), {t: i for i, t in enumerate([*run.candidates, *others])}


def _parts(build: Sheets, run: Any, size: int, ids: list[int]) -> list[str]:
    """What stands side by side: two tokens' vectors, or room and one, or one alone."""
    inputs = run.inputs
    room = inputs.embedded.shape[1] - size
    alone = inputs.previous is None and room == 0 and inputs.positions is None
    name, symbol = ("x", "x") if alone else ("vector", "w")
    vector = build.made(
        name, symbol, KEY, "lookup", "E", "ids", role="given", values=inputs.vectors
    )
    if inputs.previous is not None:
        before = [max(ids) + 1, *ids[:-1]]
        build.given("ids_before", "id", ("key",), before, "plain", VECTORS)
        previous = build.made(
            "previous", "w_before", KEY, "lookup", "E", "ids_before",
            role="given", values=inputs.previous,
        )  # fmt: skip
        return [vector, previous]
    if room:
        zeros = np.zeros((len(ids), room))
        return [build.given("room", "0", KEY, zeros, "plain", VECTORS), vector]
    return [vector]


def add_answers(build: Sheets, run: Any, readout: Any, called: Row[str] = ()) -> list[str]:
    """The probabilities of every answer: W_R out, held against the vectors of the candidates.

    `called` is what stands over each answer's sheet.
    """
    answers, size = run.answer_vectors.shape[1:]
    build.given("W_r", "W_R", ("answers", "feature"), readout.weight, "weight", READOUT)
    if readout.bias is not None:
        build.given("b_r", "b_R", ("answers",), readout.bias, "weight", READOUT)
    names = []
    for place in range(answers):
        block = None if answers == 1 else (0, place * size, (place + 1) * size)
        operands = [Operand("W_r", block=block), Operand("out")]
        if readout.bias is not None:
            operands.append(Operand("b_r", block=block))
        answer = build.made(
            numbered("answer", place, answers), raised("r", place, answers), QUERY, "affine",
            *operands, role="hidden", values=run.answer_vectors[:, place],
        )  # fmt: skip
        logits = build.made(
            numbered("logits", place, answers), raised("s", place, answers),
            ("query", "class"), "matmul", answer, Operand("E", block=(0, 0, len(run.candidates))),
            role="prediction", values=run.logits[:, place], transpose=True,
        )  # fmt: skip
        name = build.made(
            numbered("p", place, answers), raised("p", place, answers), ("query", "class"),
            "softmax", logits, role="prediction", values=run.probabilities[:, place], scale="unit",
        )  # fmt: skip
        names.append(name)
    for place, name in enumerate(names):
        number = {"answer": place + 1} if answers > 1 else {}
        label = called[place] if called else "sheet.p"
        join = "softmax" if place == 0 else ""
        build.sheet(name, "prediction", [name], join, label=label, columns="class", **number)
    return names


def answers_of(run: Any) -> dict[str, Any]:
    """The probabilities of every answer by their names in the scene."""
    answers = run.probabilities.shape[1]
    return {numbered("p", a, answers): run.probabilities[:, a] for a in range(answers)}
