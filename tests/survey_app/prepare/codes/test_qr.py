import io
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
import zxingcpp
from PIL import Image

from survey_app.prepare.codes.qr import QUIET_ZONE, qr_png, qr_svg

ADDRESS = "HTTP://KHAOSAT.EXAMPLE.VN/S/7KQM2X9P"
ADDRESSES = [
    ADDRESS,
    "HTTP://127.0.0.1:8000/S/ZZZZZZZZ",
    "HTTP://A.VN/S/22222222",
    "https://Chữ.vn/s/7KQM2X9P?a=1&b=<2>",
]
SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str) -> Image.Image:
    """Rasterise the one path of horizontal lines, a module to a pixel."""
    root = ElementTree.fromstring(svg)
    side = int(root.attrib["viewBox"].split()[2])
    image = Image.new("L", (side, side), 255)
    path = root.findall(f"{SVG}path")[1].attrib["d"]
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)", path):
        image.paste(0, (int(x), int(y), int(x) + int(length), int(y) + 1))
    return image


def read(image: Image.Image) -> str:
    (barcode,) = zxingcpp.read_barcodes(image)
    assert barcode.ec_level == "Q"
    return barcode.text


@pytest.mark.parametrize("address", ADDRESSES)
def test_svg_decodes_to_exactly_the_address(address: str) -> None:
    image = drawn(qr_svg(address))
    assert read(image.resize((image.width * 6, image.height * 6), Image.Resampling.NEAREST)) == address


@pytest.mark.parametrize("address", ADDRESSES)
def test_png_decodes_to_exactly_the_address(address: str) -> None:
    assert read(Image.open(io.BytesIO(qr_png(address, 5))).convert("L")) == address


def test_svg_and_png_show_the_same_modules() -> None:
    assert (
        Image.open(io.BytesIO(qr_png(ADDRESS, 1))).convert("L").tobytes() == drawn(qr_svg(ADDRESS)).tobytes()
    )


def test_png_grows_with_its_scale() -> None:
    assert Image.open(io.BytesIO(qr_png(ADDRESS, 10))).size == (370, 370)


def test_quiet_zone_is_white_and_four_modules_wide() -> None:
    image = drawn(qr_svg(ADDRESS))
    inside = (QUIET_ZONE, QUIET_ZONE, image.width - QUIET_ZONE, image.height - QUIET_ZONE)
    assert QUIET_ZONE == 4
    assert image.point(lambda grey: 255 - grey).getbbox() == inside


def test_svg_tells_its_address_to_those_who_do_not_see_it() -> None:
    root = ElementTree.fromstring(qr_svg(ADDRESSES[-1]))
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == f"QR: {ADDRESSES[-1]}"


def test_svg_is_one_white_ground_and_one_joined_path() -> None:
    svg = qr_svg(ADDRESS)
    assert len(ElementTree.fromstring(svg).findall(f"{SVG}path")) == 2
    assert len(svg) < 2_300


def test_same_address_gives_the_same_picture() -> None:
    assert qr_svg(ADDRESS) == qr_svg(ADDRESS)


def test_codes_of_one_house_have_one_size_and_capitals_are_packed_denser() -> None:
    sides = {drawn(qr_svg(address)).width for address in ("HTTP://A.VN/S/22222222", ADDRESS)}
    assert sides == {37}
    assert drawn(qr_svg(ADDRESS.lower())).width > 37


def test_picture_survives_a_scratch_over_a_tenth_of_it() -> None:
    image = Image.open(io.BytesIO(qr_png(ADDRESS, 6))).convert("L")
    image.paste(255, (120, 120, 180, 190))
    assert read(image) == ADDRESS


def test_pillow_is_not_needed_at_run_time() -> None:
    program = (
        "import sys; sys.modules['PIL'] = None\n"
        "from survey_app.prepare.codes.qr import qr_png, qr_svg\n"
        f"assert qr_png({ADDRESS!r}, 4).startswith(b'\\x89PNG') and qr_svg({ADDRESS!r})\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
