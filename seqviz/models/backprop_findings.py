"""What a backward run says, in numbers: the sentences of the page `gradients`.

Steps, units and rows are counted from 1, as the reader counts them.
"""

import math

import torch

from seqviz.core.bands import ZERO, band
from seqviz.core.unroll import unroll
from seqviz.models.backprop_experiment import BackpropRecord
from seqviz.models.backprop_views import (
    LN10,
    Bounds,
    ChainMap,
    ChainView,
    Curves,
    Items,
    Paths,
    rate,
)
from seqviz.models.findings import RAISED, Finding, number, percent

SHRINKS, GROWS = 0.99, 1.01
NAMED = 6
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
NUDGE, ROUNDING = 1e-4, 1e-13
ROUNDED = 0.1


def findings(record: BackpropRecord) -> list[Finding]:
    """Every sentence under the player, the most telling first."""
    if record.exploded is not None:
        return [Finding("exploded", {"t": record.exploded + 1})]
    if record.exploded_back is not None:
        return [Finding("exploded_back", {"t": record.exploded_back + 1, "type": _type(record)})]
    told = _every_loss(record) if record.config.loss == "all" else _one_loss(record)
    return [*told, *_zero(record), *_live(record), *_nudge(record), *_memory(record), _init(record)]


def power(log10: float) -> str:
    """10 to this power as a number for a sentence, also where no float can hold it."""
    if math.isnan(log10):
        return "NaN"
    if math.isinf(log10):
        return "∞" if log10 > 0 else "0"
    if abs(log10) < 300:
        return number(10**log10)
    whole = math.floor(log10)
    return f"{10 ** (log10 - whole):.2f}×10{str(whole).translate(RAISED)}"


def step_ratio(record: BackpropRecord) -> float:
    """log10 of ‖∂L/∂h_1‖ against the step of the last loss."""
    logs = record.logs.h / LN10
    return float(logs[0] - logs[record.curves.at])


def step_rate(record: BackpropRecord) -> float:
    """The factor a step by which the gradient of the last loss changes on its way to step 1."""
    at = record.curves.at
    return float(10 ** (step_ratio(record) / at)) if at else 1.0


def direction(factor: float) -> str:
    """shrinks, holds or grows: what a factor per step does."""
    return "shrinks" if factor < SHRINKS else "grows" if factor > GROWS else "holds"


def _one_loss(record: BackpropRecord) -> list[Finding]:
    at = record.curves.at
    if at == 0:
        return [Finding("one_step", {})]
    ratio, factor = step_ratio(record), step_rate(record)
    kind = band(ratio)
    values: dict[str, object] = {"t": at + 1, "ratio": power(ratio), "rate": number(factor)}
    told = [Finding(f"back_{kind}", values)]
    worst = record.jacobians[1:].flatten(1).norm(dim=1)
    if len(worst) and bool(worst.isfinite().all()):
        place = int(worst.argmin())
        told.append(
            Finding(
                "factors",
                {
                    "mean": number(float(worst.mean())),
                    "least": number(float(worst[place])),
                    "t": place + 2,
                },
            )
        )
    return told


def _every_loss(record: BackpropRecord) -> list[Finding]:
    found = record.curves
    values: dict[str, object] = {
        "total": number(float(found.total[0])),
        "direct": number(float(found.direct[0])),
        "last": number(float(found.last_only[0])),
    }
    return [Finding("every_loss", values)]


def _zero(record: BackpropRecord) -> list[Finding]:
    if record.zero_at is None:
        return []
    t = record.zero_at
    true = float(record.logs.h[t]) / LN10
    if true == -math.inf:
        return [Finding("zero_true", {"t": t + 1})]
    return [Finding("zero", {"t": t + 1, "type": _type(record), "true": power(true)})]


def _live(record: BackpropRecord) -> list[Finding]:
    if record.trace.kind != "rnn" or record.config.activation != "relu":
        return []
    live = (record.trace.h_pre > 0).double().mean(dim=1)
    values: dict[str, object] = {
        "first": percent(float(live[0])),
        "last": percent(float(live[-1])),
        "T": len(live),
    }
    return [Finding("live", values)]


