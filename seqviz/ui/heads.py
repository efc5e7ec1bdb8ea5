"""The page `multi-head`: its knobs, what they ask the layer for, and its record in words."""

from collections.abc import Mapping
from typing import Any

from seqviz.models.heads_experiment import (
    ANSWERS,
    LONGEST,
    MASKS,
    MOST_HEADS,
    SIDES,
    TRAINED,
    HeadsConfig,
    HeadsRecord,
    fitting,
    run,
)
from seqviz.models.heads_findings import heads_findings
from seqviz.models.heads_questions import questions
from seqviz.scenes.attention import run_scene
from seqviz.scenes.scene import Scene
from seqviz.text import Words
from seqviz.text.characters import characters, clip, visible
from seqviz.text.tokens import SPLITS, split
from seqviz.ui.compute import cached
from seqviz.ui.controls import Choice, Number, Text, Value
from seqviz.ui.page import Page

TEXTS = {
    "cat": ("the cat sat on the mat and slept", "words"),
    "letters": ("abcdefgh", "letters"),
    "korean": ("나는 어제 산 책을 오늘 다 읽었다", "words"),
    "syllables": ("동해물과 백두산이 마르고 닳도록", "syllables"),
    "long": (
        "the quick brown fox jumps over the lazy dog and the quick brown cat sleeps here",
        "letters",
    ),
}
OWN = "text"
WIDEST = 64
CHARACTERS = 400

CONTROLS = (
    Choice("mode", ("trained", "fresh"), "trained", quiet=True),
    Choice("trained", tuple(map(str, TRAINED)), "4", quiet=True),
    Choice("input", (*TEXTS, OWN), "cat", look="menu", quiet=True),
    Text("text", TEXTS["cat"][0], limit=CHARACTERS),
    Choice("split", SPLITS, "words"),
    Number("heads", 1, MOST_HEADS, 4),
    Number("d", 1, WIDEST, 16),
    Number("gain", 0.0, 4.0, 2.0, step=0.25),
    Choice("mask", MASKS, "causal", look="menu"),
    Number("pads", 0, 16, 0),
    Choice("side", SIDES, "right"),
    Choice("join", ("concat", "sum"), "concat", quiet=True),
    Number("off", 0, MOST_HEADS, 0),
)

compute = cached(run)


def config_of(values: Mapping[str, Any]) -> HeadsConfig:
    """The configuration that the controls ask for; a head that is not there is not silenced."""
    off = values["off"]
    return HeadsConfig(
        tokens=tuple(tokens_of(values)),
        mode=values["mode"],
        trained=int(values["trained"]),
        heads=values["heads"],
        d_model=fitting(values["d"], values["heads"], WIDEST),
        mask=values["mask"],
        pads=values["pads"],
        side=values["side"],
        off=off - 1 if 0 < off <= heads_of(values) else None,
        gain=values["gain"],
        seed=values["seed"],
    )


def heads_of(values: Mapping[str, Any]) -> int:
    """How many heads the layer has."""
    return int(values["trained"] if values["mode"] == "trained" else values["heads"])


def tokens_of(values: Mapping[str, Any]) -> list[str]:
    """The tokens of the text; a text without any becomes the first of the texts."""
    if values["input"] != OWN:
        return split(*TEXTS[values["input"]])
    return split(values["text"], values["split"])[:LONGEST] or split(*TEXTS["cat"])


