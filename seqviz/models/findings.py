"""What a record says, in numbers: the sentences under the picture are made from these.

A finding is the key of a sentence and the values it is filled with. Steps and units are counted
from 1, as the reader counts them.
"""

import math
from collections import Counter
from dataclasses import dataclass, field

import torch
from torch import Tensor

from seqviz.core.jacobians import last_state_products
from seqviz.models.experiment import CellRecord
from seqviz.models.tasks import Task

LISTED = 12
BANDS = (("exploding", 1e2), ("alive", 1e-3), ("shrinking", 1e-6), ("zero", 0.0))


@dataclass(frozen=True)
class Finding:
    """A sentence `sentence.<key>` and what to fill it with."""

    key: str
    values: dict[str, object] = field(default_factory=dict)


def findings(record: CellRecord) -> list[Finding]:
    """Every sentence that holds for this record, the most telling first."""
    if record.exploded is not None:
        return [Finding("exploded", {"t": record.exploded + 1})]
    told = [*_same_token(record), *_what_if(record), *_loss(record), *_memory(record)]
    return [*told, _gradient(record), *_identity(record), _reach(record)]


def number(value: float) -> str:
    """A number for a sentence: three digits that count, powers of ten where they are shorter."""
    if value == 0 or not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "0" if value == 0 else "NaN")
    text = f"{value:.3g}" if 1e-3 <= abs(value) < 1e5 else f"{value:.2e}"
    return text.replace("-", "−")


def percent(value: float) -> str:
    """A probability or share in percent; what is not quite 0 or 100 does not say so."""
    share = 100 * value
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    return f"{share:.3g} %"


def repeated(record: CellRecord) -> tuple[int, int] | None:
    """Two uses of one token next to each other, 0-based: with different answers if there are any.

    Of several the closest, of equally close the last.
    """
    if record.probabilities is None or record.task.values is not None:
        return None
    answers = record.probabilities.argmax(dim=-1).tolist()
    seen: dict[str, int] = {}
    pairs = []
    for t, token in enumerate(record.task.inputs):
        if token in seen:
            pairs.append((seen[token], t))
        seen[token] = t
    return max(
        pairs, key=lambda p: (answers[p[0]] != answers[p[1]], p[0] - p[1], p[1]), default=None
    )


def band(ratio: float) -> str:
    """The named band of ‖∂L/∂h_1‖ / ‖∂L/∂h_T‖."""
    if not ratio > 0:
        return "zero"
    return next(name for name, floor in BANDS if ratio > floor)


def gradient_ratio(record: CellRecord) -> float:
    """‖∂L/∂h_1‖ against the last step, or against the largest when every step has a loss."""
    norms = record.gradients.h_norm
    scale = norms.max() if record.config.loss == "all" else norms[_last_asked(record)]
    return float(norms[0] / scale) if float(scale) > 0 else 0.0


def answer(record: CellRecord, t: int, probabilities: Tensor | None = None) -> tuple[str, float]:
    """The most probable class at step t and its probability."""
    given = record.probabilities if probabilities is None else probabilities
    assert given is not None
    p, place = given[t].max(dim=-1)
    return record.task.classes[int(place)], float(p)


def memoryless_floor(task: Task) -> float | None:
    """The least mean loss in nats of any model that sees one token at a time.

    It is the entropy of the target given the token, counted on this sequence; on "hello" half
    of ln 2, because only the two l's have two answers.
    """
    pairs = [pair for pair in zip(task.inputs, task.targets or (), strict=False) if pair[1]]
    if not pairs:
        return None
    tokens = Counter(token for token, _ in pairs)
    spent = (n * math.log(tokens[token] / n) for (token, _), n in Counter(pairs).items())
    return sum(spent) / len(pairs)


def _last_asked(record: CellRecord) -> int:
    nonzero = (record.gradients.h_norm > 0).nonzero().flatten()
    return int(nonzero[-1]) if len(nonzero) else len(record.trace) - 1


def _same_token(record: CellRecord) -> list[Finding]:
    pair = repeated(record)
    if pair is None:
        return []
    s, t = pair
    (first, first_p), (second, second_p) = answer(record, s), answer(record, t)
    distance = float((record.trace.record.h[t] - record.trace.record.h[s]).norm())
    values = {
        "s": s + 1,
        "t": t + 1,
        "token": record.task.inputs[t],
        "first": first,
        "first_p": percent(first_p),
        "second": second,
        "second_p": percent(second_p),
        "distance": number(distance),
    }
    return [Finding("two_l" if first != second else "same_l", values)]