def _nudge(record: BackpropRecord) -> list[Finding]:
    """How far the last h moves when x_1 is nudged: the run itself, with no derivative taken."""
    trace = record.trace
    if len(trace) < 2 or record.config.dtype == "float32" or record.task.values is None:
        return []
    xs = trace.record.x.clone()
    xs[0] += NUDGE
    again = unroll(trace.cell, xs, trace.h0, trace.c0, trace.options)
    moved = float((again.h[-1] - trace.h[-1]).norm()) / NUDGE
    if not ROUNDING / NUDGE < moved < math.inf:
        return []
    return [Finding("nudge", {"T": len(trace), "moved": number(moved)})]


def _memory(record: BackpropRecord) -> list[Finding]:
    """What backpropagation through time has to hold of the way there: it grows with the length."""
    kept, steps = record.numbers_kept, len(record)
    if steps < 2:
        return []
    size = kept * record.trace.h.element_size()
    values: dict[str, object] = {
        "each": kept // steps,
        "T": steps,
        "all": f"{kept:,}",
        "size": f"{size / 1e3:.3g} kB" if size < 1e6 else f"{size / 1e6:.3g} MB",
    }
    return [Finding("memory", values)]


def _init(record: BackpropRecord) -> Finding:
    """Which weights these are: the initialisation decides the plot."""
    weight = record.trace.cell.weight_hh.detach().double()
    sigma = float(torch.linalg.matrix_norm(weight, 2))
    config = record.config
    values: dict[str, object] = {
        "sigma": number(sigma),
        "seed": config.seed,
        "gain": number(config.gain),
    }
    return Finding(f"init_{record.config.init}", values)


def _type(record: BackpropRecord) -> str:
    return record.config.dtype


def norms_findings(record: BackpropRecord, view: Curves) -> list[Finding]:
    """What the curves of the norms say."""
    total = view.of("total")
    values: dict[str, object] = {
        "first": power(float(total[0])),
        "last": power(float(total[record.curves.at])),
        "t": record.curves.at + 1,
    }
    if record.exploded_back is not None:
        broken: dict[str, object] = {**values, "b": record.exploded_back + 1}
        return [Finding("norms_broken", broken)]
    told = [Finding("norms", values)]
    if record.config.loss == "all":
        told.append(Finding("norms_all", {"last": power(float(view.of("last_only")[0]))}))
    elif record.trace.kind == "lstm":
        told += _norms_of_cell(record, view.of("cell"))
    return told


def _norms_of_cell(record: BackpropRecord, cell: torch.Tensor) -> list[Finding]:
    """The true rates of h and c, and whether what the run's type made of c is still right."""
    assert record.logs.c is not None
    h, c = record.logs.h / LN10, record.logs.c / LN10
    values: dict[str, object] = {
        "h": number(rate(h)),
        "c": number(rate(c)),
        "first": power(float(cell[0])),
        "type": _type(record),
        "least": number(float(torch.finfo(record.trace.h.dtype).smallest_normal)),
        "true": power(float(c[0])),
    }
    told = [Finding("norms_cell", values)]
    if -math.inf < float(cell[0]) and abs(float(cell[0] - c[0])) > ROUNDED:
        told.append(Finding("norms_rounded", values))
    return told


def map_findings(record: BackpropRecord, view: ChainMap) -> list[Finding]:
    """How far back losses reach: the steps at which a loss is down to a millionth of its own."""
    ratios = view.log - view.log.diagonal()[:, None]
    steps = len(ratios)
    rows, columns = torch.tril_indices(steps, steps)
    apart = rows - columns
    alive = ratios[rows, columns] > ZERO
    reach = int(apart[alive].max()) if bool(alive.any()) else 0
    terms: dict[str, object] = {"terms": f"{steps * (steps + 1) // 2:,}", "T": steps}
    if reach >= steps - 1:
        return [Finding("map_all", terms)]
    share = float(alive.double().mean())
    return [Finding("map", {**terms, "reach": reach, "share": percent(share)})]


