"""The annexes of a report: how it was measured. What is not known here is said as unknown."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from sqlalchemy.orm import Session

from survey_app.models.definition import Definition
from survey_app.models.frame import Frame
from survey_app.models.plan import Plan, addenda_of
from survey_app.models.plan_document import PlanDocument
from survey_app.models.recipe import CellThen, Recipe
from survey_app.models.sample import draw_in_force
from survey_app.publish.handover.about import INTERVAL, POOLED, TESTED
from survey_app.publish.handover.annex import tables
from survey_app.publish.handover.blocks import Block, Bullets, Grid, Heading, Paragraph
from survey_app.publish.handover.wave import Wave
from survey_app.publish.handover.words import BASES
from survey_app.web.formatting import count_text, day_text, percent_text, target_text, time_text

MOST_NAMED: Final = 20  # strata of one weighting cell; of more, the others are counted
VARIABLES: Final[Mapping[str, str]] = {
    "sex": "giới tính",
    "age_band": "nhóm tuổi",
    "field": "lĩnh vực",
    "channel": "hình thức nộp",
    "outcome": "kết quả theo hạn",
}
UNITS: Final[Mapping[str, str]] = {"office": "đơn vị", "cluster": "thôn, tổ dân phố", "dossier": "hồ sơ"}
METHODS: Final[Mapping[str, str]] = {
    "simple": "ngẫu nhiên đơn giản",
    "systematic": "hệ thống",
    "pps": "xác suất tỷ lệ với quy mô",
}


def method(session: Session, wave: Wave) -> Iterator[Block]:
    yield Heading("Phụ lục A. Phương pháp")
    yield from _population(session, wave)
    yield from _frame(session, wave)
    yield from _sample(wave)
    yield from _response(wave)
    yield from _weights(wave)
    yield from _estimation(wave)
    yield from _limits(wave)
    yield Heading("Phụ lục B. Bộ câu hỏi")
    yield from _questions(wave.definition)
    yield Heading("Phụ lục C. Công thức công bố")
    yield from _recipe(wave)
    yield Heading("Phụ lục D. Các bảng kèm theo")
    yield from _tables(session, wave)


def _population(session: Session, wave: Wave) -> Iterator[Block]:
    yield Heading("Đối tượng và kế hoạch", 2)
    plan, stored = wave.plan, session.get(Plan, wave.campaign.id)
    if plan is None or stored is None or stored.frozen_at is None:
        yield Paragraph(
            "Cuộc đo lường không có kế hoạch được chốt trước trong dịch vụ: không kiểm tra được "
            "quy tắc nào có trước và "
            "quy tắc nào có sau khi biết kết quả."
        )
        return
    yield Paragraph(
        f"{_population_of(plan)} Kế hoạch được chốt lúc {time_text(stored.frozen_at)}, mã băm bắt "
        f"đầu bằng {str(stored.hash)[:12]}."
    )
    addenda = addenda_of(session, wave.campaign.id)
    if addenda:
        yield Paragraph(f"Sau khi chốt có {count_text(len(addenda))} phụ lục:")
        yield Bullets([f"{time_text(one.written_at)}: {one.reason}" for one in addenda])


def _population_of(plan: PlanDocument) -> str:
    one = plan.population
    described = (one.described or "Kế hoạch không mô tả đối tượng bằng lời").rstrip(".")
    if one.settled_from and one.settled_until:
        return (
            f"{described} (hồ sơ giải quyết xong từ {day_text(one.settled_from)} đến "
            f"{day_text(one.settled_until)})."
        )
    return f"{described}."


def _frame(session: Session, wave: Wave) -> Iterator[Block]:
    yield Heading("Dàn chọn mẫu", 2)
    draw = draw_in_force(session, wave.campaign.id)
    frame = session.get(Frame, draw.frame_id) if draw else None
    if draw is None or frame is None:
        yield Paragraph(
            "Dàn chọn mẫu nằm ngoài dịch vụ này: không rõ danh sách gồm những hồ sơ nào, thiếu "
            "ai, và được cập nhật đến "
            "ngày nào."
        )
        return
    yield Paragraph(
        f"Danh sách {count_text(frame.n_units)} hồ sơ, nhập ngày {time_text(frame.imported_at)}, mã băm "
        f"bắt đầu bằng {frame.frame_hash[:12]}. Không nhận {count_text(frame.n_refused)} dòng "
        "trái quy tắc và "
        f"{count_text(frame.n_duplicates)} dòng lặp lại. Mẫu được chọn lúc "
        f"{time_text(draw.drawn_at)} (mã kiểm tra "
        f"bắt đầu bằng {draw.checksum[:12]}): {count_text(draw.n_main)} hồ sơ chính, "
        f"{count_text(draw.n_reserve)} hồ sơ dự phòng."
    )


def _sample(wave: Wave) -> Iterator[Block]:
    yield Heading("Mẫu", 2)
    cells = wave.recipe.cells
    yield Paragraph(f"{BASES[wave.campaign.sampling_basis]}.")
    if not cells:
        yield Paragraph("Không có mẫu được chọn: mọi phiếu là phiếu tự nguyện.")
        return
    n_strata = len({cell.stratum for cell in cells})
    units = {(cell.stratum, cell.psu) for cell in cells}
    by_stratum: dict[str, int] = {}
    for stratum, _ in units:
        by_stratum[stratum] = by_stratum.get(stratum, 0) + 1
    n_lone = sum(n == 1 for n in by_stratum.values())
    yield Paragraph(
        f"{count_text(n_strata)} tầng, {count_text(len(units))} đơn vị chọn mẫu cấp I; mỗi tầng có "
        f"{_from_to(min(by_stratum.values()), max(by_stratum.values()))} đơn vị."
        + (
            f" {count_text(n_lone)} tầng chỉ có một đơn vị: phương sai tính cả khoảng cách của nó "
            "đến chỉ số chung."
            if n_lone
            else ""
        )
    )
    if wave.plan and wave.plan.stages:
        yield Paragraph("Theo kế hoạch:")
        yield Bullets(
            [_stage(number, one.unit, one.method) for number, one in enumerate(wave.plan.stages, start=1)]
        )


def _from_to(low: int, high: int) -> str:
    return count_text(low) if low == high else f"từ {count_text(low)} đến {count_text(high)}"


def _stage(number: int, unit: str | None, how: str | None) -> str:
    return (
        f"Cấp {number}: chọn {UNITS.get(unit or '', 'không rõ')}, cách chọn "
        f"{METHODS.get(how or '', 'không rõ')}."
    )


def _response(wave: Wave) -> Iterator[Block]:
    yield Heading("Trả lời", 2)
    cells: tuple[CellThen, ...] = wave.recipe.cells
    units = [found for cell in cells if (found := getattr(cell, "units", None))]
    if not cells or len(units) < len(cells):
        yield Paragraph(
            "Không rõ tỷ lệ trả lời: dịch vụ chỉ nhận các phiếu đã trả lời, không biết đã hỏi "
            "bao nhiêu người và ai từ "
            "chối. Nếu người không trả lời khác người trả lời, kết quả lệch mà không thấy được ở đây."
        )
        return
    sums = {name: sum(getattr(one, name) for one in units) for name in units[0]._fields}
    asked = sums["respondents"] + sums["other_eligible"] + sums["unknown"]
    rate = percent_text(sums["respondents"] / asked) if asked else "không tính được"
    yield Paragraph(
        f"{count_text(sums['n_drawn'])} hồ sơ trong danh sách chính. Đã hỏi "
        f"{count_text(asked + sums['ineligible'])}: "
        f"{count_text(sums['respondents'])} trả lời, {count_text(sums['other_eligible'])} thuộc "
        "đối tượng nhưng không trả lời, "
        f"{count_text(sums['unknown'])} không rõ, {count_text(sums['ineligible'])} không thuộc "
        f"đối tượng. Tỷ lệ trả lời RR2 (AAPOR) {rate}: số trả lời trên số đã hỏi, trừ người không "
        "thuộc đối tượng; coi mọi trường hợp không rõ là thuộc đối tượng. Quyền số dùng tỷ lệ RR4, "
        "trong đó các trường hợp không rõ chỉ thuộc đối tượng theo tỷ lệ của những trường hợp đã rõ."
    )


def _weights(wave: Wave) -> Iterator[Block]:
    yield Heading("Quyền số và sai số", 2)
    if not wave.recipe.cells:
        yield Paragraph("Không có quyền số.")
        return
    weighting = getattr(wave.recipe, "weighting", None)
    if weighting is None:
        yield Paragraph(
            "Quyền số dùng như đã cho từng ô mẫu (tầng, đơn vị chọn mẫu). Nếu được đưa vào từ "
            "ngoài, dịch vụ không rõ chúng "
            "đã được hiệu chỉnh không trả lời hay theo tổng đã biết hay chưa; sai số coi chúng là cố định."
        )
        return
    is_drawn_here = all(getattr(cell, "units", None) for cell in wave.recipe.cells)
    items = [
        f"Hiệu chỉnh không trả lời trong các ô có ít nhất {count_text(weighting.smallest_cell)} "
        "phiếu (ô nhỏ hơn "
        "được gộp)."
        if is_drawn_here
        else "Không hiệu chỉnh không trả lời ở đây: mẫu được chọn ngoài dịch vụ, không rõ đã hỏi "
        "bao nhiêu người."
    ]
    for margin in weighting.margins:
        total = sum(n for _, n in margin.totals)
        name = VARIABLES.get(margin.variable, margin.variable)
        items.append(
            f"Khớp theo {name}: {count_text(len(margin.totals))} mức, tổng {count_text(round(total))}."
        )
    if weighting.trimmed_below or weighting.trimmed_above:
        items.append("Quyền số quá nhỏ hoặc quá lớn được cắt theo ngưỡng của kế hoạch.")
    yield Paragraph("Quyền số được làm từ quyền số ban đầu của từng ô mẫu, theo thứ tự:")
    yield Bullets(items)
    yield from _in_one_cell(wave.recipe)
    yield Paragraph(
        "Sai số tính đến việc khớp tổng; hệ số không trả lời, tổng đã biết và các ngưỡng cắt "
        "được coi là cố định."
    )


def _in_one_cell(recipe: Recipe) -> Iterator[Block]:
    """Name the strata whose weighting cells the draw joined into one.

    Only by the draw: whose cells few answers joined would tell which of the hidden figures are of few.
    """
    cells_of = defaultdict(set)
    for cell in recipe.cells:
        cells_of[cell.stratum].add(cell.weighting_cell)
    names = {one.code: one.name for one in recipe.offices}
    joined = [
        names.get(stratum, stratum) for stratum, cells in cells_of.items() if len(cells) == 1 and any(cells)
    ]
    if not joined:
        return
    rest = f" và {count_text(len(joined) - MOST_NAMED)} tầng khác" if len(joined) > MOST_NAMED else ""
    yield Paragraph(
        f"Ở {count_text(len(joined))} trong {count_text(len(cells_of))} tầng, mẫu nhỏ nên mọi ô đã gộp "
        "thành một khi chọn mẫu: hệ số không trả lời ở đó là một cho cả tầng, không phân biệt nhóm "
        "người. Đó là: "
        f"{'; '.join(joined[:MOST_NAMED])}{rest}."
    )


def _estimation(wave: Wave) -> Iterator[Block]:
    publication = wave.publication
    yield Heading("Chỉ số, khoảng và kiểm định", 2)
    yield Bullets(
        [
            POOLED,
            INTERVAL,
            TESTED,
            f"Chỉ tiêu {target_text(publication.target)}; độ tin cậy {percent_text(publication.level, 0)}.",
            f"Không nêu số có dưới {count_text(publication.minimum_n)} người trả lời, và những số "
            "mà từ đó suy ra được số ấy.",
        ]
    )


def _limits(wave: Wave) -> Iterator[Block]:
    yield Heading("Giới hạn", 2)
    limits = [
        "Khoảng tin cậy chỉ nói về sai số do chọn mẫu. Nó không nói về câu hỏi bị hiểu khác "
        "nhau, người trả lời ngại nói "
        "thật, hay dàn mẫu thiếu người.",
        "Nếu chính sự hài lòng quyết định ai trả lời, quyền số không sửa được độ lệch ấy.",
        "So nhiều đơn vị thì phải dùng kết luận và khoảng thứ hạng ở đây, không so hai số đứng riêng.",
        "Độ bao phủ là số phiếu trên số hồ sơ đã giải quyết trong các tháng có phiếu, không phải "
        "tỷ lệ trả lời.",
    ]
    if wave.recipe.earlier is None:
        limits.append("Chưa có lần đo trước: không nói được là tăng hay giảm.")
    yield Bullets(limits)


def _questions(definition: Definition) -> Iterator[Block]:
    titles = {one.code: one.title.in_language("vi") for one in definition.factors}
    rows = [
        [
            definition.numbers[item.code],
            item.text.in_language("vi"),
            titles.get(item.factor or "", "–"),
            "có" if item.counts_in_index else "không",
        ]
        for item in definition.items
        if item.reported_as
    ]
    satisfied = dict.fromkeys(
        option.label.in_language("vi")
        for item in definition.items
        if item.counts_in_index
        for option in item.options
        if option.code in definition.index.satisfied
    )
    title = definition.title.in_language("vi")
    yield Paragraph(f"{title}, phiên bản {definition.version}. Tính là hài lòng: {'; '.join(satisfied)}.")
    heads = ("Số", "Câu hỏi", "Nhóm", "Tính vào chỉ số")
    yield Grid("Các câu được nêu kết quả", heads, rows, n_words=4, shares=(0.07, 0.56, 0.24, 0.13))


def _recipe(wave: Wave) -> Iterator[Block]:
    publication = wave.publication
    yield Paragraph(
        "Mọi số trong báo cáo này theo từ các phiếu đã đếm và công thức dưới đây. Ai giữ cơ sở "
        "dữ liệu thì tính lại được sau "
        "nhiều năm bằng lệnh: "
        f"flask --app survey_app publication verify {publication.id}."
    )
    yield Grid(
        "Định danh",
        ("", ""),
        [
            ["Mã công thức", str(publication.recipe_id)],
            ["Mã băm dữ liệu", str(publication.data_hash)],
            ["Phiên bản phương pháp", publication.method_version],
            ["Bản công bố", f"số {publication.id}, chốt ngày {day_text(wave.published_on)}"],
        ],
        n_words=2,
        shares=(0.25, 0.75),
    )


def _tables(session: Session, wave: Wave) -> Iterator[Block]:
    yield Paragraph(
        "Mọi số ở dạng bảng nằm trong tệp bảng tính kèm bản công bố này (tên tệp bắt đầu bằng phu-luc), "
        "mỗi bảng một trang. "
        + (
            "Các nhóm người trả lời còn nằm ở trang kết quả của từng đơn vị trên mạng."
            if wave.recipe.groups
            else "Bản công bố này không có bảng nào theo nhóm người trả lời."
        )
    )
    rows = [[one.title, f"trang “{one.name}”"] for one in tables(session, wave)]
    yield Grid("Các bảng của tệp bảng tính", ("Bảng", "Ở đâu"), rows, n_words=2, shares=(0.65, 0.35))
