"""Gradients at the far end of the page: LSTM, hidden 32, a thousand steps.

Every loss at every step, the (t, k) map, beside one forward and one backward pass, and beside the
obvious way to get the same numbers: one call of autograd a loss, for its gradient at every earlier
state. That way is measured on a few losses spread over the sequence and extrapolated to all.
Budget: each view of the page within 300 ms of computing, the map 500 times faster than autograd.

The map has T²/2 entries, each the norm of a product of a vector of S numbers and a matrix S × H:
T² S H operations. What they take at the speed of a large matrix product on this machine is the
least that the map can take, and so bounds how many times faster than autograd it can be.
"""

import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from benchmarks.harness import side_by_side, table, verdict
from seqviz.core.chains import (
    gradient_norms,
    kept_path,
    last_state_norms,
    pascanu_bound,
    state_norms,
)
from seqviz.core.gradients import gradients, loss_curves
from seqviz.core.jacobians import step_jacobians
from seqviz.core.loss_map import loss_norms
from seqviz.core.parameters import make_cell
from seqviz.core.spectra import lyapunov, step_spectra
from seqviz.core.truncation import truncate
from seqviz.core.unroll import Trace, unroll, walk

BUDGET = 300.0
FASTER = 500.0
STEPS, INPUT, HIDDEN = 1000, 8, 32
CALLS = 12
BLOCKS = (1, 10, 100)
ONCE = "forward and one backward (autograd)"


def main() -> None:
    torch.set_num_threads(1)
    for kind in ("lstm", "gru", "rnn"):
        trace, direct = example(kind)
        report(kind, side_by_side(views(trace, direct), rounds=7))
    maps()
    full()


def example(kind: str, dtype: torch.dtype = torch.float64) -> tuple[Trace, Tensor]:
    """A run on noise, with a random loss at every step."""
    generator = torch.Generator().manual_seed(0)
    xs = torch.randn(STEPS, INPUT, generator=generator, dtype=dtype)
    direct = torch.randn(STEPS, HIDDEN, generator=generator, dtype=dtype)
    return unroll(make_cell(kind, INPUT, HIDDEN, seed=0, dtype=dtype), xs), direct


def views(trace: Trace, direct: Tensor) -> dict[str, Callable[[], object]]:
    """What the page shows, each computed from nothing but the trace."""
    alone = {"rnn": {"Pascanu's bound": lambda: pascanu_bound(trace)}}
    kept: dict[str, Callable[[], object]] = {
        "direct path beside the true": lambda: kept_path(trace)
    }
    return {
        ONCE: lambda: by_autograd(trace, direct),
        "the same gradients, closed form": lambda: gradients(trace, direct),
        "three curves": lambda: loss_curves(trace, direct),
        "curves in log space": lambda: gradient_norms(trace, direct),
        "(t, k) map": lambda: loss_norms(trace, direct),
        "last state, Frobenius": lambda: last_state_norms(trace),
        "last state, spectral": lambda: last_state_norms(trace, spectral=True),
        "spectra of 200 steps": lambda: step_spectra(step_jacobians(trace)),
        f"truncated, {len(BLOCKS)} blocks": lambda: truncate(trace, direct, BLOCKS),
        "Lyapunov, all": lambda: lyapunov(step_jacobians(trace)),
        **alone.get(trace.kind, kept),
    }


def by_autograd(trace: Trace, direct: Tensor) -> tuple[Tensor, ...]:
    """∂L/∂h_t of the sum of all losses as PyTorch gives it: one forward and one backward pass."""
    start = torch.zeros_like(trace.h0).requires_grad_()
    states, _, _ = walk(trace.cell, trace.x, start, trace.c0, trace.options)
    hs = [state[0] for state in states]
    return torch.autograd.grad((direct * torch.stack(hs)).sum(), hs)


