"""From an attention of one's own to a file: it plays offline and says the module's own numbers."""

from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, expect
from torch import nn

import seqviz
from seqviz.core.masks import causal
from seqviz.text import LANGUAGES, player_words
from tests.browser.test_hosts import Listener
from tests.conftest import Visitors

TOKENS = ("the", "cat", "sat", "on", "mats")


def attended(heads: int = 2) -> seqviz.MultiHead:
    """An ordinary float32 module, every weight and bias drawn from one seed."""
    module = nn.MultiheadAttention(4, heads).eval()
    generator = torch.Generator().manual_seed(5)
    for parameter in module.parameters():
        parameter.data.uniform_(-0.9, 0.9, generator=generator)
    found = seqviz.attend(module, torch.randn(5, 4, generator=generator), allowed=causal(5))
    assert isinstance(found, seqviz.MultiHead)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_written_attention_plays_offline_and_asks_for_nothing(
    visit: Visitors, tmp_path: Path, language: str
) -> None:
    path = attended().to_html(tmp_path / "attention.html", language, tokens=TOKENS)
    page = visit(reduced_motion="reduce")
    page.context.set_offline(True)
    heard = Listener(page)
    page.goto(path.as_uri())
    expect(page.locator(".token-glyph")).to_have_text(list(TOKENS))
    page.keyboard.press("Home")
    for query in range(1, 6):
        expect(page.locator(".place")).to_contain_text(f"{query} / 5")
        page.locator(".seqviz").press("ArrowDown")
    assert page.locator("html").get_attribute("lang") == language
    assert player_words(language)["sheet.weights"] in page.locator(".sheets").inner_text()
    assert heard.asked == [path.as_uri()]
    assert heard.complaints == []


@pytest.mark.parametrize("heads", [1, 2])
def test_a_written_attention_shows_the_modules_own_numbers(
    page: Page, tmp_path: Path, heads: int
) -> None:
    found = attended(heads)
    page.emulate_media(reduced_motion="reduce")
    page.goto(found.to_html(tmp_path / "attention.html", tokens=TOKENS).as_uri())
    expect(page.locator('[data-sheet="context"]')).to_be_attached()
    for name in ("q", "k", "v", "scores", "scaled", "weights", "context"):
        values = getattr(found, name)[0]
        shown = page.locator(f'[data-sheet="{name}"] .sheet-cells text').all_text_contents()
        printed = [float(text.replace("−", "-")) for text in shown if text]
        expected = values[causal(5)] if name == "weights" else values.flatten()
        assert len(printed) == len(expected)
        torch.testing.assert_close(
            torch.tensor(printed), expected, rtol=0, atol=0.0051, check_dtype=False
        )
