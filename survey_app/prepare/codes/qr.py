"""An address as a QR picture: SVG for print and page, PNG for what takes no SVG.

Error correction Q survives a quarter of the symbol scratched or splashed. The mask is fixed: trying all eight
takes eight times as long, readers cope with any of them, and the same address always gives the same picture.
The smallest symbol used is version 3 (47 capitals), so that the codes of one house all have the same size.
"""

import io
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

import qrcode
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.image.pure import PyPNGImage

QUIET_ZONE = 4  # modules of white on each side, as ISO/IEC 18004 asks

_SMALLEST_VERSION = 3
_MASK = 0  # the chequerboard: a low penalty on average for addresses as short as ours

Matrix = Sequence[Sequence[bool]]
Corner = tuple[int, int]


def qr_svg(address: str) -> str:
    """Draw dark on white, whatever the page's colours: many readers fail on an inverted symbol."""
    modules = _code(address).get_matrix()
    side = len(modules)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img">'
        f'<title>{escape(f"QR: {address}")}</title><path fill="#fff" d="M0 0h{side}v{side}H0z"/>'
        f'<path fill-rule="evenodd" d="{"".join(map(_drawn, _outlines(modules)))}"/></svg>'
    )


def qr_png(address: str, scale: int) -> bytes:
    """Draw each module as ``scale`` x ``scale`` pixels of one bit."""
    buffer = io.BytesIO()
    _code(address, box_size=scale).make_image(image_factory=PyPNGImage).save(buffer)
    return buffer.getvalue()


def _code(address: str, box_size: int = 1) -> "qrcode.QRCode[PyPNGImage]":
    code = qrcode.QRCode(
        version=_SMALLEST_VERSION,
        error_correction=ERROR_CORRECT_Q,
        mask_pattern=_MASK,
        border=QUIET_ZONE,
        box_size=box_size,
    )
    code.add_data(address, optimize=0)  # one segment, in the densest mode that holds the whole address
    code.make(fit=True)
    return code


def _drawn(outline: Sequence[Corner]) -> str:
    x, y = outline[0]
    steps = [f"M{x} {y}"]
    for next_x, next_y in outline[1:]:
        steps.append(f"h{next_x - x}" if next_y == y else f"v{next_y - y}")
        x, y = next_x, next_y
    return "".join(steps) + "z"


def _outlines(modules: Matrix) -> Iterator[list[Corner]]:
    """Walk each border between dark and light once and keep its corners only.

    Outlines instead of squares: a sixth of the bytes, and no hairline of white between modules in any viewer.
    """
    borders = _borders(modules)
    while borders:
        here = next(iter(borders))
        outline, heading = [here], None
        while here in borders:
            there = borders[here].pop()
            if not borders[here]:
                del borders[here]
            ahead = (there[0] - here[0], there[1] - here[1])
            if ahead == heading:
                outline.pop()
            outline.append(there)
            here, heading = there, ahead
        yield outline[:-1]


def _borders(modules: Matrix) -> dict[Corner, list[Corner]]:
    """Give, for each corner of a module, the corners that a border leads on to, the dark on its right."""
    borders: dict[Corner, list[Corner]] = {}
    inside = range(QUIET_ZONE, len(modules) - QUIET_ZONE)  # so each module has four neighbours
    for y in inside:
        for x in inside:
            if not modules[y][x]:
                continue
            a, b, c, d = (x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)
            for dark, start, end in (
                (modules[y - 1][x], a, b),
                (modules[y][x + 1], b, c),
                (modules[y + 1][x], c, d),
                (modules[y][x - 1], d, a),
            ):
                if not dark:
                    borders.setdefault(start, []).append(end)
    return borders
