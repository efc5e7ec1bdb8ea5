"""seqviz: play sequence models step by step; every number is computed, every value explained.

The names below are imported when they are first asked for, so that `import seqviz` is light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqviz.api import Gradients, StackTrace, Trace, trace
    from seqviz.attending import MultiHead, attend
    from seqviz.showing import ShownScene

__version__ = "0.1.0"
__all__ = ["Gradients", "MultiHead", "ShownScene", "StackTrace", "Trace", "attend", "trace"]

_HOMES = {"MultiHead": "attending", "attend": "attending", "ShownScene": "showing"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'seqviz' has no attribute {name!r}")
    return getattr(import_module(f"seqviz.{_HOMES.get(name, 'api')}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
