"""`make bench` runs every benchmark; `make bench ARGS="trace class"` runs the ones named."""

import sys
from importlib import import_module
from pathlib import Path

from benchmarks.harness import machine


def main(names: list[str]) -> None:
    known = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    chosen = [f"bench_{name.removeprefix('bench_')}" for name in names] or known
    unknown = set(chosen) - set(known)
    if unknown:
        sys.exit(f"bench: expected some of {', '.join(known)}; got {', '.join(sorted(unknown))}")
    print(machine(), flush=True)
    for name in chosen:
        import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
