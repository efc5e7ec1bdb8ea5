"""The page `positions`, run as Streamlit runs it, in both languages and with every chart open."""

import contextlib
import io
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from seqviz.core.positions import POSITIONS
from seqviz.models.findings import number
from seqviz.models.positions_experiment import LONGEST, PositionsConfig, run
from seqviz.models.positions_findings import relative_findings
from seqviz.models.positions_views import relative_view
from seqviz.scenes.plane import rotation_scene
from seqviz.text import LANGUAGES, PLACEHOLDER, Words, words
from seqviz.ui.positions import CHARTS, CONTROLS, TRY, actions, clocks_of, scene_of
from tests.ui.parts import bodies, notices, open_page

visit = partial(open_page, "positions")
KEYS = [control.key for control in CONTROLS]
DEFAULTS = {control.key: control.default for control in CONTROLS}
LABELLED = ("button_group", "slider", "number_input", "selectbox", "toggle", "expander")
NONSENSE = "<b>"


def html(visitor: Any) -> str:
    return "\n".join(bodies(visitor))


def unfilled(visitor: Any) -> list[str]:
    """Placeholders that nobody filled."""
    bodies = [element.proto.body for element in visitor.get("html")]
    return [hole for body in bodies if "<style" not in body for hole in PLACEHOLDER.findall(body)]


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_opens_with_words_for_all_it_shows(language: str, chart: str) -> None:
    visitor = visit(v="1", lang=language, chart=chart)
    own = words("positions", language)
    assert visitor.title[0].value == own["question"]
    assert own[f"chart.{chart}"] in html(visitor)
    assert notices(visitor) == []
    assert len(visitor.get("plotly_chart")) == 1
    everything = Words(language, "frame", "controls", "player", "figures", "positions").flat
    for kind in LABELLED:
        for element in visitor.get(kind):
            assert element.label in everything.values(), element.label
    assert unfilled(visitor) == []


@pytest.mark.parametrize("mode", ["trained", "fresh"])
@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_and_table_are_filled_from_the_record(
    language: str, positions: str, mode: str
) -> None:
    visitor = visit(v="1", lang=language, pos=positions, mode=mode, order="reversed")
    found = run(PositionsConfig(positions=positions, mode=mode, order="reversed"))
    shown = html(visitor)
    for change in found.changes.values():
        most = float(change.max())
        assert (number(most) if most < 1e-9 else f"{most:.2f}") in shown
    assert unfilled(visitor) == []


def test_the_printed_output_is_what_the_program_prints() -> None:
    for changes in (
        {},
        {"pos": "sinusoidal", "mask": "causal", "d": "512"},
        {"pos": "learned", "input": "korean", "d": "7"},
        {"pos": "rotary", "mask": "causal", "order": "shuffled", "draw": "3"},
        {"mode": "fresh", "pos": "sinusoidal", "input": "text", "text": 'it\'s "x" {y} \\n'},
        {"mode": "fresh", "pos": "rotary"},
    ):
        source, printed = (block.value for block in visit(v="1", lang="en", **changes).code)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(source, "program", "exec"), {})
        assert out.getvalue().rstrip("\n") == printed, changes
        assert len(source.splitlines()) <= 50


@pytest.mark.parametrize("key", [*KEYS, "seed"])
def test_nonsense_in_a_parameter_is_named_and_the_rest_stays(key: str) -> None:
    visitor = visit(v="1", lang="en", **{key: NONSENSE})
    if key == "text":
        assert notices(visitor) == []
        return
    (notice,) = notices(visitor)
    assert "&lt;b&gt;" in notice
    assert NONSENSE not in notice


def test_texts_at_their_limits_are_kept_and_told() -> None:
    (empty,) = notices(visit(v="1", lang="en", input="text", text="   "))
    assert "no token" in empty
    (found,) = notices(visit(v="1", lang="en", input="text", text="ab " * 10_000))
    assert f"first {LONGEST}" in found
    alone = visit(v="1", lang="en", input="text", text="word")
    assert notices(alone) == []
    assert "“word” is the only word" in html(alone)
    asked = {"d": "9999", "length": "0", "k": "-3", "clocks": "nan", "draw": "0"}
    assert len(notices(visit(v="1", lang="en", **asked))) == len(asked)


