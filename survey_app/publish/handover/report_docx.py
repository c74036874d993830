"""A report as a Word document, from the same blocks. For jobs: python-docx and typst come with it."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from docx import Document
from docx.document import Document as AnyDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Mm, Pt, RGBColor
from docx.table import Table, _Row as TableRow
from docx.text.paragraph import Paragraph as WrittenParagraph

from survey_app.models.plain_text import one_line
from survey_app.publish.handover.blocks import Block, Bullets, Grid, Heading, Paragraph, Picture, Report
from survey_app.publish.handover.report_pdf import picture

TYPEFACE: Final = "Times New Roman"  # of official letters; every office has it
WIDTH: Final = Mm(170)
ACCENT, QUIET = RGBColor(0x00, 0x53, 0x4A), RGBColor(0x52, 0x52, 0x52)


def write(path: Path, report: Report) -> None:
    document = Document()
    _lay_out(document, report)
    _run(document.add_paragraph(), report.subtitle, QUIET)
    document.add_paragraph(one_line(report.title), style="Title")
    _table(document, Grid("", ("", ""), [list(pair) for pair in report.front], 2, (0.25, 0.75)))
    for block in report.blocks:
        _write(document, block)
    with path.open("wb") as file:
        document.save(file)


def _lay_out(document: AnyDocument, report: Report) -> None:
    document.core_properties.title = one_line(f"{report.title}: {report.subtitle}")
    document.core_properties.author = one_line(
        next(text for label, text in report.front if label == "Cơ quan chủ trì")
    )
    document.core_properties.language = "vi-VN"
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(20)
    sizes = {"Normal": 12, "Title": 24, "Heading 1": 15, "Heading 2": 13, "List Bullet": 12}
    for name, size in sizes.items():
        style = document.styles[name]
        style.font.name, style.font.size = TYPEFACE, Pt(size)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for kind in ("w:eastAsia", "w:cs", "w:hAnsi", "w:ascii"):
            fonts.set(qn(kind), TYPEFACE)
        for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(theme), None)
        if name not in {"Normal", "List Bullet"}:
            style.font.color.rgb = ACCENT
    _language(document.styles["Normal"].element.get_or_add_rPr())
    foot = section.footer.paragraphs[0]
    _run(foot, f"{report.foot} – trang", QUIET, 9)
    foot.add_run("\N{NO-BREAK SPACE}")
    _page_number(foot)


def _language(properties: Any) -> None:
    """Say to spelling checkers and screen readers that the text is Vietnamese."""
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "vi-VN")
    properties.append(language)


def _page_number(paragraph: WrittenParagraph) -> None:
    run = paragraph.add_run()
    run.font.size = Pt(9)
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._r.append(element)


def _write(document: AnyDocument, block: Block) -> None:
    match block:
        case Heading():
            document.add_heading(one_line(block.text), level=block.level)
        case Paragraph():
            _paragraph(document, block)
        case Bullets():
            for item in block.items:
                document.add_paragraph(one_line(item), style="List Bullet")
        case Grid():
            caption = _run(document.add_paragraph(), block.caption, None, 11)
            caption.bold = True
            document.paragraphs[-1].paragraph_format.keep_with_next = True
            _table(document, block)
        case Picture():
            _picture(document, block)


def _paragraph(document: AnyDocument, block: Paragraph) -> None:
    run = _run(document.add_paragraph(), block.text, QUIET if block.kind == "soft" else None)
    run.bold = block.kind == "lead"


def _run(
    paragraph: WrittenParagraph, text: str, color: RGBColor | None = None, size: int | None = None
) -> Any:
    run = paragraph.add_run(one_line(text))
    if color is not None:
        run.font.color.rgb = color
    if size is not None:
        run.font.size = Pt(size)
    return run


def _table(document: AnyDocument, grid: Grid) -> None:
    has_head = any(grid.heads)
    lines = [list(grid.heads), *grid.rows] if has_head else list(grid.rows)
    table = document.add_table(
        rows=len(lines), cols=len(grid.heads), style="Table Grid" if has_head else None
    )
    table.autofit = False
    shares = grid.shares or [1 / len(grid.heads)] * len(grid.heads)
    for column, share in zip(table.columns, shares, strict=True):
        column.width = Emu(int(WIDTH * share))
    # Each look at `table.rows[n]` counts from the first again.
    for number, (row, cells) in enumerate(zip(table.rows, lines, strict=True)):
        _fill(row, cells, shares, grid.n_words, is_head=has_head and number == 0)
    if has_head:
        _repeat_head(table)
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _fill(
    row: TableRow, cells: Sequence[str], shares: Sequence[float], n_words: int, *, is_head: bool
) -> None:
    for place, (cell, text, share) in enumerate(zip(row.cells, cells, shares, strict=True)):
        cell.width = Emu(int(WIDTH * share))
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(1)
        if place >= n_words:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        _run(paragraph, text, None, 10).bold = is_head


def _repeat_head(table: Table) -> None:
    """Print what heads a table again on each page that it reaches, and keep rows whole."""
    rows = list(table.rows)
    head = OxmlElement("w:tblHeader")
    head.set(qn("w:val"), "true")
    rows[0]._tr.get_or_add_trPr().append(head)
    for row in rows:
        whole = OxmlElement("w:cantSplit")
        row._tr.get_or_add_trPr().append(whole)


def _picture(document: AnyDocument, block: Picture) -> None:
    shape = document.add_picture(io.BytesIO(picture(block)), width=WIDTH)
    shape._inline.docPr.set("descr", one_line(block.says))
    document.paragraphs[-1].paragraph_format.keep_with_next = True
    _run(document.add_paragraph(), block.caption, QUIET, 10)
