"""Points of the plane in a bare page: dragged by mouse and keys, recomputed in the browser."""

import math
import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from seqviz import player
from seqviz.scenes import Scene
from seqviz.scenes.plane import query_scene
from seqviz.text import player_words
from tests.plane_catalogue import planes
from tests.player.conftest import Engine
from tests.player.stage import LOAD
from tests.player.test_values import assert_same

THREE = planes()["three-keys"]
ADDRESS = "http://localhost/plane"
MOVED = """(e, [scene, moves]) => {
  const model = e.openScene(scene);
  model.value("context", 0);
  for (const [name, values] of moves) model.set(name, 0, values);
  const names = ["scores", "scaled", "weights", "context"];
  return Object.fromEntries(names.map((name) => [name, [...model.value(name, 0)]]));
}"""


def show(
    page: Page, scene: Scene, language: str = "en", *, still: bool = True, **options: Any
) -> Page:
    """A page of its own address with the scene in it."""
    if still:
        page.emulate_media(reduced_motion="reduce")
    body = f"<!doctype html><style>{player.css()}</style><div id='root'></div>"
    page.route("**/*", lambda route: route.fulfill(content_type="text/html", body=body))
    if not page.url.startswith(ADDRESS):
        page.goto(ADDRESS)
    sent = player.payload(
        scene, player_words(language), {"host": "html", "language": language, **options}
    )
    page.evaluate(LOAD, [player.bundle("player.js", exports=True), sent])
    return page


def update(page: Page, scene: Scene) -> None:
    sent = player.payload(scene, player_words("en"), {"host": "html", "language": "en"})
    page.evaluate("(next) => window.player.update(next)", sent)


def handle(page: Page, name: str, row: int = 0) -> Locator:
    return page.locator(f".handle[data-name={name}][data-row='{row}']")


def at(page: Page, name: str, row: int = 0) -> list[float]:
    """Where a handle says it is."""
    text = handle(page, name, row).get_attribute("aria-valuetext") or ""
    return [float(part.replace("−", "-")) for part in re.findall(r"[−\d.]+", text)]


def numbers(page: Page, stage: str) -> list[float]:
    texts = page.locator(f"[data-stage={stage}] .bar-number").all_text_contents()
    return [float(text.replace("−", "-")) for text in texts]


def drag(page: Page, one: Locator, dx: float, dy: float) -> None:
    box = one.locator(".handle-dot").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2)
    page.mouse.move(x + dx, y + dy)
    page.mouse.up()


def with_query(q: list[float]) -> Scene:
    return query_scene(q, THREE["k"].values, THREE["v"].values, labels=("cat", "sat", "mat"))


@pytest.mark.parametrize("name", sorted(planes()))
def test_every_tensor_in_the_plane_is_recomputed_in_the_browser(engine: Engine, name: str) -> None:
    assert_same(engine, planes()[name])


def test_what_follows_from_a_moved_point_is_computed_anew(engine: Engine) -> None:
    q, k = [-0.7, 1.9], [[0.5, 0.5], [1.5, -1.0], [0.0, 0.25]]
    moves = [["q", q], ["k", [x for row in k for x in row]]]
    found = engine(MOVED, [THREE.to_json(), moves])
    expected = query_scene(q, k, THREE["v"].values)
    for name, values in found.items():
        np.testing.assert_allclose(values, expected[name].values[0], rtol=1e-6, atol=1e-6)


def test_put_back_it_is_what_was_sent(engine: Engine) -> None:
    found = engine(MOVED, [THREE.to_json(), [["q", [9, 9]], ["q", None]]])
    np.testing.assert_allclose(found["weights"], THREE["weights"].values[0], rtol=1e-6)


def test_values_of_another_size_are_refused(engine: Engine) -> None:
    code = (
        f"""(e, a) => {{ try {{ ({MOVED})(e, a); }} catch (error) {{ return error.message; }} }}"""
    )
    assert engine(code, [THREE.to_json(), [["q", [1, 2, 3]]]]) == 'expected 2 values for "q", got 3'


