"""The cursor as a pure function: state and action in, state out."""

from typing import Any

import pytest

from tests.player.conftest import Engine
from tests.scene_catalogue import catalogue, scene_of

T, H, SUBSTEPS = 5, 4, 6


@pytest.fixture(scope="module")
def play(engine: Engine) -> Any:
    """`play(actions, **options)` gives the state after the actions, on a scene of 5 steps."""
    scene = catalogue()["lstm-tanh"].to_json() | {"rest": 3}

    def run(*actions: dict[str, Any], start: dict[str, Any] | None = None, **options: Any) -> Any:
        return engine(
            """(e, [scene, options, actions, start]) => {
              const first = { ...e.initial(e.openScene(scene), options), ...start };
              return actions.reduce((state, action) => {
                const kept = JSON.stringify(state);
                const next = e.reduce(state, action);
                if (JSON.stringify(state) !== kept) throw new Error("the state was changed");
                return next;
              }, first);
            }""",
            [scene, options, list(actions), start or {}],
        )

    return run


def act(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, **more}


TICK = act("tick")
PLACE = {"name": "f", "t": 3, "index": 1}


def test_at_first_it_rests_where_the_scene_says(play: Any) -> None:
    state = play()
    assert (state["t"], state["playing"], state["substep"], state["unit"]) == (3, False, None, 0)
    assert (state["view"], state["level"], state["future"]) == ("unrolled", "numbers", "faint")


def test_it_plays_to_the_rest_by_itself_once(play: Any) -> None:
    assert [play(*[TICK] * n, autoplay=True)["t"] for n in range(6)] == [0, 1, 2, 3, 3, 3]
    assert not play(*[TICK] * 3, autoplay=True)["playing"]


@pytest.mark.parametrize("options", [{"reduced": True}, {"step": 1}])
def test_it_does_not_play_by_itself(play: Any, options: dict[str, Any]) -> None:
    state = play(autoplay=True, **options)
    assert not state["playing"]
    assert state["t"] == options.get("step", 3)


@pytest.mark.parametrize(
    "action",
    [
        act("step", by=1),
        act("unit", by=1),
        act("pause"),
        act("play"),
        act("pin", place=PLACE),
        act("level", level="flow"),
        act("view"),
        act("speed", by=1),
    ],
)
def test_anything_the_reader_does_stops_what_plays_by_itself(
    play: Any, action: dict[str, Any]
) -> None:
    state = play(TICK, action, autoplay=True)
    assert (state["playing"], state["auto"]) == (False, False)


def test_looking_does_not_stop_it(play: Any) -> None:
    assert play(act("select", place=PLACE), autoplay=True)["playing"]


@pytest.mark.parametrize(
    ("action", "t"),
    [
        (act("step", by=1), 4),
        (act("step", by=-1), 2),
        (act("step", by=-99), 0),
        (act("home"), 0),
        (act("end"), 4),
        (act("go", t=1), 1),
        (act("go", t=99), 4),
    ],
)
def test_going_somewhere(play: Any, action: dict[str, Any], t: int) -> None:
    assert play(action)["t"] == t


def test_playing_goes_to_the_end_and_stops(play: Any) -> None:
    state = play(act("home"), act("play"), *[TICK] * 4)
    assert (state["t"], state["playing"]) == (4, False)
    assert play(act("home"), act("play"), *[TICK] * 3)["playing"]


def test_playing_from_the_end_starts_over(play: Any) -> None:
    assert play(act("end"), act("play"))["t"] == 0


def test_play_pauses_and_going_somewhere_pauses(play: Any) -> None:
    assert not play(act("play"), act("play"))["playing"]
    assert not play(act("play"), act("step", by=1))["playing"]
    looks = [act("speed", speed=4), act("view"), act("level", level="flow"), act("future")]
    looks += [act("substeps", on=True), act("head", head=0), act("select", place=PLACE)]
    assert play(act("home"), act("play"), *looks, act("reduced", on=True))["playing"]


