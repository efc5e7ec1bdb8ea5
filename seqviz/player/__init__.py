"""The browser player: its ES modules as one string, its styles, and what it is sent.

The modules import only each other, at the top, and their top-level names are unique, so
joining them in the order of their imports gives one program without a build step.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
IMPORT = re.compile(r'^import\s+(?:[\w{}*,\s]+?\s+from\s+)?"\./([\w.]+)";\n', re.MULTILINE)
EXPORTED = re.compile(r"^export (?:async )?(?:const|let|class|function\*?) (\w+)", re.MULTILINE)
DEFAULT = re.compile(r"^export default (?:async )?function (\w+)", re.MULTILINE)


def bundle(*entries: str, exports: bool = False) -> str:
    """The program of the entry modules (by default the Streamlit component) as one ES module.

    With `exports`, everything the modules export is exported by the whole; without, only an
    entry's default export is.
    """
    names = _in_order(entries or ("component.js",))
    sources = {name: (HERE / name).read_text(encoding="utf-8") for name in names}
    public = [found for source in sources.values() for found in EXPORTED.findall(source)]
    default = [found for source in sources.values() for found in DEFAULT.findall(source)]
    lines = [_without_module_syntax(source) for source in sources.values()]
    if exports and public:
        lines.append(f"export {{ {', '.join(public)} }};\n")
    if default:
        lines.append(f"export default {default[-1]};\n")
    return "\n".join(lines)


def script(*entries: str) -> str:
    """The program as a classic script: nothing exported, to be wrapped in a function."""
    names = _in_order(entries or ("player.js",))
    program = "\n".join(_without_module_syntax((HERE / name).read_text("utf-8")) for name in names)
    if re.search(r"</script|<!--", program, re.IGNORECASE):
        raise ValueError(
            "the player's source ends a <script> or opens a comment: it cannot stand in HTML"
        )
    return program


@cache
def css() -> str:
    """The player's styles; every rule is meant for the player's own root."""
    first = HERE / "player.css"
    others = sorted(path for path in HERE.glob("*.css") if path != first)
    return "\n".join(path.read_text(encoding="utf-8") for path in (first, *others))


def payload(scene: Any, words: Mapping[str, str], options: Mapping[str, Any]) -> dict[str, Any]:
    """What the player is sent: a scene (or its JSON), the reader's words, and options."""
    return {"scene": scene_json(scene), "words": dict(words), "options": dict(options)}


def scene_json(scene: Any) -> dict[str, Any]:
    """A scene as the plain data it travels as."""
    plain = scene.to_json() if hasattr(scene, "to_json") else scene
    return json.loads(plain) if isinstance(plain, str) else plain


def _in_order(entries: tuple[str, ...]) -> tuple[str, ...]:
    """The modules that the entries need, each after those that it imports."""
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ValueError(
                f"the player's modules import in a circle: {' → '.join((*path, name))}"
            )
        if name in order:
            return
        for needed in IMPORT.findall((HERE / name).read_text(encoding="utf-8")):
            visit(needed, (*path, name))
        order.append(name)

    for entry in entries:
        visit(entry, ())
    return tuple(order)


def _without_module_syntax(source: str) -> str:
    plain = IMPORT.sub("", source)
    plain = re.sub(r"^export default ", "", plain, flags=re.MULTILINE)
    return re.sub(r"^export (?=const|let|class|function|async)", "", plain, flags=re.MULTILINE)
