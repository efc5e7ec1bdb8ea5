"""Questions to predict before the answer shows, made from the record and the encoding."""

from seqviz.models.findings import number
from seqviz.models.positions_experiment import PositionsRecord
from seqviz.models.positions_findings import order_counts, pair_of, same, wave
from seqviz.models.positions_views import Dots, Encoding
from seqviz.models.questions import Option, Question


def questions(record: PositionsRecord, dots: Dots, encoding: Encoding) -> list[Question]:
    """What a learner can be asked about this text, these positions and this d."""
    asked = [_order(record), _mask(record)] if record.moved else []
    asked.append(_rise(dots, encoding.table.shape[1]))
    if len(encoding.wavelengths) > 1:
        asked.append(_fast(encoding))
    return asked


def _order(record: PositionsRecord) -> Question:
    """The word in question is the one that moved most; without any change the first that moved."""
    moved = [place for place, now in enumerate(record.order) if place != now]
    most = int(record.change.argmax())
    place = moved[0] if same(float(record.change[most])) else most
    change = float(record.change[place])
    values: dict[str, object] = {
        "own": record.tokens,
        "now": record.shown,
        "kind": record.config.positions,
        "mask": "causal" if record.config.causal else "none",
        "token": record.tokens[place],
    }
    options: tuple[Option, ...] = (("predict.order_same", {}), ("predict.order_moves", {}))
    return Question("order", values, options, int(not same(change)), {"change": number(change)})


def _mask(record: PositionsRecord) -> Question:
    options: tuple[Option, ...] = (("predict.mask_yes", {}), ("predict.mask_no", {}))
    counts = order_counts(record, "none", causal=True)
    change = float(record.changes["none", True].max())
    return Question("mask", {}, options, 0 if counts else 1, {"change": number(change)})


def _rise(view: Dots, d: int) -> Question:
    """The distance among three others: half, double, and five times as far."""
    places = sorted({max(2, view.rise // 2), view.rise, 2 * view.rise, 5 * view.rise})
    options: list[Option] = [("predict.rise_never", {})]
    options += [("predict.rise_at", {"k": place}) for place in places]
    told: dict[str, object] = {
        "k": view.rise,
        "before": number(view.around[0]),
        "after": number(view.around[1]),
    }
    return Question("rise", {"d": d}, tuple(options), 1 + places.index(view.rise), told)


def _fast(view: Encoding) -> Question:
    last = len(view.wavelengths) - 1
    pairs = [pair_of(view, place) for place in (0, last)]
    options: tuple[Option, ...] = tuple(("predict.pair", {"pair": pair}) for pair in pairs)
    values: dict[str, object] = {"d": view.table.shape[1], "layout": view.layout}
    told: dict[str, object] = {
        "pair": pairs[0],
        "short": wave(float(view.wavelengths[0])),
        "long": wave(float(view.wavelengths[last])),
    }
    return Question("fast", values, options, 0, told)