def _loss(record: CellRecord) -> list[Finding]:
    if record.loss is None or record.task.targets is None:
        return []
    classes = len(record.task.classes)
    asked = sum(target is not None for target in record.task.targets)
    values = {
        "n": asked,
        "loss": number(record.loss),
        "classes": classes,
        "guess": number(math.log(classes)),
    }
    return [Finding("loss", values)]


def _memory(record: CellRecord) -> list[Finding]:
    trace, steps = record.trace, len(record.trace)
    if trace.kind == "gru":
        z = float(trace.z[-1].mean())
        keep = z if trace.options.update == "keeps" else 1 - z
        values = {"T": steps, "z": number(z), "share": percent(keep)}
        return [Finding(f"z_{trace.options.update}", values)]
    if trace.kind != "lstm" or steps < 2:
        return []
    kept = trace.f[1:].prod(dim=0)
    most, least = int(kept.argmax()), int(kept.argmin())
    hidden = len(kept)
    full = last_state_products(trace)[0, hidden:, hidden:]
    return [
        Finding(
            "kept",
            {
                "T": steps,
                "unit": most + 1,
                "share": percent(float(kept[most])),
                "least": least + 1,
                "least_share": percent(float(kept[least])),
            },
        ),
        Finding(
            "direct", {"full": number(float(full.norm())), "direct": number(float(kept.norm()))}
        ),
    ]


def _gradient(record: CellRecord) -> Finding:
    ratio = gradient_ratio(record)
    key = "all" if record.config.loss == "all" else band(ratio)
    return Finding(f"gradient_{key}", {"ratio": number(ratio)})


def _what_if(record: CellRecord) -> list[Finding]:
    if record.ghost is None:
        return []
    told = []
    difference = (record.trace.record.h - record.ghost.record.h).abs()
    if record.loss is not None and record.ghost_loss is not None:
        now = record.probabilities.argmax(dim=-1)  # type: ignore[union-attr]
        before = record.ghost_probabilities.argmax(dim=-1)  # type: ignore[union-attr]
        values = {
            "before": number(record.ghost_loss),
            "after": number(record.loss),
            "changed": int((now != before).sum()),
            "n": len(now),
        }
        told.append(Finding("what_if", values))
        if len(now) <= LISTED:
            names = record.task.classes
            told.append(
                Finding(
                    "what_if_answers",
                    {
                        "before": " ".join(names[place] for place in before.tolist()),
                        "after": " ".join(names[place] for place in now.tolist()),
                    },
                )
            )
    else:
        told.append(Finding("what_if_none", {"most": number(float(difference.max()))}))
    floor = memoryless_floor(record.task)
    if record.config.wipe and floor is not None:
        told.append(Finding("wiped", {"floor": number(floor)}))
    k = record.config.edit_step
    if k is not None and k < len(difference):
        before_k = float(difference[:k].max()) if k else 0.0
        values = {
            "k": k + 1,
            "after": number(float(difference[k:].max())),
            "before": number(before_k),
        }
        told.append(Finding("edited", values))
    return told


def _identity(record: CellRecord) -> list[Finding]:
    """With φ = identity an RNN's last state is one linear map of its inputs."""
    trace = record.trace
    if trace.kind != "rnn" or record.config.activation != "identity" or record.config.wipe:
        return []
    return [Finding("identity", {"error": number(collapse_error(record))})]


def collapse_error(record: CellRecord) -> float:
    """|h_T − (W^T h_0 + Σ_k W^(T−k) (W_ih x_k + b))|, relative, with matrix powers of W_hh."""
    trace, cell = record.trace, record.trace.cell
    with torch.no_grad():
        steps = len(trace)
        bias = cell.bias_ih + cell.bias_hh
        total = torch.linalg.matrix_power(cell.weight_hh, steps) @ trace.h0
        for k, x in enumerate(trace.record.x):
            power = torch.linalg.matrix_power(cell.weight_hh, steps - 1 - k)
            total = total + power @ (cell.weight_ih @ x + bias)
        return float((total - trace.h[-1]).norm() / max(1.0, float(trace.h[-1].norm())))


def concat_error(record: CellRecord) -> float:
    """Largest difference of W·[h; x] with one wide matrix and the sum of two products, at T.

    Of a GRU only r and z: its candidate has no such form.
    """
    trace, cell = record.trace, record.trace.cell
    rows = slice(0, 2 * cell.hidden_size) if trace.kind == "gru" else slice(None)
    with torch.no_grad():
        x, h = trace.record.x[-1], trace.record.h_prev[-1]
        w_ih, w_hh = cell.weight_ih[rows], cell.weight_hh[rows]
        wide = torch.cat([w_hh, w_ih], dim=1) @ torch.cat([h, x])
        return float((wide - (w_hh @ h + w_ih @ x)).abs().max())


def _reach(record: CellRecord) -> Finding:
    return Finding("reach", {"T": len(record.trace)})
