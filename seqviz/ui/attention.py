"""The page `attention`: its knobs, what they ask for, and its record in a reader's words."""

from collections.abc import Mapping
from typing import Any

from seqviz.models.attention_experiment import (
    LONGEST,
    WIDEST_SENTENCE,
    AttentionConfig,
    AttentionRecord,
    run,
)
from seqviz.models.attention_questions import attention_questions
from seqviz.models.findings import Finding, percent
from seqviz.text import Words
from seqviz.text.characters import characters, clip, visible
from seqviz.text.tokens import SPLITS, split
from seqviz.ui.cells import Cells, cell
from seqviz.ui.compute import cached
from seqviz.ui.controls import Choice, Number, Numbers, Text, Toggle, Value
from seqviz.ui.page import Page

OWN = "text"
PRESETS = {
    "cat": ("the cat ran and the cat ran away", "words"),
    "meet": ("Anna met Ben in Paris and later Ben met Anna in Rome", "words"),
    "banana": ("banana bandana", "letters"),
    "rain": ("오늘도 비가 오고 내일도 비가 오고 바람이 분다", "words"),
    "apple": ("사과는 빨개 사과는 맛있어", "syllables"),
    "jamo": ("바나나 하나", "letters"),
    "you": ("you and me and you and her", "words"),
    "sky": ("하늘 아래 땅 아래 하늘 아래 우리", "words"),
    "river": ("mississippi", "letters"),
}
SIZES = tuple(str(2**power) for power in range(10))
CHARACTERS = 640
SHOWN = 12
TOKENS = ("token", "query", "answer", "next", "said")
JOINED = {
    *("blend", "spread", "next", "next_right", "first_time", "unscaled", "temperature"),
    *("empty", "empty_others", "moved", "changed_p", "same_answer", "new_answer"),
}


CONTROLS = (
    Choice("show", ("one", "matrix", "sentence"), "one", quiet=True),
    Choice("mode", ("trained", "fresh"), "trained", quiet=True),
    Choice("input", (*PRESETS, OWN), "cat", look="menu", quiet=True, width=176),
    Text("text", "the cat ran and the cat ran away", limit=CHARACTERS),
    Choice("split", SPLITS, "words"),
    Number("n", 2, 8, 3),
    Number("rows", 1, 16, 3),
    Number("keys", 1, 16, 5),
    Choice("dk", SIZES, "4", look="menu"),
    Number("dv", 1, 8, 3),
    Toggle("scale", True),
    Toggle("causal", True),
    Choice(
        "align", ("none", "top-left", "bottom-right"), "none", look="menu", quiet=True, width=200
    ),
    Number("temp", 0.05, 10.0, 1.0, step=0.05),
    Toggle("tied"),
    Number("pad", 0, LONGEST, 0),
    Cells("hide"),
    Number("query", 0, LONGEST, 0, look="field"),
    Toggle("top"),
    Number("drop", 0, LONGEST, 0, look="field"),
    Toggle("edit"),
    Numbers("weights", (1.0,), 0.0, 1.0, limit=LONGEST),
)


def config_of(values: Mapping[str, Any]) -> AttentionConfig:
    """The configuration that the controls ask for; 0 means "none", or "choose one" for the query.

    What does not belong to the view on screen keeps its default, so that it is computed once.
    """
    show = values["show"]
    config: dict[str, Any] = {
        "show": show,
        "scale": values["scale"],
        "temperature": values["temp"],
        "seed": values["seed"],
    }
    if show == "one":
        return AttentionConfig(**config, keys=values["n"])
    config |= {
        "pad": values["pad"],
        "hidden": tuple(found for entry in values["hide"].split(", ") if (found := cell(entry))),
        "asked": _place(values["query"]),
        "top": values["top"],
        "drop": _place(values["drop"]),
        "edit": tuple(values["weights"]) if values["edit"] else None,
    }
    if show == "matrix":
        sizes = {key: values[key] for key in ("rows", "keys", "align")}
        return AttentionConfig(**config, **sizes, d_k=int(values["dk"]), d_v=values["dv"])
    config |= {"tokens": tuple(tokens_of(values)[:LONGEST]), "causal": values["causal"]}
    if values["mode"] == "fresh":
        config |= {"mode": "fresh", "d_k": int(values["dk"]), "tied": values["tied"]}
    return AttentionConfig(**config)


def tokens_of(values: Mapping[str, Any]) -> list[str]:
    """All tokens of the input, of the first preset where the reader's text has none."""
    if values["input"] != OWN:
        return split(*PRESETS[values["input"]])
    return split(values["text"], values["split"]) or split(*PRESETS["cat"])


