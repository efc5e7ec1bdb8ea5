"""Numbers of the page that are not in the picture, against the modules themselves."""

from typing import Any

import pytest
from torch import nn

from seqviz.models.experiment import CellConfig, run
from seqviz.text import Words
from seqviz.ui.cell import config_of
from seqviz.ui.cell_parts import concat_notes, counts_of, shapes_of
from tests.ui.parts import bodies, notices, open_page

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


def bias(visitor: Any) -> Any:
    """The forget-gate bias as the page has it, and as it stands in the link of its state."""
    page = visitor.session_state["seqviz-page"]
    return page.values["fb"], dict(page.address())["fb"]


def test_the_forget_bias_is_a_slider_that_can_be_turned_off_and_on() -> None:
    visitor = open_page("cell", v="1", lang="en", mode="fresh")
    assert bias(visitor) == ("init", "init")
    assert not [one for one in visitor.slider if one.key == "fb:number"]
    visitor.toggle(key="fb:on").set_value(True).run()
    assert bias(visitor) == (1.0, "1")
    visitor.slider(key="fb:number").set_value(2.3).run()
    assert bias(visitor) == (2.3, "2.3")
    visitor.toggle(key="fb:on").set_value(False).run()
    assert bias(visitor) == ("init", "init")
    visitor.toggle(key="fb:on").set_value(True).run()
    assert bias(visitor) == (2.3, "2.3")
    assert visitor.slider(key="fb:number").value == 2.3
    assert not visitor.exception


@pytest.mark.parametrize(
    ("raw", "value", "told"),
    [("init", "init", 0), ("-1", -1.0, 0), ("5", 5.0, 0), ("0.7", 0.7, 0), ("99", 5.0, 1)],
)
def test_the_forget_bias_of_a_link_is_the_models(raw: str, value: object, told: int) -> None:
    visitor = open_page("cell", v="1", lang="en", mode="fresh", fb=raw)
    assert bias(visitor)[0] == value
    assert visitor.toggle(key="fb:on").value == (value != "init")
    assert len(notices(visitor)) == told
    if value != "init":
        assert visitor.slider(key="fb:number").value == value
        config = config_of(visitor.session_state["seqviz-page"].values)
        cell = run(config).model.cell
        assert (cell.bias_ih + cell.bias_hh)[4:8].tolist() == pytest.approx([value] * 4)


def test_a_trained_model_keeps_its_own_forget_bias() -> None:
    visitor = open_page("cell", v="1", lang="en", mode="trained", fb="2")
    assert visitor.toggle(key="fb:on").disabled
    assert bias(visitor)[0] == "init"
    assert len(notices(visitor)) == 0


def test_a_try_this_sets_the_forget_bias() -> None:
    visitor = open_page("cell", v="1", lang="en")
    (listed,) = (body for body in bodies(visitor) if "seqviz-list" in body and "fb=2" in body)
    assert "Give the forget gate a bias" in listed


def group(visitor: Any, key: str) -> Any:
    """The buttons of one choice; a choice that another stands in for has none."""
    return next((one for one in visitor.get("button_group") if one.key == key), None)


def test_without_a_trained_model_the_mode_says_fresh_and_the_choice_comes_back() -> None:
    visitor = open_page("cell", v="1", lang="en")
    visitor.selectbox(key="input").select("sine").run()
    page = visitor.session_state["seqviz-page"]
    assert page.values["mode"] == "trained"
    assert dict(page.address())["mode"] == "trained"
    assert group(visitor, "mode") is None
    shown = group(visitor, "mode:stand-in")
    assert (shown.value, shown.disabled) == ("fresh", True)
    assert any("no trained model" in notice for notice in notices(visitor))
    visitor.slider(key="hidden").set_value(6).run()
    assert group(visitor, "mode:stand-in").value == "fresh"
    visitor.selectbox(key="input").select("lag").run()
    assert group(visitor, "mode:stand-in") is None
    shown = group(visitor, "mode")
    assert (shown.value, shown.disabled) == ("trained", False)
    assert visitor.session_state["seqviz-page"].values["mode"] == "trained"
    assert not visitor.exception


@pytest.mark.parametrize(
    ("source", "cell", "mode", "shown"),
    [
        ("hello", "gru", "trained", "mode"),
        ("noise", "rnn", "trained", "mode:stand-in"),
        ("numbers", "lstm", "trained", "mode:stand-in"),
        ("numbers", "lstm", "fresh", "mode"),
    ],
)
def test_the_mode_of_a_link_is_what_runs(source: str, cell: str, mode: str, shown: str) -> None:
    visitor = open_page("cell", v="1", lang="en", input=source, cell=cell, mode=mode)
    (drawn,) = [
        one for one in visitor.get("button_group") if one.key and one.key.startswith("mode")
    ]
    assert drawn.key == shown
    page = visitor.session_state["seqviz-page"]
    assert drawn.value == run(config_of(page.values)).mode
    assert dict(page.address())["mode"] == mode


WAY_BACK = "button:mode.what_if_off"


@pytest.mark.parametrize(
    "what_if", [{"wipe": "true"}, {"gain": "2"}, {"force": "f"}, {"edit": "2", "token": "o"}]
)
def test_one_click_ends_every_what_if(what_if: dict[str, str]) -> None:
    visitor = open_page("cell", v="1", lang="en", **what_if)
    visitor.button(key=WAY_BACK).click().run()
    values = visitor.session_state["seqviz-page"].values
    off = {"wipe": False, "gain": 1.0, "force": "none", "edit": 0}
    assert {key: values[key] for key in off} == off
    assert WAY_BACK not in [button.key for button in visitor.button]
