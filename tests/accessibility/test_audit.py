"""The measures find what they look for: each on a page with this one fault, and none on a page without."""

import pytest

from tests.accessibility import audit

SOUND = """
<main style="color:#222;background:#fff"><h1>Tiêu đề</h1>
<p>Một câu. <button style="width:60px;height:60px;border:0;background:#fff;color:#222">Gửi</button></p>
<input aria-label="Tên" style="width:200px;height:50px;border:1px solid #666"></main>
"""
FAULTY = {
    "contrasts": [
        ("contrast of 3.54:1", "<p style='color:#888'>nhạt</p>"),
        ("contrast of 3.98:1", "<p style='color:#000;opacity:.5'>mờ</p>"),
        ("contrast of", "<input placeholder='ví dụ' style='color:#000;background:#fff'>"),
        # What lies under the words is no ancestor of theirs.
        (
            "contrast of 1.",
            "<div style='position:relative;height:50px'>"
            "<div style='position:absolute;inset:0;background:#111'></div>"
            "<span style='position:absolute;color:#222;pointer-events:none'>tối</span></div>",
        ),
        ("stands on a picture", "<p style='background:linear-gradient(#fff,#fff)'>hình</p>"),
    ],
    "edges": [("edge of", "<textarea style='border:1px solid #ccc'></textarea>")],
    "targets": [
        ("can be hit on", "<p>Xem <a href='#x'>kết quả</a></p>"),
        ("can be hit on", "<label>Có <input type='radio'></label>"),
    ],
    "fits": [
        ("moved sideways", "<p style='width:600px'>rộng</p>"),
        ("is cut off", "<p style='width:80px;overflow:hidden;white-space:nowrap'>một câu dài quá khổ</p>"),
        ("leave their box", "<p style='height:10px'>một câu cao hơn hộp của nó</p>"),
    ],
    "moves": [
        ("moves", "<p style='transition:color 1s'>chuyển</p>"),
        ("scrolls smoothly", "<div style='scroll-behavior:smooth'>trượt</div>"),
    ],
    "focus": [("does not show", "<a href='#x' autofocus style='outline:0'>ẩn</a>")],
}


@pytest.fixture
def page(browser):
    return browser.new_page(viewport={"width": 360, "height": 740})


@pytest.mark.parametrize(
    ("measure", "fault", "markup"),
    [(measure, fault, markup) for measure, cases in FAULTY.items() for fault, markup in cases],
)
def test_each_measure_finds_its_fault(page, measure, fault, markup):
    page.set_content(f"<!doctype html><html lang=vi><body style='background:#fff'>{markup}")
    audit.prepare(page)
    if measure == "focus":
        page.locator("[autofocus]").focus()
    assert fault in " ".join(audit.measure(page, measure))


def test_a_sound_page_has_no_fault_in_any_form(page):
    page.set_content(f"<!doctype html><html lang=vi><title>Trang</title><body>{SOUND}")
    assert audit.faults_of(page) == []


@pytest.mark.parametrize("faint", ["#666", "#888"], ids=["5.7:1", "3.5:1"])
def test_axe_finds_what_is_faint(page, faint):
    page.set_content(f"<main style='color:{faint};background:#fff'><p>nhạt</p></main>")
    assert any(fault.startswith("axe color-contrast-enhanced") for fault in audit.faults_of(page, n_by_axe=1))


def test_axe_takes_part(page):
    page.set_content("<!doctype html><html><title>Trang</title><main><h1>Trang</h1><img src='data:,'></main>")
    assert any(fault.startswith("axe image-alt") for fault in audit.faults_of(page))
