"""The page `positions`: its knobs, its charts and clocks, and its record in a reader's words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqviz.core.positions import LAYOUTS, POSITIONS
from seqviz.figures import positions as figures
from seqviz.models import positions_findings as say
from seqviz.models import positions_views as views
from seqviz.models.findings import Finding, fixed, number
from seqviz.models.positions_experiment import (
    LONGEST,
    ORDERS,
    TEXTS,
    PositionsConfig,
    PositionsRecord,
    run,
)
from seqviz.models.positions_questions import questions
from seqviz.scenes.plane import rotation_scene
from seqviz.scenes.positions import places_scene
from seqviz.scenes.scene import Scene
from seqviz.text import Words
from seqviz.text.characters import characters, visible
from seqviz.text.tokens import SPLITS, split
from seqviz.ui.compute import cached
from seqviz.ui.controls import Choice, Number, Text
from seqviz.ui.page import Page

CHARTS = ("heat", "dot", "relative", "accuracy")
MOST_LETTERS = 640
SHUFFLES = 999
LIMITED = ("sinusoidal", "learned")
JOINED = 24

CONTROLS = (
    Choice("input", (*TEXTS, "text"), "dog", look="menu", width=176),
    Text("text", "the dog bit the man", limit=MOST_LETTERS),
    Choice("split", SPLITS, "words"),
    Choice("order", ORDERS, "swapped"),
    Number("draw", 1, SHUFFLES, 1, look="field"),
    Choice("pos", POSITIONS, "none"),
    Choice("mask", ("none", "causal"), "none"),
    Choice("mode", ("trained", "fresh"), "trained"),
    Choice("chart", CHARTS, "heat", quiet=True),
    Number("d", 2, 512, 32, look="field"),
    Number("length", 2, 100, 50),
    Choice("layout", LAYOUTS, "interleaved"),
    Number("k", 1, 50, 3),
    Number("clocks", 1, 8, 4),
)


@dataclass(frozen=True)
class Picture:
    """A figure with its name, the numbers behind it and what it says."""

    name: str
    figure: Any
    columns: Mapping[str, Any]
    findings: list[Finding]


def config_of(values: Mapping[str, Any]) -> PositionsConfig:
    """The configuration that the controls ask for."""
    return PositionsConfig(
        source=values["input"],
        tokens=tuple(split(values["text"], values["split"])) if values["input"] == "text" else (),
        order=values["order"],
        draw=values["draw"],
        positions=values["pos"],
        causal=values["mask"] == "causal",
        mode=values["mode"],
        seed=values["seed"],
    )


compute = cached(run)


def own_input(source: str) -> tuple[str, ...]:
    """The field for the reader's own text, where that is the input."""
    return ("text", "split") if source == "text" else ()


def order_button(page: Page) -> None:
    """Another shuffle, where the words are shuffled."""
    if page.values["order"] == "shuffled":
        page.button("mode.again", draw=page.values["draw"] % SHUFFLES + 1)


def tell_notices(page: Page, record: PositionsRecord) -> None:
    """What the reader has to know about this text."""
    config, tokens = record.config, len(record.tokens)
    if config.source == "text" and not config.tokens:
        page.notice("mode.nothing", used=joined(record.tokens, " "))
    if record.cut:
        cut = config.source == "text" and len(characters(page.values["text"])) == MOST_LETTERS
        got = tokens + record.cut
        page.notice("mode.text_cut" if cut else "mode.cut", "text", got=got, limit=LONGEST)
    if config.mode == "trained" and config.positions in LIMITED:
        _, limit = views.trained_lengths(config.positions)
        if tokens > limit:
            page.notice(f"mode.beyond_{config.positions}", got=tokens, limit=limit)


def task_of(record: PositionsRecord, words: Words) -> str:
    """What the answers in the picture answer."""
    return words("mode.task" if record.config.mode == "trained" else "mode.no_task")


def mode_line(page: Page, record: PositionsRecord) -> None:
    """Which weights are on screen, and how a word's row of x is made."""
    config, design = record.config, record.model.design
    page.sentence(page.words("mode.inputs", size=design.size, rest=design.width - design.size))
    if config.mode == "fresh":
        page.sentence(page.words("mode.fresh", seed=config.seed))
        return
    kind = page.words(f"kind.{config.positions}")
    key = "mode.trained_none" if config.positions == "none" else "mode.trained"
    low, high = views.trained_lengths(record.config.positions)
    page.sentence(page.words(key, kind=kind, low=low, high=high))


