"""Imports point down only: which layer may know which, read from the source and at run time."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "seqviz"

OWN = {
    "core": {"core"},
    "models": {"models", "core"},
    "text": {"text"},
    "scenes": {"scenes", "models", "core", "text"},
    "figures": {"figures", "models", "core", "text", "hues"},
    "player": {"player", "scenes", "text", "hues"},
}
OUTSIDE = {
    "core": {"torch"},
    "models": {"torch", "numpy"},
    "text": {"regex"},
    "scenes": {"numpy", "torch"},
    "figures": {"numpy", "plotly", "torch"},
    "player": {"numpy", "streamlit"},
    "ui": {"numpy", "plotly", "segno", "starlette", "streamlit", "torch"},
}
NEVER_LOADED = {
    "core": {"streamlit", "plotly", "pandas"},
    "models": {"streamlit", "plotly", "pandas"},
    "scenes": {"streamlit", "plotly", "pandas"},
    "figures": {"streamlit"},
    "player": {"streamlit", "plotly"},
}


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a file imports anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(layer: str) -> list[Path]:
    return sorted((PACKAGE / layer).rglob("*.py"))


def layer_of(name: str) -> str:
    """`core` for `seqviz.core.lstm`; the module's name for a file directly in the package."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("layer", OWN)
def test_a_layer_imports_only_layers_below(layer: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(layer)
        for name in imports(path)
        if name.split(".")[0] == "seqviz" and layer_of(name) not in OWN[layer]
    ]
    assert wrong == []


@pytest.mark.parametrize("layer", OUTSIDE)
def test_a_layer_depends_on_its_own_libraries_only(layer: str) -> None:
    allowed = OUTSIDE[layer] | {"seqviz"} | set(sys.stdlib_module_names)
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(layer)
        for name in imports(path)
        if name.split(".")[0] not in allowed
    ]
    assert wrong == []


def test_only_the_frame_and_the_app_know_the_pages() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in PACKAGE.rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] == "pages"
    ]
    assert wrong == []


def test_a_page_knows_the_interface_and_what_lies_below() -> None:
    allowed = {"seqviz", "streamlit"} | set(sys.stdlib_module_names)
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / "pages").glob("*.py")
        for name in imports(path)
        if name.split(".")[0] not in allowed
    ]
    assert wrong == []


def loaded_by(statement: str) -> set[str]:
    """Top-level names in `sys.modules` after a statement in a new interpreter."""
    code = f"{statement}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


def test_import_seqviz_is_light() -> None:
    assert loaded_by("import seqviz") & {"torch", "streamlit", "plotly", "pandas", "numpy"} == set()


@pytest.mark.parametrize("layer", NEVER_LOADED)
def test_a_layer_loads_nothing_from_above(layer: str) -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in files(layer)
        if path.stem not in ("__main__", "component")
    ]
    if modules:
        assert loaded_by(f"import {', '.join(modules)}") & NEVER_LOADED[layer] == set()


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    names = {path.stem for path in PACKAGE.rglob("*.py")}
    assert names & {"utils", "util", "helpers", "common", "misc"} == set()
