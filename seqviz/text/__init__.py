"""Every word a reader sees: one TOML file a page and language, and what reads them.

Only words live here. English is complete by definition; a test holds every other language to the
same keys and the same placeholders.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

HERE = Path(__file__).resolve().parent
PLAYER = ("player", "sheet", "plane")
LANGUAGES = {"en": "English", "ko": "한국어"}
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@cache
def words(name: str, language: str) -> Mapping[str, str]:
    """Words of one file, nested tables flattened: `[control.cell] label` is `control.cell.label`.

    Items of a list are numbered from 1: `actions = ["a", "b"]` is `actions.1` and `actions.2`.
    """
    path = HERE / language / f"{name}.toml"
    if not path.is_file():
        raise ValueError(f"words: expected a file {language}/{name}.toml, found none")
    return MappingProxyType(dict(_flat(tomllib.loads(path.read_text("utf-8")), "")))


@cache
def player_words(language: str) -> Mapping[str, str]:
    """Everything that the player says, in every form of its picture."""
    return MappingProxyType(dict(Words(language, *PLAYER).flat))


def files(language: str) -> list[str]:
    """Names of all word files of a language."""
    return sorted(path.stem for path in (HERE / language).glob("*.toml"))


def fill(template: str, values: Mapping[str, object]) -> str:
    """The template with `{name}` replaced where `values` has the name; other braces stay.

    Values are put in once and never read again, so a reader's text with braces in it is safe.
    """
    return PLACEHOLDER.sub(
        lambda found: str(values[found[1]]) if found[1] in values else found[0], template
    )


class Words:
    """The words of several files in one language: `words("notice.above", got=300, limit=200)`."""

    def __init__(self, language: str, *names: str) -> None:
        if language not in LANGUAGES:
            raise ValueError(f"Words: expected one of {', '.join(LANGUAGES)}, got {language!r}")
        self.language = language
        self.flat: dict[str, str] = {}
        for name in names:
            self.flat.update(words(name, language))

    def __contains__(self, key: str) -> bool:
        return key in self.flat

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of a key with its placeholders filled; an unknown key shows itself."""
        return fill(self.flat.get(key, key), values)


def _flat(node: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for name, child in node.items():
            yield from _flat(child, f"{path}.{name}" if path else name)
    elif isinstance(node, list):
        for number, child in enumerate(node, start=1):
            yield from _flat(child, f"{path}.{number}")
    elif isinstance(node, str):
        yield path, node
    else:
        raise ValueError(f"words: expected text at {path}, got {node!r}")
