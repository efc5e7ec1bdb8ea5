"""A link as a QR code, drawn by this server when somebody looks at it: no service is asked."""

import io
from urllib.parse import urlencode

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "seqviz/qr.svg"
LONGEST = 2953


def fits(text: str) -> bool:
    """Whether a QR code can hold the text (version 40, error correction L)."""
    return 0 < len(text.encode()) <= LONGEST


def qr_address(text: str) -> str:
    """Relative address of the picture of the QR code for `text`."""
    return f"{PATH}?{urlencode({'text': text})}"


def qr_svg(text: str) -> str:
    """SVG of the QR code for `text`: black on white in every theme, as readers need it.

    The quiet zone of four modules is part of the picture; CSS chooses the size. A screen has no
    scratches: the code has as few squares as it can, and corrects what room is left for. The mask
    is fixed: readers take any, and weighing all eight costs ten times as much as drawing one.
    """
    if not fits(text):
        raise ValueError(f"qr_svg: expected 1 to {LONGEST} bytes, got {len(text.encode())}")
    out = io.BytesIO()
    code = segno.make(text, error="l", micro=False, boost_error=True, mask=0)
    code.save(out, kind="svg", xmldecl=False, border=4, light="#fff", omitsize=True)
    return out.getvalue().decode("utf-8")


def routes() -> list[Route]:
    """What `st.App` has to serve for the pictures."""
    return [Route(f"/{PATH}", _serve)]


async def _serve(request: Request) -> Response:
    text = request.query_params.get("text", "")
    if not fits(text):
        return Response(f"expected 1 to {LONGEST} bytes of text", status_code=400)
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(qr_svg(text), media_type="image/svg+xml", headers=headers)
