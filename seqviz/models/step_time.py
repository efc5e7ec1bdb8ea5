"""How long one step of each compared model takes, on this machine, now.

A measurement, not a property of a cell: it changes with the machine, its load, the library and H.
The models take turns, so that a slow moment hits all of them alike.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median, quantiles

import torch

from seqviz.core.unroll import Trace, walk
from seqviz.models.comparison import CompareRecord

SECONDS = 0.5
FEWEST, MOST = 9, 400
WARM = 3


@dataclass(frozen=True)
class StepTime:
    """Microseconds of one step over `runs` runs: the median, and where the middle half lies."""

    median: float
    low: float
    high: float
    runs: int


def step_times(record: CompareRecord, seconds: float = SECONDS) -> tuple[StepTime, ...]:
    """One step of each model from its state before the last step, in the order of the record.

    The step is the one the page computes, without gradients. Ends after `MOST` rounds, or after
    `seconds` once there are `FEWEST`.
    """
    steps = [_last_step(cell.trace) for cell in record.cells]
    times: list[list[float]] = [[] for _ in steps]
    with torch.inference_mode():
        for step in steps:
            for _ in range(WARM):
                step()
        end = time.perf_counter() + seconds
        for _ in range(MOST):
            for step, found in zip(steps, times, strict=True):
                begin = time.perf_counter_ns()
                step()
                found.append((time.perf_counter_ns() - begin) / 1e3)
            if len(times[0]) >= FEWEST and time.perf_counter() > end:
                break
    return tuple(_summary(found) for found in times)


def _last_step(trace: Trace) -> Callable[[], object]:
    c = trace.c_prev[-1] if trace.kind == "lstm" else None
    return partial(walk, trace.cell, trace.x[-1:], trace.h_prev[-1], c, trace.options)


def _summary(times: list[float]) -> StepTime:
    low, _, high = quantiles(times, n=4, method="inclusive")
    return StepTime(median(times), low, high, len(times))