def _place(number: int) -> int | None:
    return number - 1 if number else None


compute = cached(run)


def draw_controls(page: Page) -> None:
    """The knobs of the view on screen: the switches in the row, the rest in panels."""
    show, fresh = page.values["show"], page.values["mode"] == "fresh"
    with page.row(labelled=show == "sentence" and bool(_own(page))):
        page.column("show")
        if show == "sentence":
            page.column("input", "mode", *_own(page))
        if show == "one":
            page.column("scale")
        else:
            page.column("scale", "causal" if show == "sentence" else "align")
        with page.panel("softmax"):
            page.column("temp", *(() if show == "one" else ("pad", "hide")))
        if show == "one":
            with page.panel("sizes"):
                page.column("n", "seed")
            return
        if show == "matrix":
            with page.panel("sizes"):
                page.column("rows", "keys", "dk", "dv", "seed")
        elif fresh:
            with page.panel("model"):
                page.column("dk", "tied", "seed")
        on = any(page.values[key] != value for key, value in WHAT_IF_OFF.items())
        with page.panel("what_if", on):
            page.column("query", "top", "drop", "edit", *_weights(page))
            if on:
                page.button("what_if_off", **WHAT_IF_OFF)


WHAT_IF_OFF: dict[str, Value] = {"top": False, "drop": 0, "edit": False}


def _own(page: Page) -> tuple[str, ...]:
    return ("text", "split") if page.values["input"] == OWN else ()


def _weights(page: Page) -> tuple[str, ...]:
    return ("weights",) if page.values["edit"] else ()


def tell_notices(page: Page, record: AttentionRecord) -> None:
    """What the reader has to know about this configuration."""
    values, config = page.values, record.config
    if config.show == "one":
        return
    if config.show == "sentence":
        found = len(tokens_of(values))
        if values["input"] == OWN and not split(values["text"], values["split"]):
            page.notice("told.no_tokens", used=PRESETS["cat"][0])
        if found > LONGEST:
            cut = values["input"] == OWN and len(characters(values["text"])) == CHARACTERS
            page.notice(f"told.too_{'long' if cut else 'many'}", "text", got=found, limit=LONGEST)
        if config.mode == "fresh" and config.d_k > WIDEST_SENTENCE:
            page.notice("told.narrow", got=config.d_k, used=WIDEST_SENTENCE)
    T, S = len(record.queries), len(record.keys)
    if values["query"] > T:
        page.notice("told.query", "query", got=values["query"], limit=T)
    if values["drop"] > S:
        page.notice("told.drop", "drop", got=values["drop"], limit=S)
    if any((q or 0) >= T or (k or 0) >= S for q, k in config.hidden):
        page.notice("told.outside", T=T, S=S)
    if config.edit is not None and len(config.edit) != S:
        page.notice("told.weights", "weights", count=len(config.edit), limit=S)
    if bool(record.attention.empty.all()) and config.edit is None:
        page.notice("told.all_blocked")


def title_of(record: AttentionRecord, words: Words) -> str:
    """What the picture shows, in a few words."""
    T, S = record.attention.scores.shape
    return words(f"picture.{record.config.show}", T=T, S=S, text=clip(" ".join(record.queries)))


def mode_line(page: Page, record: AttentionRecord) -> None:
    """Which numbers are on screen, in one sentence."""
    name = record.config.show
    if name == "sentence":
        name = "trained" if record.trained else "fresh"
    page.sentence(page.words(f"mode.{name}", seed=record.config.seed, d_k=record.d_k))


def paragraphs(found: list[Finding], words: Words) -> list[str]:
    """The findings in words, those that belong to the one before in its paragraph."""
    told: list[str] = []
    for finding, text in zip(found, sentences(found, words), strict=True):
        if finding.key in JOINED and told:
            told[-1] = f"{told[-1]} {text}"
        else:
            told.append(text)
    return told


def sentences(found: list[Finding], words: Words) -> list[str]:
    """The findings in words; tokens are shown so that they can be seen."""
    return [
        words(
            f"sentence.{f.key}",
            **{key: _said(key, value, words) for key, value in f.values.items()},
        )
        for f in found
    ]


def _said(key: str, value: Any, words: Words) -> object:
    if key == "parts":
        told = [
            words("part", token=label(token), place=place, share=percent(weight))
            for token, place, weight in value
        ]
        return ", ".join(told)
    if key == "keys":
        return ", ".join(f"“{label(token)}” ({place})" for token, place in value)
    return label(value) if key in TOKENS else value


