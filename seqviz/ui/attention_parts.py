"""The parts of the page `attention` that unfold: the scale, masks, explanation, the model."""

from seqviz.figures.dimension import dimension_figure
from seqviz.figures.explanation import explanation_figure
from seqviz.models import attention_findings as say
from seqviz.models.attention_dimension import dimension
from seqviz.models.attention_experiment import FOLLOW, AttentionRecord
from seqviz.models.attention_shelf import load_attention
from seqviz.models.attention_views import Score, cheat, explanation
from seqviz.models.findings import fixed, percent
from seqviz.text import Words
from seqviz.ui.attention import CONTROLS, EXAMPLES, label, sentences
from seqviz.ui.compute import cached
from seqviz.ui.page import Page

HELD_OUT = "20/12"

_dimension = cached(dimension)
_cheat = cached(cheat)


def show_dimension(page: Page, record: AttentionRecord) -> None:
    """Entropy and the largest weight against d_k."""
    with page.section("dimension") as opened:
        if not opened:
            return
        with page.busy():
            view = _dimension(record.config.seed)
        told = sentences(say.dimension_findings(view, record.d_k), page.words)
        alt = " ".join([page.words("alt.dimension"), *told])
        figure = dimension_figure(view, page.words.flat, record.d_k)
        page.chart("dimension", figure, alt, view.columns())
        for sentence in told:
            page.sentence(sentence)
        page.notes("dimension.how", "dimension.why")


def show_masks(page: Page, record: AttentionRecord) -> None:
    """What a mask does, and what happens to this text without the causal one."""
    with page.section("masks") as opened:
        if not opened:
            return
        page.notes("masks.before", "masks.polarity", "masks.corner", "masks.empty")
        if record.run is None:
            page.notes("masks.choose")
            return
        found = _cheat(record.config)
        page.table(
            ("masks.mask", "masks.right", "masks.loss"),
            [_score(page.words, "on", found.masked), _score(page.words, "off", found.free)],
        )
        page.notes("masks.cheat" if record.trained else "masks.fresh")
        if record.trained:
            page.notes("masks.unseen")
            page.table(("masks.mask", "masks.held_out"), _held_out(page.words))


def _score(words: Words, name: str, score: Score) -> tuple[str, str, str]:
    if score.loss_all is None:
        return words(f"masks.{name}"), words("masks.nothing"), "–"
    right = words("masks.of", right=score.named, n=score.all)
    return words(f"masks.{name}"), right, fixed(score.loss_all, 3)


def _held_out(words: Words) -> list[tuple[str, str]]:
    found = load_attention(FOLLOW).about.measured["random"][HELD_OUT]
    return [
        (words("masks.on"), percent(found["next"])),
        (words("masks.off"), percent(found["cheat"])),
    ]


def show_explanation(page: Page, record: AttentionRecord) -> None:
    """Weights beside gradients beside what changes without each token."""
    with page.section("explanation") as opened:
        if not opened:
            return
        view = explanation(record)
        if view is None:
            page.notes("explanation.choose" if record.run is None else "explanation.empty")
            return
        names = [
            f"{label(token)} {place + 1}"
            for token, place in zip(view.tokens, view.places, strict=True)
        ]
        told = sentences(say.explanation_findings(view), page.words)
        alt = " ".join([page.words("alt.explanation"), *told])
        figure = explanation_figure(view, names, page.words.flat)
        page.chart("explanation", figure, alt, view.columns())
        for sentence in told:
            page.sentence(sentence)
        page.notes("explanation.how", "explanation.debate", "explanation.doors")
        page.doors(page.name, _examples(page.words))


def _examples(words: Words) -> list[tuple[str, str, dict[str, str]]]:
    """Sentences in which weights and effects part ways, each as a door into it."""
    doors = []
    for name, changes in EXAMPLES.items():
        text, _, into = words(f"explanation.{name}").partition("|")
        values = {c.key: c.write(changes.get(c.key, c.default)) for c in CONTROLS}
        doors.append((text, into, values))
    return doors


def show_model(page: Page) -> None:
    """What the trained model can and cannot do, measured on the weights that ship."""
    with page.section("models") as opened:
        if not opened:
            return
        rows = []
        measured = load_attention(FOLLOW).about.measured["random"]
        for length, distinct in sorted(tuple(map(int, name.split("/"))) for name in measured):
            found = measured[f"{length}/{distinct}"]
            shares = (percent(found[key]) for key in ("one", "any", "guess"))
            rows.append((page.words("models.at", length=length, distinct=distinct), *shares))
        head = ("models.sequences", "models.one", "models.any", "models.guess")
        page.table(head, rows)
        page.notes("models.limits", "models.selection")
