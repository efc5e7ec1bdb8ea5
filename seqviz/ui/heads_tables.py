"""The parts of the page `multi-head` that unfold: its tables, in a reader's words."""

import math

from torch import Tensor

from seqviz.models import findings
from seqviz.models import heads_views as views
from seqviz.models.attention_shelf import load_attention
from seqviz.models.findings import fixed, number
from seqviz.models.heads_experiment import ANSWERS, TRAINED, HeadsRecord, Score
from seqviz.models.heads_findings import HeadRow, asking, measured
from seqviz.models.heads_views import DIGITS, SHOWN, entropies, join_of
from seqviz.text import Words
from seqviz.text.characters import visible
from seqviz.ui.page import Page

MEASURES = tuple(
    f"measures.{name}"
    for name in ("which", "looks", "entropy", "keys", "largest", "distance", "previous", "own")
)
HELD_OUT = "24/20"
NO_BREAK = "\u00a0"
BACKS = range(1, ANSWERS + 1)
Rows = list[tuple[str, ...]]


def percent(share: float) -> str:
    """A percentage that stays on one line of its cell."""
    return findings.percent(share).replace(" ", NO_BREAK)


def measures(record: HeadsRecord, words: Words) -> Rows:
    """Every head, and the average map where there are several."""
    rows = []
    for place, row in enumerate(measured(record), start=1):
        one = words("measures.one", head=place)
        name = one if place <= record.count else words("measures.mean")
        rows.append((name, f"{_looks(row, words)} ({percent(row.on_back)})", *_numbers(row)))
    return rows


def _looks(row: HeadRow, words: Words) -> str:
    way = "self" if row.back == 0 else "back" if row.back > 0 else "ahead"
    return words(f"back.{way}", back=abs(row.back))


def _numbers(row: HeadRow) -> tuple[str, ...]:
    return (
        fixed(row.entropy, 3), fixed(math.exp(row.entropy), 2), fixed(row.largest, 3),
        fixed(row.distance, 2), percent(row.on_previous), percent(row.on_self),
    )  # fmt: skip


def tell_average(page: Page, record: HeadsRecord) -> None:
    """Entropy of every head, their mean and the entropy of the average, query by query."""
    words, found = page.words, entropies(record)
    if record.count == 1:
        page.notes("average.one", "average.hooks")
        return
    heads = [words("average.entropy", head=head + 1) for head in range(record.count)]
    head = (words("average.query"), *heads, words("average.mean"), words("average.of_mean"))
    rows: Rows = [
        (
            f"{t + 1} {visible(record.tokens[t])}",
            *(fixed(each, 3) for each in own.tolist()),
            fixed(mean, 3),
            fixed(of, 3),
        )
        for t, own, mean, of in zip(
            found.rows, found.heads, found.mean.tolist(), found.of_mean.tolist(), strict=True
        )
    ]
    page.table(head, rows)
    page.notes("average.jensen")
    steps = len(asking(record))
    if len(found.rows) < steps:
        page.sentence(words("average.more", T=steps, n=len(found.rows)))
    page.notes("average.hooks")


def told_of_join(record: HeadsRecord) -> dict[str, object]:
    """What the first sentence of *Split, concat, W_O* is filled with."""
    width = record.model.design.width
    return {"token": visible(record.tokens[record.row]), "n": min(SHOWN, width), "d": width}


