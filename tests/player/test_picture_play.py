"""The picture in time: motion, playing, new scenes, and the end."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page

from tests.player.stage import hello, numbers, payload, printed, show, step
from tests.scene_catalogue import scene_of


def autoplaying(page: Page) -> Page:
    page.clock.install()
    return show(page, hello(), still=False, autoplay=True)


def test_values_travel_but_the_state_is_there_at_once(page: Page) -> None:
    scene = hello()
    page.clock.install()
    show(page, scene, still=False)
    page.clock.run_for(100)
    page.keyboard.press("Home")
    assert numbers(page, "h") == printed(scene["h"].values[0])
    page.clock.run_for(200)
    assert page.locator(".wire-pulse:not([hidden])").count() > 0
    page.clock.run_for(2000)
    assert page.locator(".wire-pulse:not([hidden])").count() == 0


def test_reduced_motion_moves_nothing_by_itself(page: Page) -> None:
    page.clock.install()
    show(page, hello(), autoplay=True)
    page.clock.run_for(3000)
    assert step(page) == 4
    page.keyboard.press("ArrowLeft")
    page.clock.run_for(100)
    assert page.locator(".wire-pulse:not([hidden])").count() == 0


def test_it_plays_once_by_itself_and_rests_with_both_letters_ringed(page: Page) -> None:
    autoplaying(page)
    assert step(page) == 1
    page.clock.run_for(900)
    assert step(page) == 2
    page.clock.run_for(5000)
    assert step(page) == 4
    assert page.locator(".play").inner_text() == "Play"
    assert page.locator(".token-glyph.ringed").count() == 2


@pytest.mark.parametrize("stop", ["key", "click"])
def test_any_key_or_click_stops_the_play_that_began_by_itself(page: Page, stop: str) -> None:
    autoplaying(page)
    if stop == "key":
        page.keyboard.press("q")
    else:
        page.mouse.click(3, 3)
    page.clock.run_for(5000)
    assert step(page) == 1


def test_playing_thirty_steps_a_second_drops_none(page: Page) -> None:
    scene = scene_of("lstm", steps=100, hidden=16, inputs=4)
    page.clock.install()
    show(page, scene)
    page.keyboard.press("Home")
    page.evaluate(
        """() => {
          window.seen = [];
          new MutationObserver(() => window.seen.push(document.querySelector('.place').textContent))
            .observe(document.querySelector('.place'), { characterData: true, subtree: true });
          const speeds = document.querySelector('.speed');
          speeds.append(new Option('24×', '24'));
          speeds.value = '24';
          speeds.dispatchEvent(new Event('change'));
        }"""
    )
    page.locator(".play").click()
    page.clock.run_for(3500)
    seen = [int(re.findall(r"\d+", text)[0]) for text in page.evaluate("window.seen")]
    assert step(page) == 100
    assert all(b - a == 1 for a, b in pairwise(seen))


def test_a_new_scene_keeps_the_cursor_where_it_can(page: Page) -> None:
    show(page, scene_of("lstm", steps=9))
    page.locator(".seqviz").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    page.evaluate("(next) => window.player.update(next)", payload(scene_of("gru", steps=6)))
    assert step(page) == 6
    assert page.locator(".strip[data-node=z]").count() == 1
    assert "unit 2" in page.locator(".why h3").inner_text()
    assert "seqviz" in page.evaluate("document.activeElement.className")


PLACES = """() => [...document.querySelectorAll(".plot, .stage svg, .tokens, .gradient svg")]
  .map((node) => node.getBoundingClientRect())
  .map(({ x, y, width, height }) => [x, y, width, height])"""


@pytest.mark.parametrize("width", [1280, 375])
def test_a_new_scene_takes_the_places_it_would_have_had_from_the_start(
    page: Page, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    kinds = ("lstm", "rnn", "gru")
    fresh = {}
    for kind in kinds:
        show(page, scene_of(kind, steps=9))
        fresh[kind] = page.evaluate(PLACES)
    for kind in (*kinds, *kinds):
        page.evaluate("(next) => window.player.update(next)", payload(scene_of(kind, steps=9)))
        assert page.evaluate(PLACES) == fresh[kind], kind


def test_an_unchanged_scene_is_drawn_again_without_asking_for_widths(page: Page) -> None:
    show(page, scene_of("lstm", steps=9))
    asked = page.evaluate(
        """() => {
          let asked = 0;
          const own = Object.getOwnPropertyDescriptor(Element.prototype, "clientWidth");
          Object.defineProperty(Element.prototype, "clientWidth", {
            get() { asked += 1; return own.get.call(this); },
          });
          window.player.update(window.payload);
          return asked;
        }"""
    )
    assert asked == 0


def test_destroy_leaves_nothing_behind(page: Page) -> None:
    page.add_init_script(
        """
        window.held = 0;
        for (const [target, owner] of [[EventTarget.prototype, "page"]]) {
          const { addEventListener, removeEventListener } = target;
          const counts = (self) => self === document || self instanceof MediaQueryList;
          target.addEventListener = function (...all) {
            if (counts(this)) window.held += 1;
            return addEventListener.apply(this, all);
          };
          target.removeEventListener = function (...all) {
            if (counts(this)) window.held -= 1;
            return removeEventListener.apply(this, all);
          };
        }
        """
    )
    page.goto("about:blank")
    before = page.evaluate("window.held")
    show(page, hello())
    assert page.evaluate("window.held") > before
    page.evaluate("window.player.destroy()")
    assert page.evaluate("window.held") == before
    assert page.evaluate("document.getElementById('root').childElementCount") == 0
    page.keyboard.press("ArrowRight")


def test_the_step_is_announced_in_words(page: Page) -> None:
    page.clock.install()
    show(page, hello())
    page.keyboard.press("Home")
    page.clock.run_for(1000)
    assert page.locator("[aria-live=polite]").text_content().startswith("Step 1 of 4")  # type: ignore[union-attr]
