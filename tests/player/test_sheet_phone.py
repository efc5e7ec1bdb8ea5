"""The sheets on a phone: one stage open at a time, the others one line each."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from seqviz.text import player_words
from tests.attention_catalogue import scenes
from tests.player.stage import WORDS, show

CAUSAL = scenes()["causal"]
STAGES = [str(stage["name"]) for stage in CAUSAL.substeps]
WIDEST = [
    "causal", "cross-h2", "rotary-appended", "self-h8", "head", "run-silenced", "run-padded",
    "places-learned-trained", "trained-back-4h", "h8-T64",
]  # fmt: skip
LINE = """(id) => {
  const { x, y, width, height } = document.querySelector(`[data-sheet=${id}] .sheet-frame`)
    .getBoundingClientRect();
  return [x, y, width, height];
}"""
WORDS_APART = """() => [...document.querySelectorAll(".sheet.closed")].flatMap((row) => {
  const texts = [...row.querySelectorAll("text")].filter((text) => text.textContent)
    .map((text) => text.getBoundingClientRect()).sort((a, b) => a.left - b.left);
  const end = row.querySelector(".sheet-frame, .sheet-hit");
  return texts.filter((box, k) => (k > 0 && texts[k - 1].right > box.left)
    || box.right > document.querySelector(".sheets").getBoundingClientRect().right)
    .map(() => row.dataset.sheet);
})"""


@pytest.fixture
def phone(page: Page) -> Page:
    page.set_viewport_size({"width": 375, "height": 800})
    return page


def opened(page: Page) -> list[str]:
    found: list[str] = page.locator(".sheet:not(.closed)").evaluate_all(
        "(all) => all.map((sheet) => sheet.dataset.sheet)"
    )
    return found


def height(page: Page) -> float:
    return float(page.locator(".sheet-picture").get_attribute("height") or 0)


def test_the_whole_picture_opens_on_the_weights(phone: Page) -> None:
    show(phone, CAUSAL)
    assert opened(phone) == ["weights"]
    expect(phone.locator(".sheet.closed")).to_have_count(len(CAUSAL.layout.nodes) - 1)


def test_closed_sheets_share_a_line_where_they_are_many(phone: Page) -> None:
    for name, in_pairs in (("trained-back-4h", True), ("causal", False)):
        show(phone, scenes()[name])
        boxes = phone.locator(".sheet.closed .sheet-hit").evaluate_all(
            "(all) => all.map((one) => { const b = one.getBBox(); return [b.x, b.y, b.width]; })"
        )
        lines = [[(x, width) for x, top, width in boxes if top == y] for y in {b[1] for b in boxes}]
        assert max(map(len, lines)) == (2 if in_pairs else 1)
        for one in (sorted(line) for line in lines if len(line) > 1):
            assert one[0][0] + one[0][1] < one[1][0]
    expect(phone.locator("[data-sheet=q] .sheet-word")).to_have_text(WORDS["sheet.q"])


def test_the_stage_of_the_cursor_is_open_and_a_line_opens_another(phone: Page) -> None:
    show(phone, CAUSAL, step=2)
    phone.locator(".seqviz").focus()
    for stage in STAGES[:3]:
        phone.keyboard.press("ArrowRight")
        assert opened(phone) == [stage]
    phone.locator("[data-sheet=context] .sheet-hit").click()
    assert opened(phone) == ["context"]
    pressed = phone.locator(".substeps button[aria-pressed=true]")
    assert pressed.inner_text() == player_words("en")["substep.context"]
    phone.keyboard.press("ArrowLeft")
    assert opened(phone) == ["weights"]


def test_the_button_of_the_open_stage_is_in_view(phone: Page) -> None:
    show(phone, scenes()["run-back"], step=2)
    phone.locator(".seqviz").focus()
    for _ in scenes()["run-back"].substeps:
        phone.keyboard.press("ArrowRight")
        phone.wait_for_function("""() => {
          const row = document.querySelector(".substeps").getBoundingClientRect();
          const button = document.querySelector(".substeps [aria-pressed=true]");
          const { left, right } = button.getBoundingClientRect();
          return left >= row.left - 1 && right <= row.right + 1;
        }""")


def test_a_link_opens_its_stage(phone: Page) -> None:
    show(phone, CAUSAL, substep=STAGES.index("scores"))
    assert opened(phone) == ["scores"]


def test_a_line_shows_the_row_of_the_cursor_and_explains_it(phone: Page) -> None:
    show(phone, CAUSAL, step=3)
    whose = phone.locator("[data-sheet=q] .sheet-whose")
    expect(whose).to_have_text("on")
    phone.locator(".seqviz").focus()
    phone.keyboard.press("ArrowUp")
    expect(whose).to_have_text(CAUSAL.sequence.inputs[int(place(phone)) - 1])
    x, y, wide, tall = phone.evaluate(LINE, "q")
    phone.mouse.move(x + wide * 0.9, y + tall / 2)
    row = int(place(phone))
    expect(phone.locator(".inspector h3")).to_have_text(
        f"query of “{CAUSAL.sequence.inputs[row - 1]}”, 4"
    )
    expect(phone.locator(".sheet-mark.looked:visible")).to_have_count(1)


def place(page: Page) -> str:
    return page.locator(".place").inner_text().split()[1]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", WIDEST)
def test_every_stage_of_every_scene_is_short_and_nothing_runs_together(
    phone: Page, name: str, language: str
) -> None:
    scene = scenes()[name]
    show(phone, scene)
    words = dict(player_words(language))
    phone.evaluate("(words) => window.player.update({ ...window.payload, words })", words)
    phone.locator(".seqviz").focus()
    phone.keyboard.press("Home")
    several = max(
        sum(node["stage"] == s["name"] for node in scene.layout.nodes) for s in scene.substeps
    )
    for _ in scene.substeps:
        phone.keyboard.press("ArrowRight")
        assert height(phone) < 900 + 330 * (several - 1)
        assert phone.evaluate(WORDS_APART) == []
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_is_hidden_to_be_predicted_is_hidden_in_its_line_too(phone: Page) -> None:
    show(phone, CAUSAL, step=2, substep=1, future="hidden")
    for name, closed in (("x", 0), ("weights", 1), ("context", 1)):
        veils = phone.locator(f"[data-sheet={name}] .sheet-veil.closed:not([hidden])")
        expect(veils).to_have_count(closed)


@pytest.mark.parametrize("width", [700, 1280])
def test_where_there_is_room_every_stage_is_open(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    show(page, CAUSAL)
    expect(page.locator(".sheet.closed")).to_have_count(0)


def test_turning_the_phone_opens_the_rest(phone: Page) -> None:
    show(phone, CAUSAL)
    phone.set_viewport_size({"width": 900, "height": 375})
    expect(phone.locator(".sheet.closed")).to_have_count(0)
    phone.set_viewport_size({"width": 375, "height": 800})
    expect(phone.locator(".sheet.closed")).to_have_count(len(CAUSAL.layout.nodes) - 1)


def test_a_score_points_at_the_rows_that_it_read(phone: Page) -> None:
    show(phone, CAUSAL, step=3, substep=STAGES.index("scores"))
    box: Any = phone.locator("[data-sheet=scores] [data-row='3'][data-column='1']").bounding_box()
    phone.mouse.move(box["x"] + 5, box["y"] + 5)
    expect(phone.locator(".sheet-arrows g:not([hidden]) .arrow-line").first).to_be_attached()
    assert phone.locator("[data-sheet=q] .sheet-mark.source:not([hidden])").count() >= 1


def touches(page: Page, *frames: list[tuple[float, float]]) -> None:
    """Fingers that go down at the first places, through the others, and up again."""
    client = page.context.new_cdp_session(page)
    kinds = ["touchStart", *["touchMove"] * (len(frames) - 1)]
    for kind, places in zip(kinds, frames, strict=True):
        points = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(places)]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_two_fingers_zoom_and_one_pans(visit: Any) -> None:
    page: Page = visit(viewport={"width": 375, "height": 800}, has_touch=True)
    show(page, scenes()["h8-T64"], step=20)
    area = page.locator("[data-sheet=weights] .sheet-hit")
    area.scroll_into_view_if_needed()
    box: Any = area.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    apart = [[(x - d, y), (x + d, y)] for d in (20, 32, 48, 64, 80)]
    touches(page, *apart)
    expect(page.locator(".zoom-scale")).not_to_have_text("1×")
    shown = page.locator("[data-sheet=weights] .sheet-label:visible").all_text_contents()
    before, top = rows_in_view(page), page.evaluate("scrollY")
    touches(page, *[[(x, y - d)] for d in (0, 20, 40, 60, 80)])
    assert rows_in_view(page) > before
    assert page.evaluate("scrollY") == top
    assert shown
    expect(page.locator(".sheet-mark.pinned")).to_have_count(0)


def rows_in_view(page: Page) -> int:
    """The first query beside the open weights."""
    labels = page.locator("[data-sheet=weights] [data-label^='query ']:not([hidden])")
    first: str = labels.first.get_attribute("data-label") or ""
    return int(first.split()[1])


@pytest.mark.parametrize("width", [320, 375, 414])
def test_answers_under_the_tokens_do_not_touch(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    show(page, scenes()["places-sinusoidal-trained"])
    assert page.locator(".token-says").count() == 5
    gaps = page.locator(".token-says").evaluate_all(
        """(all) => all.slice(1).map((says, k) => {
          const [before, here] = [all[k], says].map((one) => {
            const range = document.createRange();
            range.selectNodeContents(one);
            return range.getBoundingClientRect();
          });
          return here.left - before.right;
        })"""
    )
    assert min(gaps) > 0
