"""The frame, started as Streamlit starts it, with the real page in it."""

from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from seqviz.text import LANGUAGES, words
from seqviz.ui import links
from seqviz.ui.still import still
from tests.ui.parts import unfold

FRAME = Path(links.__file__).with_name("frame.py")
LABELLED = (
    "button_group",
    "slider",
    "number_input",
    "selectbox",
    "text_input",
    "toggle",
    "button",
    "expander",
)
GOOD = {"v": "1", "lang": "en", "cell": "gru", "mode": "fresh", "seed": "7"}


def visit(**parameters: str | list[str]) -> AppTest:
    """The app's first page, opened with these parameters in its address."""
    visitor: Any = AppTest.from_file(str(FRAME), default_timeout=60)
    for key, value in parameters.items():
        visitor.query_params[key] = value
    unfold(visitor)
    visitor = visitor.run()
    assert not visitor.exception
    return visitor


def html(visitor: AppTest) -> list[str]:
    return [element.proto.body for element in visitor.get("html")]


def notices(visitor: AppTest) -> list[str]:
    found = [body for body in html(visitor) if 'class="seqviz-notices"' in body]
    return found[0].split("<li")[1:] if found else []


def keys(visitor: AppTest) -> set[str]:
    """The controls of the page, as its action links name them."""
    actions = next(body for body in html(visitor) if "<ol" in body)
    address = actions.partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    return set(parse_qs(urlsplit(address).query))


@pytest.fixture(scope="module")
def controls() -> set[str]:
    return keys(visit())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_opens_in_every_language(language: str) -> None:
    visitor = visit(lang=language)
    assert visitor.title[0].value == words("cell", language)["question"]
    assert notices(visitor) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mode", ["trained", "fresh"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_no_word_is_missing_on_the_page(language: str, mode: str, cell: str) -> None:
    visitor: Any = visit(v="1", lang=language, mode=mode, cell=cell)
    shown = [element.label for kind in LABELLED for element in visitor.get(kind)]
    known = {**words("cell", language), **words("frame", language), **words("controls", language)}
    assert len(shown) > 10
    for label in shown:
        assert label in known.values() or label == words("frame", language)["frame.language"]


def test_each_parameter_with_nonsense_is_named_and_the_others_stay(controls: set[str]) -> None:
    assert {"cell", "mode", "hidden", "seed", "text"} <= controls
    for key in controls - {"lang", "text", "token", "try"} | {"t", "u", "pin"}:
        visitor = visit(**{**GOOD, key: "<b>"})
        assert len(notices(visitor)) == 1, key
        assert "&lt;b&gt;" in notices(visitor)[0], key
        if key != "cell":
            assert visitor.segmented_control(key="cell").value == "gru", key


def test_every_parameter_with_nonsense_at_once(controls: set[str]) -> None:
    visitor = visit(**dict.fromkeys(controls - {"lang"}, "nan"))
    assert len(notices(visitor)) >= len(controls) - 3
    assert not any("<script" in body for body in html(visitor))


def test_the_menu_links_are_relative_and_carry_language_and_seed() -> None:
    menu = next(body for body in html(visit(**GOOD)) if "<nav" in body)
    assert 'href="cell?v=1&amp;lang=en&amp;seed=7" target="_self" aria-current="page"' in menu


def test_every_page_has_a_file_a_title_and_a_group() -> None:
    from seqviz.launch import home

    frame = words("frame", "en")
    named = {key.split(".")[1] for key in frame if key.startswith("page.")}
    files = {path.stem for path in (home() / "pages").glob("*.py")}
    assert named == files


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_action_leads_to_a_whole_page(language: str) -> None:
    actions = next(body for body in html(visit(lang=language)) if "<ol" in body)
    addresses = [part.partition('"')[0] for part in actions.split('href="')[1:]]
    assert len(addresses) >= 6
    for address in addresses:
        found = parse_qs(urlsplit(address.replace("&amp;", "&")).query, keep_blank_values=True)
        visitor = visit(**{key: values[0] for key, values in found.items()})
        assert notices(visitor) == [], address
        assert len(visitor.get("bidi_component")) >= 2


