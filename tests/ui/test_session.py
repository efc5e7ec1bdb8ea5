"""A page through a reader's visit: from the link, through the widgets, back to the link."""

import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from seqviz.ui.controls import Toggle
from seqviz.ui.session import Controls
from tests.ui.parts import unfold

DEMO = Path(__file__).with_name("demo.py")
DEFAULTS = {
    "mode": "fresh",
    "cell": "lstm",
    "length": 4,
    "gain": 1.0,
    "text": "hello",
    "numbers": (0.0, 1.0),
    "wipe": False,
    "act": "tanh",
    "seed": 1,
}


def visit(**parameters: str | list[str]) -> AppTest:
    """The demo page, opened with these parameters in its address."""
    visitor = AppTest.from_file(str(DEMO), default_timeout=30)
    for key, value in parameters.items():
        visitor.query_params[key] = value
    unfold(visitor)
    return run(visitor)


def run(visitor: Any) -> AppTest:
    visitor = visitor.run()
    assert not visitor.exception
    return visitor


def values(visitor: AppTest) -> dict[str, Any]:
    return visitor.session_state["values"]


def html(visitor: AppTest) -> str:
    return "\n".join(element.proto.body for element in visitor.get("html"))


def notices(visitor: AppTest) -> str:
    found = [block for block in html(visitor).split("\n") if 'class="seqviz-notices"' in block]
    return found[0] if found else ""


def test_an_address_without_parameters_shows_the_defaults() -> None:
    visitor = visit()
    assert values(visitor) == DEFAULTS
    assert notices(visitor) == ""


def test_a_link_brings_every_value_back() -> None:
    changed = {**DEFAULTS, "cell": "gru", "length": 9, "gain": 0.15, "text": "한글", "wipe": True}
    changed |= {"numbers": (-1.5, 2.0), "act": "relu", "seed": 77}
    visitor = visit()
    visitor.segmented_control(key="cell").set_value("gru")
    visitor.slider(key="length").set_value(9)
    visitor.slider(key="gain").set_value(0.15)
    visitor.text_input(key="text").set_value("한글")
    visitor.text_input(key="numbers").set_value("-1.5, 2")
    visitor.toggle(key="wipe").set_value(True)
    visitor.selectbox(key="act").set_value("relu")
    visitor.number_input(key="seed").set_value(77)
    run(visitor)
    assert values(visitor) == changed
    query = parse_qs(urlsplit(visitor.session_state["link"]).query)
    again = visit(**query)
    assert values(again) == changed
    assert notices(again) == ""
    assert again.slider(key="length").value == 9
    assert again.text_input(key="numbers").value == "-1.5, 2"


def test_a_link_names_its_version_its_language_and_every_default() -> None:
    query = parse_qs(urlsplit(visit().session_state["link"]).query)
    assert query.pop("v") == ["1"]
    assert query.pop("lang") == ["en"]
    assert query.keys() == DEFAULTS.keys()


@pytest.mark.parametrize("key", DEFAULTS)
@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "nan",
        "1e999",
        "👩\u200d👩\u200d👧\u200d👦",
        "<script>alert(1)</script>",
        "x" * 10_000,
        ["1", "2"],
        ["<b>", "nan"],
    ],
    ids=lambda nonsense: str(nonsense)[:10],
)
def test_nonsense_in_one_parameter_leaves_the_others_alone(
    key: str, nonsense: str | list[str]
) -> None:
    good = {"v": "1", "cell": "gru", "length": "9", "text": "abc", "wipe": "true", "seed": "5"}
    visitor = visit(**{**good, key: nonsense})
    expected = {**DEFAULTS, "cell": "gru", "length": 9, "text": "abc", "wipe": True, "seed": 5}
    assert {**values(visitor), key: None} == {**expected, key: None}
    plain_text = key == "text" and isinstance(nonsense, str) and 0 < len(nonsense) < 10
    assert (f"({key})" in notices(visitor)) != plain_text
    assert "<script>" not in html(visitor)


def test_nonsense_everywhere_at_once() -> None:
    visitor = visit(**dict.fromkeys([*DEFAULTS, "v", "lang", "foo"], "<b>"))
    assert values(visitor) == {**DEFAULTS, "text": "<b>"}
    assert "&lt;b&gt;" in notices(visitor)


def test_notices_speak_the_readers_language() -> None:
    visitor = visit(v="1", lang="ko", length="99999")
    assert "최댓값은 200" in notices(visitor)
    visitor.segmented_control(key="lang").set_value("en")
    run(visitor)
    assert "99999 is above 200; using 200" in notices(visitor)


