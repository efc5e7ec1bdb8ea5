"""seqviz: play sequence models step by step; every number is computed, every value explained.

The names below come from `seqviz.api` when they are first asked for, so that `import seqviz`
is light.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqviz.api import Gradients, ShownScene, StackTrace, Trace, trace

__version__ = "0.1.0"
__all__ = ["Gradients", "ShownScene", "StackTrace", "Trace", "trace"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'seqviz' has no attribute {name!r}")
    from seqviz import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