def maps() -> None:
    """The map in both number types, beside one pass and beside a call of autograd a loss."""
    rows, worst = [], 0.0
    for kind in ("lstm", "gru", "rnn"):
        for dtype in (torch.float64, torch.float32):
            trace, direct = example(kind, dtype)
            per_call, off = autograd_call(trace, direct)
            rivals: dict[str, Callable[[], object]] = {
                "map": partial(loss_norms, trace, direct),
                "once": partial(by_autograd, trace, direct),
            }
            times = side_by_side(rivals, rounds=9)
            found, rival, least = times["map"], per_call * STEPS, products(trace)
            name = f"{kind} {dtype}".replace("torch.", "")
            rows.append(
                (
                    name, found, found / least, times["once"], found / times["once"],
                    rival, rival / found, rival / least, _reached(rival, found, least),
                )
            )  # fmt: skip
            worst = max(worst, off) if dtype == torch.float64 else worst
    head = (
        "run", "map ms", "x its products at peak", "forward+backward ms", "x",
        f"autograd ms, from {CALLS} calls", "times faster", "with products alone",
        f"at least {FASTER:.0f}",
    )  # fmt: skip
    table(f"The (t, k) map, hidden {HIDDEN}, T={STEPS}", head, rows)
    print(f"\nIn float64 it differs from autograd by at most {worst:.0e} of the norm.")


def _reached(rival: float, found: float, least: float) -> str:
    """Whether the map is as much faster as wanted, or even its products at peak would not be."""
    return verdict(rival / found >= FASTER) if rival / least >= FASTER else "out of reach"


def products(trace: Trace) -> float:
    """Milliseconds of T² S H operations at the speed of a large matrix product of this type."""
    size = 1024
    square = torch.ones(size, size, dtype=trace.h.dtype)
    best = side_by_side({"peak": lambda: square @ square}, rounds=9)["peak"]
    state = HIDDEN * (2 if trace.kind == "lstm" else 1)
    return best * STEPS**2 * state * HIDDEN / (2 * size**3)


def autograd_call(trace: Trace, direct: Tensor) -> tuple[float, float]:
    """Mean milliseconds of one row of the map through autograd, graph ready, and the worst error.

    The losses are spread evenly, so their mean is the mean of all; each call starts at its own h_t
    and walks only the steps before it.
    """
    found = loss_norms(trace, direct)
    starts = torch.zeros_like(trace.h0).requires_grad_()
    states, _, _ = walk(trace.cell, trace.x, starts, trace.c0, trace.options)
    hs = [state[0] for state in states]
    total, worst = 0.0, 0.0
    for t in torch.linspace(STEPS / CALLS / 2, STEPS * (1 - 0.5 / CALLS), CALLS).long().tolist():
        begin = time.perf_counter()
        row = torch.autograd.grad((direct[t] * hs[t]).sum(), hs[: t + 1], retain_graph=True)
        norms = torch.linalg.vector_norm(torch.stack(row), dim=-1)
        total += time.perf_counter() - begin
        off = (found[t, : t + 1].exp() - norms).abs().max() / norms.max()
        worst = max(worst, float(off))
    return 1e3 * total / CALLS, worst


def report(kind: str, times: dict[str, float]) -> None:
    once = times[ONCE]
    rows: list[tuple[str, float, float, str]] = [
        (name, value, value / once, verdict(value <= BUDGET)) for name, value in times.items()
    ]
    title = f"{kind.upper()}, hidden {HIDDEN}, T={STEPS}, float64 (budget {BUDGET:.0f} ms a view)"
    table(title, ("what", "ms", "x one forward+backward", "budget"), rows)


def full() -> None:
    """Every pair of states, at the largest sizes that fit the flop budget."""
    rows = []
    for kind, hidden, steps in (("rnn", 8, 1000), ("rnn", 32, 390), ("lstm", 32, 138)):
        generator = torch.Generator().manual_seed(0)
        xs = torch.randn(steps, INPUT, generator=generator, dtype=torch.float64)
        trace = unroll(make_cell(kind, INPUT, hidden, seed=0), xs)
        times = side_by_side({"full": lambda trace=trace: state_norms(trace)}, rounds=3)  # type: ignore[misc]
        rows.append((kind, hidden, steps, times["full"], verdict(times["full"] <= BUDGET)))
    head = ("cell", "hidden", "T", "ms", "budget")
    table("Every ‖∂h_t/∂h_k‖, Frobenius, where T² S³ ≤ 5e9", head, rows)


if __name__ == "__main__":
    main()
