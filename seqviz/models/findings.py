"""What a record says, in numbers: the sentences under the picture are made from these.

A finding is the key of a sentence and the values it is filled with. Steps and units are counted
from 1, as the reader counts them.
"""

import math
from collections import Counter
from dataclasses import dataclass, field

import torch
from torch import Tensor

from seqviz.core.bands import band
from seqviz.core.jacobians import cell_to_hidden, last_state_products
from seqviz.core.unroll import Trace
from seqviz.models.experiment import CellRecord
from seqviz.models.tasks import Task

LISTED = 12
VANISHING = 1e-200
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Finding:
    """A sentence `sentence.<key>` and what to fill it with; a tuple is a row of tokens."""

    key: str
    values: dict[str, object] = field(default_factory=dict)


def findings(record: CellRecord) -> list[Finding]:
    """Every sentence that holds for this record, the most telling first."""
    if record.exploded is not None:
        return [Finding("exploded", {"t": record.exploded + 1})]
    told = [*_same_token(record), *_what_if(record), *_loss(record), *_memory(record)]
    return [*told, _gradient(record), *_identity(record), _reach(record)]


def number(value: float) -> str:
    """A number for a sentence: three digits that count, in full from a thousandth to 99 999."""
    if value == 0 or not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "0" if value == 0 else "NaN")
    rounded = float(f"{value:.3g}")
    if 1e-3 <= abs(rounded) < 1e3:
        return f"{rounded:g}".replace("-", "−")
    if 1e3 <= abs(rounded) < 1e5:
        return f"{value:.0f}".replace("-", "−")
    mantissa, power = f"{value:.2e}".split("e")
    return f"{mantissa}×10{str(int(power)).translate(RAISED)}".replace("-", "−")


