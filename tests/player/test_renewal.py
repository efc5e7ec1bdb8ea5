"""A player that is given other numbers: it keeps its nodes, and shows what a new one would show."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from seqviz import player
from seqviz.scenes import Scene
from tests.attention_catalogue import scenes as sentences
from tests.player.stage import WORDS, hello
from tests.scene_catalogue import catalogue, sweeps

PICTURES = {"hello": hello(), **catalogue(), **sweeps()}
SENTENCES = sentences()
SCENES = {**PICTURES, **SENTENCES}
LEVELS = {name: "l" if name in SENTENCES else "1" for name in SCENES}
WALKS: tuple[tuple[str, ...], ...] = (
    (),
    ("End", "flow"),
    ("h", "Home", "ArrowDown"),
    ("Shift+ArrowRight", "Shift+ArrowRight"),
)
PREPARE = """async ([source, words]) => {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { mount } = await import(url);
  URL.revokeObjectURL(url);
  const sorted = (style) => style.split(/; ?/u).sort().join(";");
  const attributesOf = (node) => [...node.attributes]
    .filter(({ name, value }) => value || name !== "class")
    .map(({ name, value }) => `${name}=${name === "style" ? sorted(value) : value}`)
    .sort().join(" ");
  const shown = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.nodeValue;
    const empty = node.localName === "text" && node.textContent === "";
    if (empty || node.hasAttribute("hidden") || node.classList.contains("spoken")) return "";
    const inside = [...node.childNodes].map(shown).join("");
    const pixels = node.localName === "canvas" ? node.toDataURL() : "";
    const id = /seqviz-broken-[0-9]+/gu;
    return `<${node.localName} ${attributesOf(node)}>${pixels}${inside}</>`.replace(id, "broken");
  };
  const press = (shell, keys) => keys.forEach((pressed) => {
    const key = pressed.replace("Shift+", "");
    const way = { key, shiftKey: key !== pressed, bubbles: true, cancelable: true };
    shell.dispatchEvent(new KeyboardEvent("keydown", way));
  });
  const options = { host: "html", language: "en" };
  const payload = (scene, more) =>
    ({ scene: JSON.parse(scene), words: { ...words, ...more }, options });
  const place = (scene, keys) => {
    const root = document.createElement("div");
    document.body.append(root);
    const player = mount(root, payload(scene));
    press(root.firstChild, keys);
    return { root, player, shell: root.firstChild };
  };
  window.nodesKept = (before, next, selector, more) => {
    const { root, player, shell } = place(before, []);
    const nodes = [...shell.querySelectorAll(selector)];
    player.update(payload(next, more));
    const now = [...shell.querySelectorAll(selector)];
    player.destroy();
    root.remove();
    return [nodes.length, now.length, now.filter((node, k) => node === nodes[k]).length];
  };
  window.difference = (before, next, keys, after) => {
    const one = place(before, keys);
    one.player.update(payload(next));
    press(one.shell, after);
    const updated = shown(one.shell);
    one.player.destroy();
    one.root.remove();
    const other = place(next, [...keys, ...after]);
    const fresh = shown(other.shell);
    other.player.destroy();
    other.root.remove();
    if (updated === fresh) return null;
    const at = [...fresh].findIndex((letter, k) => letter !== updated[k]);
    const part = (text) => text.slice(Math.max(0, at - 160), at + 80);
    return [part(updated), part(fresh)];
  };
}"""


@pytest.fixture(scope="module")
def stage(browser: Browser) -> Iterator[Page]:
    """A page that compares players."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content(f"<!doctype html><style>{player.css()}</style>")
    page.evaluate(PREPARE, [player.bundle("player.js", exports=True), WORDS])
    yield page
    page.close()
    assert errors == []


def with_other_numbers(scene: Scene) -> dict[str, Any]:
    """The scene with other numbers in the place of all that count nothing and name nothing."""
    sent = player.scene_json(scene)
    floats = np.frombuffer(b64decode(sent["floats"]), "<f4")
    random = np.random.default_rng(len(floats)).uniform(-1.5, 1.5, len(floats)).astype("<f4")
    other = np.where(np.isfinite(floats) & (floats % 1 != 0), floats * random, floats)
    return {**sent, "floats": b64encode(other.tobytes()).decode()}


def as_text(scene: Scene | dict[str, Any]) -> str:
    return json.dumps(player.scene_json(scene))


@pytest.mark.parametrize("name", SCENES)
def test_other_numbers_are_shown_as_a_new_player_shows_them(stage: Page, name: str) -> None:
    texts = [as_text(with_other_numbers(SCENES[name])), as_text(SCENES[name])]
    for walk in WALKS:
        keys = [LEVELS[name] if key == "flow" else key for key in walk]
        found = stage.evaluate("([a, b, keys]) => difference(a, b, keys, [])", [*texts, keys])
        assert found is None, walk


@pytest.mark.parametrize("kind", ["pictures", "sentences"])
def test_another_scene_is_shown_as_a_new_player_shows_it(stage: Page, kind: str) -> None:
    of_kind = PICTURES if kind == "pictures" else SENTENCES
    names = list(of_kind)
    for before, after in zip(names, names[1:] + names[:1], strict=True):
        texts = [as_text(of_kind[before]), as_text(of_kind[after])]
        found = stage.evaluate("([a, b]) => difference(a, b, [], ['Home'])", texts)
        assert found is None, (before, after)


@pytest.mark.parametrize(
    ("name", "selector"),
    [
        ("hello", ".token, .diagram *, .panel, .plot canvas, .buttons button, .foot"),
        ("causal-h4", ".token, .sheet, .sheet-cells *, .sheet-label, .map canvas, .foot"),
        ("h8-T64", ".token, .sheet, .sheet-heat, .sheet-label, .map canvas, .foot"),
    ],
)
def test_other_numbers_keep_the_nodes_and_other_words_do_not(
    stage: Page, name: str, selector: str
) -> None:
    sent = [as_text(with_other_numbers(SCENES[name])), as_text(SCENES[name]), selector]
    count, now, kept = stage.evaluate("(all) => nodesKept(...all)", [*sent, {}])
    assert count == now == kept > 30
    assert stage.evaluate("(all) => nodesKept(...all)", [*sent, {"level.flow": "Fluss"}])[2] == 0