def test_a_change_of_language_keeps_every_value() -> None:
    visitor = visit(v="1", lang="en", cell="gru", text="abc", seed="9")
    before = values(visitor)
    visitor.segmented_control(key="lang").set_value("ko")
    run(visitor)
    assert values(visitor) == before
    assert "lang=ko" in visitor.session_state["link"]


def test_a_notice_about_a_value_stays_until_that_value_changes() -> None:
    visitor = visit(v="1", length="99999")
    assert "99999" in notices(visitor)
    visitor.segmented_control(key="cell").set_value("rnn")
    run(visitor)
    assert "99999" in notices(visitor)
    assert values(visitor)["length"] == 200
    visitor.slider(key="length").set_value(9)
    run(visitor)
    assert notices(visitor) == ""


def test_typed_text_is_cut_and_the_field_shows_what_is_used() -> None:
    visitor = visit()
    visitor.text_input(key="text").set_value("안녕하세요 여러분")
    run(visitor)
    assert values(visitor)["text"] == visitor.text_input(key="text").value == "안녕하세요"
    assert "the first 5 are used" in notices(visitor)


def test_an_emptied_text_is_refused_and_the_others_stay() -> None:
    visitor = visit(v="1", length="9", text="abc")
    visitor.text_input(key="text").set_value("")
    run(visitor)
    assert values(visitor) == {**DEFAULTS, "length": 9}
    assert "the text is empty" in notices(visitor)


def test_a_locked_control_shows_the_given_value_and_is_disabled() -> None:
    visitor = visit(v="1", gain="0.5", mode="trained")
    assert values(visitor)["gain"] == 2.0
    assert visitor.slider(key="gain").disabled
    assert visitor.slider(key="gain").value == 2.0
    visitor.segmented_control(key="mode").set_value("fresh")
    run(visitor)
    assert not visitor.slider(key="gain").disabled
    assert values(visitor)["gain"] == 2.0


def test_a_bad_value_for_a_locked_control_is_named_with_what_is_used() -> None:
    visitor = visit(v="1", gain="nan", mode="trained")
    assert "the trained model decides it; using 2.0" in notices(visitor)


def test_a_control_that_is_not_drawn_keeps_its_value() -> None:
    visitor = visit(v="1", numbers="3,4")
    visitor.segmented_control(key="cell").set_value("rnn")
    run(visitor)
    run(visitor)
    visitor.segmented_control(key="cell").set_value("gru")
    run(visitor)
    assert visitor.text_input(key="numbers").value == "3, 4"
    assert values(visitor)["numbers"] == (3.0, 4.0)


def test_a_button_sets_controls() -> None:
    visitor = visit()
    visitor.button(key="button:mode.trained").click()
    run(visitor)
    assert values(visitor)["mode"] == "trained"
    assert visitor.segmented_control(key="mode").value == "trained"


def test_an_answer_shows_only_after_a_commitment() -> None:
    visitor = visit()
    reveal = next(button for button in visitor.button if "reveal" in (button.key or ""))
    assert "Because" not in html(visitor)
    reveal.click()
    run(visitor)
    assert "Because" not in html(visitor)
    visitor.radio[0].set_value(1)
    next(button for button in visitor.button if "reveal" in (button.key or "")).click()
    run(visitor)
    assert "Because {x} &lt;i&gt;." in html(visitor)


def test_the_browsers_language_counts_only_without_one_in_the_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.locale", "ko-KR")
    assert "lang=ko" in visit().session_state["link"]
    assert "lang=en" in visit(lang="en").session_state["link"]
    assert "lang=ko" in visit(lang="xx").session_state["link"]


def test_actions_are_links_with_every_value() -> None:
    visitor = visit(v="1", lang="ko", seed="42")
    line = next(block for block in html(visitor).split("\n") if "<ol" in block)
    for part in ("act=relu", "wipe=true", "length=7", "seed=42", "lang=ko", "v=1", "cell?"):
        assert part in line


def test_a_class_gets_links_that_it_can_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQVIZ_CLASS_URL", "http://192.0.2.7:8501")
    visitor = visit(v="1", cell="gru")
    assert any("Anyone in this network" in caption.value for caption in visitor.caption)
    code = next(block for block in html(visitor).split("\n") if "seqviz-qr" in block)
    assert quote("http://192.0.2.7:8501/cell?v=1&", safe="") in code


def test_the_code_says_what_differs_from_the_defaults_and_means_the_same() -> None:
    visitor = visit(v="1", cell="gru", lang="ko", gain="0.5", numbers="0,1")
    block = next(block for block in html(visitor).split("\n") if "seqviz-qr" in block)
    source = re.search(r'src="([^"]*)"', block)
    assert source
    [address] = parse_qs(urlsplit(unescape(source[1])).query)["text"]
    said = dict(parse_qsl(urlsplit(address).query))
    assert said == {"v": "1", "lang": "ko", "cell": "gru", "gain": "0.5"}
    assert values(visit(**said)) == values(visitor)


