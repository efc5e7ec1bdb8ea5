"""Both languages say everything, and say it with the same placeholders."""

import re
from pathlib import Path

import pytest

from seqviz.text import HERE, LANGUAGES, PLACEHOLDER, PLAYER, Words, files, fill, words

OTHERS = [language for language in LANGUAGES if language != "en"]
EVERY = [(language, name) for language in OTHERS for name in files("en")]


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_same_files(language: str) -> None:
    assert files(language) == files("en")


def test_no_two_files_that_are_read_together_share_a_key() -> None:
    keys = [key for name in (*PLAYER, "figures") for key in words(name, "en")]
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_every_language_has_the_same_keys(language: str, name: str) -> None:
    assert words(name, language).keys() == words(name, "en").keys()


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_placeholders_are_the_same_in_every_language(language: str, name: str) -> None:
    english, other = words(name, "en"), words(name, language)
    found = {key: set(PLACEHOLDER.findall(text)) for key, text in other.items()}
    assert found == {key: set(PLACEHOLDER.findall(text)) for key, text in english.items()}


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_parts_of_a_text_are_the_same_in_every_language(language: str, name: str) -> None:
    english, other = words(name, "en"), words(name, language)
    found = {key: text.count("|") for key, text in other.items()}
    assert found == {key: text.count("|") for key, text in english.items()}


@pytest.mark.parametrize(
    ("language", "name"), [(language, name) for language in LANGUAGES for name in files(language)]
)
def test_no_text_is_empty_or_has_loose_ends(language: str, name: str) -> None:
    for key, text in words(name, language).items():
        assert text == text.strip() != "", key
        assert "\n" not in text, key


@pytest.mark.parametrize("name", files("ko"))
def test_korean_sentences_are_korean(name: str) -> None:
    for key, text in words(name, "ko").items():
        if text == words(name, "en").get(key) and text.endswith((".", "?")):
            pytest.fail(f"{name}: {key} is still English: {text}")


def test_korean_sentences_end_in_the_polite_form() -> None:
    plain, quoted = re.compile(r"(?<!니)다\."), re.compile(r"“[^”]*”")
    for name in files("ko"):
        for key, text in words(name, "ko").items():
            assert not plain.search(quoted.sub("", text)), f"{name}: {key}: {text}"


def test_tables_and_lists_become_dotted_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "some.toml").write_text('[a]\nb = "x"\nc = ["y", "z"]\n', "utf-8")
    monkeypatch.setattr("seqviz.text.HERE", tmp_path)
    assert dict(words("some", "en")) == {"a.b": "x", "a.c.1": "y", "a.c.2": "z"}


def test_what_is_not_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "number.toml").write_text("[a]\nb = 3\n", "utf-8")
    monkeypatch.setattr("seqviz.text.HERE", tmp_path)
    with pytest.raises(ValueError, match=r"expected text at a\.b, got 3"):
        words("number", "en")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ValueError, match=r"expected a file en/nowhere\.toml"):
        words("nowhere", "en")


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(ValueError, match=f"expected one of {', '.join(LANGUAGES)}, got 'xx'"):
        Words("xx")


def test_later_files_win_and_unknown_keys_show_themselves() -> None:
    both = Words("en", "frame", "notices")
    assert both("notice.above", name="n", got=3, limit=2, used=2) == "n: 3 is above 2; using 2."
    assert both("no.such.key") == "no.such.key"


def test_filling_reads_values_once() -> None:
    assert fill("{a} {b} {c}", {"a": "{b}", "b": "{a.__class__}"}) == "{b} {a.__class__} {c}"


def test_words_are_packaged_beside_their_reader() -> None:
    assert sorted(path.name for path in HERE.iterdir() if path.is_dir()) >= sorted(LANGUAGES)
