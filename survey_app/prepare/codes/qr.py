"""An address as a QR picture: SVG for print and page, PNG for what takes no SVG.

Error correction Q survives a quarter of the symbol scratched or splashed. The mask is fixed: trying all eight
takes eight times as long, readers cope with any of them, and the same address always gives the same picture.
The smallest symbol used is version 3 (47 capitals), so that the codes of one house all have the same size.
"""

import io
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from qrcode import QRCode
    from qrcode.image.pure import PyPNGImage

QUIET_ZONE = 4  # modules of white on each side, as ISO/IEC 18004 asks

_SMALLEST_VERSION = 3
_MASK = 0  # the chequerboard: a low penalty on average for addresses as short as ours


def qr_svg(address: str) -> str:
    """Draw dark on white, whatever the page's colours: many readers fail on an inverted symbol."""
    modules = _code(address).get_matrix()
    side = len(modules)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img">'
        f'<title>{escape(f"QR: {address}")}</title><path fill="#fff" d="M0 0h{side}v{side}H0z"/>'
        f'<path fill="none" stroke="#000" transform="translate(0 .5)" d="{"".join(_runs(modules))}"/></svg>'
    )


def qr_png(address: str, scale: int) -> bytes:
    """Draw each module as ``scale`` x ``scale`` pixels of one bit."""
    from qrcode.image.pure import PyPNGImage

    buffer = io.BytesIO()
    _code(address, box_size=scale).make_image(image_factory=PyPNGImage).save(buffer)
    return buffer.getvalue()


def _code(address: str, box_size: int = 1) -> "QRCode[PyPNGImage]":
    # Not before it is needed: it brings some 30 modules, and few pages draw.
    from qrcode import QRCode
    from qrcode.constants import ERROR_CORRECT_Q

    code: QRCode[PyPNGImage] = QRCode(
        version=_SMALLEST_VERSION,
        error_correction=ERROR_CORRECT_Q,
        mask_pattern=_MASK,
        border=QUIET_ZONE,
        box_size=box_size,
    )
    code.add_data(address, optimize=0)  # one segment, in the densest mode that holds the whole address
    code.make(fit=True)
    return code


def _runs(modules: Sequence[Sequence[bool]]) -> Iterator[str]:
    """Draw each row's runs of dark modules as lines one module thick.

    All lines are one path, which viewers fill at once, so no white shows between rows; it takes two thirds
    of the bytes of outlines.
    """
    for y, row in enumerate(modules):
        x = 0
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                yield f"M{x} {y}h{length}"
            x += length
