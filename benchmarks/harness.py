"""Measure rivals side by side, and print what came out beside the budget."""

import gc
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median


def side_by_side(rivals: Mapping[str, Callable[[], object]], rounds: int = 30) -> dict[str, float]:
    """Median milliseconds of each rival; they take turns, so that a slow second hits all."""
    times: dict[str, list[float]] = {name: [] for name in rivals}
    for run in rivals.values():
        run()
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, run in rivals.items():
                start = time.perf_counter()
                run()
                times[name].append(1e3 * (time.perf_counter() - start))
    finally:
        gc.enable()
    return {name: median(values) for name, values in times.items()}


def quantile(values: Iterable[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a titled table; numbers to the right."""
    cells = [list(head), *([show(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    print(f"\n## {title}\n")
    for number, row in enumerate(cells):
        print("| " + " | ".join(place(c, w) for c, w in zip(row, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def verdict(held: bool) -> str:
    return "held" if held else "MISSED"


def machine() -> str:
    """What the numbers were measured on."""
    import os

    import torch

    return (
        f"Python {platform.python_version()}, torch {torch.__version__}, "
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    )


def show(cell: object) -> str:
    if isinstance(cell, float):
        return (
            f"{cell:.3f}" if abs(cell) < 1 else f"{cell:.2f}" if abs(cell) < 100 else f"{cell:.0f}"
        )
    return str(cell)


def place(cell: str, width: int) -> str:
    number = cell[:1].isdigit() or cell[:1] in "-+"
    return cell.rjust(width) if number else cell.ljust(width)