def test_the_numbers_are_the_scenes(page: Page) -> None:
    show(page, THREE)
    for name in ("scores", "scaled", "weights"):
        assert numbers(page, name) == pytest.approx(list(THREE[name].values[0]), abs=0.0051)
    expect(page.locator(".bar-sum")).to_have_text("Σ = 1.00")
    blend = ", ".join(f"{x:.2f}".replace("-", "−") for x in THREE["context"].values[0])
    expect(page.locator(".blend-label")).to_have_text(f"blend ({blend})")


@pytest.mark.parametrize(("name", "row"), [("q", 0), ("k", 2), ("v", 1)])
def test_every_point_is_dragged_and_everything_follows(page: Page, name: str, row: int) -> None:
    show(page, THREE)
    before = at(page, name, row)
    drag(page, handle(page, name, row), 40, -30)
    after = at(page, name, row)
    assert after[0] > before[0] + 0.2
    assert after[1] > before[1] + 0.15
    points = {one: THREE[one].values.copy() for one in ("q", "k", "v")}
    points[name][row] = after
    expected = query_scene(points["q"][0], points["k"], points["v"])
    assert numbers(page, "weights") == pytest.approx(
        list(expected["weights"].values[0]), abs=0.0051
    )
    context = ", ".join(f"{x:.2f}".replace("-", "−") for x in expected["context"].values[0])
    expect(page.locator(".blend-label")).to_have_text(f"blend ({context})")


def test_arrow_keys_move_a_point_by_a_tenth_and_finely_by_a_hundredth(page: Page) -> None:
    show(page, THREE)
    handle(page, "q").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowUp"):
        page.keyboard.press(key)
    assert at(page, "q") == [1.4, 0.51]
    expect(handle(page, "q")).to_be_focused()
    expected = with_query([1.4, 0.51])
    assert numbers(page, "scores") == pytest.approx(list(expected["scores"].values[0]), abs=0.0051)
    page.keyboard.press("Home")
    assert at(page, "q") == [1.2, 0.6]


def test_a_point_does_not_leave_its_plane(page: Page) -> None:
    show(page, THREE)
    drag(page, handle(page, "v", 0), 2000, 0)
    reach = float(handle(page, "v", 0).get_attribute("aria-valuemax") or 0)
    assert at(page, "v", 0)[0] == reach


def test_a_handle_says_what_it_is_and_the_picture_is_spoken(page: Page) -> None:
    show(page, THREE)
    one = page.get_by_role("slider", name="Key sat: arrow keys move it")
    one.focus()
    page.keyboard.press("ArrowUp")
    assert one.get_attribute("aria-valuetext") == "x −0.30, y 1.30"
    expect(page.locator(".spoken")).to_contain_text("it at (1.20, 0.60) takes")
    expect(page.locator(".spoken")).to_contain_text("% from sat")


def test_every_point_is_reached_by_tab(page: Page) -> None:
    show(page, THREE)
    page.locator(".seqviz").focus()
    reached = []
    for _ in range(7):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.dataset.name"))
    assert sorted(reached) == ["k", "k", "k", "q", "v", "v", "v"]


def test_by_itself_the_query_turns_until_somebody_touches_the_page(page: Page) -> None:
    show(page, THREE, still=False, autoplay=True)
    page.wait_for_function(
        "document.querySelector('.handle[data-name=q]').getAttribute('aria-valuetext')"
        " !== 'x 1.20, y 0.60'"
    )
    drag(page, handle(page, "k", 0), 10, 0)
    expect(page.get_by_role("button", name="Turn the query")).to_be_visible()
    stood = at(page, "q")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert at(page, "q") == stood
    assert math.hypot(*stood) == pytest.approx(math.hypot(1.2, 0.6), abs=0.01)


def test_with_reduced_motion_it_stands_until_asked_to_turn(page: Page) -> None:
    show(page, THREE, autoplay=True)
    expect(page.get_by_role("button", name="Turn the query")).to_be_visible()
    page.get_by_role("button", name="Turn the query").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.wait_for_function(
        "document.querySelector('.handle[data-name=q]').getAttribute('aria-valuetext')"
        " !== 'x 1.20, y 0.60'"
    )


