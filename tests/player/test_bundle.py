"""The modules join into one program: imports in order, names unique, nothing from outside."""

import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page

from seqviz import player
from tests.scene_catalogue import catalogue

MODULES = sorted(player.HERE.glob("*.js"))
TOP_LEVEL = re.compile(
    r"^(?:export )?(?:default )?(?:async )?(?:const|let|var|class|function\*?) "
    r"(?:(\w+)|[\[{]([^\]}=]*)[\]}] =)",
    re.MULTILINE,
)
LOAD = """async (source) => {
  window.component = await import(
    URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
}"""


def top_level_names(source: str) -> list[str]:
    found = []
    for name, several in TOP_LEVEL.findall(source):
        found += [name] if name else re.findall(r"(\w+)\s*(?:,|$)", several)
    return found


def test_top_level_names_are_unique() -> None:
    names = Counter(name for path in MODULES for name in top_level_names(path.read_text("utf-8")))
    assert len(names) > 100
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_keeps_to_the_form_that_can_be_joined(path: Path) -> None:
    source = path.read_text("utf-8")
    head, _, body = re.sub(r"/\*.*?\*/|//[^\n]*", "", source, flags=re.DOTALL).partition("\nconst ")
    assert not re.search(r"^import ", body, re.MULTILINE), "an import below the top"
    assert not re.search(r"^import [^;]*\bas\b", head, re.MULTILINE), "an import under another name"
    assert len(source.splitlines()) <= 300


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_text_never_becomes_markup_and_nothing_comes_from_outside(path: Path) -> None:
    source = path.read_text("utf-8")
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment"
    assert not re.search(rf"{markup}|\beval\(|new Function|DOMParser|setHTML", source)
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon", source)
    addresses = set(re.findall(r"https?://[^\s\"'`)]+", source))
    assert all(address.startswith("http://www.w3.org/") for address in addresses)


def test_the_styles_ask_for_nothing_from_outside() -> None:
    assert not re.search(r"https?:|@import|url\((?![\"']?(data:|#))", player.css())


def test_each_module_stands_after_those_it_imports() -> None:
    program = player.bundle("explain.js")
    order = [
        program.index(f"function {name}(") for name in ("fixed", "plainText", "derive", "explain")
    ]
    assert order == sorted(order)
    assert "import " not in re.sub(r"import\(", "", re.sub(r"/\*\*.*?\*/", "", program, flags=re.S))


def test_a_circle_of_imports_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport const a = 1;\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\nexport const b = 1;\n')
    monkeypatch.setattr(player, "HERE", tmp_path)
    with pytest.raises(ValueError, match=r"circle: a\.js → b\.js → a\.js"):
        player.bundle("a.js")


def test_imports_over_several_lines_and_default_exports_are_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.js").write_text(
        'import {\n  b,\n  c,\n} from "./b.js";\nexport default function main() { return b + c; }\n'
    )
    (tmp_path / "b.js").write_text("export const b = 1;\nexport const c = 2;\n")
    monkeypatch.setattr(player, "HERE", tmp_path)
    program = player.bundle("a.js")
    assert "import" not in program
    assert program.rstrip().endswith("export default main;")
    assert "export { b, c };" in player.bundle("a.js", exports=True)


def test_a_source_that_would_end_its_script_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.js").write_text('export const a = "</SCRIPT>";\n')
    monkeypatch.setattr(player, "HERE", tmp_path)
    with pytest.raises(ValueError, match="cannot stand in HTML"):
        player.script("a.js")


def test_the_joined_program_shows_a_scene_as_a_component(page: Page) -> None:
    page.set_content("<div id=place></div>")
    page.evaluate(LOAD, player.bundle())
    data = player.payload(catalogue()["lstm-tanh"], {}, {"host": "streamlit"})
    page.evaluate(
        """(data) => { window.stop = window.component.default(
            { data, parentElement: document.getElementById("place") }); }""",
        data,
    )
    assert page.locator("#place .seqviz").count() == 1
    page.evaluate("window.stop()")
    assert page.locator("#place .seqviz").count() == 0


def test_payload_takes_a_scene_or_its_json() -> None:
    scene = catalogue()["rnn-tanh"]
    one = player.payload(scene, {"a": "b"}, {"host": "html"})
    assert one == player.payload(scene.to_json(), {"a": "b"}, {"host": "html"})
    assert set(one) == {"scene", "words", "options"}
