"""What the views of `backprop_remedies` say, in numbers."""

import math

import torch

from seqviz.models.backprop_experiment import BackpropRecord
from seqviz.models.backprop_findings import power
from seqviz.models.backprop_remedies import Cliff, Clipping, Lag, Relu, Windows
from seqviz.models.backprop_ticks import Tick, Ticks
from seqviz.models.findings import Finding, number, percent

LEARNED = 0.1
KEPT = 0.999_99


def windows_findings(view: Windows) -> list[Finding]:
    """What a window cuts, and what is left."""
    values: dict[str, object] = {
        "K": view.window,
        "cut": f"{view.cut:,}",
        "terms": f"{view.terms:,}",
        "share": percent(view.cut / view.terms),
        "cosine": number(view.own_cosine),
        "ratio": number(view.own_ratio),
        "kept": f"{view.kept_numbers:,}",
        "all": f"{view.all_numbers:,}",
    }
    if not math.isfinite(view.own_cosine):
        return [Finding("window_nothing", values), Finding("window_memory", values)]
    if view.cut == 0:
        return [Finding("window_all", values), Finding("window_memory", values)]
    return [Finding("window", values), Finding("window_memory", values)]


def lag_findings(view: Lag) -> list[Finding]:
    """Which of the two trainings learned the lag."""
    ends = [float(losses[-20:].mean()) for losses in (view.losses_short, view.losses_long)]
    learned = ["yes" if end < LEARNED else "no" for end in ends]
    values: dict[str, object] = {
        "lag": view.lag,
        "short": view.short,
        "long": view.long,
        "loss_short": number(ends[0]),
        "loss_long": number(ends[1]),
        "guess": number(math.log(2)),
    }
    return [Finding(f"lag_{learned[0]}_{learned[1]}", values)]


def clipping_findings(view: Clipping) -> list[Finding]:
    """Whether clipping acted, and what it did to the direction."""
    values: dict[str, object] = {
        "limit": number(view.limit),
        "norm": number(view.norm),
        "after": number(view.norm_after),
        "value_after": number(view.value_after),
        "cosine": number(view.value_cosine),
        "n": f"{view.count:,}",
    }
    if not math.isfinite(view.norm):
        return [Finding("clip_broken", values)]
    if view.norm <= view.limit:
        return [Finding("clip_idle", values)]
    turned = "clip_turned" if view.value_cosine < KEPT else "clip_kept"
    return [Finding("clip", values), Finding(turned, values)]


def cliff_findings(view: Cliff) -> list[Finding]:
    """The jump, the clipped path, the loss of both by update, and what a grid would have seen."""
    values: dict[str, object] = {
        "norm": number(float(view.plain.norm.max())),
        "jump": number(view.plain.longest_step),
        "step": number(view.clipped.longest_step),
        "clip": number(view.clipped.clip or 0.0),
        "plain": number(float(view.plain.error[-1])),
        "clipped": number(float(view.clipped.error[-1])),
        "n": len(view.plain.error) - 1,
    }
    wall: dict[str, object] = {
        "steepest": number(view.steepest),
        "grid": number(float(view.grid_slope.max())),
        "growth": number(view.growth),
    }
    return [Finding("cliff", values), _descent(view), Finding("cliff_wall", wall)]


def _descent(view: Cliff) -> Finding:
    """When the two losses part, and why the unclipped one stays where it is thrown."""
    plain, clipped = view.plain, view.clipped
    thrown = int(torch.hypot(plain.w.diff(), plain.b.diff()).argmax())
    values: dict[str, object] = {
        "spike": number(float(plain.error[: thrown + 1].max())),
        "t": thrown,
        "before": number(float(plain.error[thrown])),
        "after": number(float(plain.error[thrown + 1])),
        "left": number(float(plain.norm[thrown + 1])),
        "lowest": number(float(clipped.error.min())),
        "n": len(clipped.error) - 1,
    }
    return Finding("cliff_loss", values)


def relu_findings(view: Relu) -> list[Finding]:
    """What each W_hh leaves of the gradient, and how many units live."""
    values: dict[str, object] = {}
    steps = len(view.lines.curves[0].log) - 1
    for curve in view.lines.curves:
        first = float(curve.log[0])
        values[curve.name] = power(first)
        values[f"{curve.name}_rate"] = number(10 ** (first / steps) if steps else 1.0)
    live = {curve.name: percent(float(curve.log.min())) for curve in view.live.curves}
    told: dict[str, object] = {**live, "always": percent(view.kept)}
    return [Finding("relu", values), Finding("relu_live", told)]


def ticks_findings(view: Ticks, record: BackpropRecord) -> list[Finding]:
    """Before and now; and what a loss at every step hides."""
    values: dict[str, object] = {
        "now": power(view.now),
        "before": power(view.before),
        "t": record.curves.at + 1,
    }
    ticked = any(tick.on for tick in view.ticks)
    without = "ticks_clip" if view.clipped else "ticks_none"
    told = [Finding("ticks_some" if ticked else without, values)]
    if record.config.loss == "all":
        alone = record.curves.last_only.double().log10()
        last = float(alone[0] - alone[record.curves.at])
        told.append(Finding("ticks_every", {"last": power(last)}))
    return told


def tick_values(view: Ticks, tick: Tick) -> Finding:
    """The numbers beside a box: what is, and what a click makes of it."""
    kind = "on" if tick.on else "best" if tick.name == view.closest else "off"
    return Finding(f"tick_{kind}", {"now": power(view.now), "then": power(tick.turned)})


def clip_values(view: Ticks) -> Finding:
    """The numbers beside the box for clipping, which acts on another gradient."""
    values: dict[str, object] = {
        "norm": number(view.clipping.norm),
        "after": number(view.clipping.norm_after),
        "limit": number(view.clipping.limit),
    }
    if not math.isfinite(view.clipping.norm):
        return Finding("tick_clip_broken", values)
    if view.clipping.norm <= view.clipping.limit:
        return Finding("tick_clip_idle", values)
    return Finding("tick_clip_on" if view.clipped else "tick_clip_off", values)
