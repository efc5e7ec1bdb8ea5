"""A page as Streamlit runs it, with every part that unfolds opened before it is drawn."""

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from seqviz.ui import links

FRAME = Path(links.__file__).with_name("frame.py")
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
    "dimension",
    "masks",
    "explanation",
    "table",
)


def unfold(visitor: Any) -> None:
    """Open every part that a page may have."""
    for name in PARTS:
        visitor.session_state[f"section:{name}"] = True


def open_page(page: str, /, **parameters: str) -> Any:
    """The page, opened with these parameters in its address and every part unfolded."""
    visitor: Any = AppTest.from_file(str(FRAME), default_timeout=60)
    visitor._page_hash = calc_hash(page)
    for key, value in parameters.items():
        visitor.query_params[key] = value
    unfold(visitor)
    visitor = visitor.run()
    assert not visitor.exception
    return visitor


def bodies(visitor: Any) -> list[str]:
    """Every piece of HTML on the page."""
    return [element.proto.body for element in visitor.get("html")]


def notices(visitor: Any) -> list[str]:
    """What the page tells the reader about the link and the controls, one each."""
    found = [body for body in bodies(visitor) if 'class="seqviz-notices"' in body]
    return found[0].split("<li")[1:] if found else []
