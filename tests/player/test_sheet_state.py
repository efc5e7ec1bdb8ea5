"""The cursor of sheets as a pure function, its keys and its address."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.attention_catalogue import scenes
from tests.player.conftest import Engine
from tests.player.stage import show

HEADS = scenes()["causal-h4"].to_json() | {"rest": 2}
STAGES, T, LAST = 11, 5, 10
PLAY = """(e, [scene, options, actions]) => actions.reduce(
  (state, action) => e.reduce(state, action), e.initial(e.openScene(scene), options))"""
KEY = "(e, [event, inside, kind, bounds]) => e.keyAction(event, inside, kind, bounds)"
SHEETS = {"sheets": True, "heads": 4}
TICK = {"type": "tick"}
PLACE = {"name": "weights_1", "t": 2, "index": 1}


@pytest.fixture
def play(engine: Engine) -> Any:
    return lambda *actions, **options: engine(PLAY, [HEADS, options, list(actions)])


def fine(by: int) -> dict[str, Any]:
    return {"type": "fine", "by": by}


def test_bounds_know_stages_heads_and_the_widest_sheet(play: Any) -> None:
    bounds = play()["bounds"]
    assert (bounds["substeps"], bounds["heads"], bounds["units"]) == (STAGES, 4, 8)


def test_the_first_play_is_the_stages_of_one_query(play: Any) -> None:
    first = play(autoplay=True)
    assert (first["t"], first["substep"], first["playing"]) == (2, 0, True)
    states = [play(*[TICK] * n, autoplay=True) for n in range(STAGES + 1)]
    assert [state["substep"] for state in states] == [*range(STAGES), None]
    assert {state["t"] for state in states} == {2}
    assert [state["playing"] for state in states][-2:] == [True, False]


@pytest.mark.parametrize("options", [{"reduced": True}, {"step": 1}, {"substep": 3}])
def test_it_does_not_play_by_itself(play: Any, options: dict[str, Any]) -> None:
    assert not play(autoplay=True, **options)["playing"]


def test_stages_go_on_to_the_next_query_and_end_at_the_last(play: Any) -> None:
    state = play(*[fine(1)] * (STAGES + 1), step=0)
    assert (state["t"], state["substep"]) == (1, 0)
    back = play(*[fine(1)] * (STAGES + 1), fine(-1), step=0)
    assert (back["t"], back["substep"]) == (0, LAST)
    end = play(*[fine(1)] * (STAGES + 3), step=T - 1)
    assert (end["t"], end["substep"]) == (T - 1, LAST)
    assert play(fine(-1), fine(-1), *[fine(-1)] * 20, step=0)["substep"] == 0


def test_queries_keep_the_stage(play: Any) -> None:
    for action in ({"type": "step", "by": 1}, {"type": "go", "t": 3}, {"type": "end"}):
        assert play(fine(1), fine(1), action, step=1)["substep"] == 1


def test_asking_goes_there_and_pins(play: Any) -> None:
    place = {"name": "weights_1", "t": 4, "index": 2}
    state = play({"type": "ask", "place": place, "t": 4, "unit": 2}, step=0)
    assert (state["t"], state["unit"], state["chosen"]) == (4, 2, True)
    assert (state["pins"], state["selected"]) == ([place], place)
    again = {"type": "ask", "place": place, "t": 4, "unit": 2}
    assert play(again, again, step=0)["pins"] == []


def test_heads_and_tokens(play: Any) -> None:
    assert play({"type": "head", "head": 2})["head"] == 2
    assert play({"type": "head", "head": 9})["head"] == 3
    token = {"type": "token", "index": 1}
    assert play(token)["token"] == 1
    assert play(token, token)["token"] is None
    assert play(token, {"type": "release"})["token"] is None
    assert play(token, {"type": "step", "by": 1})["token"] is None


def test_another_stage_or_head_lets_go_of_what_was_selected(play: Any) -> None:
    select = {"type": "select", "place": PLACE}
    assert play(select)["selected"] is not None
    assert play(select, fine(1))["selected"] is None
    assert play(select, {"type": "head", "head": 1})["selected"] is None


def test_escape_lets_go_of_the_token_before_the_selection(play: Any) -> None:
    both = [{"type": "select", "place": PLACE}, {"type": "token", "index": 1}]
    once = play(*both, {"type": "release"})
    assert (once["token"], once["selected"] is None) == (None, False)
    assert play(*both, *[{"type": "release"}] * 2)["selected"] is None


def test_a_stage_takes_as_long_whether_it_plays_by_itself_or_not(engine: Engine) -> None:
    code = "(e, state) => e.interval({ speed: 1, substep: 0, hurry: 4, ...state })"
    for auto in (False, True):
        assert engine(code, {"auto": auto, "bounds": {"sheets": True}}) == 700
    assert engine(code, {"auto": False, "bounds": {"sheets": False}}) == 500


def test_another_scene_brings_its_own_rest_and_no_token(engine: Engine) -> None:
    code = """(e, [first, second]) => {
      const state = e.reduce(e.initial(e.openScene(first)), { type: "token", index: 1 });
      return e.fit(state, e.openScene(second));
    }"""
    state = engine(code, [HEADS, HEADS | {"rest": 4}])
    assert (state["rest"], state["token"], state["t"]) == (4, None, 2)


def test_levels_go_round(play: Any) -> None:
    by = {"type": "level", "by": 1}
    assert [play(*[by] * n)["level"] for n in range(4)] == [
        "numbers", "arithmetic", "flow", "numbers",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "inside", "action"),
    [
        ("ArrowRight", False, fine(1)),
        ("ArrowLeft", False, fine(-1)),
        ("Home", False, {"type": "home"}),
        ("ArrowDown", False, None),
        ("ArrowDown", True, {"type": "step", "by": 1}),
        ("ArrowUp", True, {"type": "step", "by": -1}),
        ("]", True, {"type": "unit", "by": 1}),
        ("3", True, {"type": "head", "head": 2}),
        ("3", False, None),
        ("9", True, None),
        ("0", True, {"type": "substeps", "on": False}),
        ("l", True, {"type": "level", "by": 1}),
        ("Enter", True, {"type": "pin"}),
    ],
)
def test_keys(engine: Engine, key: str, inside: bool, action: dict[str, Any] | None) -> None:
    assert engine(KEY, [{"key": key}, inside, False, SHEETS]) == action


def test_with_one_head_numbers_choose_the_level(engine: Engine) -> None:
    one = SHEETS | {"heads": 1}
    assert engine(KEY, [{"key": "1"}, True, False, one]) == {"type": "level", "level": "flow"}
    shifted = {"key": "ArrowRight", "shiftKey": True}
    assert engine(KEY, [shifted, True, False, one]) == {"type": "step", "by": 1}


ADDRESS = """(e, [scene, search]) => {
  const model = e.openScene(scene);
  return e.writeAddress("?a=b", e.initial(model, e.readAddress(search, model)));
}"""


@pytest.mark.parametrize(
    "search",
    [
        "t=2&u=3&s=4&head=2&level=flow&future=hidden&speed=0.5",
        "t=5",
        "t=1&s=11&pin=weights_2.1.2",
        "t=3&u=1&view=rolled",
    ],
)
def test_the_address_holds_stage_head_and_how_it_is_shown(engine: Engine, search: str) -> None:
    assert engine(ADDRESS, [HEADS, f"?{search}"]) == f"?a=b&{search}"


@pytest.mark.parametrize(
    ("search", "written"),
    [
        ("s=99&head=99", "t=3&s=11&head=4"),
        ("s=0&head=0", "t=3&s=1"),
        ("s=x&head=-1&level=loud&speed=3&future=1&view=%00", "t=3"),
    ],
)
def test_nonsense_in_the_address_does_nothing(engine: Engine, search: str, written: str) -> None:
    assert engine(ADDRESS, [HEADS, f"?{search}"]) == f"?a=b&{written}"


def test_one_player_of_a_page_writes_the_address(page: Page) -> None:
    page.route("http://localhost/**", lambda route: route.fulfill(body="<title>page</title>"))
    page.goto("http://localhost/?x=1")
    show(page, HEADS, address=True)
    page.evaluate(
        """() => {
          const second = document.createElement("div");
          document.body.append(second);
          window.module.mount(second, window.payload);
        }"""
    )
    places = page.locator(".place")
    places.nth(1).click()
    page.keyboard.press("End")
    expect(places.nth(1)).to_have_text("query 5 / 5")
    places.nth(0).click()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("location.search === '?x=1&t=3&s=1'")