def test_the_dragged_place_is_in_the_address_and_survives_a_reload(page: Page) -> None:
    show(page, THREE, address=True)
    handle(page, "q").focus()
    page.keyboard.press("ArrowLeft")
    handle(page, "k", 1).focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_url("**point=q.1,1.1,0.6&point=k.2,-0.3,1.3")
    page.reload()
    show(page, THREE, address=True, autoplay=True)
    assert at(page, "q") == [1.1, 0.6]
    assert at(page, "k", 1) == [-0.3, 1.3]
    page.get_by_role("button", name="Put back").click()
    assert at(page, "q") == [1.2, 0.6]
    page.wait_for_function("!location.search.includes('point')")


def test_another_temperature_keeps_the_dragged_place_and_another_query_does_not(page: Page) -> None:
    show(page, THREE)
    handle(page, "q").focus()
    page.keyboard.press("ArrowLeft")
    parts = {"labels": ("cat", "sat", "mat"), "scale": 3.0}
    update(page, query_scene([1.2, 0.6], THREE["k"].values, THREE["v"].values, **parts))  # type: ignore[arg-type]
    assert at(page, "q") == [1.1, 0.6]
    expected = query_scene([1.1, 0.6], THREE["k"].values, THREE["v"].values, scale=3.0)
    assert numbers(page, "weights") == pytest.approx(
        list(expected["weights"].values[0]), abs=0.0051
    )
    update(page, with_query([-1.0, 0.5]))
    assert at(page, "q") == [-1.0, 0.5]


def test_a_number_is_explained_and_the_explanation_follows_the_drag(page: Page) -> None:
    show(page, THREE)
    page.locator("[data-place='scores 1']").click()
    expect(page.locator(".inspector h3")).to_have_text("Score of sat")
    handle(page, "q").focus()
    page.keyboard.press("ArrowUp")
    score = 1.2 * -0.3 + 0.7 * 1.2
    expect(page.locator(".inspector .result .term-value")).to_have_text(f"{score:.2f}")
    page.locator(".blend circle:last-of-type").hover()
    expect(page.locator(".inspector h3")).to_have_text("Blend, x")


