"""What a text in two orders says, in numbers: the sentences of the page `positions`.

Places of words are counted from 1; positions p and dimensions of the encoding from 0, as in its
formula.
"""

import math

import torch

from seqviz.core.positions import POSITIONS
from seqviz.models.findings import Finding, number, percent
from seqviz.models.positions_experiment import PositionsRecord
from seqviz.models.positions_views import Accuracy, Dots, Encoding, Relative, Shift

LISTED = 12
SAME = 1e-12


def findings(record: PositionsRecord) -> list[Finding]:
    """Every sentence under the player, the most telling first."""
    if len(record.tokens) == 1:
        return [Finding("one_word", {"token": record.tokens[0]})]
    if not record.moved:
        return [Finding("own_order"), *_twins(record), *_answers(record)]
    return [*_moved(record), *_twins(record), *_answers(record)]


def same(change: float) -> bool:
    """Whether a change is no more than rounding."""
    return change < SAME


def order_counts(record: PositionsRecord, positions: str, causal: bool) -> bool:
    """Whether any word's output changes with the order."""
    return not same(float(record.changes[positions, causal].max()))


def rows(record: PositionsRecord) -> list[tuple[str, float, float]]:
    """(positions, largest change without a mask, with the causal mask)."""
    most = {key: float(change.max()) for key, change in record.changes.items()}
    return [(kind, most[kind, False], most[kind, True]) for kind in POSITIONS]


def _moved(record: PositionsRecord) -> list[Finding]:
    most = int(record.change.argmax())
    values: dict[str, object] = {
        "kind": record.config.positions,
        "most": number(float(record.change[most])),
        "token": record.tokens[most],
        "share": percent(float(record.change[most] / record.size[most])),
    }
    if same(float(record.change.max())):
        return [Finding("unmoved", values)]
    key = "mask_moved" if record.config.positions == "none" else "moved"
    told = [Finding(key, values), *_neighbour(record)]
    if len(record.tokens) <= LISTED:
        changed = tuple(
            f"{token} {number(float(change) if not same(float(change)) else 0.0)}"
            for token, change in zip(record.tokens, record.change, strict=True)
        )
        told.append(Finding("each", {"changes": changed}))
    else:
        median = float(record.change.median())
        least = float(record.change.min())
        values = {"least": number(least), "median": number(median), "n": len(record.tokens)}
        told.append(Finding("spread", values))
    return [*told, *_blind(record)] if key == "mask_moved" else told


def _blind(record: PositionsRecord) -> list[Finding]:
    """Words that see the same words in another order and do not notice: a mask is no position."""
    found = []
    for place, token in enumerate(record.tokens):
        now = record.order.index(place)
        before, after = record.tokens[:place], record.shown[:now]
        if before != after and sorted(before) == sorted(after):
            found.append(token)
    if not found:
        return []
    return [Finding("blind", {"token": found[0], "count": len(found), "n": len(record.tokens)})]


def _twins(record: PositionsRecord) -> list[Finding]:
    """What two equal words get: the very same output, unless something tells them apart."""
    if record.twins is None:
        return []
    one, other = record.twins
    out = record.run.heads.out
    apart = float((out[one] - out[other]).norm())
    values: dict[str, object] = {
        "token": record.shown[one],
        "one": one + 1,
        "other": other + 1,
        "apart": number(apart),
    }
    return [Finding("twins_same" if same(apart) else "twins_apart", values)]


def right(record: PositionsRecord) -> tuple[int, int]:
    """How many words the model names the word before, of how many it can be asked for."""
    said = [answers[0] for answers in record.run.said()]
    pairs = list(zip(said[1:], record.shown[:-1], strict=True))
    return sum(answer == before for answer, before in pairs), len(pairs)


def _neighbour(record: PositionsRecord) -> list[Finding]:
    """Why the word that moved most did: another word stands before it now, and it looks there."""
    if record.config.mode != "trained" or record.config.positions == "none":
        return []
    place = int(record.change.argmax())
    now = record.order.index(place)
    if place == 0 or now == 0 or record.tokens[place - 1] == record.shown[now - 1]:
        return []
    for found, at in ((record.own, place), (record.run, now)):
        if int(found.heads.mean_weights[at].argmax()) != at - 1:
            return []
    values: dict[str, object] = {
        "token": record.tokens[place],
        "before": record.tokens[place - 1],
        "after": record.shown[now - 1],
    }
    return [Finding("neighbour", values)]