def scene_of(record: PositionsRecord, words: Words) -> Scene:
    """The attention over the words in the order on screen, with the right answers."""
    shown = tuple(map(visible, record.shown))
    targets = (None, *shown[:-1]) if record.config.mode == "trained" else None
    kind = words(f"control.pos.{record.config.positions}")
    title = words("picture", text=clipped(record.shown), kind=kind, mask=_mask(record, words))
    return places_scene(
        record.run,
        record.model,
        {name: words(f"sheets.{name}") for name in ("word", "place", "answer")},
        targets,
        tokens=shown,
        title=title,
        rest=min(len(shown) - 1, 2),
        mark=record.twins or (),
    )


def clocks_of(values: Mapping[str, Any], words: Words) -> Scene:
    """Some pairs of the encoding as clocks, evenly from the fastest to the slowest."""
    d, count = values["d"], min(values["clocks"], values["d"] // 2)
    last = d // 2 - 1
    pairs = [round(last * place / max(1, count - 1)) for place in range(count)]
    title = words("clocks.picture", d=d, k=values["k"])
    return rotation_scene(values["length"], d, values["k"], pairs, title=title)


def orders(record: PositionsRecord, words: Words) -> str:
    """Both orders, one beside the other, as far as they fit a line."""
    own = words("order.own", text=clipped(record.tokens))
    return f"{own} → {words('order.now', text=clipped(record.shown))}" if record.moved else own


def sentences(found: list[Finding], words: Words) -> list[str]:
    """Findings in words; names of positions in the reader's language, tokens made visible."""
    return [words(f"sentence.{one.key}", **_worded(one.values, words)) for one in found]


def table_rows(record: PositionsRecord, words: Words) -> list[tuple[str, str, str]]:
    """The largest change with each kind of position, with and without a mask."""

    def cell(value: float) -> str:
        return words("table.same", value=number(value)) if say.same(value) else fixed(value, 2)

    return [
        (words(f"control.pos.{kind}"), cell(free), cell(causal))
        for kind, free, causal in say.rows(record)
    ]


def draw_chart(page: Page, record: PositionsRecord) -> None:
    """The chart that is open, what it says in words, its knobs and its files."""
    name, words = page.values["chart"], page.words
    page.column("chart")
    page.sentence(words(f"chart.{name}"))
    if CHART_CONTROLS[name]:
        page.controls(*CHART_CONTROLS[name])
    picture = _CHARTS[name](record, page.values, words)
    told = sentences(picture.findings, words)
    page.chart(
        picture.name, picture.figure, " ".join([words(f"alt.{name}"), *told]), picture.columns
    )
    for sentence in told:
        page.sentence(sentence)


CHART_CONTROLS: dict[str, tuple[str, ...]] = {
    "heat": ("d", "length", "layout"),
    "dot": ("d", "length"),
    "relative": ("k", "length"),
    "accuracy": (),
}


def draw_clocks(page: Page) -> None:
    """The second player: a shift as the turning of clocks."""
    values, words = page.values, page.words
    page.sentence(words("clocks.intro"))
    above = CHART_CONTROLS[values["chart"]]
    page.controls(*(key for key in ("k", "clocks", "d", "length") if key not in above))
    page.picture(clocks_of(values, words), name="player-clocks", address=False, autoplay=False)
    view = views.shift_view(values["k"], values["d"], values["length"])
    for sentence in sentences(say.shift_findings(view, values["k"]), words):
        page.sentence(sentence)
    if values["d"] % 2:
        page.sentence(words("mode.even", d=values["d"]))


def ask(page: Page, record: PositionsRecord) -> None:
    """The questions to predict, in words."""
    with page.section("predict") as opened:
        if not opened:
            return
        dots = views.dots_view(page.values["length"], page.values["d"])
        encoding = encoding_of(page.values)
        for question in questions(record, dots, encoding):
            values = _worded(question.values, page.words)
            page.predict(
                question.name,
                page.words(f"predict.{question.name}", **values),
                [page.words(key, **filled) for key, filled in question.options],
                question.right,
                page.words(f"predict.{question.name}_answer", **question.told),
            )


def encoding_of(values: Mapping[str, Any]) -> views.Encoding:
    """The encoding that the controls ask for."""
    return views.encoding_view(values["length"], values["d"], values["layout"])


def clipped(tokens: tuple[str, ...]) -> str:
    """The tokens on one line, the first of them where they are many."""
    more = " …" if len(tokens) > JOINED else ""
    return joined(tokens[:JOINED], " ") + more


def joined(tokens: tuple[str, ...], between: str) -> str:
    """Tokens as they are drawn, on one line."""
    return between.join(map(visible, tokens))


EQUATIONS = (
    r"x_p = \sqrt{d}\, E[w_p] + PE(p)",
    r"PE(p)_{2i} = \sin(p\,\omega_i),\quad PE(p)_{2i+1} = \cos(p\,\omega_i),\quad"
    r" \omega_i = 10000^{-2i/d}",
    r"PE(p+k) = R_k\, PE(p),\quad R_k = \operatorname{diag}_i"
    r"\begin{pmatrix} \cos k\omega_i & \sin k\omega_i \\"
    r" -\sin k\omega_i & \cos k\omega_i \end{pmatrix}",
    r"PE(p) \cdot PE(p+k) = \sum_i \cos(k\,\omega_i),\quad \lVert PE(p) \rVert^2 = d/2",
    r"\text{rotary:}\quad (R_m q) \cdot (R_n k) = q^\top R_{n-m}\, k",
)


TRY: dict[str, dict[str, Any]] = {
    "bag": {},
    "sines": {"pos": "sinusoidal"},
    "turn": {"pos": "rotary"},
    "mask": {"mask": "causal"},
    "twins": {"order": "own"},
    "korean": {"input": "korean", "pos": "sinusoidal"},
    "far": {"chart": "accuracy"},
    "offset": {"chart": "relative", "pos": "rotary"},
    "dot": {"chart": "dot", "d": 512, "length": 100},
    "halves": {"layout": "halves"},
    "odd": {"d": 7, "chart": "dot"},
    "fresh": {"mode": "fresh", "order": "shuffled"},
}


def actions() -> dict[str, dict[str, Any]]:
    """What each *Try this* sets: every control of the page, so the link means the same to all."""
    defaults = {control.key: control.default for control in CONTROLS}
    return {name: {**defaults, **changes} for name, changes in TRY.items()}


def _mask(record: PositionsRecord, words: Words) -> str:
    return words("mask.causal" if record.config.causal else "mask.none")


def _worded(values: Mapping[str, object], words: Words) -> dict[str, object]:
    """Values of a finding or question as a sentence shows them."""
    shown: dict[str, object] = dict(values)
    for key, value in values.items():
        if key == "changes" and isinstance(value, tuple):
            shown[key] = " · ".join(value)
        elif isinstance(value, tuple):
            shown[key] = clipped(value)
        elif key in ("token", "query", "key", "before", "after") and isinstance(value, str):
            shown[key] = visible(str(value))
        elif key in ("kind", "mask"):
            shown[key] = words(f"{key}.{value}")
        elif key == "layout":
            shown[key] = words(f"control.layout.{value}")
    return shown


Values = Mapping[str, Any]


def _heat(record: PositionsRecord, values: Values, words: Words) -> Picture:
    view = encoding_of(values)
    last = len(view.wavelengths) - 1
    pairs = {"fast": say.pair_of(view, 0), "slow": say.pair_of(view, last)}
    left, right = (words(f"ends.{view.layout}_{end}", **pairs) for end in ("left", "right"))
    figure = figures.encoding_figure(view.table.numpy(), words.flat, (left, right))
    return Picture("heat", figure, view.columns(), say.encoding_findings(view))


def _dot(record: PositionsRecord, values: Values, words: Words) -> Picture:
    view = views.dots_view(values["length"], values["d"])
    rise = view.rise if view.rise < len(view.dots) else None
    figure = figures.dot_figure(view.dots.numpy(), rise, words.flat)
    return Picture("dot", figure, view.columns(), say.dots_findings(view, values["d"]))


def _relative(record: PositionsRecord, values: Values, words: Words) -> Picture:
    pair = (record.tokens[-1], record.tokens[0])
    view = views.relative_view(record.model, pair, values["k"], values["length"])
    scores = {kind: one.numpy() for kind, one in view.scores.items()}
    figure = figures.relative_figure(scores, view.offset, words.flat)
    return Picture("relative", figure, view.columns(), say.relative_findings(view))


def _accuracy(record: PositionsRecord, values: Values, words: Words) -> Picture:
    view = views.accuracy_view()
    figure = figures.accuracy_figure(view.lengths, view.shares, view.trained, words.flat)
    return Picture("accuracy", figure, view.columns(), say.accuracy_findings(view))


_CHARTS: dict[str, Callable[[PositionsRecord, Values, Words], Picture]] = {
    "heat": _heat,
    "dot": _dot,
    "relative": _relative,
    "accuracy": _accuracy,
}