def test_a_still_picture_is_an_image_with_its_name_and_the_ink_of_the_theme() -> None:
    drawing = '<svg viewBox="0 0 560 200" role="img" aria-label="a &lt; b" stroke="currentColor"/>'
    image = still(drawing, "#123456")
    source = b64decode(image.split("base64,")[1].split('"')[0]).decode()
    assert 'alt="a &lt; b"' in image
    assert "560px" in image
    assert 'xmlns="http://www.w3.org/2000/svg"' in source
    assert 'stroke="#123456"' in source
    with pytest.raises(ValueError, match="viewBox"):
        still("<svg/>", "#123456")


def trying(visitor: AppTest) -> list[str]:
    return [body for body in html(visitor) if 'class="seqviz-trying' in body]


def test_what_the_reader_set_out_to_try_stays_there_with_the_way_back_to_it() -> None:
    actions = next(body for body in html(visit()) if "<ol" in body)
    address = next(part.partition('"')[0] for part in actions.split('href="') if "try=wipe" in part)
    found = parse_qs(urlsplit(address.replace("&amp;", "&")).query, keep_blank_values=True)
    visitor = visit(**{key: values[0] for key, values in found.items()})
    head, _, text = words("cell", "en")["try.wipe"].partition("|")
    (line,) = trying(visitor)
    assert head in line
    assert text.strip() in line
    assert "seqviz-strayed" not in line
    visitor.toggle(key="wipe").set_value(False)
    visitor.run()
    (after,) = trying(visitor)
    assert after == line.replace('"seqviz-trying"', '"seqviz-trying seqviz-strayed"')
    back = after.partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert parse_qs(urlsplit(back).query, keep_blank_values=True) == found


@pytest.mark.parametrize("nonsense", ["", "nobody", "<b>", "head", "wipe.x"])
def test_a_try_that_nobody_knows_says_nothing(nonsense: str) -> None:
    visitor = visit(**{**GOOD, "try": nonsense})
    assert trying(visitor) == []
    assert notices(visitor) == []


@pytest.mark.parametrize(
    ("cell", "force", "offered"),
    [
        ("lstm", "none", ["none", "i", "f", "o"]),
        ("gru", "none", ["none", "r", "z"]),
        ("lstm", "r", ["none", "i", "f", "o", "r"]),
    ],
)
def test_only_the_gates_of_this_cell_can_be_forced(
    cell: str, force: str, offered: list[str]
) -> None:
    visitor = visit(**{**GOOD, "cell": cell, "force": force})
    buttons = next(group for group in visitor.button_group if group.key == "force")
    labels = words("cell", "en")
    assert [o.content for o in buttons.proto.options] == [
        labels.get(f"control.force.{name}", name) for name in offered
    ]
    assert buttons.value == force


@pytest.mark.parametrize(("mode", "count"), [("trained", 2), ("fresh", 3)])
def test_a_learned_start_is_offered_where_something_can_learn_it(mode: str, count: int) -> None:
    visitor = visit(**{**GOOD, "mode": mode})
    buttons = next(group for group in visitor.button_group if group.key == "h0")
    assert len(buttons.proto.options) == count


def test_a_page_that_breaks_says_so_and_offers_itself_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr("seqviz.ui.cell.compute", broken)
    visitor: Any = AppTest.from_file(str(FRAME), default_timeout=60)
    visitor.query_params["lang"] = "ko"
    visitor = visitor.run()
    assert [error.message for error in visitor.exception] == ["on purpose"]
    (said,) = [body for body in html(visitor) if 'role="alert"' in body]
    assert words("frame", "ko")["broken.text"] in said
    assert 'href="cell?' in said