def test_speeds(engine: Engine, play: Any) -> None:
    assert play()["speed"] == 1
    assert play(act("speed", by=1))["speed"] == 2
    assert play(*[act("speed", by=-1)] * 9)["speed"] == 0.25
    assert play(act("speed", speed=4))["speed"] == 4
    assert play(act("speed", by=1), start={"speed": 3})["speed"] == 2
    assert engine("(e) => e.interval({ speed: 2, substep: null })") == 400
    assert engine("(e) => e.interval({ speed: 1, substep: null, auto: true, hurry: 4 })") == 200
    assert engine("(e) => e.interval({ speed: 1, substep: null, auto: false, hurry: 4 })") == 800


def test_fine_stepping_goes_through_the_substeps_of_each_step(play: Any) -> None:
    fine = act("fine", by=1)
    assert [play(*[fine] * n)["substep"] for n in range(4)] == [None, 0, 1, 2]
    state = play(*[fine] * (SUBSTEPS + 1))
    assert (state["t"], state["substep"]) == (4, 0)
    back = play(*[fine] * (SUBSTEPS + 1), act("fine", by=-1))
    assert (back["t"], back["substep"]) == (3, SUBSTEPS - 1)


def test_fine_stepping_ends_at_the_ends(play: Any) -> None:
    last = play(act("end"), *[act("fine", by=1)] * 20)
    assert (last["t"], last["substep"]) == (4, SUBSTEPS - 1)
    first = play(act("home"), *[act("fine", by=-1)] * 20)
    assert (first["t"], first["substep"]) == (0, 0)


def test_playing_by_substeps(play: Any) -> None:
    start = [act("home"), act("substeps", on=True), act("play")]
    state = play(*start, *[TICK] * SUBSTEPS)
    assert (state["t"], state["substep"], state["playing"]) == (1, 0, True)
    done = play(*start, *[TICK] * 99)
    assert (done["t"], done["substep"], done["playing"]) == (4, SUBSTEPS - 1, False)


def test_playing_by_substeps_from_the_end_starts_over_with_the_first(play: Any) -> None:
    last = [act("end"), *[act("fine", by=1)] * SUBSTEPS]
    state = play(*last, act("play"))
    assert (state["t"], state["substep"], state["playing"]) == (0, 0, True)
    before = play(*last[:-1], act("play"))
    assert (before["t"], before["substep"]) == (4, SUBSTEPS - 2)


def test_a_whole_step_leaves_the_substeps(play: Any) -> None:
    assert play(act("fine", by=1), act("step", by=1))["substep"] is None


def test_the_unit_stays_in_range(play: Any) -> None:
    assert play(act("unit", by=1))["unit"] == 1
    assert play(*[act("unit", by=1)] * 9)["unit"] == H - 1
    assert play(act("unit", by=-1))["unit"] == 0
    assert play(act("unit", unit=2))["unit"] == 2


def test_what_is_selected_follows_step_and_unit(play: Any) -> None:
    here = {"name": "f", "t": 3, "index": 0}
    state = play(act("select", place=here), act("step", by=-1), act("unit", by=1))
    assert state["selected"] == {"name": "f", "t": 2, "index": 1}
    elsewhere = play(act("select", place={**here, "t": 1}), act("step", by=1))
    assert elsewhere["selected"]["t"] == 1


def test_several_pins_stay_at_their_step(play: Any) -> None:
    other = {**PLACE, "t": 2}
    state = play(act("pin", place=PLACE), act("pin", place=other), act("home"))
    assert state["pins"] == [PLACE, other]


def test_pinning_again_lets_go(play: Any) -> None:
    assert play(act("pin", place=PLACE), act("pin", place=PLACE))["pins"] == []
    assert play(act("pin", place=PLACE), act("unpin", place=PLACE))["pins"] == []


def test_enter_pins_what_is_selected_and_nothing_else(play: Any) -> None:
    assert play(act("select", place=PLACE), act("pin"))["pins"] == [PLACE]
    assert play(act("pin"))["pins"] == []


def test_escape_releases_the_selection_then_the_pins(play: Any) -> None:
    pinned = [act("pin", place=PLACE), act("pin", place={**PLACE, "index": 2})]
    once, twice, all_ = (play(*pinned, *[act("release")] * n) for n in (1, 2, 3))
    assert (once["selected"], len(once["pins"])) == (None, 2)
    assert (len(twice["pins"]), len(all_["pins"])) == (1, 0)
    assert play(*pinned, act("release", all=True))["pins"] == []


