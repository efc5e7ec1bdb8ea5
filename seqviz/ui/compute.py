"""One computation at a time, each kept: how pages call `run(config)`.

Serialised compute is faster here than threads that fight for the interpreter's lock, and what
everybody in a class asks for is computed once. Training takes longer, so it waits in a queue of
its own and holds up nobody who only looks.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Config = TypeVar("Config", bound=Hashable)
Record = TypeVar("Record")

COMPUTE = threading.Semaphore(1)
TRAINING = threading.Semaphore(1)
ENTRIES = 48


def cached(
    run: Callable[..., Record], entries: int = ENTRIES, gate: threading.Semaphore = COMPUTE
) -> Callable[..., Record]:
    """`run` with a memory of the last `entries` configurations, shared by all visitors.

    `run(config, *told)` is pure in `config`, a frozen dataclass of plain values; `told` (who
    wants to hear of progress) does not count. What it returns is handed to everyone as it is: a
    frozen record that nobody changes. Errors are not kept.
    """
    kept: OrderedDict[Any, Record] = OrderedDict()

    def compute(config: Any, *told: Any) -> Record:
        with gate:
            if config not in kept:
                kept[config] = run(config, *told)
            kept.move_to_end(config)
            while len(kept) > entries:
                kept.popitem(last=False)
            return kept[config]

    return compute
