"""The page `compare`, run as Streamlit runs it, in both languages."""

from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from seqviz.models.comparison import CompareConfig, Slot, compare
from seqviz.models.comparison_findings import comparison_findings
from seqviz.models.comparison_program import comparison_output
from seqviz.text import LANGUAGES, Words, words
from seqviz.ui.compare import CONTROLS, TRY, actions, config_of, labels, locked
from tests.ui.parts import bodies, notices, open_page

visit = partial(open_page, "compare")
KEYS = [control.key for control in CONTROLS]
LABELLED = ("button_group", "slider", "number_input", "selectbox", "text_input", "expander")


def html(visitor: Any) -> list[str]:
    return bodies(visitor)


def named(language: str, *parts: str) -> dict[str, str]:
    flat: dict[str, str] = {}
    for part in parts:
        flat |= words(part, language)
    return flat


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_everything_in_every_language(language: str) -> None:
    visitor = visit(lang=language)
    known = named(language, "frame", "controls", "cell", "compare")
    assert visitor.title[0].value == known["question"]
    assert notices(visitor) == []
    shown = [element.label for kind in LABELLED for element in visitor.get(kind)]
    assert len(shown) > 20
    assert [label for label in shown if label not in known.values()] == []
    told = " ".join(html(visitor))
    record = compare(CompareConfig())
    for finding in comparison_findings(record):
        text = Words(language, "compare")(f"sentence.{finding.key}", **finding.values)
        assert text in told.replace("&#x27;", "'"), finding.key
    assert visitor.code[1].value == comparison_output(record).rstrip()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", TRY)
def test_every_action_leads_to_a_whole_page(language: str, name: str) -> None:
    values = {c.key: c.write(actions()[name][c.key]) for c in CONTROLS}
    visitor = visit(v="1", lang=language, **values)
    assert notices(visitor) == []
    assert len(visitor.get("bidi_component")) >= 2


def test_there_are_enough_actions_and_each_sets_every_control() -> None:
    made = actions()
    assert len(made) >= 6
    assert all(set(values) == set(KEYS) for values in made.values())


@pytest.mark.parametrize("key", KEYS)
def test_nonsense_is_named_and_the_page_stays_whole(key: str) -> None:
    visitor = visit(v="1", lang="en", **{key: "<b>"})
    if key == "text":
        assert notices(visitor) == []
    else:
        assert len(notices(visitor)) == 1
        assert "&lt;b&gt;" in notices(visitor)[0]
        assert f"({key})" in notices(visitor)[0]
    assert len(visitor.get("bidi_component")) >= 2


def test_a_trained_model_locks_what_it_decides() -> None:
    visitor = visit(v="1", lang="en", b_mode="trained", hidden="20", input="hello")
    assert visitor.slider(key="hidden").disabled
    assert visitor.slider(key="hidden").value == 4
    assert visitor.selectbox(key="b_init").disabled
    assert not visitor.selectbox(key="a_init").disabled


def test_what_does_not_ship_is_named_with_its_letter() -> None:
    visitor = visit(v="1", lang="en", input="korean", a_mode="trained", b_mode="trained")
    assert len(notices(visitor)) == 1
    assert "Model A: there is no trained one" in notices(visitor)[0]
    unknown = visit(v="1", lang="en", input="text", text="hexlo", b_mode="trained")
    assert "Model B has never seen x" in notices(unknown)[0]


def test_two_models_are_enough() -> None:
    visitor = visit(v="1", lang="en", c_cell="none")
    assert [group.key for group in visitor.button_group if group.key.startswith("c_")] == ["c_cell"]
    assert sum("Look inside" in body for body in html(visitor)) == 1
    assert next(body for body in html(visitor) if "Look inside" in body).count("<li>") == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_time_is_measured_when_asked_and_not_before(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = Words(language, "cell", "compare")
    visitor = visit(v="1", lang=language, c_cell="none")
    assert "µs" not in " ".join(html(visitor))
    visitor.button(key="button:counts.measure").click().run()
    assert not visitor.exception
    record = compare(config_of(visitor.session_state["seqviz"].values))
    table = next(body for body in html(visitor) if "µs" in body)
    rows = [row.split("</td><td>") for row in table.split("<tr><td>")[1:]]
    assert tuple(row[0] for row in rows) == labels(record, word)
    for _, middle, spread in rows:
        low, high = (float(part) for part in spread.split("\xa0µs")[0].split("\xa0–\xa0"))
        assert 0 < low <= float(middle.removesuffix("\xa0µs")) <= high
    assert word("counts.measured", n=400).split("400")[1] in " ".join(html(visitor))

    def refuse(*_: object) -> None:
        raise AssertionError("nobody asked again")

    monkeypatch.setattr("seqviz.ui.compare.step_times", refuse)
    assert "µs" in " ".join(html(visitor.run()))
    visitor.slider(key="hidden").set_value(9).run()
    assert not visitor.exception
    assert "µs" not in " ".join(html(visitor))


def test_look_inside_leads_to_the_same_model_on_the_page_cell() -> None:
    visitor = visit(v="1", lang="en", b_fb="3", b_act="relu", hidden="5", seed="9", length="12")
    body = next(body for body in html(visitor) if "Look inside" in body)
    address = body.split('href="')[2].split('"')[0].replace("&amp;", "&")
    found = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
    assert urlsplit(address).path == "cell"
    wanted = {"cell": "lstm", "mode": "fresh", "fb": "3", "act": "relu", "hidden": "5"}
    assert {key: found[key] for key in wanted} == wanted
    assert (found["seed"], found["length"], found["input"]) == ("9", "12", "lag")


def test_controls_ask_for_what_they_say() -> None:
    defaults = {control.key: control.default for control in CONTROLS} | {"seed": 1}
    assert config_of(defaults) == CompareConfig(text=tuple("hello"), numbers=(0, 1, 0, 0, -1, 0))
    two = config_of(defaults | {"c_cell": "none", "b_fb": "-1", "b_act": "sigmoid"})
    assert two.slots == (Slot("rnn"), Slot("lstm", activation="sigmoid", forget_bias=-1.0))


def test_models_of_one_cell_are_called_by_what_sets_them_apart() -> None:
    word = Words("en", "cell", "compare")
    biases = compare(
        CompareConfig((Slot("lstm"), Slot("lstm", forget_bias=2.0), Slot("gru")), length=3)
    )
    assert labels(biases, word) == (
        "A · LSTM, forget bias as drawn",
        "B · LSTM, forget bias 2",
        "C · GRU",
    )
    trained = compare(CompareConfig((Slot("gru"), Slot("gru", "trained")), length=3))
    assert labels(trained, word) == ("A · GRU, Fresh", "B · GRU, Trained")
    assert locked(trained) == {"hidden": 8, "b_init": "default", "b_fb": "init"}


def test_a_model_without_a_trained_one_says_fresh_and_keeps_its_choice() -> None:
    visitor = visit(v="1", lang="en", input="sine", a_mode="trained")
    keys = {one.key: one for one in visitor.get("button_group")}
    assert "a_mode" not in keys
    assert (keys["a_mode:stand-in"].value, keys["a_mode:stand-in"].disabled) == ("fresh", True)
    assert keys["b_mode"].value == "fresh"
    visitor.selectbox(key="input").select("lag").run()
    keys = {one.key: one for one in visitor.get("button_group")}
    assert (keys["a_mode"].value, keys["a_mode"].disabled) == ("trained", False)
    assert not visitor.exception
