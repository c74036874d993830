"""The first report of a wave, in Vietnamese: what was found, how sure it is, how it was measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from survey_app.models.publication import Comparison, Figure
from survey_app.publish.handover.about import measured_in
from survey_app.publish.handover.annex import comparisons, line_of
from survey_app.publish.handover.blocks import Block, Bullets, Grid, Heading, Paragraph, Picture, Report
from survey_app.publish.handover.caterpillar import caterpillar
from survey_app.publish.handover.changes import Said, shown_changes
from survey_app.publish.handover.method import method
from survey_app.publish.handover.sheet import no_change, weakest_items
from survey_app.publish.handover.wave import Place, Wave
from survey_app.publish.handover.words import (
    CLASSES,
    HIDDEN,
    VERDICTS,
    index_sentence,
    plain_words,
    value_range_n,
)
from survey_app.publish.parents.lines import Line
from survey_app.publish.shown.figure import ShownFigure
from survey_app.publish.shown.office import ClassResults, Part, lowest_first, office_results
from survey_app.web.formatting import count_text, day_text, target_text

RANKED = "A"  # the class whose figures bear the report; others stand beside
RANKS = (
    "Thứ hạng là một khoảng: đơn vị có thể đứng ở bất kỳ hạng nào trong khoảng này; các khoảng đúng đồng "
    "thời với độ tin cậy 95%. Nhóm: các đơn vị cùng số chưa đủ cơ sở để phân biệt với đơn vị đầu nhóm; "
    "khác số chưa hẳn là khác nhau, hãy đọc khoảng thứ hạng."
)
HEADS = ("Hài lòng", "Khoảng 95%", "n")


@dataclass(frozen=True)
class Found:
    """What the report is written from, read once."""

    wave: Wave
    provenance: str  # of the main part
    others: Sequence[str]
    indices: dict[int, Figure]
    compared: dict[tuple[str, str, int], Comparison]
    changes: dict[int, Said]
    _below: dict[int, list[Line]] = field(default_factory=dict)  # by parent, each laid out once

    @classmethod
    def of(cls, session: Session, wave: Wave) -> "Found":
        classes = list(wave.classes(session))
        main = RANKED if RANKED in classes else next(iter(classes), RANKED)
        changes = shown_changes(session, wave)
        return cls(
            wave,
            main,
            [one for one in classes if one != main],
            wave.indices(session, main),
            comparisons(session, wave),
            {place.id: said for place, change, said in changes if change.provenance == main},
        )

    def shown(self, place: Place) -> ShownFigure | None:
        figure = self.indices.get(place.id)
        return self.wave.shown(figure) if figure else None

    def lines_below(self, parent: Place) -> list[Line]:
        """Lay out the offices below a parent that have a figure."""
        if parent.id not in self._below:
            found = ((place, self.indices.get(place.id)) for place in self.wave.below(parent))
            self._below[parent.id] = [
                line_of(self.wave, place, figure, self.compared.get((parent.code, self.provenance, place.id)))
                for place, figure in found
                if figure
            ]
        return self._below[parent.id]


def report_of(session: Session, wave: Wave) -> Report:
    """Write the report of the public edition: it may be passed on."""
    found, publication = Found.of(session, wave), wave.publication
    front = [
        ("Phạm vi đo", measured_in(wave)),
        ("Nguồn phiếu", CLASSES[found.provenance]),
        ("Cơ quan chủ trì", wave.campaign.controller_name),
        (
            "Thời gian thu phiếu",
            f"{day_text(publication.covers_from)} đến {day_text(publication.covers_until)}",
        ),
        ("Bản công bố", f"số {publication.id}, chốt ngày {day_text(wave.published_on)}"),
        ("Mã công thức", str(publication.recipe_id)),
    ]
    if wave.campaign.is_demo:
        front.insert(0, ("Lưu ý", "Dữ liệu minh họa, không phải đơn vị thật."))
    if publication.correction_reason:
        text = f"Thay bản công bố số {publication.corrects_id}. Lý do: {publication.correction_reason}"
        front.append(("Đính chính", text))
    foot = (
        f"{wave.campaign.title}. Bản công bố số {publication.id}, mã công thức "
        f"{str(publication.recipe_id)[:12]}…"
    )
    blocks = [*_results(session, found), *method(session, wave)]
    return Report("Báo cáo kết quả bước đầu", wave.campaign.title, front, foot, blocks)


def _results(session: Session, found: Found) -> Iterator[Block]:
    tops = [place for place in found.wave.tops if place.id in found.indices]
    results = {place.id: _class_of(session, found, place) for place in tops}
    yield Heading("1. Tóm tắt")
    for place in tops:
        yield from _summary(found, place, results[place.id])
    # One top alone leaves room on the first page, which the picture fills; several fill it with words.
    first = tops[0] if len(tops) == 1 and tops[0].is_parent else None
    yield from _picture(found, first) if first else ()
    yield from _how_to_read()
    yield Heading("2. Kết quả chung")
    yield from _together(found)
    yield Heading("3. Kết quả từng đơn vị")
    if any(one.band is not None for one in found.compared.values()):
        yield Paragraph(RANKS)
    for parent in found.wave.parents:
        yield Heading(parent.name, 2)
        yield from _picture(found, parent) if parent != first else ()
        yield from _offices_of(found, parent)
    if not found.wave.parents:
        yield Paragraph("Cuộc đo lường không có cấp trên nào gộp nhiều đơn vị.")
    yield Heading("4. Nhóm câu hỏi")
    for place in tops:
        yield from _factors(place, results[place.id])
    yield Heading("5. Nên cải thiện trước")
    yield from _to_mend(found, tops, results)
    yield Heading("6. Thay đổi so với lần đo trước")
    yield from _changes(found)
    if found.others:
        yield Heading("7. Phiếu ngoài mẫu")
        yield from _other_classes(session, found, tops)


def _class_of(session: Session, found: Found, place: Place) -> ClassResults:
    classes = office_results(session, found.wave.publication, place.id, "vi")
    return next(one for one in classes if one.provenance == found.provenance)


def _summary(found: Found, place: Place, results: ClassResults) -> Iterator[Block]:
    yield Paragraph(f"{place.name}. {index_sentence(results.index)}", "lead")
    items = [plain_words(results.index)]
    items.append(_verdicts(found, place) if place.is_parent else "")
    change = found.changes.get(place.id)
    items.append(change.sentence if change else no_change(found.wave))
    lowest = next(iter(lowest_first([part for part in results.factors if part.figure.limits])), None)
    if lowest:
        items.append(f"Nhóm câu hỏi thấp nhất: {lowest.label}, {_said(lowest)}.")
    if results.look_first:
        items.append(f"Câu hỏi thấp nhất: {results.look_first.label}, {_said(results.look_first)}.")
    yield Bullets([item for item in items if item])


def _verdicts(found: Found, parent: Place) -> str:
    """Count the offices on each side of the target; those whose figure is not shown are counted apart."""
    lines = found.lines_below(parent)
    counts = {verdict: sum(line.verdict == verdict for line in lines) for verdict in VERDICTS}
    n_hidden = sum(line.state == "suppressed" for line in lines)
    n_without = (
        len(found.wave.below(parent)) - len(lines) + sum(line.state == "not_estimable" for line in lines)
    )
    said = [
        f"{count_text(counts['above'])} đơn vị đủ cơ sở để nói là cao hơn",
        f"{count_text(counts['below'])} đơn vị đủ cơ sở để nói là thấp hơn",
        f"{count_text(counts['not_decided'])} đơn vị chưa đủ cơ sở",
    ]
    if n_hidden:
        said.append(f"{count_text(n_hidden)} đơn vị không nêu vì ít phiếu hoặc để không suy ngược")
    if n_without:
        said.append(f"{count_text(n_without)} đơn vị không ước tính được")
    return f"So với chỉ tiêu {target_text(found.wave.publication.target)}: {'; '.join(said)}."


def _said(part: Part) -> str:
    return f"{part.figure.value} hài lòng ({part.figure.range})"


def _how_to_read() -> Iterator[Block]:
    yield Paragraph(
        "Mỗi số đi kèm một khoảng. Hai khoảng chồng lên nhau nhiều thì chưa đủ cơ sở để nói hai đơn vị khác "
        "nhau; báo cáo này không xếp đơn vị thành danh sách từ nhất đến cuối. Thứ hạng, nếu có, là một "
        "khoảng.",
        "soft",
    )


def _together(found: Found) -> Iterator[Block]:
    places = found.wave.parents or found.wave.offices
    has_dossiers = any(one.population_size for one in found.indices.values())
    rows = []
    for place in places:
        figure = found.indices.get(place.id)
        if figure:
            shown = found.wave.shown(figure)
            n_offices = len([one for one in found.wave.below(place) if one.id in found.indices])
            rows.append(
                [
                    place.name,
                    count_text(n_offices) if place.is_parent else "–",
                    *value_range_n(shown),
                    *((coverage(shown),) if has_dossiers else ()),
                ]
            )
    yield Grid(
        f"Chỉ số hài lòng, {CLASSES[found.provenance].lower().replace('loại a', 'loại A')}",
        ("", "Số đơn vị", *HEADS, *(("Hồ sơ (độ bao phủ)",) if has_dossiers else ())),
        rows,
        shares=(0.3, 0.11, 0.12, 0.17, 0.1, 0.2) if has_dossiers else (0.44, 0.14, 0.14, 0.18, 0.1),
    )
    if not has_dossiers and found.provenance == RANKED and found.wave.recipe.cells:
        yield Paragraph(
            "Không nêu độ bao phủ: với mẫu được chọn, tỷ lệ trả lời ở Phụ lục A đứng thay.",
            "soft",
        )


def coverage(shown: ShownFigure) -> str:
    if not shown.population:
        return "chưa biết"
    return f"{shown.population} ({shown.coverage})" if shown.coverage else shown.population


def _picture(found: Found, parent: Place) -> Iterator[Picture]:
    picture = caterpillar(found.lines_below(parent), found.wave.publication.target, parent.name)
    if picture:
        yield picture


def _offices_of(found: Found, parent: Place) -> Iterator[Block]:
    lines = found.lines_below(parent)
    if not lines:
        yield Paragraph("Không có đơn vị trực thuộc nào có số liệu.")
        return
    has_ranks = any(line.rank for line in lines)
    ranked = ("Thứ hạng", "Nhóm") if has_ranks else ()
    rows = [
        [
            line.name,
            *((line.value, line.range, line.n) if line.state == "shown" else _silent(line)),
            VERDICTS.get(line.verdict, "–"),
            *((line.rank or "–", str(line.band or "–")) if has_ranks else ()),
        ]
        for line in lines
    ]
    yield Grid(
        f"Các đơn vị thuộc {parent.name}, theo tên",
        ("Đơn vị", *HEADS, "So với chỉ tiêu", *ranked),
        rows,
        shares=(0.32, 0.1, 0.14, 0.08, 0.17, 0.1, 0.09) if has_ranks else (0.42, 0.12, 0.18, 0.1, 0.18),
    )


def _silent(line: Line) -> tuple[str, str, str]:
    return (HIDDEN,) * 3 if line.state == "suppressed" else ("–", "không ước tính được", line.n)


def _factors(place: Place, results: ClassResults) -> Iterator[Block]:
    if not results.factors:
        yield Paragraph(f"{place.name}: bộ câu hỏi không chia nhóm.")
        return
    rows = [[part.label, *value_range_n(part.figure)] for part in results.factors]
    yield Grid(f"Nhóm câu hỏi, {place.name}", ("Nhóm câu hỏi", *HEADS), rows, shares=(0.52, 0.14, 0.2, 0.14))


def _to_mend(found: Found, tops: Sequence[Place], results: dict[int, ClassResults]) -> Iterator[Block]:
    yield Paragraph(
        "Các câu hỏi có mức hài lòng thấp nhất là nơi nên xem trước. Thấp nhất không có nghĩa là nguyên "
        "nhân: nên đọc ý kiến và xem lại cách làm trước khi quyết định."
    )
    for place in tops:
        weakest = weakest_items(results[place.id])
        if weakest:
            rows = [[f"{part.number}. {part.label}", *value_range_n(part.figure)] for part in weakest]
            caption = f"Câu hỏi có mức hài lòng thấp nhất, {place.name}"
            yield Grid(caption, ("Câu hỏi", *HEADS), rows, shares=(0.6, 0.12, 0.17, 0.11))
    below = [
        line.name
        for parent in found.wave.parents
        for line in found.lines_below(parent)
        if line.verdict == "below"
    ]
    if below:
        yield Paragraph("Các đơn vị đủ cơ sở để nói là thấp hơn chỉ tiêu, theo tên:")
        yield Bullets(list(dict.fromkeys(below)))


def _changes(found: Found) -> Iterator[Block]:
    told = [(found.wave.places[office_id], said) for office_id, said in found.changes.items() if said.value]
    if not told:
        yield Paragraph(no_change(found.wave))
        return
    rows = [
        [place.name, said.value, said.range, f"{said.n_earlier} → {said.n_later}", said.verdict]
        for place, said in told
    ]
    yield Grid(
        f"Thay đổi so với {told[0][1].earlier}, điểm phần trăm",
        ("Đơn vị", "Thay đổi", "Khoảng 95%", "n", "Kết luận"),
        rows,
        shares=(0.3, 0.11, 0.22, 0.13, 0.24),
    )


def _other_classes(session: Session, found: Found, tops: Sequence[Place]) -> Iterator[Block]:
    yield Paragraph(
        "Những phiếu này do người trả lời tự gửi hoặc do cán bộ nhập, không qua chọn mẫu; khoảng của chúng "
        "là khoảng ước tính theo mô hình, không phải sai số chọn mẫu. Chúng đứng cạnh, không gộp vào kết quả "
        "trên."
    )
    for provenance in found.others:
        indices = found.wave.indices(session, provenance)
        rows = [
            [place.name, *value_range_n(found.wave.shown(indices[place.id]))]
            for place in tops
            if place.id in indices
        ]
        yield Grid(CLASSES[provenance], ("", *HEADS), rows, shares=(0.52, 0.14, 0.2, 0.14))