def test_views_levels_and_the_future(play: Any) -> None:
    assert play(act("view"))["view"] == "rolled"
    assert play(act("view"), act("view"))["view"] == "unrolled"
    assert play(act("level", level="arithmetic"))["level"] == "arithmetic"
    assert play(act("future"))["future"] == "hidden"
    assert play(act("future"), act("future"))["future"] == "faint"


def test_reduced_motion_that_comes_later_stops_the_first_play(play: Any) -> None:
    state = play(act("reduced", on=True), autoplay=True)
    assert (state["reduced"], state["playing"]) == (True, False)


def test_an_unknown_action_is_an_error(play: Any) -> None:
    with pytest.raises(Exception, match='no action is called "jump"'):
        play(act("jump"))


def test_another_scene_keeps_what_fits(engine: Engine) -> None:
    long, short = (catalogue()[n].to_json() for n in ("lstm-T30-H32-D12", "lstm-T2-H8-D1"))
    state = engine(
        """(e, [long, short]) => {
          const pins = [{ name: "f", t: 1, index: 7 }, { name: "f", t: 20, index: 0 },
                        { name: "f", t: 0, index: 30 }, { name: "W_ih", t: null, index: 3 }];
          const before = { ...e.initial(e.openScene(long), { step: 25, unit: 31 }), pins };
          return e.fit(before, e.openScene(short));
        }""",
        [long, short],
    )
    assert (state["t"], state["unit"]) == (1, 7)
    assert [pin["name"] for pin in state["pins"]] == ["f", "W_ih"]
    expected = {"steps": 2, "substeps": SUBSTEPS, "units": 8, "direction": 1}
    assert expected.items() <= state["bounds"].items()


def test_the_same_scene_again_does_not_stop_the_play(engine: Engine) -> None:
    scene = catalogue()["lstm-tanh"].to_json() | {"rest": 3}
    code = """(e, scene) => {
      const state = e.reduce(e.initial(e.openScene(scene), { autoplay: true }), { type: "tick" });
      return [state, e.fit(state, e.openScene(scene))];
    }"""
    before, after = engine(code, scene)
    assert before == after
    assert after["playing"]


def test_only_so_many_pins_are_kept(play: Any) -> None:
    places = [{"name": "f", "t": t, "index": k} for t in range(T) for k in range(H)]
    assert play(pins=places)["pins"] == places[-6:]
    assert play(*[act("pin", place=place) for place in places])["pins"] == places[-6:]


OUTSIDE = [("ArrowLeft", "step"), ("ArrowRight", "step"), ("Home", "home"), ("End", "end")]
INSIDE = [(" ", "play"), ("ArrowUp", "unit"), ("ArrowDown", "unit"), ("Enter", "pin")]
INSIDE += [("Escape", "release"), ("1", "level"), ("3", "level"), ("h", "future"), ("v", "view")]


def key(engine: Engine, name: str, inside: bool, control: bool | str, **held: bool) -> Any:
    code = "(e, [event, inside, control]) => e.keyAction(event, inside, control)?.type ?? null"
    return engine(code, [{"key": name, **held}, inside, control])


@pytest.mark.parametrize(("name", "kind"), OUTSIDE)
def test_stepping_keys_work_anywhere_unless_a_control_has_the_focus(
    engine: Engine, name: str, kind: str
) -> None:
    assert key(engine, name, False, False) == kind
    assert key(engine, name, True, False) == kind
    assert key(engine, name, True, "button") == kind
    assert key(engine, name, False, "button") is None
    assert key(engine, name, True, True) is None
    assert key(engine, name, False, True) is None


@pytest.mark.parametrize(("name", "kind"), INSIDE)
def test_other_keys_work_inside_the_player_only(engine: Engine, name: str, kind: str) -> None:
    assert key(engine, name, True, False) == kind
    assert key(engine, name, False, False) is None
    assert key(engine, name, True, True) is None


def test_a_button_keeps_the_keys_that_press_it(engine: Engine) -> None:
    assert key(engine, " ", True, "button") is None
    assert key(engine, "Enter", True, "button") is None
    assert key(engine, "Escape", True, "button") == "release"


