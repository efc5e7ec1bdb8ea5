"""The page `gradients`, run as Streamlit runs it, in both languages and with every chart open."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from seqviz.models import backprop_findings, backprop_remedies, backprop_views
from seqviz.models.backprop_experiment import BackpropConfig, BackpropRecord, run
from seqviz.models.backprop_program import output
from seqviz.models.backprop_ticks import REMEDIES
from seqviz.text import LANGUAGES, Words, words
from seqviz.ui import links
from seqviz.ui.controls import Reading
from seqviz.ui.gradients import CHARTS, CONTROLS, TRY, actions, config_of, picked
from seqviz.ui.gradients_charts import controls_of
from tests.ui.parts import unfold

FRAME = Path(links.__file__).with_name("frame.py")
KEYS = [control.key for control in CONTROLS]
LABELLED = ("button_group", "slider", "number_input", "selectbox", "toggle", "checkbox", "expander")


def visit(**parameters: str) -> Any:
    """The page, opened with these parameters in its address and every part unfolded."""
    visitor: Any = AppTest.from_file(str(FRAME), default_timeout=60)
    visitor._page_hash = calc_hash("gradients")
    for key, value in parameters.items():
        visitor.query_params[key] = value
    unfold(visitor)
    visitor = visitor.run()
    assert not visitor.exception
    return visitor


def html(visitor: Any) -> str:
    return "\n".join(element.proto.body for element in visitor.get("html"))


def notices(visitor: Any) -> list[str]:
    bodies = [element.proto.body for element in visitor.get("html")]
    found = [body for body in bodies if 'class="seqviz-notices"' in body]
    return found[0].split("<li")[1:] if found else []


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_opens_with_words_for_all_it_shows(language: str, chart: str) -> None:
    visitor = visit(v="1", lang=language, chart=chart, cell="lstm", length="12")
    own = words("gradients", language)
    assert visitor.title[0].value == own["question"]
    assert own[f"chart.{chart}"] in html(visitor)
    assert notices(visitor) == []
    charts = visitor.get("plotly_chart")
    assert len(charts) == {"map": 2, "truncate": 2, "clip": 4, "relu": 2}.get(chart, 1)
    everything = Words(language, "frame", "controls", "player", "figures", "cell", "gradients").flat
    for kind in LABELLED:
        for element in visitor.get(kind):
            assert element.label in everything.values(), element.label


def test_only_the_open_chart_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    from seqviz.models import backprop_views

    def refuse(*_: object) -> None:
        raise AssertionError("the map is not open")

    monkeypatch.setattr(backprop_views, "map_view", refuse)
    assert len(visit(chart="norms").get("plotly_chart")) == 1


def test_a_plain_rnn_has_no_direct_path_and_says_so() -> None:
    visitor = visit(chart="direct", cell="rnn")
    assert visitor.get("plotly_chart") == []
    assert words("gradients", "en")["sentence.path_none"] in html(visitor)


def test_a_run_that_explodes_forwards_says_where_and_draws_no_chart() -> None:
    visitor = visit(
        act="identity", init="orthogonal", gain="3.0", length="800", dtype="float32", chart="map"
    )
    config = BackpropConfig(
        activation="identity", init="orthogonal", gain=3.0, length=800, dtype="float32"
    )
    exploded = run(config).exploded
    assert exploded is not None
    assert f"At step {exploded + 1} the state itself" in html(visitor)
    assert visitor.get("plotly_chart") == []


def test_a_chain_is_chosen_by_number_and_written_out() -> None:
    visitor = visit(chart="map", length="20", late="18", early="8")
    shown = html(visitor)
    assert "from the loss at step 18 back to step 8" in shown
    assert "J₁₈ J₁₇ J₁₆ ⋯ J₉" in shown
    assert shown.count("<tr>") == 1 + 10
    visitor.number_input(key="early").set_value(17).run()
    assert not visitor.exception
    assert "one factor: J₁₈" in html(visitor)
    visitor.number_input(key="early").set_value(18).run()
    assert len(visitor.get("plotly_chart")) == 1
    assert "no factor, only the direct part" in html(visitor)


def test_a_click_sets_t_and_k_and_is_offered_where_cells_can_be_hit() -> None:
    assert picked(("late", "early"), [{"x": 8.0, "y": 18.0}, {"x": 1, "y": 2}]) == {
        "late": 18,
        "early": 8,
    }
    assert picked(("late", "early"), []) == {}
    for length, modes in (("64", [0]), ("65", [])):
        drawn = visit(chart="map", length=length).get("plotly_chart")[0]
        assert list(drawn.proto.selection_mode) == modes


def test_a_long_chain_leaves_out_its_middle_and_impossible_steps_are_told() -> None:
    shown = html(visit(chart="map", length="60", early="1"))
    assert shown.count("<tr>") == 1 + 13
    late = visit(v="1", lang="en", chart="map", length="20", late="30", early="25")
    assert len(notices(late)) == 2
    assert "the last one, 20, is shown" in notices(late)[0]
    assert len(late.get("plotly_chart")) == 1


def test_a_tick_sets_the_pages_controls_and_ticks_combine() -> None:
    visitor = visit(chart="remedies", length="30")
    boxes = {box.key: box for box in visitor.checkbox}
    assert len(boxes) == 9
    assert not any(box.value for box in boxes.values())
    boxes["tick:tick.orthogonal"].check().run()
    visitor.checkbox(key="tick:tick.forget").check().run()
    visitor.checkbox(key="tick:tick.clip").check().run()
    assert not visitor.exception
    on = {box.key.split(".")[1] for box in visitor.checkbox if box.value}
    assert on == {"orthogonal", "lstm", "forget", "clip"}
    shown = html(visitor)
    assert "Without what is ticked" in shown
    values = visitor.session_state["seqviz"].values
    assert (values["cell"], values["init"], values["fb"], values["clip"]) == (
        "lstm", "orthogonal", 2.0, True,
    )  # fmt: skip
    visitor.checkbox(key="tick:tick.lstm").uncheck().run()
    assert visitor.session_state["seqviz"].values["cell"] == "rnn"
    assert visitor.session_state["seqviz"].values["init"] == "orthogonal"


def test_the_limit_shows_only_where_it_acts_and_keeps_its_value() -> None:
    def limits(page: Any) -> list[float]:
        return [slider.value for slider in page.slider if slider.key == "limit"]

    assert limits(visit(chart="norms", clip="true")) == []
    assert limits(visit(chart="clip", limit="0.5")) == [0.5]
    visitor = visit(chart="remedies", limit="0.05")
    assert limits(visitor) == []
    assert "with it, at a limit of 0.05," in html(visitor)
    visitor.checkbox(key="tick:tick.clip").check().run()
    assert limits(visitor) == [0.05]
    visitor.slider(key="limit").set_value(0.1).run()
    visitor.checkbox(key="tick:tick.clip").uncheck().run()
    assert not visitor.exception
    assert limits(visitor) == []
    assert "at a limit of 0.1," in html(visitor)


def test_every_remedy_is_a_value_that_the_controls_know() -> None:
    known = {control.key: control for control in CONTROLS}
    for remedy in REMEDIES:
        for changes in (remedy.on, remedy.off):
            for key, value in controls_of(changes).items():
                assert known[key].read(known[key].write(value)) == Reading(value), remedy.name


def test_the_lag_is_trained_when_asked_and_not_before() -> None:
    before = visit(chart="truncate", seed="0")
    assert len(before.get("plotly_chart")) == 2
    before.button(key="button:lagged.button").click().run()
    assert not before.exception
    assert len(before.get("plotly_chart")) == 3
    assert "Over a lag of 12" in html(before)


def test_the_code_prints_what_the_page_shows() -> None:
    visitor = visit(cell="gru", length="15")
    shown = output(run(BackpropConfig(cell="gru", length=15)))
    assert visitor.code[1].value == shown.rstrip("\n")


@pytest.mark.parametrize("key", [*KEYS, "seed"])
def test_nonsense_in_a_parameter_is_named_and_the_rest_stays(key: str) -> None:
    visitor = visit(v="1", lang="en", **{key: "<b>"})
    if key == "text":
        assert notices(visitor) == []
        return
    (notice,) = notices(visitor)
    assert "&lt;b&gt;" in notice
    assert "<b>" not in notice


def test_limits_are_kept_and_told() -> None:
    asked = {"length": "5000", "hidden": "64", "gain": "-1", "window": "0", "limit": "nan"}
    assert len(notices(visit(v="1", lang="en", **asked))) == len(asked)
    (shorter,) = notices(visit(v="1", lang="en", input="text", text="hello", length="20"))
    assert "4 steps" in shorter
    (row,) = notices(visit(v="1", lang="en", chart="items", row="9"))
    assert "row 9" in row


def test_every_action_is_a_link_with_all_values_and_leads_to_a_whole_page() -> None:
    body = next(
        element.proto.body for element in visit().get("html") if "<ol" in element.proto.body
    )
    addresses = [part.partition('"')[0] for part in body.split('href="')[1:]]
    assert len(addresses) == len(TRY) >= 8
    assert set(TRY) == set(actions())
    for address in addresses:
        found = parse_qs(urlsplit(address.replace("&amp;", "&")).query, keep_blank_values=True)
        assert {*KEYS, "seed", "lang", "v", links.TRY} == set(found)
        visitor = visit(**{key: values[0] for key, values in found.items()})
        assert notices(visitor) == [], address


def test_what_the_actions_promise_is_what_their_runs_show() -> None:
    def shown(name: str) -> BackpropRecord:
        return run(config_of({**actions()[name], "seed": 1}))

    assert backprop_findings.step_ratio(shown("fade")) < -6
    assert backprop_findings.step_ratio(shown("hold")) > -1
    assert backprop_findings.step_ratio(shown("explode")) > 2
    gone = shown("float32")
    assert gone.zero_at is not None
    assert gone.zero_at > 50
    wide = run(replace(gone.config, dtype="float64"))
    assert wide.zero_at is None
    every = shown("every").curves
    assert every.total[0] > 1e4 * every.last_only[0]
    bound = shown("bound")
    (told, *_) = backprop_findings.bound_findings(bound, backprop_views.bound_view(bound))
    assert (told.key, told.values["rate"]) == ("bound_only_necessary", "1.5")
    for name, grows in (("direct", False), ("lstm_explodes", True)):
        paths = backprop_views.paths_view(shown(name))
        assert paths is not None
        assert paths.direct_rate < min(1.0, paths.true_rate)
        assert (paths.true_rate > 1) == grows
    clip = actions()["clip"]
    assert backprop_remedies.clipping_view(shown("clip"), float(clip["limit"])).value_cosine < 0.9


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prediction_can_be_answered(language: str) -> None:
    visitor = visit(lang=language)
    assert len(visitor.radio) >= 3
    for radio in visitor.radio:
        radio.set_value(0)
    for button in visitor.button:
        if str(button.key).startswith("predict:"):
            button.click()
    visitor = visitor.run()
    assert not visitor.exception
    told = [words("frame", language)[f"predict.{key}"] for key in ("right", "wrong")]
    assert sum(html(visitor).count(verdict) for verdict in told) >= 1
