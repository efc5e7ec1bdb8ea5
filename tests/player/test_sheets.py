"""The sheets in a bare page: numbers, cursor, stages, heads, tokens, zoom, what is hidden."""

import re
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from seqviz.models.attention_experiment import AttentionConfig, run
from seqviz.scenes.attention_record import attention_record_scene
from seqviz.text import LANGUAGES, player_words
from tests.attention_catalogue import scenes
from tests.player.stage import WORDS, show

NAMES = sorted(scenes())
CAUSAL = scenes()["causal"]
HEADS = scenes()["causal-h4"]
LARGE = scenes()["h8-T64"]
STAGES = [str(stage["name"]) for stage in CAUSAL.substeps]
BOX = """([sheet, row, column]) => {
  const at = `[data-sheet=${sheet}] [data-row="${row}"][data-column="${column}"]`;
  const cell = document.querySelector(at);
  cell.scrollIntoView({ block: "center" });
  const { x, y, width, height } = cell.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
}"""
OVERLAPS = """() => {
  const boxes = [...document.querySelectorAll(".sheet")].map((sheet) => {
    const hit = sheet.querySelector(".sheet-hit").getBoundingClientRect();
    const word = sheet.querySelector(".sheet-word");
    const top = word.textContent ? word.getBoundingClientRect().top : hit.top;
    return { left: hit.left, right: hit.right, top, bottom: hit.bottom };
  });
  return boxes.some((a, k) => boxes.slice(k + 1).some((b) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
}"""


def cell_texts(values: np.ndarray, decimals: int = 2) -> list[str]:
    """Numbers as the cells print them: fewer decimals where they are large."""
    plain = [f"{v:.{1 if abs(v) >= 9.995 else decimals}f}" for v in values.ravel()]
    return [re.sub(r"^-(?=0\.0+$)", "", text).replace("-", "−") for text in plain]


def sheet(page: Page, name: str) -> Locator:
    return page.locator(f".sheet[data-sheet='{name}']")


def numbers(page: Page, name: str) -> list[str]:
    return sheet(page, name).locator(".cell-number").all_text_contents()


def point_at(page: Page, name: str, row: int, column: int) -> None:
    page.mouse.move(*page.evaluate(BOX, [name, row, column]))


def press(page: Page, *keys: str) -> None:
    page.locator(".seqviz").focus()
    for key in keys:
        page.keyboard.press(key)


def when(page: Page) -> dict[str, str]:
    """Of every sheet whether its stage is past, now, later, or the whole picture is shown."""
    found: dict[str, str] = page.locator(".sheet").evaluate_all(
        "(all) => Object.fromEntries(all.map((s) => [s.dataset.sheet, s.dataset.when]))"
    )
    return found


def query(page: Page) -> int:
    found = re.search(r"query (\d+) /", page.locator(".place").inner_text())
    assert found
    return int(found[1])


@pytest.mark.parametrize("name", NAMES)
def test_every_scene_is_drawn_stepped_and_explained(page: Page, name: str) -> None:
    scene = scenes()[name]
    show(page, scene)
    expect(page.locator(".sheet")).to_have_count(len(scene.layout.nodes))
    press(page, "Home")
    for stage in range(len(scene.substeps)):
        page.keyboard.press("ArrowRight")
        expect(page.locator(".inspector h3")).not_to_be_empty()
        expect(page.locator(f".substeps button >> nth={stage + 1}")).to_have_attribute(
            "aria-pressed", "true"
        )
    words = page.locator(".seqviz").inner_text()
    assert not re.search(r"\b(sheet|cell|join|substep|about|where|maps|speech)\.[a-z]", words)
    assert not re.search(r"\{\w+\}|undefined|\bnull\b", words)