def label(token: object) -> str:
    """A token as it is drawn: on one line, visible, and not too long."""
    return clip(visible(str(token)), SHOWN)


def shapes_of(record: AttentionRecord, words: Words) -> list[tuple[str, str, str]]:
    """(name, shape, meaning) of everything the picture holds."""
    one = record.attention
    rows = [
        ("Q", one.q, "q"),
        ("K", one.k, "k"),
        ("V", one.v, "v"),
        ("Q Kᵀ", one.scores, "scores"),
        ("A", one.weights, "weights"),
        ("A V", one.context, "context"),
    ]
    found = [(name, str(tuple(tensor.shape)), words(f"shapes.{key}")) for name, tensor, key in rows]
    if record.run is None:
        return found
    x = record.run.inputs.x
    first = ("X", str(tuple(x.shape)), words("shapes.x"))
    maps = ("W_Q, W_K, W_V", str((record.d_k, x.shape[1])), words("shapes.W"))
    return [first, maps, *found]


def equations_of(record: AttentionRecord) -> list[str]:
    """The stages of this configuration in LaTeX, in the order of computation."""
    config, lines = record.config, []
    if record.run is not None:
        tied = {"K": "Q"} if config.tied and not record.trained else {}
        bias = record.model is not None and record.model.design.bias
        lines.append(
            r",\quad ".join(
                rf"{name} = X W_{tied.get(name, name)}^\top" + (f" + b_{name}" if bias else "")
                for name in "QKV"
            )
        )
    lines.append(r"s_{ij} = q_i \cdot k_j,\qquad S = Q K^\top")
    scale = r"\frac{1}{\sqrt{d_k}}" if config.scale else "1"
    over = "" if config.temperature == 1 else rf"\cdot\frac{{1}}{{{config.temperature:g}}}"
    at = "S"
    if config.scale or over:
        lines.append(rf"Z = {scale}{over}\; S")
        at = "Z"
    if record.attention.allowed is not None:
        lines.append(rf"M_{{ij}} = {at}_{{ij}} \text{{ or }} -\infty")
        at = "M"
    lines.append(
        rf"a_{{ij}} = \frac{{e^{{{at}_{{ij}}}}}}{{\sum_l e^{{{at}_{{il}}}}}},"
        r"\qquad \sum_j a_{ij} = 1"
    )
    lines.append(r"\text{output}_i = \sum_j a_{ij}\, v_j,\qquad \text{output} = A V")
    return lines


def ask(page: Page, record: AttentionRecord) -> None:
    """The questions to predict, in words."""
    words = page.words
    with page.section("predict") as opened:
        questions = attention_questions(record) if opened else []
        if opened and not questions:
            page.notes("predict.none")
        for question in questions:
            options = [words(key, **_labelled(values)) for key, values in question.options]
            told = {**_labelled(question.told), "right": options[question.right]}
            page.predict(
                question.name,
                words(f"predict.{question.name}", **_labelled(question.values)),
                options,
                question.right,
                words(f"predict.{question.name}_answer", **told),
            )


def _labelled(values: Mapping[str, object]) -> dict[str, object]:
    return {key: label(value) if key in TOKENS else value for key, value in values.items()}


EXAMPLES: dict[str, dict[str, Any]] = {
    "hollow": {"show": "sentence", "input": "you"},
    "sky": {"show": "sentence", "input": "sky"},
    "against": {"show": "sentence", "input": "river"},
}
TRY: dict[str, dict[str, Any]] = {
    "turn": {},
    "sharp": {"temp": 0.1},
    "matrix": {"show": "matrix"},
    "wide": {"show": "matrix", "dk": "512", "scale": False},
    "follow": {"show": "sentence"},
    "korean": {"show": "sentence", "input": "rain"},
    "cheat": {"show": "sentence", "causal": False},
    "fresh": {"show": "sentence", "mode": "fresh"},
    "tied": {"show": "sentence", "mode": "fresh", "tied": True, "causal": False, "dk": "8"},
    "remove": {"show": "sentence", "top": True},
    "hollow": {**EXAMPLES["hollow"], "top": True},
    "against": {**EXAMPLES["against"], "top": True},
    "hand": {"show": "sentence", "edit": True, "weights": (0.0,) * 3 + (1.0,) + (0.0,) * 4},
    "blind": {"show": "sentence", "hide": "1-*"},
}


def actions() -> dict[str, dict[str, Any]]:
    """What each *Try this* sets: every control of the page, so the link means the same to all."""
    defaults = {control.key: control.default for control in CONTROLS}
    return {name: {**defaults, **changes} for name, changes in TRY.items()}
