"""Step, unit and pins in the page's address: nothing else in it changes."""

from typing import Any

import pytest
from playwright.sync_api import Page

from seqviz import player
from seqviz.ui import links
from tests.player.conftest import ENGINE, LOAD, Engine
from tests.scene_catalogue import catalogue

T, H = 5, 4


@pytest.fixture(scope="module")
def scene() -> dict[str, Any]:
    return catalogue()["lstm-tanh"].to_json()


def read(engine: Engine, scene: dict[str, Any], search: str) -> Any:
    return engine("(e, [s, q]) => e.readAddress(q, e.openScene(s))", [scene, search])


def write(engine: Engine, search: str, **state: Any) -> str:
    full = {"t": 0, "unit": 0, "pins": [], **state}
    return engine("(e, [search, state]) => e.writeAddress(search, state)", [search, full])


def test_step_unit_and_pins_are_counted_from_one(engine: Engine, scene: dict[str, Any]) -> None:
    assert read(engine, scene, "?t=3&u=2&pin=f.3.2&pin=c_0.1.4") == {
        "step": 2,
        "unit": 1,
        "pins": [
            {"name": "f", "t": 2, "index": 1},
            {"name": "c_0", "t": None, "index": 3},
        ],
    }


@pytest.mark.parametrize(
    "search",
    ["", "?", "?t=", "?t=x&u=-1&pin=", "?t=1e9&u=2.5", "?t=%00&pin=f", "?t=NaN&pin=f.1", "?t=٣"],
)
def test_nonsense_is_ignored(engine: Engine, scene: dict[str, Any], search: str) -> None:
    assert read(engine, scene, search) == {"step": None, "unit": None, "pins": []}


def test_a_tensor_that_is_not_there_is_no_pin(engine: Engine, scene: dict[str, Any]) -> None:
    for pin in ("nowhere.1.1", "__proto__.1.1", "<script>.1.1", "f..1"):
        assert read(engine, scene, f"?pin={pin}")["pins"] == []


def test_places_beyond_the_end_are_clamped(engine: Engine, scene: dict[str, Any]) -> None:
    found = read(engine, scene, "?t=999&pin=f.999.999&pin=f.0.0")
    assert found["step"] == T - 1
    assert found["pins"] == [
        {"name": "f", "t": T - 1, "index": H - 1},
        {"name": "f", "t": 0, "index": 0},
    ]


def test_other_parameters_stay_letter_by_letter(engine: Engine) -> None:
    others = "text=a%20b+c&empty&%74ea=1&x=%EC%95%88&bad=%zz"
    pins = [{"name": "f", "t": 2, "index": 1}, {"name": "a&b", "t": None, "index": 0}]
    written = write(engine, f"?t=9&{others}&u=8&pin=old.1.1", t=2, unit=1, pins=pins)
    assert written == f"?{others}&t=3&u=2&pin=f.3.2&pin=a%26b.1.1"


def test_what_is_written_is_read_back(engine: Engine, scene: dict[str, Any]) -> None:
    pins = [{"name": "i", "t": 4, "index": 3}, {"name": "W_ih", "t": None, "index": 7}]
    search = write(engine, "", t=4, unit=3, pins=pins)
    assert read(engine, scene, search) == {"step": 4, "unit": 3, "pins": pins}


def test_the_server_knows_the_same_parameters_and_the_same_choices_of_each(
    engine: Engine, scene: dict[str, Any]
) -> None:
    ours = "&".join(f"{key}=9" for key in links.PLAYER)
    assert write(engine, f"?{ours}&text=a") == "?text=a&t=1&u=1"
    for key, choices in links.SHOWN.items():
        for choice in choices:
            assert str(read(engine, scene, f"?{key}={choice}")[key]) == choice
    assert engine("(e) => e.SPEEDS.map(String)") == list(links.SHOWN["speed"])
    assert engine("(e) => e.LEVELS") == list(links.SHOWN["level"])


REST = """(e, scene) => {
  const waiting = new Map();
  const written = [];
  const clock = {
    set: (act, delay) => { waiting.set(waiting.size + 1, [act, delay]); return waiting.size; },
    clear: (timer) => waiting.delete(timer),
  };
  const location = { search: "?lang=ko", pathname: "/cell", hash: "#top", protocol: "http:" };
  const history = { state: { kept: 1 }, replaceState: (state, _, url) => {
    written.push([state, url]);
    location.search = new URL(url, "http://a").search;
  } };
  const fire = () => [...waiting].forEach(([timer, [act]]) => { waiting.delete(timer); act(); });
  const address = e.openAddress({ location, history }, clock);
  const state = (t) => ({ t, unit: 0, pins: [] });
  address.write(state(0)); address.write(state(1)); address.write(state(2));
  const delays = [...waiting.values()].map(([, delay]) => delay);
  const before = written.length;
  fire();
  address.write(state(2)); fire();
  const once = written.length;
  address.write(state(3)); address.flush();
  const flushed = written.length;
  address.write(state(4)); address.stop(); fire(); address.write(state(1)); fire();
  return { delays, before, once, flushed, last: written.length, written };
}"""


def test_it_writes_once_when_the_cursor_has_rested(engine: Engine, scene: dict[str, Any]) -> None:
    seen = engine(REST, scene)
    assert seen["delays"] == [300]
    assert (seen["before"], seen["once"], seen["flushed"], seen["last"]) == (0, 1, 2, 2)
    assert seen["written"][0] == [{"kept": 1}, "/cell?lang=ko&t=3&u=1#top"]


TRY = """([scene]) => {
  const address = window.engine.openAddress(window);
  const model = window.engine.openScene(scene);
  const before = address.read(model);
  address.write({ t: 1, unit: 2, pins: [] });
  address.flush();
  return [before, location.href, window.origin];
}"""


def test_a_real_page_keeps_its_other_parameters_and_its_history(
    page: Page, scene: dict[str, Any]
) -> None:
    page.route("http://localhost/**", lambda route: route.fulfill(body="<title>page</title>"))
    page.goto("http://localhost/cell?text=a%20b&t=4#x")
    page.evaluate("history.replaceState({ streamlit: 1 }, '')")
    page.evaluate(LOAD, player.bundle(*ENGINE, exports=True))
    length = page.evaluate("history.length")
    before, address, _ = page.evaluate(TRY, [scene])
    assert before["step"] == 3
    assert address == "http://localhost/cell?text=a%20b&t=2&u=3#x"
    assert page.evaluate("history.state") == {"streamlit": 1}
    assert page.evaluate("history.length") == length


def test_a_frame_without_an_address_goes_on_without(page: Page, scene: dict[str, Any]) -> None:
    page.set_content("<iframe sandbox='allow-scripts' srcdoc='<p>frame</p>'></iframe>")
    frame = page.frames[1]
    frame.wait_for_selector("p")
    frame.evaluate(LOAD, player.bundle(*ENGINE, exports=True))
    before, address, origin = frame.evaluate(TRY, [scene])
    assert before == {"step": None, "unit": None, "pins": []}
    assert (address, origin) == ("about:srcdoc", "null")