def chain_findings(view: ChainView) -> list[Finding]:
    """One chain in words: its factors, what they come to, and what arrives."""
    n = view.t - view.k
    values: dict[str, object] = {"t": view.t + 1, "k": view.k + 1, "n": n, "chain": symbols(view)}
    if view.own == -math.inf:
        return [Finding("chain_no_loss", values)]
    values["own"] = power(view.own)
    if n == 0:
        return [Finding("chain_direct", values)]
    factors, product, reached = (view.lines.of(name) for name in ("factor", "product", "reached"))
    values |= {
        "each": power(float(factors.sum())), "product": power(float(product[0])),
        "mean": power(float(factors.mean())), "ratio": power(float(reached[0])),
        "arrives": power(float(reached[0]) + view.own),
    }  # fmt: skip
    if n == 1:
        return [Finding("chain_one", values)]
    return [Finding("chain", values), Finding("chain_norms", values)]


def symbols(view: ChainView) -> str:
    """The factors of a chain as it is written, the middle of a long one left out."""
    names = [f"J{str(j).translate(LOWERED)}" for j in range(view.t + 1, view.k + 1, -1)]
    return " ".join(names if len(names) <= NAMED else [*names[:3], "⋯", names[-1]])


def bound_findings(record: BackpropRecord, view: Bounds) -> list[Finding]:
    """What the bound promises, and what is so."""
    true, steps = float(view.lines.of("true")[0]), len(record)
    factors = power(float(view.lines.of("factors")[0]))
    if view.sigma is None or view.gamma is None or view.rho is None:
        return [Finding("bound_gates", {"true": power(true), "factors": factors, "T": steps - 1})]
    rate_ = view.gamma * view.sigma
    weight = power(float(view.lines.of("weight")[0]))
    values: dict[str, object] = {
        "sigma": number(view.sigma), "gamma": number(view.gamma), "rate": number(rate_),
        "bound": weight, "true": power(true), "T": steps - 1,
    }  # fmt: skip
    if rate_ < 1:
        key = "bound_vanishes"
    else:
        key = "bound_explodes" if true > 2 else "bound_only_necessary"
    radius: dict[str, object] = {"rho": number(view.rho), "sigma": number(view.sigma)}
    told = [Finding(key, values), Finding("bound_factors", {"factors": factors})]
    peak = int(view.lines.of("true").argmax())
    grown = float(view.lines.of("true")[peak])
    if view.rho < 1 and grown > math.log10(GROWS):
        after = steps - 1 - peak
        told.append(Finding("transient", {**radius, "peak": power(grown), "steps": after}))
    else:
        told.append(Finding("radius", radius))
    return told


def path_findings(record: BackpropRecord, view: Paths | None) -> list[Finding]:
    """What the direct path leaves out."""
    if view is None:
        return [Finding("path_none", {})]
    true, kept = view.lines.of("true"), view.lines.of("kept")
    values: dict[str, object] = {
        "direct": number(view.direct_rate),
        "true": number(view.true_rate),
        "direct_all": power(float(kept[0] - kept[-1])),
        "true_all": power(float(true[0] - true[-1])),
        "T": len(record) - 1,
    }
    told = [Finding(f"path_{record.trace.kind}", values)]
    if view.true_rate > 1:
        told.append(Finding("path_explodes", {"true": number(view.true_rate)}))
    return told


def items_findings(record: BackpropRecord, view: Items) -> list[Finding]:
    """Which steps the weight owes its gradient to."""
    if not bool(view.items.isfinite().all()):
        place: dict[str, object] = {"row": view.row + 1, "column": view.column + 1}
        return [Finding("items_broken", place)]
    sizes = view.items.abs()
    most = int(sizes.argmax())
    whole = float(sizes.sum())
    error = abs(float(view.items.sum()) - view.total)
    values: dict[str, object] = {
        "gate": view.gate,
        "row": view.row + 1, "column": view.column + 1, "total": number(view.total),
        "t": most + 1, "share": percent(float(sizes[most]) / whole) if whole else "0 %",
        "error": number(error),
    }  # fmt: skip
    sums: dict[str, object] = {"whole": number(view.whole), "apart": number(view.apart)}
    return [Finding("items", values), Finding("items_whole", sums), Finding("items_first", {})]