@pytest.mark.parametrize("name", ["causal", "edited", "head", "cross-bottom-right"])
def test_the_numbers_are_the_records(page: Page, name: str) -> None:
    scene = scenes()[name]
    show(page, scene)
    for node in scene.layout.nodes:
        values = scene[node["tensor"]].values
        open_ = scene[node["hatch"]].values if node["hatch"] else np.ones_like(values)
        wanted = cell_texts(np.where(np.isfinite(values), values, 0.0))
        seen = [text if keep else "" for text, keep in zip(wanted, open_.flat, strict=True)]
        assert numbers(page, node["id"]) == seen


def test_every_row_of_weights_sums_to_one_and_says_so(page: Page) -> None:
    show(page, CAUSAL)
    sums = page.locator(".sheet-sum:not(.head)")
    assert sums.all_text_contents() == ["1.00"] * CAUSAL.steps


def test_what_may_not_be_seen_is_hatched_and_never_a_zero(page: Page) -> None:
    show(page, CAUSAL)
    fills = (
        sheet(page, "weights")
        .locator("rect.cell")
        .evaluate_all("(all) => all.map((cell) => cell.getAttribute('fill'))")
    )
    hatched = np.array([fill.startswith("url(") for fill in fills]).reshape(5, 5)
    assert (hatched == (CAUSAL["allowed"].values == 0)).all()


def test_every_head_has_its_own_hatching(page: Page) -> None:
    scene = scenes()["mask-per-head"]
    show(page, scene)
    node = next(node for node in scene.layout.nodes if node["id"] == "weights")
    for head, name in enumerate(node["hatches"]):
        press(page, str(head + 1))
        seen = sheet(page, "weights").locator(".cell-number").all_text_contents()
        assert [text != "" for text in seen] == (scene[name].values != 0).ravel().tolist()


def test_a_row_of_nothing_is_explained(page: Page) -> None:
    show(page, scenes()["empty-rows"], step=2)
    point_at(page, "weights", 2, 0)
    expect(page.locator(".inspector .note")).to_have_text(WORDS["inspector.nothing"])
    expect(page.locator(".sentence")).to_contain_text("takes nothing")


def test_arrows_go_through_the_stages_and_on_to_the_next_query(page: Page) -> None:
    show(page, CAUSAL, step=1)
    assert set(when(page).values()) == {"whole"}
    for stage in STAGES:
        page.keyboard.press("ArrowRight")
        now = [name for name, state in when(page).items() if state == "now"]
        assert now == [node["id"] for node in CAUSAL.layout.nodes if node["stage"] == stage]
    assert query(page) == 2
    page.keyboard.press("ArrowRight")
    assert (query(page), when(page)["x"]) == (3, "now")
    page.keyboard.press("ArrowLeft")
    assert (query(page), when(page)["out"]) == (2, "now")


def test_queries_go_up_and_down_at_the_same_stage(page: Page) -> None:
    show(page, CAUSAL, step=1)
    press(page, *["ArrowRight"] * 5, "ArrowDown")
    assert (query(page), when(page)["scores"]) == (3, "now")
    press(page, "Shift+ArrowLeft", "ArrowUp", "0")
    assert (query(page), when(page)["scores"]) == (1, "whole")


def test_nothing_moves_between_steps(page: Page) -> None:
    show(page, CAUSAL, step=0)
    where = """() => JSON.stringify([...document.querySelectorAll(
      ".sheet-symbol, .cell, .sheet-label:not([hidden])")].map((one) => {
        const { x, y, width } = one.getBoundingClientRect();
        return one.classList.contains("sheet-label") ? y : [x, y, width];
      }))"""
    before = page.evaluate(where)
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "End"):
        page.keyboard.press(key)
        assert page.evaluate(where) == before


