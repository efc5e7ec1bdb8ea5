"""Parts of a page that unfold, opened before the page is drawn."""

from typing import Any

PARTS = (
    "predict",
    "try",
    "equations",
    "shapes",
    "concat",
    "activation",
    "code",
    "models",
    "corrections",
    "share",
    "save",
    "probe",
    "counts",
    "claim",
    "where",
    "measures",
    "average",
    "join",
    "ablation",
    "credit",
    "rivals",
    "polarity",
)


def unfold(visitor: Any) -> None:
    """Open every part that a page may have."""
    for name in PARTS:
        visitor.session_state[f"section:{name}"] = True
