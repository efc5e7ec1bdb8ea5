"""A trace with every intermediate value, against a bare loop that keeps only the states.

Budget: at most 1.2 times the loop over `nn.LSTMCell`, T = 100, hidden 32.
"""

import torch
from torch import nn

from benchmarks.harness import side_by_side, table, verdict
from seqviz.core.unroll import unroll

BUDGET = 1.2
STEPS, INPUT, HIDDEN = 100, 8, 32


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows = []
    for dtype in (torch.float64, torch.float32):
        for module in (nn.LSTMCell, nn.GRUCell, nn.RNNCell):
            cell = module(INPUT, HIDDEN, dtype=dtype)
            xs = torch.randn(STEPS, INPUT, dtype=dtype)
            times = measure(cell, xs)
            ratio = times["trace"] / times["loop"]
            held = verdict(ratio <= BUDGET) if module is nn.LSTMCell else "none set"
            numbers = (times["loop"], times["trace"], ratio)
            rows.append((module.__name__, str(dtype)[6:], *numbers, held))
    table(
        f"Trace with every intermediate, T={STEPS}, hidden {HIDDEN} (budget {BUDGET} x the loop)",
        ("cell", "dtype", "bare loop ms", "trace ms", "ratio", "budget"),
        rows,
    )


def measure(cell: nn.LSTMCell | nn.GRUCell | nn.RNNCell, xs: torch.Tensor) -> dict[str, float]:
    """Median milliseconds of the bare loop and of `unroll`."""
    zeros = xs.new_zeros(cell.hidden_size)

    def loop() -> object:
        with torch.inference_mode():
            state = (zeros, zeros) if isinstance(cell, nn.LSTMCell) else zeros
            states = []
            for x in xs:
                state = cell(x, state)
                states.append(state)
            return states

    return side_by_side({"loop": loop, "trace": lambda: unroll(cell, xs)})


if __name__ == "__main__":
    main()
