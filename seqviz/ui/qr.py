"""A link as a QR code, drawn here: no service is asked."""

import io

import segno


def qr_svg(text: str) -> str:
    """SVG of the QR code for `text`: black on white in every theme, as readers need it.

    The quiet zone of four modules is part of the picture; CSS chooses the size. The mask is fixed:
    readers take any, and weighing all eight costs ten times as much as drawing one.
    """
    if not text:
        raise ValueError("qr_svg: expected a non-empty text, got ''")
    out = io.BytesIO()
    code = segno.make(text, error="m", micro=False, mask=0)
    code.save(out, kind="svg", xmldecl=False, border=4, light="#fff", omitsize=True)
    return out.getvalue().decode("utf-8")