def tell_join(page: Page, record: HeadsRecord) -> None:
    """The split, and the output of one token as a sum of shares and as one product."""
    words, found = page.words, join_of(record)
    width, h = record.model.design.width, record.count
    told = {"d": width, "h": h, "d_k": width // h, "error": number(found.split_error)}
    page.sentence(words("join.split", **told))
    columns = [words("join.numbers", n=n + 1) for n in range(min(SHOWN, width))]
    head = ("join.part", "join.columns", *columns, "join.norm", "join.along")
    page.table(head, _join_rows(record, words))
    page.sentence(words("join.both", error=number(found.error)))
    notes = ["join.along_note"] * bool(found.norms[-1]) + ["join.rounded"] * found.rounded
    page.notes(*notes)


def _join_rows(record: HeadsRecord, words: Words) -> Rows:
    found, d_k = join_of(record), record.model.design.width // record.count
    names = [
        (words("join.share", head=head + 1), f"{head * d_k + 1}–{(head + 1) * d_k}")
        for head in range(record.count)
    ]
    names += [(words("join.bias"), ""), (words("join.sum"), "")]
    vectors = [*found.terms, found.total]
    rows: Rows = [
        (*name, *_digits(vector), fixed(norm, DIGITS), percent_signed(along))
        for name, vector, norm, along in zip(names, vectors, found.norms, found.along, strict=True)
    ]
    whole = (words("join.concat"), f"1–{record.model.design.width}")
    rows.append((*whole, *_digits(found.product), fixed(found.norms[-1], DIGITS), ""))
    return rows


def _digits(vector: Tensor) -> tuple[str, ...]:
    return tuple(fixed(value, DIGITS) for value in vector.tolist())


def percent_signed(share: float) -> str:
    """A share that may be negative."""
    return f"{100 * share:.1f}{NO_BREAK}%".replace("-", "−")


def ablation_head(words: Words) -> tuple[str, ...]:
    """without, 1 to 4 back, changed, moved."""
    backs = [words("ablation.back", back=back) for back in BACKS]
    return ("ablation.without", *backs, "ablation.changed", "ablation.moved")


def ablations(record: HeadsRecord, words: Words) -> Rows:
    """All heads, then without each."""
    rows: Rows = [(words("ablation.nothing"), *_cells(record.free_score, words), "0", "")]
    for place, one in enumerate(record.ablations, start=1):
        cells = _cells(one.score, words)
        name = words("ablation.one", head=place)
        rows.append((name, *cells, str(one.changed), percent(one.moved)))
    return rows


def _cells(score: Score, words: Words) -> list[str]:
    pairs = zip(score.right, score.asked, strict=True)
    cells = [words("ablation.cell", right=right, asked=asked) for right, asked in pairs]
    return [cell.replace(" ", NO_BREAK) for cell in cells]


def credit_head(words: Words) -> tuple[str, ...]:
    """part, 1 to 4 back."""
    return ("credit.part", *(words("back.answer", back=back) for back in BACKS))


def credits(record: HeadsRecord, words: Words) -> Rows:
    """What each head writes into each answer, and what that adds up to."""
    parts = views.credit(record)
    names = [words("ablation.one", head=head + 1) for head in range(record.count)]
    names += [words("join.bias"), words("credit.sum")]
    rows = [*parts.tolist(), parts.sum(0).tolist()]
    return [
        (name, *(fixed(value, 2) for value in row)) for name, row in zip(names, rows, strict=True)
    ]


def shapes(record: HeadsRecord, words: Words) -> Rows:
    """(name, shape, meaning) of everything one layer takes."""
    steps, width = len(record.tokens), record.model.design.width
    d_k = width // record.count
    rows = [
        ("X", f"({steps}, {width})", "x"),
        ("in_proj_weight", f"({3 * width}, {width})", "W"),
        ("in_proj_bias", f"({3 * width},)", "b"),
        ("Q_i", f"({steps}, {d_k})", "q"),
        ("A_i", f"({steps}, {steps})", "A"),
        ("H_i", f"({steps}, {d_k})", "context"),
        ("concat", f"({steps}, {width})", "concat"),
        ("out_proj.weight", f"({width}, {width})", "W_o"),
        ("Y", f"({steps}, {width})", "out"),
    ]
    return [
        (name, shape.replace(" ", NO_BREAK), words(f"shapes.{key}")) for name, shape, key in rows
    ]


def counts_of(record: HeadsRecord) -> dict[str, object]:
    """Sizes and the number of parameters."""
    width, h = record.model.design.width, record.count
    return {
        "T": len(record.tokens),
        "d": width,
        "h": h,
        "d_k": width // h,
        "n": f"{4 * width * (width + 1):,}",
        "root": number(math.sqrt(width / h)),
    }


def rivals_head(words: Words) -> tuple[str, ...]:
    """heads, d_k, parameters, 1 to 4 back, all, every seed, this text."""
    backs = [words("rivals.back", back=back) for back in BACKS]
    seeds = words("rivals.seeds", n=reach()["n"])
    return (
        *("rivals.heads", "rivals.d_k", "rivals.parameters"), *backs,
        "rivals.held_out", seeds, "rivals.text",
    )  # fmt: skip


def rivals(record: HeadsRecord, words: Words) -> Rows:
    """The models of 1, 2 and 4 heads: measured where they ship, and on this text."""
    rows: Rows = []
    for heads, score in views.rivals(record):
        about = load_attention(f"back-{heads}h").about
        shares = about.measured["random"][HELD_OUT]
        seeds = [sum(found) / len(found) for found in about.measured["by_seed"]]
        width = about.design.width
        (here,) = _cells(Score((sum(score.right),), (sum(score.asked),)), words)
        rows.append(
            (
                str(heads), str(width // heads), f"{4 * width * (width + 1):,}",
                *map(percent, shares), percent(sum(shares) / len(shares)),
                f"{percent(min(seeds))}{NO_BREAK}–{NO_BREAK}{percent(max(seeds))}", here,
            )
        )  # fmt: skip
    return rows


def reach() -> dict[str, object]:
    """On which sequences the shipped models are measured, and how many seeds were tried."""
    about = load_attention(f"back-{TRAINED[0]}h").about
    length, distinct = HELD_OUT.split("/")
    return {"length": length, "distinct": distinct, "n": len(about.trained["tried"])}