def _answers(record: PositionsRecord) -> list[Finding]:
    if record.config.mode != "trained":
        return []
    found, asked = right(record)
    kinds = len(record.run.candidates)
    values: dict[str, object] = {"right": found, "n": asked, "guess": percent(1 / kinds)}
    return [Finding("answers", values)]


def late_findings(record: PositionsRecord) -> list[Finding]:
    """Positions at the bottom and positions after the attention, by the weights they reach."""
    if not record.moved:
        return [Finding("late_own")]
    late = record.late
    values: dict[str, object] = {
        "kind": late.kind,
        "early": number(late.weights_early),
        "late": number(late.weights_late),
    }
    return [Finding("late", values)]


def encoding_findings(view: Encoding) -> list[Finding]:
    """Which dimensions are fast, which slow, and how long the longest wave truly is."""
    waves, d = view.wavelengths, view.table.shape[1]
    values: dict[str, object] = {
        "d": d,
        "fast": pair_of(view, 0),
        "slow": pair_of(view, len(waves) - 1),
        "short": wave(float(waves[0])),
        "long": wave(float(waves[-1])),
    }
    told = [Finding("fast_slow" if len(waves) > 1 else "one_pair", values)]
    if len(waves) > 1:
        power = f"({d - 1}/{d})" if view.lone else f"({d - 2}/{d})"
        more: dict[str, object] = {"power": power, "long": wave(float(waves[-1]))}
        told.append(Finding("longest", {**more, "naive": wave(view.naive)}))
    if view.lone:
        told.append(Finding("lone", {"d": d}))
    return told


def dots_findings(view: Dots, d: int) -> list[Finding]:
    """How the dot product falls, where it rises again, and that only the distance counts."""
    dots = view.dots
    values: dict[str, object] = {"d": d, "zero": number(float(dots[0])), "one": _at(dots, 1)}
    values |= {"k": view.rise, "before": view.rise - 1}
    told = [Finding("dot_rises", values)]
    if view.again is not None:
        far, value = view.again
        told = [Finding("dot_returns", {**values, "far": far, "value": number(value)})]
    if d % 2:
        told.append(Finding("dot_lone", {"spread": number(view.spread)}))
    else:
        told.append(Finding("dot_distance", {"spread": number(view.spread), "half": d // 2}))
    return told


def shift_findings(view: Shift, k: int) -> list[Finding]:
    """One rotation for every position, exactly."""
    first, last = (_degrees(float(view.angles[place])) for place in (0, -1))
    values: dict[str, object] = {
        "k": k,
        "error": number(view.error),
        "orthogonal": number(view.orthogonal),
        "first": first,
        "last": last,
    }
    return [Finding("shift" if len(view.angles) > 1 else "shift_one", values)]


def relative_findings(view: Relative) -> list[Finding]:
    """Which scores hold still when the pair moves along."""
    query, key = view.pair
    score = {kind: number(float(values[0])) for kind, values in view.scores.items()}
    values: dict[str, object] = {
        "k": view.offset,
        "query": query,
        "key": key,
        "places": len(view.scores["rotary"]),
        "rotary": score["rotary"],
        "spread": number(view.spread("rotary")),
        "low": number(float(view.scores["sinusoidal"].min())),
        "high": number(float(view.scores["sinusoidal"].max())),
        "none": score["none"],
    }
    return [Finding("relative_rotary", values), Finding("relative_added", values)]


def accuracy_findings(view: Accuracy) -> list[Finding]:
    """What each kind of position does at the trained length and at the longest."""
    at = view.lengths.index(view.trained)
    told = []
    for kind, shares in view.shares.items():
        values: dict[str, object] = {
            "trained": view.trained,
            "share": percent(shares[at]),
            "length": view.lengths[-1],
            "longest": percent(shares[-1]),
            "guess": percent(view.guess),
        }
        told.append(Finding(f"accuracy_{kind}", values))
    return told


def pair_of(view: Encoding, place: int) -> str:
    """The dimensions of a frequency as the layout places them."""
    d = view.table.shape[1]
    half = (d + 1) // 2
    step = 2 if view.layout == "interleaved" else 1
    sine, cosine = step * place, step * place + (1 if step == 2 else half)
    return f"{sine}" if place >= d // 2 else f"{sine}, {cosine}"


def _at(dots: torch.Tensor, k: int) -> str:
    return number(float(dots[k])) if k < len(dots) else "–"


def wave(value: float) -> str:
    """A wavelength: in full, with its thousands set apart."""
    return f"{value:,.0f}" if value >= 1000 else number(value)


def _degrees(radians: float) -> str:
    return f"{number(math.degrees(radians))}°"