@pytest.mark.parametrize("positions", ["sinusoidal", "learned"])
def test_a_text_longer_than_the_training_is_told(positions: str) -> None:
    (notice,) = notices(visit(v="1", lang="en", input="letters", pos=positions))
    assert "16" in notice
    assert notices(visit(v="1", lang="en", input="letters", pos="rotary")) == []


def test_a_readers_text_is_never_html() -> None:
    shown = html(visit(v="1", lang="en", input="text", text="<img src=x> <b>y</b>"))
    assert "<img src=x>" not in shown
    assert "<b>y" not in shown


def test_every_action_is_a_link_with_all_values_and_leads_to_a_whole_page() -> None:
    body = next(
        element.proto.body for element in visit().get("html") if "<ol" in element.proto.body
    )
    addresses = [part.partition('"')[0] for part in body.split('href="')[1:]]
    assert len(addresses) == len(TRY) >= 8
    assert set(TRY) == set(actions())
    for address in addresses:
        found = parse_qs(urlsplit(address.replace("&amp;", "&")).query, keep_blank_values=True)
        assert {*KEYS, "seed", "lang", "v"} == set(found) - {"try"}
        visitor = visit(**{key: values[0] for key, values in found.items()})
        assert notices(visitor) == [], address


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prediction_can_be_answered(language: str) -> None:
    visitor = visit(lang=language)
    assert len(visitor.radio) == 4
    for radio in visitor.radio:
        radio.set_value(0)
    for button in visitor.button:
        if str(button.key).startswith("predict:"):
            button.click()
    visitor = visitor.run()
    assert not visitor.exception
    told = [words("frame", language)[f"predict.{key}"] for key in ("right", "wrong")]
    assert sum(html(visitor).count(verdict) for verdict in told) >= 1


def test_shuffle_again_draws_another_order() -> None:
    visitor = visit(v="1", lang="en", order="shuffled", input="only")
    before = html(visitor)
    visitor.button(key="button:mode.again").click().run()
    assert not visitor.exception
    assert before != html(visitor)


@pytest.mark.parametrize("positions", POSITIONS)
def test_the_scene_is_the_order_on_screen_with_the_right_answers(positions: str) -> None:
    found = run(PositionsConfig(positions=positions))
    scene = scene_of(found, Words("en", "positions"))
    assert scene.sequence.inputs == ("the", "man", "bit", "the", "dog")
    assert scene.sequence.targets == (None, "the", "man", "bit", "the")
    assert scene.mark == (0, 3)
    assert "the man bit the dog" in scene.title


def test_clocks_go_from_the_fastest_pair_to_the_slowest() -> None:
    for d, asked, pairs in ((32, 4, [0, 5, 10, 15]), (7, 8, [0, 1, 2]), (2, 4, [0]), (32, 1, [0])):
        scene = clocks_of({**DEFAULTS, "d": d, "clocks": asked}, Words("en", "positions"))
        expected = rotation_scene(50, d, 3, pairs)
        assert [node["id"] for node in scene.layout.nodes] == [
            node["id"] for node in expected.layout.nodes
        ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_last_question_leads_where_it_says(language: str) -> None:
    shown = html(visit(v="1", lang=language))
    assert f'href="attention?v=1&amp;lang={language}' in shown.partition("seqviz-next")[2]
    asked = words("frame", language)["page.attention.title"]
    assert words("positions", language)["next"].endswith(asked.replace("How", "how"))


def test_the_last_word_asks_the_first_as_the_pair_moves_along() -> None:
    shown = html(visit(v="1", lang="en", chart="relative", pos="rotary", order="own"))
    record = run(PositionsConfig(positions="rotary", order="own"))
    view = relative_view(record.model, ("man", "the"), 3, 50)
    (told, _) = relative_findings(view)
    assert f"the score of “man” for “the”, 3 places before it, is {told.values['rotary']}" in shown


def test_the_training_ends_at_its_longest_sequence_and_not_before() -> None:
    asked = {"v": "1", "lang": "en", "input": "text", "pos": "sinusoidal"}
    assert notices(visit(**asked, text=" ".join("abcdefghijklmnop"))) == []
    assert len(notices(visit(**asked, text=" ".join("abcdefghijklmnopq")))) == 1