def test_a_score_is_explained_term_by_term_with_arrows_from_its_sources(page: Page) -> None:
    show(page, CAUSAL)
    point_at(page, "scores", 3, 1)
    expect(page.locator(".inspector h3")).to_have_text("score: “on” → “cat”")
    q, k = CAUSAL["q"].values[3], CAUSAL["k"].values[1]
    terms = page.locator(".why tr.product .term-value").all_inner_texts()
    assert len(terms) == len(q)
    total = sum(float(text.replace("−", "-")) for text in terms)
    assert total == pytest.approx(q @ k, abs=0.02)
    expect(page.locator(".sheet-arrows g:not([hidden])")).to_have_count(2)
    expect(sheet(page, "q").locator(".sheet-mark.source:not([hidden])")).to_have_count(1)
    page.mouse.move(2, 2)
    expect(page.locator(".sheet-arrows g:not([hidden])")).to_have_count(0)


def test_softmax_shows_its_exponentials_and_their_sum(page: Page) -> None:
    show(page, CAUSAL, step=2)
    point_at(page, "weights", 2, 0)
    masked = CAUSAL["masked"].values[2]
    expect(page.locator(".why tr.sum .term-value")).to_have_text(
        re.compile(f"^{np.exp(masked[:3]).sum():.1f}"[:4])
    )
    assert "e^" in page.locator(".why tr.value .term-text").first.inner_text()


def test_a_click_pins_and_goes_there(page: Page) -> None:
    show(page, CAUSAL, step=0)
    page.mouse.click(*page.evaluate(BOX, ["weights", 4, 2]))
    assert query(page) == 5
    expect(sheet(page, "weights").locator(".sheet-mark.pinned")).to_have_count(1)
    expect(sheet(page, "k").locator(".sheet-label.now, .sheet-frame.key").first).to_be_visible()
    expect(page.locator(".inspector .pin")).to_have_attribute("aria-pressed", "true")


def test_enter_pins_the_cell_of_the_cursor_and_brackets_choose_the_column(page: Page) -> None:
    show(page, CAUSAL, step=3)
    press(page, "]", "Enter")
    pinned = page.locator(".inspector h3").inner_text()
    press(page, "]")
    expect(page.locator(".inspector h3")).not_to_have_text(pinned)
    press(page, "Escape", "Escape")
    expect(page.locator(".sheet-mark.pinned:not([hidden])")).to_have_count(0)


def test_until_a_column_is_chosen_the_cursor_stands_at_the_largest_weight(page: Page) -> None:
    show(page, CAUSAL, step=0)
    for t in range(CAUSAL.steps):
        label = page.locator(".sheet[data-sheet=weights] .sheet-label.now[data-label^=key]")
        expect(label).to_have_attribute("data-label", f"key {CAUSAL['weights'].values[t].argmax()}")
        press(page, "ArrowDown")


def test_a_token_is_lit_in_every_sheet(page: Page) -> None:
    show(page, CAUSAL)
    page.locator("[data-sheet=scores] [data-label='key 1']").click()
    lit = page.locator(".sheet-token:not([hidden])")
    rows = sum(node["rows"] != "none" for node in CAUSAL.layout.nodes)
    columns = sum(node["columns"] == "key" for node in CAUSAL.layout.nodes)
    expect(lit).to_have_count(rows + columns)
    page.mouse.move(2, 2)
    page.keyboard.press("Escape")
    expect(lit).to_have_count(0)
    page.locator(".tokens .token").nth(3).click()
    assert query(page) == 4
    expect(lit).to_have_count(rows + columns)


def test_a_number_chooses_the_head_and_pointing_previews_it(page: Page) -> None:
    show(page, HEADS)
    maps = page.locator("button.map")
    expect(maps).to_have_count(4)
    press(page, "3")
    expect(maps.nth(2)).to_have_attribute("aria-pressed", "true")
    assert numbers(page, "q") == cell_texts(HEADS["q_3"].values, 1)
    maps.nth(1).hover()
    assert numbers(page, "q") == cell_texts(HEADS["q_2"].values, 1)
    page.mouse.move(2, 2)
    assert numbers(page, "q") == cell_texts(HEADS["q_3"].values, 1)
    maps.nth(0).click()
    assert numbers(page, "q") == cell_texts(HEADS["q_1"].values, 1)