def fixed(value: float, decimals: int) -> str:
    """A number for a column of a table: always so many decimals."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "−")


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


def log_ratio(ratio: float) -> float:
    """log₁₀ of a ratio; −inf for 0 and for what is no number."""
    return math.log10(ratio) if ratio > 0 else -math.inf


def loss_step(record: CellRecord) -> int:
    """The last step whose prediction counts, 0-based; the last of all if none has a target."""
    asked = _asked(record.task)
    return asked[-1] if asked else len(record.trace) - 1


def gradient_ratio(record: CellRecord, state: str = "h") -> float:
    """‖∂L/∂h_1‖ (or of c) against the step of the loss, or the largest if every step has one."""
    norms = record.gradients.h_norm if state == "h" else record.gradients.c_norm
    assert norms is not None
    scale = norms.max() if record.config.loss == "all" else norms[loss_step(record)]
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
    targets = task.targets or ()
    pairs = [(task.inputs[t], targets[t]) for t in _asked(task)]
    if not pairs:
        return None
    tokens = Counter(token for token, _ in pairs)
    spent = (n * math.log(tokens[token] / n) for (token, _), n in Counter(pairs).items())
    return sum(spent) / len(pairs)


def _asked(task: Task) -> list[int]:
    """The steps whose target is an answer that the model can give: those the loss counts."""
    return [t for t, target in enumerate(task.targets or ()) if target in task.classes]


def _held_at_one_step(record: CellRecord) -> bool:
    """Whether a gate is forced at one step only, so that the steps are not all alike."""
    what_if = record.trace.options.what_if
    return what_if is not None and what_if.force is not None and what_if.force.step is not None


def _same_token(record: CellRecord) -> list[Finding]:
    pair = repeated(record)
    if pair is None or _held_at_one_step(record):
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
    values = {
        "n": len(_asked(record.task)),
        "loss": number(record.loss),
        "classes": classes,
        "guess": number(math.log(classes)),
    }
    return [Finding("loss", values)]


def _memory(record: CellRecord) -> list[Finding]:
    trace, steps = record.trace, len(record.trace)
    if record.config.wipe or trace.kind == "rnn":
        return []
    if trace.kind == "gru":
        z = float(trace.z[-1].mean())
        keep = z if trace.options.update == "keeps" else 1 - z
        values = {"T": steps, "z": number(z), "share": percent(keep)}
        return [Finding(f"z_{trace.options.update}", values)]
    if steps < 2:
        return []
    kept = trace.f[1:].prod(dim=0)
    most, least = int(kept.argmax()), int(kept.argmin())
    told = {"T": steps, "share": percent(float(kept[most]))}
    if kept[most] == kept[least]:
        return [Finding("kept_alike", told), _direct(trace, kept)]
    units = {"unit": most + 1, "least": least + 1, "least_share": percent(float(kept[least]))}
    return [Finding("kept", {**told, **units}), _direct(trace, kept)]


def _direct(trace: Trace, kept: Tensor) -> Finding:
    """∂c_T/∂c_1 along every path, the product of the forget gates alone, and the difference."""
    hidden = len(kept)
    by_h, by_c = last_state_products(trace)[0, hidden:].split(hidden, dim=-1)
    full = by_c + by_h * cell_to_hidden(trace)[0]
    parts = {"full": full, "direct": kept, "rest": full - kept.diag()}
    key = "direct" if trace.options.peepholes is None else "direct_peepholes"
    return Finding(key, {name: number(float(part.norm())) for name, part in parts.items()})


def _gradient(record: CellRecord) -> Finding:
    ratio = gradient_ratio(record)
    if record.config.loss == "all":
        return Finding("gradient_all", {"ratio": number(ratio)})
    values = {"ratio": number(ratio), "t": loss_step(record) + 1}
    of_c = gradient_ratio(record, "c") if record.trace.kind == "lstm" else 0.0
    if ratio == of_c == 0 and not _underflows(record.gradients.h_norm):
        return Finding("gradient_none")
    key = f"gradient_{band(log_ratio(max(ratio, of_c)))}"
    if record.trace.kind != "lstm":
        return Finding(key, values)
    return Finding(f"{key}_c", {**values, "c_ratio": number(of_c)})


def _underflows(norms: Tensor) -> bool:
    """Whether a zero among these norms may be a number too small for float64."""
    return bool(((norms > 0) & (norms < VANISHING)).any())


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
                        "before": tuple(names[place] for place in before.tolist()),
                        "after": tuple(names[place] for place in now.tolist()),
                    },
                )
            )
    else:
        told.append(Finding("what_if_none", {"most": number(float(difference.max()))}))
    floor = memoryless_floor(record.task)
    if floor and not _held_at_one_step(record):
        told += [Finding(key, {"floor": number(floor)}) for key in _without_memory(record)]
    return told if record.unedited is None else [*told, _edited(record, record.unedited)]


def _without_memory(record: CellRecord) -> list[str]:
    """Why this run sees one token at a time, if it does; the first of two reasons is enough."""
    if record.config.wipe:
        return ["wiped"]
    return ["rnn_zero"] if record.trace.kind == "rnn" and record.config.gain == 0 else []


def _edited(record: CellRecord, unedited: Trace) -> Finding:
    """What the changed input alone does to h, before its step and from it on."""
    k = record.config.edit_step or 0
    difference = (record.trace.record.h - unedited.record.h).abs()
    before, after = float(difference[:k].max()) if k else 0.0, float(difference[k:].max())
    return Finding("edited", {"k": k + 1, "before": number(before), "after": number(after)})


def _identity(record: CellRecord) -> list[Finding]:
    """With φ = identity an RNN's last state is one linear map of its inputs."""
    trace = record.trace
    if trace.kind != "rnn" or record.config.activation != "identity" or record.config.wipe:
        return []
    return [Finding("identity", {"error": number(collapse_error(record))})]


def collapse_error(record: CellRecord) -> float:
    """‖h_T − (W^T h_0 + Σ_k W^(T−k) (W_ih x_k + b))‖ / ‖h_T‖, with matrix powers of W_hh."""
    trace, cell = record.trace, record.trace.cell
    with torch.no_grad():
        steps = len(trace)
        bias = cell.bias_ih + cell.bias_hh
        total = torch.linalg.matrix_power(cell.weight_hh, steps) @ trace.h0
        for k, x in enumerate(trace.record.x):
            power = torch.linalg.matrix_power(cell.weight_hh, steps - 1 - k)
            total = total + power @ (cell.weight_ih @ x + bias)
        return float((total - trace.h[-1]).norm() / (float(trace.h[-1].norm()) or 1.0))


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