def test_a_link_too_long_for_a_qr_code_can_still_be_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "seqviz-qr" in html(visit())
    monkeypatch.setattr("seqviz.ui.qr.LONGEST", 10)
    visitor = visit()
    assert "seqviz-qr" not in html(visitor)
    assert any("too long for a QR code" in caption.value for caption in visitor.caption)


def test_a_widget_is_given_its_value_again_unless_the_reader_is_moving_it() -> None:
    visitor = visit(gain="0.5")
    visitor.slider(key="length").set_value(9)
    visitor = run(visitor)
    assert visitor.slider(key="gain").proto.set_value
    assert not visitor.slider(key="length").proto.set_value
    assert visitor.slider(key="gain").value == values(visitor)["gain"] == 0.5


def knobs() -> None:
    """Two knobs without a page; what a test asks of them is left in the session's state."""
    import streamlit as st

    from seqviz.ui.controls import Number, Text
    from seqviz.ui.notices import Notice
    from seqviz.ui.session import Controls

    page = st.session_state.get("page", "cell")
    controls = Controls(page, (Number("length", 1, 200, 4), Text("text", "hello", limit=5)))
    for kind in st.session_state.get("tell", ()):
        controls.tell(Notice(kind))
    controls.set(st.session_state.get("set", {}))
    if "overrule" in st.session_state:
        st.session_state["unsaid"] = controls.overrule(st.session_state["overrule"])
    st.session_state["told"] = [(notice.kind, notice.about) for notice in controls.notices]
    st.session_state["kept"] = dict(controls.values)
    st.session_state["shared"] = controls.write_shared()


def turn(asked: dict[str, Any], **parameters: str | list[str]) -> AppTest:
    """The knobs, opened with these parameters, asked something of."""
    visitor = AppTest.from_function(knobs, default_timeout=30)
    for key, value in parameters.items():
        visitor.query_params[key] = value
    for key, value in asked.items():
        visitor.session_state[key] = value
    return run(visitor)


def test_who_says_it_better_silences_what_went_beyond_the_limits_of_one_control() -> None:
    both = turn({"overrule": "length"}, v="1", length="99999", text="more than five")
    assert both.session_state["told"] == [("too_long", "text")]
    assert both.session_state["unsaid"] == {"got": "99999"}
    text = turn({"overrule": "text"}, v="1", length="99999", text="more than five")
    assert text.session_state["told"] == [("above", "length")]
    assert text.session_state["unsaid"] == {"count": "14"}
    nonsense = turn({"overrule": "length"}, v="1", length="nan")
    assert nonsense.session_state["told"] == [("not_finite", "length")]
    assert nonsense.session_state["unsaid"] == {}


def test_everything_that_a_link_got_wrong_is_told_together() -> None:
    visitor = turn({"tell": ["step_above", "not_pin"]}, v="1", foo="1", length=["3", "99999"])
    assert visitor.session_state["told"] == [
        ("unknown_parameter", ""),
        ("step_above", ""),
        ("not_pin", ""),
        ("repeated", "length"),
        ("above", "length"),
    ]


def test_a_value_set_to_what_it_is_keeps_what_was_said_of_it() -> None:
    same = turn({"set": {"length": 200}}, v="1", length="99999")
    assert same.session_state["told"] == [("above", "length")]
    other = turn({"set": {"length": 9}}, v="1", length="99999")
    assert (other.session_state["told"], other.session_state["kept"]["length"]) == ([], 9)


def test_only_what_all_pages_have_goes_along_to_another_page() -> None:
    assert turn({}, v="1", length="9", seed="7").session_state["shared"] == {"seed": "7"}


def test_another_page_begins_with_its_own_link() -> None:
    visitor = turn({}, v="1", length="99999")
    visitor.session_state["page"] = "other"
    visitor.query_params["length"] = "7"
    run(visitor)
    assert visitor.session_state["kept"]["length"] == 7
    assert visitor.session_state["told"] == []


def test_what_is_no_knob_of_the_page_cannot_be_set() -> None:
    visitor: Any = AppTest.from_function(knobs, default_timeout=30)
    visitor.session_state["set"] = {"colour": 1}
    (error,) = visitor.run().exception
    assert error.message == "Controls: expected length, text, seed, got ['colour']"
    with pytest.raises(ValueError, match=r"expected unique keys, got \['wipe', 'wipe', 'seed'\]"):
        Controls("cell", (Toggle("wipe"), Toggle("wipe")))
