"""Numbers of the page that are not in the picture, against the modules themselves."""

import pytest
from torch import nn

from seqviz.models.experiment import CellConfig, run
from seqviz.text import Words
from seqviz.ui.cell_parts import concat_notes, counts_of, shapes_of
from tests.ui.parts import notices, open_page

CELLS = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}


def size(module: nn.Module, but: str = "") -> str:
    return f"{sum(p.numel() for name, p in module.named_parameters() if name != but):,}"


@pytest.mark.parametrize("cell", CELLS)
def test_parameters_are_counted_as_pytorch_has_them(cell: str) -> None:
    record = run(CellConfig(cell=cell, mode="fresh", source="lag", hidden=19))
    counts = counts_of(record)
    assert counts["two"] == size(record.model.cell)
    assert counts["one"] == size(record.model.cell, but="bias_hh")
    assert f"{counts['readout']:,}" == size(nn.Linear(19, 4))
    for other, module in CELLS.items():
        assert counts[other] == size(module(7, 19))
    blocks = {"rnn": "", "gru": "3", "lstm": "4"}[cell]
    assert counts["formula_one"] == f"{blocks}H(D+H+1)"
    assert counts["formula_two"] == f"{blocks}H(D+H+2)"


def test_peepholes_and_shapes_are_the_models_own() -> None:
    record = run(CellConfig(mode="fresh", peepholes=True, hidden=5))
    assert record.model.peepholes is not None
    assert concat_notes(record) == ["concat.peepholes", "concat.imprecise"]
    assert concat_notes(run(CellConfig())) == ["concat.imprecise"]
    assert f"{counts_of(record)['holes']:,}" == size(record.model.peepholes)
    shapes = {name: shape for name, shape, _ in shapes_of(record, Words("en", "cell"))}
    cell = record.model.cell
    assert shapes["W_ih"] == str(tuple(cell.weight_ih.shape))
    assert shapes["W_hh"] == str(tuple(cell.weight_hh.shape))
    assert shapes["b_ih, b_hh"] == str(tuple(cell.bias_ih.shape))
    assert shapes["x_t"] == str(tuple(record.trace.x[0].shape))
    assert shapes["c_t"] == shapes["h_t"] == shapes["p_i, p_f, p_o"] == "(5,)"


@pytest.mark.parametrize(("text", "told"), [("a", 1), ("ab", 0), ("가", 1)])
@pytest.mark.parametrize("mode", ["trained", "fresh"])
def test_one_character_says_why_there_is_nothing_to_predict(
    mode: str, text: str, told: int
) -> None:
    visitor = open_page("cell", v="1", lang="en", mode=mode, input="text", text=text)
    assert sum("One character is too short" in notice for notice in notices(visitor)) == told
