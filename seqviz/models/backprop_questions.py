"""Questions to predict before the answer shows, made from the backward run on screen."""

import math
from dataclasses import replace

import torch

from seqviz.core.bands import BANDS, band
from seqviz.models.backprop_experiment import BackpropRecord, backward_norms
from seqviz.models.backprop_findings import power, step_ratio
from seqviz.models.backprop_views import LN10
from seqviz.models.findings import number
from seqviz.models.questions import Option, Question

LIVELY = 20_000
FACTOR = 1.5
MORE, LESS = 2.0, 0.5


def questions(record: BackpropRecord) -> list[Question]:
    """What a learner can be asked about this record."""
    if record.exploded is not None or record.exploded_back is not None or len(record) < 3:
        return []
    asked = [_band(record)] if record.config.loss == "last" and record.curves.at else []
    if len(record) * record.config.hidden**2 <= LIVELY and record.config.gain > 0:
        asked.append(_gain(record))
    if record.trace.kind == "rnn":
        asked.append(_bound(record))
    return asked


def _band(record: BackpropRecord) -> Question:
    ratio = step_ratio(record)
    options: tuple[Option, ...] = tuple((f"band.{name}", {}) for name in BANDS)
    return Question(
        "gradient",
        {"t": record.curves.at + 1},
        options,
        BANDS.index(band(ratio)),
        {"ratio": power(ratio)},
    )


def _gain(record: BackpropRecord) -> Question:
    """What ‖∂L/∂h_1‖ does when W_hh grows by half."""
    config = replace(record.config, gain=record.config.gain * FACTOR)
    before, after = float(record.logs.h[0]), float(backward_norms(config).h[0])
    change = (after - before) / LN10 if math.isfinite(before) and math.isfinite(after) else math.nan
    right = 1 if math.isnan(change) or abs(change) <= math.log10(MORE) else 0 if change > 0 else 2
    options: tuple[Option, ...] = tuple(
        (f"predict.gain_{name}", {}) for name in ("more", "same", "less")
    )
    told: dict[str, object] = {
        "before": power(before / LN10),
        "after": power(after / LN10),
        "gain": number(config.gain),
    }
    return Question("gain", {"gain": number(config.gain)}, options, right, told)


def _bound(record: BackpropRecord) -> Question:
    """Whether a single step can make a gradient longer: σ_max(J) of the steps that were taken."""
    sizes = torch.linalg.matrix_norm(record.jacobians[1:], 2)
    grows = int((sizes > 1).sum())
    right = 0 if grows == 0 else 2 if grows == len(sizes) else 1
    options: tuple[Option, ...] = tuple(
        (f"predict.grow_{name}", {}) for name in ("none", "some", "all")
    )
    told: dict[str, object] = {
        "n": grows,
        "steps": len(sizes),
        "largest": number(float(sizes.max())),
    }
    return Question("grow", {}, options, right, told)