def test_all_heads_are_on_one_scale(page: Page) -> None:
    show(page, HEADS)
    largest = max(np.abs(HEADS[f"scores_{head + 1}"].values).max() for head in range(4))
    assert page.evaluate(
        """([scene, words]) => {
          const ctx = { model: window.module.openScene(scene), words, state: { head: 0 } };
          ctx.sheets = window.module.openSheets(ctx.model);
          return ctx.sheets.sheets
            .filter(({ node }) => ["scores", "scaled", "masked"].includes(node.id))
            .map((sheet) => window.module.sheetRange(ctx, sheet));
        }""",
        [HEADS.to_json(), {}],
    ) == pytest.approx([largest, largest / 2**0.5, largest / 2**0.5], rel=1e-5)


def test_scores_in_colour_alone_say_what_full_colour_is(page: Page) -> None:
    show(page, LARGE, step=30)
    said = {}
    for name in ("scores", "scaled", "masked", "weights", "q"):
        said[name] = [
            text
            for text in sheet(page, name).locator(".sheet-axis").all_text_contents()
            if text.startswith("full ink")
        ]
    ends = {
        name: max(np.abs(LARGE[f"{name}_{head}"].values).max() for head in range(1, 9))
        for name in ("scores", "scaled")
    }
    assert said["scores"] == [f"full ink ±{ends['scores']:.0f}"]
    assert said["scaled"] == said["masked"] == [f"full ink ±{ends['scaled']:.0f}"]
    assert said["weights"] == said["q"] == []


def test_what_comes_later_is_faint_or_hidden(page: Page) -> None:
    show(page, CAUSAL, step=2)
    press(page, *["ArrowRight"] * 5)
    faint = sheet(page, "weights").evaluate("(one) => Number(getComputedStyle(one).opacity)")
    assert 0 < faint < 0.5
    press(page, "h")
    closed = sheet(page, "weights").locator(".sheet-veil.closed:not([hidden])")
    expect(closed).to_have_count(1)
    point_at(page, "weights", 2, 1)
    expect(page.locator(".sheet-mark.looked:not([hidden])")).to_have_count(0)
    press(page, "ArrowRight", "ArrowRight", "ArrowRight")
    point_at(page, "weights", 2, 1)
    expect(page.locator(".sheet-mark.looked:not([hidden])")).to_have_count(1)


def test_large_sheets_are_heat_with_the_same_inspector_and_zoom_to_numbers(page: Page) -> None:
    show(page, LARGE, step=30)
    expect(page.locator("canvas.sheet-heat")).to_have_count(len(LARGE.layout.nodes))
    area = sheet(page, "weights").locator(".sheet-hit")
    area.scroll_into_view_if_needed()
    hit = area.bounding_box()
    assert hit
    page.mouse.move(hit["x"] + hit["width"] * 10.5 / 64, hit["y"] + hit["height"] * 30.5 / 64)
    expect(page.locator(".inspector h3")).to_have_text("weight: “the” → “the”")
    expect(page.locator(".inspector header .muted")).to_have_text("Head 1 · query 31 · key 11")
    expect(page.locator(".zoom-scale")).to_have_text("1×")
    for _ in range(5):
        page.get_by_role("button", name="Zoom in").click()
    expect(page.locator(".zoom-scale")).to_have_text("10×")
    sums = page.locator(".sheet-sum:not(.head):visible").all_text_contents()
    assert len(sums) > 4
    assert set(sums) == {"1.00"}
    page.mouse.move(2, 2)
    frame = sheet(page, "weights").locator(".sheet-frame")
    expect(frame).to_be_visible()
    press(page, "Home")
    expect(frame).to_be_visible()
    press(page, "Z", "Z", "Z", "Z", "Z")
    expect(page.locator(".zoom-scale")).to_have_text("1×")