def size_of_trained(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Which trained model, where one is on screen."""
    return ("trained",) if values["mode"] == "trained" else ()


def own_text(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The reader's own text and how it is split, where that is the input."""
    return ("text", "split") if values["input"] == OWN else ()


def tell_notices(page: Page, record: HeadsRecord) -> None:
    """What the reader has to know about this text, layer and mask."""
    values, config = page.values, record.config
    if values["input"] == OWN:
        count = len(split(values["text"], values["split"]))
        if not count:
            got, used = clip(values["text"]), TEXTS["cat"][0]
            page.notice("mode.no_tokens", got=got, used=used)
        elif count > LONGEST:
            cut = len(characters(values["text"])) == CHARACTERS
            key = "mode.text_cut" if cut else "mode.tokens_cut"
            page.notice(key, "text", count=count, limit=LONGEST)
    kept = int(record.real.sum())
    if kept < len(config.tokens):
        page.notice("mode.cut_for_pads", limit=LONGEST, kept=kept)
    if config.mode == "fresh" and config.d_model != values["d"]:
        told = {"d": values["d"], "h": config.heads, "used": config.d_model}
        page.notice("mode.not_divisible", **told)
    if values["off"] > record.count:
        page.notice("mode.no_head", "off", got=values["off"], h=record.count)
    if record.empty:
        page.notice("mode.empty", n=len(record.empty), T=len(record.tokens))


def what_if(page: Page) -> None:
    """The panel of what is silenced, and the way back."""
    on = 0 < page.values["off"] <= heads_of(page.values)
    with page.panel("what_if", on):
        page.column("off")
        if on:
            page.button("mode.what_if_off", off=0)


def mode_line(page: Page, record: HeadsRecord) -> None:
    """Which weights are on screen, in one sentence."""
    config, width = record.config, record.model.design.width
    told = {"h": record.count, "d": width, "d_k": width // record.count}
    if config.mode == "fresh":
        page.sentence(page.words("mode.fresh", seed=config.seed, **told))
        return
    page.sentence(page.words("mode.trained", **told))
    if config.mask not in ("causal", "both"):
        page.notes("mode.trained_mask")


def scene_of(page: Page, record: HeadsRecord) -> Scene:
    """The scene: the output as one product with W_O, or as the sum of the heads' shares."""
    text = clip(" ".join(record.tokens))
    told = {"h": record.count, "d": record.model.design.width, "text": text}
    first = record.targets[:, 0].tolist()
    return run_scene(
        record.run,
        record.model,
        tokens=[visible(token) for token in record.tokens],
        targets=[None if place < 0 else visible(record.run.candidates[place]) for place in first],
        called=[page.words("back.answer", back=back) for back in range(1, ANSWERS + 1)],
        before=None if record.run is record.free else record.free,
        shares=page.values["join"] == "sum",
        title=page.words("picture", **told),
        rest=record.row,
    )


def sentences(record: HeadsRecord, words: Words) -> list[str]:
    """What the record says, in the reader's words."""
    told = []
    for finding in heads_findings(record):
        values = dict(finding.values)
        if "items" in values:
            values["items"] = "; ".join(_look(item, words) for item in values["items"])  # type: ignore[attr-defined]
        if "token" in values:
            values["token"] = visible(str(values["token"]))
        told.append(words(f"sentence.{finding.key}", **values).replace(" %", "\u00a0%"))
    return told


def _look(item: Mapping[str, Any], words: Words) -> str:
    """Where one head looks most."""
    return words(f"sentence.{_way('looks', item['back'])}", **{**item, "back": abs(item["back"])})


def _way(name: str, back: int) -> str:
    return f"{name}_{'self' if back == 0 else 'back' if back > 0 else 'ahead'}"


def ask(page: Page, record: HeadsRecord) -> None:
    """The questions to predict, in words."""
    words = page.words
    with page.section("predict") as opened:
        if not opened:
            return
        for question in questions(record):
            seen = {k: visible(v) if k == "token" else v for k, v in question.values.items()}  # type: ignore[arg-type]
            page.predict(
                question.name,
                words(f"predict.{question.name}", **seen),
                [words(key, **values) for key, values in question.options],
                question.right,
                words(f"predict.{question.name}_answer", **question.told),
            )


TRY: dict[str, dict[str, Value]] = {
    "start": {},
    "one": {"trained": "1"},
    "two": {"trained": "2"},
    "off": {"off": 1},
    "sum": {"join": "sum"},
    "fresh": {"mode": "fresh", "heads": 8, "d": 32},
    "odd": {"mode": "fresh", "heads": 4, "d": 30},
    "pads": {"pads": 4, "side": "left"},
    "hidden": {"pads": 4, "mask": "both"},
    "left": {"pads": 2, "mask": "both", "side": "left"},
    "all": {"mask": "all"},
    "korean": {"input": "syllables"},
    "long": {"input": "long"},
}


def actions() -> dict[str, dict[str, Value]]:
    """What each *Try this* sets: every control of the page, so the link means the same to all."""
    defaults = {control.key: control.default for control in CONTROLS}
    return {name: {**defaults, **changes} for name, changes in TRY.items()}


EQUATIONS = (
    r"Q_i = X W_i^Q + b_i^Q",
    r"K_i = X W_i^K + b_i^K",
    r"V_i = X W_i^V + b_i^V",
    r"A_i = \mathrm{softmax}\!\left(Q_i K_i^\top / \sqrt{d_k} + M\right)",
    r"H_i = A_i V_i",
    r"Y = [\,H_1 \mid \dots \mid H_h\,]\, W^O + b^O",
    r"\phantom{Y} = \textstyle\sum_{i=1}^{h} H_i\, W_i^O + b^O",
)
