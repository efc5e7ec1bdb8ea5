"""Twenty runs recorded from onnxruntime 1.31.1: peepholes, both resets, ragged lengths,
three directions. float32 recordings against a float64 core: 2e-6.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from seqviz.core.lstm import Peepholes
from seqviz.core.parameters import Cell, cell_of
from seqviz.core.unroll import Options, Trace, unroll
from tests.core.references import close

CASES = json.loads(
    (Path(__file__).parents[1] / "golden" / "onnxruntime_rnn.json").read_text(encoding="utf-8")
)["cases"]
ORDER = {"RNN": [0], "LSTM": [0, 2, 3, 1], "GRU": [1, 0, 2]}  # theirs i o f c and z r h


def tensors(stored: dict[str, Any]) -> dict[str, Tensor]:
    return {
        name: torch.tensor(value["data"], dtype=torch.float64).reshape(value["shape"])
        for name, value in stored.items()
    }


def torch_rows(op: str, rows: Tensor, hidden: int) -> Tensor:
    blocks = rows.split(hidden)
    return torch.cat([blocks[index] for index in ORDER[op]])


def build(case: dict[str, Any], given: dict[str, Tensor], d: int) -> tuple[Cell, Options]:
    op, hidden = case["op"], case["hidden_size"]
    W_b, R_b = given["B"][d].chunk(2) if "B" in given else (None, None)
    W, R, W_b, R_b = (
        None if rows is None else torch_rows(op, rows, hidden)
        for rows in (given["W"][d], given["R"][d], W_b, R_b)
    )
    assert W is not None
    assert R is not None
    cell = cell_of(op.lower(), W, R, W_b, R_b)
    peepholes = None
    if "P" in given:
        peepholes = Peepholes(hidden)
        p_i, p_o, p_f = given["P"][d].split(hidden)
        peepholes.load_state_dict({"p_i": p_i, "p_f": p_f, "p_o": p_o})
    before = op == "GRU" and not case["attrs"]["linear_before_reset"]
    names = [name.lower() for name in case["attrs"].get("activations", ["tanh"])]
    return cell, Options(names[0], peepholes, "before" if before else "after")


def traces(case: dict[str, Any], given: dict[str, Tensor], d: int) -> list[Trace]:
    cell, options = build(case, given, d)
    reverse = case["direction"] == "reverse" or d == 1
    steps, batch = given["X"].shape[:2]
    lengths = given["sequence_lens"].int().tolist() if "sequence_lens" in given else [steps] * batch
    return [
        unroll(
            cell,
            given["X"][:length, b],
            given["initial_h"][d, b],
            given["initial_c"][d, b] if "initial_c" in given else None,
            options,
            reverse,
        )
        for b, length in enumerate(lengths)
    ]


def test_all_twenty_cases_are_here() -> None:
    assert len(CASES) == 20


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_recorded_case(case: dict[str, Any]) -> None:
    given, expected = tensors(case["inputs"]), tensors(case["outputs"])
    for d in range(len(given["W"])):
        for b, trace in enumerate(traces(case, given, d)):
            last = 0 if trace.reverse else -1
            close(trace.h, expected["Y"][: len(trace), d, b], atol=2e-6)
            close(trace.h[last], expected["Y_h"][d, b], atol=2e-6)
            if "Y_c" in expected:
                close(trace.c[last], expected["Y_c"][d, b], atol=2e-6)