def test_dragging_a_zoomed_sheet_pans_and_pins_nothing(page: Page) -> None:
    show(page, LARGE, step=0)
    press(page, "z", "z", "z", "z")
    area = sheet(page, "scores").locator(".sheet-hit")
    area.scroll_into_view_if_needed()
    hit = area.bounding_box()
    assert hit
    x, y = hit["x"] + hit["width"] / 2, hit["y"] + hit["height"] / 2
    rows = page.locator("[data-sheet=scores] [data-label='query 0']")
    expect(rows).to_be_visible()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 60, steps=4)
    page.mouse.up()
    expect(rows).to_be_hidden()
    expect(page.locator(".sheet-mark.pinned")).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [375, 768, 1280])
@pytest.mark.parametrize("name", ["causal", "causal-h4", "trained-follow", "h8-T64", "run-back"])
def test_nothing_is_cut_off_or_in_the_way(page: Page, name: str, width: int, language: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    known = [scene for scene in NAMES if scene.startswith(name)]
    show(page, scenes()[known[0]])
    words = dict(player_words(language))
    page.evaluate("(words) => window.player.update({ ...window.payload, words })", words)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not page.evaluate(OVERLAPS)
    outside = page.locator(".sheet text:not([hidden])").evaluate_all(
        """(all) => {
          const stage = document.querySelector(".sheets").getBoundingClientRect();
          return all.filter((text) => text.textContent && text.getClientRects().length)
            .filter((text) => {
              const { left, right } = text.getBoundingClientRect();
              return left < stage.left - 2 || right > stage.right + 2;
            }).map((text) => text.textContent);
        }"""
    )
    assert outside == []


@pytest.mark.parametrize("width", [1280, 1440])
def test_all_stages_of_a_sentence_stand_in_three_lines(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    show(page, attention_record_scene(run(AttentionConfig(show="sentence"))))
    tops = sheet_tops(page)
    assert len(set(tops.values())) == 3
    assert len({tops[name] for name in ("x", "q", "k", "v", "scores")}) == 1
    assert len({tops[name] for name in ("scaled", "masked", "weights")}) == 1
    assert numbers(page, "q") == []
    assert numbers(page, "weights")


def sheet_tops(page: Page) -> dict[str, float]:
    found: dict[str, float] = page.locator(".sheet").evaluate_all(
        """(all) => Object.fromEntries(all.map((s) =>
          [s.dataset.sheet, Math.round(s.querySelector(".sheet-hit").getBBox().y)]))"""
    )
    return found


def test_the_first_play_goes_through_the_stages_once_and_rests_on_the_whole(page: Page) -> None:
    page.emulate_media(reduced_motion="no-preference")
    show(page, CAUSAL, still=False, autoplay=True)
    assert when(page)["x"] in ("now", "past")
    page.wait_for_function("document.querySelector('.sheet').dataset.when === 'whole'")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_the_sentence_says_what_is_taken_from_where(page: Page) -> None:
    show(page, CAUSAL, step=0)
    expect(page.locator(".sentence")).to_have_text(
        "Query 1 of 5. “the” takes 100 % from itself. It cannot see what comes later."
    )
    show(page, HEADS, step=1)
    show(page, HEADS, step=4)
    share = round(100 * float(HEADS["weights_1"].values[4].max()))
    expect(page.locator(".sentence")).to_contain_text(f"Head 1: “the” takes {share} % from")


def test_padding_hides_no_future_and_a_row_of_zeros_is_not_blind(page: Page) -> None:
    padded = AttentionConfig(show="matrix", rows=4, keys=4, pad=2)
    show(page, attention_record_scene(run(padded)), step=1)
    expect(page.locator(".sentence")).to_contain_text("Keys it may not look at: 2.")
    show(page, attention_record_scene(run(replace(padded, align="top-left"))), step=1)
    expect(page.locator(".sentence")).to_contain_text("It cannot see what comes later.")
    show(page, attention_record_scene(run(replace(padded, edit=(0.0,)))), step=3)
    expect(page.locator(".sentence")).to_contain_text("takes nothing: all its weights are 0.")
    little = replace(padded, pad=0, edit=(0.001, 0.002, 0.0, 0.0))
    show(page, attention_record_scene(run(little)), step=3)
    expect(page.locator(".sentence")).to_contain_text("takes <1 % from “k₂”.")
    show(
        page, attention_record_scene(run(replace(padded, pad=0, edit=(0.4, 0.3, 0.2, 0.1)))), step=3
    )
    expect(page.locator(".sentence")).to_contain_text("20 % from “k₃”, 10 % from one other.")


def test_it_is_dark_in_the_dark(page: Page) -> None:
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    show(page, CAUSAL)
    fill = sheet(page, "weights").locator("rect.cell").nth(6).get_attribute("fill") or ""
    assert max(int(part) for part in re.findall(r"\d+", fill)) < 250


def test_the_wheel_zooms_with_ctrl_and_else_scrolls_the_page(page: Page) -> None:
    show(page, LARGE, step=0)
    sheet(page, "q").locator(".sheet-hit").hover(force=True)
    page.mouse.wheel(0, -40)
    expect(page.locator(".zoom-scale")).to_have_text("1×")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -40)
    page.keyboard.up("Control")
    expect(page.locator(".zoom-scale")).to_have_text("1.6×")


def test_at_the_weights_the_sentence_says_what_is_taken(page: Page) -> None:
    show(page, CAUSAL, step=0)
    press(page, *["ArrowRight"] * (STAGES.index("weights") + 1))
    expect(page.locator(".sentence")).to_contain_text(WORDS["about.weights"])
    expect(page.locator(".sentence")).to_contain_text("“the” takes 100 % from itself.")


def test_a_change_shows_what_was_before(page: Page) -> None:
    scene = scenes()["edited"]
    show(page, scene, step=2)
    now, before = scene["weights"].values, scene["ghost_weights"].values
    changed = int((np.abs(now - before) > 0.005).sum())
    expect(sheet(page, "weights").locator(".sheet-ghost:not([hidden])")).to_have_count(changed)
    point_at(page, "weights", 2, 0)
    expect(page.locator(".why")).to_contain_text(f"Before the change: {before[2, 0]:.2f}.")
    expect(page.locator(".ghost-legend")).to_be_visible()


def test_svg_png_and_numbers_can_be_saved(page: Page) -> None:
    show(page, CAUSAL, downloads=True)
    saved: dict[str, bytes] = {}
    for kind in ("SVG", "PNG", "CSV"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        saved[kind] = download.value.path().read_bytes()
    for text in cell_texts(CAUSAL["out"].values):
        assert text.encode() in saved["SVG"]
    assert saved["PNG"].startswith(b"\x89PNG")
    rows = saved["CSV"].decode().splitlines()
    assert rows[0] == "row,token,tensor,axis,column,name,value"
    values = [float(row.split(",")[-1]) for row in rows if ",weights," in row]
    np.testing.assert_allclose(values, CAUSAL["weights"].values.ravel(), atol=1e-6)
    show(page, scenes()["trained-back-4h"], downloads=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    named = [row.split(",") for row in download.value.path().read_text("utf-8").splitlines()]
    classes = scenes()["trained-back-4h"].sequence.classes
    assert classes
    answers = [row for row in named if row[2] == "p_2" and row[0] == "1"]
    assert [row[3:6] for row in answers] == [
        ["candidate", str(place), f'"{token}"'] for place, token in enumerate(classes, start=1)
    ]


def test_two_players_share_one_page(page: Page) -> None:
    show(page, CAUSAL, step=1)
    page.evaluate(
        """() => {
          const second = document.createElement("div");
          second.id = "second";
          document.body.append(second);
          window.module.mount(second, window.payload);
        }"""
    )
    places = page.locator(".place")
    expect(places).to_have_count(2)
    page.keyboard.press("End")
    assert places.all_inner_texts() == ["query 5 / 5", "query 2 / 5"]
    page.locator("#second .place").click()
    page.keyboard.press("Home")
    assert places.all_inner_texts() == ["query 5 / 5", "query 1 / 5"]