def test_a_substep_steps_back_what_it_is_not_about(page: Page) -> None:
    show(page, THREE)
    page.get_by_role("button", name="Blend", exact=True).click()
    expect(page.locator("[data-field=keys]")).to_have_class(re.compile("aside"))
    expect(page.locator("[data-field=values]")).not_to_have_class(re.compile("aside"))


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("name", ["three-keys", "eight-keys", "one-key", "no-scale", "large"])
def test_it_fits_the_screen(page: Page, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    show(page, planes()[name])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    gap = page.evaluate(
        """() => { const bars = [...document.querySelectorAll(".bars")].map((node) =>
              node.getBoundingClientRect());
            const svg = document.querySelector("svg.plane").getBoundingClientRect();
            return Math.max(...bars.map((box) => box.bottom)) - svg.bottom; }"""
    )
    assert gap <= 1


def test_the_hull_holds_all_points_and_is_convex(engine: Engine) -> None:
    random = np.random.default_rng(0)
    for count in (1, 2, 3, 12):
        points = random.normal(size=(count, 2)).tolist()
        hull = np.array(engine("(e, points) => e.hullOf(points)", points))
        following = np.roll(hull, -1, axis=0)
        if count < 3:
            assert len(hull) == count
            continue
        for point in points:
            edge, away = following - hull, np.array(point) - hull
            assert (edge[:, 0] * away[:, 1] - edge[:, 1] * away[:, 0] >= -1e-12).all()


def test_a_projection_is_the_dot_product_over_the_length(engine: Engine) -> None:
    found = engine("(e) => e.projection([3, 4], [2, 1])")
    assert found["along"] == pytest.approx(2.0)
    np.testing.assert_allclose(found["foot"], [1.2, 1.6])
    assert engine("(e) => e.projection([0, 0], [2, 1]).along") == 0


@pytest.mark.parametrize(
    "text",
    ["", "q", "q.1", "q.1,2", "q.0,1,1", "q.1,a,b", "q.1,1,1,1", "q.1,1e3,1", "q.1,NaN,1"],
)
def test_a_nonsensical_point_is_no_point(engine: Engine, text: str) -> None:
    assert engine("(e, text) => e.readPoint(text)", text) is None


def test_points_that_the_scene_lacks_are_left_out_and_others_pulled_inside(page: Page) -> None:
    page.route("**/*", lambda route: route.fulfill(content_type="text/html", body=""))
    page.goto(f"{ADDRESS}?point=q.1,5000,0.3&point=k.9,1,1&point=nowhere.1,1,1&point=weights.1,1,1")
    page.unroute_all()
    page.set_content(f"<style>{player.css()}</style><div id='root'></div>")
    page.emulate_media(reduced_motion="reduce")
    sent = player.payload(THREE, player_words("en"), {"host": "html", "address": True})
    page.evaluate(LOAD, [player.bundle("player.js", exports=True), sent])
    reach = float(handle(page, "q").get_attribute("aria-valuemax") or 0)
    assert at(page, "q") == [reach, 0.3]


def test_saving_gives_the_picture_and_the_moved_numbers(page: Page) -> None:
    show(page, THREE, downloads=True)
    handle(page, "q").focus()
    page.keyboard.press("ArrowUp")
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG").click()
    picture = saved.value.path().read_text("utf-8")
    assert "Query and keys" in picture
    assert "Σ = 1.00" in picture
    with page.expect_download() as written:
        page.get_by_role("button", name="CSV").click()
    rows = [row.split(",") for row in written.value.path().read_text("utf-8").splitlines()]
    assert rows[0] == ["tensor", "name", "x", "y"]
    assert [float(x) for x in rows[1][2:]] == [pytest.approx(1.2), pytest.approx(0.7)]
    assert [row[1] for row in rows if row[0] == "v"] == ['"cat"', '"sat"', '"mat"']
    weights = [float(row[2]) for row in rows if row[0] == "weights"]
    assert sum(weights) == pytest.approx(1)


def test_a_finger_drags_a_point(visit: Any) -> None:
    page = visit(has_touch=True, viewport={"width": 375, "height": 700})
    show(page, THREE)
    box = handle(page, "q").locator(".handle-dot").bounding_box()
    assert box
    x, y = box["x"] + 4, box["y"] + 4
    touch = page.context.new_cdp_session(page)
    for kind, dx in (("touchStart", 0), ("touchMove", -20), ("touchMove", -60)):
        points = [{"x": x + dx, "y": y + dx}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.get_by_role("button", name="Put back")).to_be_enabled()
    moved = at(page, "q")
    assert moved[0] < 0.7
    assert moved[1] > 1.1
    assert page.evaluate("scrollY") == 0


def test_the_arrow_keys_of_the_page_go_stage_by_stage_and_back_to_the_whole(page: Page) -> None:
    show(page, THREE)
    pressed = page.locator(".substeps [aria-pressed=true]")
    for name in ("Project", "Scale", "Softmax", "Blend", "All stages"):
        page.keyboard.press("ArrowRight")
        expect(pressed).to_have_text(name)
    assert at(page, "q") == [1.2, 0.6]


def test_a_saved_drawing_says_what_it_shows(page: Page) -> None:
    show(page, THREE, downloads=True)
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG").click()
    picture = saved.value.path().read_text("utf-8")
    assert "One query" in picture
    assert "it at (1.20, 0.60) takes" in picture


def test_a_drawing_has_no_levels_that_could_hide_the_inspector(page: Page) -> None:
    show(page, THREE)
    page.locator(".seqviz").focus()
    page.keyboard.press("1")
    expect(page.locator(".inspector h3")).to_be_visible()