@pytest.mark.parametrize("held", ["ctrlKey", "altKey", "metaKey", "defaultPrevented"])
def test_shortcuts_of_the_browser_are_left_alone(engine: Engine, held: str) -> None:
    assert key(engine, "ArrowRight", True, False, **{held: True}) is None


def test_shift_makes_the_steps_fine(engine: Engine) -> None:
    assert key(engine, "ArrowRight", True, False, shiftKey=True) == "fine"
    assert key(engine, "ArrowRight", False, False, shiftKey=True) is None
    assert key(engine, "Home", True, False, shiftKey=True) is None


def test_other_keys_do_nothing(engine: Engine) -> None:
    for name in ("a", "Tab", "toString", "constructor", "PageDown"):
        assert key(engine, name, True, False) is None


@pytest.mark.parametrize(
    ("markup", "kind"),
    [
        ("<input>", True),
        ("<input type=range>", True),
        ("<input type=submit>", "button"),
        ("<textarea></textarea>", True),
        ("<select></select>", True),
        ("<div contenteditable>a</div>", True),
        ("<div role=slider></div>", True),
        ("<button></button>", "button"),
        ("<a href='#'>a</a>", "button"),
        ("<p>a</p>", False),
    ],
)
def test_what_kind_of_control_has_the_focus(engine: Engine, markup: str, kind: bool | str) -> None:
    code = """(e, markup) => {
      const holder = new DOMParser().parseFromString(markup, "text/html").body;
      return e.controlKind(document.body.appendChild(holder.firstChild));
    }"""
    assert engine(code, markup) == kind
    assert engine("(e) => e.controlKind(null)") is False


@pytest.fixture(scope="module")
def back(engine: Engine) -> Any:
    """As `play`, on a scene that runs backwards and rests at step 2 of 5."""
    scene = catalogue()["lstm-tanh"].to_json() | {"rest": 1, "direction": -1}

    def run(*actions: dict[str, Any], **options: Any) -> Any:
        return engine(
            """(e, [scene, options, actions]) =>
              actions.reduce(e.reduce, e.initial(e.openScene(scene), options))""",
            [scene, options, list(actions)],
        )

    return run


def test_backwards_it_plays_from_the_last_step_to_its_rest(back: Any) -> None:
    assert [back(*[TICK] * n, autoplay=True)["t"] for n in range(5)] == [4, 3, 2, 1, 1]
    assert not back(*[TICK] * 3, autoplay=True)["playing"]


def test_backwards_forward_is_earlier_and_the_ends_stay_the_ends(back: Any) -> None:
    assert back(act("go", t=3), act("step", by=1))["t"] == 2
    assert back(act("go", t=3), act("step", by=-1))["t"] == 4
    assert back(act("home"))["t"] == 0
    assert back(act("end"))["t"] == 4
    assert back(act("home"), act("step", by=1))["t"] == 0


def test_backwards_playing_at_the_first_step_begins_again_at_the_last(back: Any) -> None:
    state = back(act("home"), act("play"))
    assert (state["t"], state["playing"]) == (4, True)
    assert not back(act("go", t=1), act("play"), TICK)["playing"]


def test_backwards_sub_steps_go_on_in_the_step_before(back: Any) -> None:
    last = back(act("go", t=3), act("substeps", on=True), *[act("fine", by=1)] * (SUBSTEPS - 1))
    assert (last["t"], last["substep"]) == (3, SUBSTEPS - 1)
    over = back(act("go", t=3), act("substeps", on=True), *[act("fine", by=1)] * SUBSTEPS)
    assert (over["t"], over["substep"]) == (2, 0)


@pytest.mark.parametrize(("steps", "longest"), [(5, 5 * 800), (200, 8000)])
def test_the_opening_of_a_long_sequence_ends_within_eight_seconds(
    engine: Engine, steps: int, longest: float
) -> None:
    scene = scene_of("rnn", steps=steps).to_json() | {"rest": steps - 1}
    took = engine(
        """(e, scene) => {
          let state = e.initial(e.openScene(scene), { autoplay: true });
          let ms = 0;
          for (; state.playing; state = e.reduce(state, { type: "tick" })) ms += e.interval(state);
          return [state.t, ms];
        }""",
        scene,
    )
    assert took[0] == steps - 1
    assert took[1] == pytest.approx((steps - 1) * 800 if steps == 5 else longest)
