"""The tables of the annex: the digits of pages and of the open data, one column beside the other.

Cells are typed: numbers are numbers, in percent as pages round them and, further right, as
computed; to the public, weighted ones as pages round them.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import COUNTER, FACTOR, FIELD, INDEX, ITEM, WHOLE, part_of
from survey_app.models.definition import Definition
from survey_app.models.office import Counter, ServiceField
from survey_app.models.publication import Comparison, Distribution, Figure
from survey_app.publish.handover.annex_cells import exact_cells, percent, shown_cells
from survey_app.publish.handover.annex_columns import (
    CLASS,
    CODE,
    COMPARED,
    DOSSIERS,
    EXACT_COLUMNS,
    NAME,
    NOTES,
    SHOWN,
    Cell,
    Column,
    Row,
    Table,
)
from survey_app.publish.handover.annex_groups import groups_of_respondents
from survey_app.publish.handover.changes import shown_changes
from survey_app.publish.handover.wave import Place, Wave
from survey_app.publish.handover.words import HIDDEN, KINDS, VERDICTS
from survey_app.publish.parents.lines import Found, Index, Line
from survey_app.publish.shown.rounded import share_for_all
from survey_app.publish.suppression import is_suppressed


def tables(session: Session, wave: Wave) -> Iterator[Table]:
    """Give the tables of an edition; what pages show to staff alone is in the inner edition alone."""
    yield _offices(session, wave, "Đơn vị", "Chỉ số của từng đơn vị", wave.offices)
    yield _offices(
        session, wave, "Nhiều đơn vị gộp", "Chỉ số của các cấp trên, gộp mọi đơn vị trực thuộc", wave.parents
    )
    yield Table(
        "So sánh", "So với chỉ tiêu và với nhau, theo từng cấp trên", _COMPARISON, _compared(session, wave)
    )
    factors, items = _factors(wave.definition), _items(wave.definition)
    yield _parts(
        session, wave, "Nhóm câu hỏi", (Column("Nhóm câu hỏi", "text", "Nhóm câu hỏi", 36),), FACTOR, factors
    )
    yield _parts(session, wave, "Câu hỏi", _ITEM, ITEM, items)
    if wave.recipe.groups:
        yield groups_of_respondents(session, wave)
    yield Table("Thay đổi", "Thay đổi so với lần đo trước", _CHANGE, _changes(session, wave))
    yield Table("Từ điển", "Các câu hỏi và câu trả lời của phiếu", _DICTIONARY, _dictionary(wave.definition))
    if wave.edition == "inside":
        fields, counters = _field_names(session), _counter_labels(session)
        yield _index_by(
            session, wave, "Lĩnh vực", Column("Lĩnh vực", "text", "Lĩnh vực thủ tục", 30), FIELD, fields
        )
        yield _index_by(session, wave, "Quầy", Column("Quầy", "text", "Quầy phục vụ", 24), COUNTER, counters)
        yield Table("Câu trả lời", "Số câu trả lời theo từng mức", _SPREAD, _spread(session, wave))


def line_of(wave: Wave, place: Place, figure: Figure, found: Comparison | None) -> Line:
    """Lay an office out as in the table of its parent, hidden where this edition hides it."""
    values = {name: getattr(figure, name) for name in Index._fields}
    values["hidden_inside"] = "few" if is_suppressed(figure, wave.minimum) else None
    terms = (wave.publication.target, wave.publication.adjustment)
    compared = (
        Found(*terms, *(getattr(found, name) for name in Found._fields[len(terms) :])) if found else None
    )
    return Line(place.id, place.code, place.name, place.then.kind, Index(**values), compared)


def _offices(session: Session, wave: Wave, name: str, title: str, places: list[Place]) -> Table:
    above = (
        Column("Loại đơn vị", "text", "Cấp của đơn vị", 18),
        Column("Thuộc", "text", "Mã của cấp trên", 10),
    )
    columns = (CODE, NAME, *above, CLASS, *SHOWN, *DOSSIERS, *COMPARED, *EXACT_COLUMNS, *NOTES)
    return Table(name, title, columns, _rows_of_offices(session, wave, {place.id for place in places}))


def _rows_of_offices(session: Session, wave: Wave, office_ids: set[int]) -> Iterator[Row]:
    compared = comparisons(session, wave)
    for place, figure in wave.figures(session, Figure.measure == INDEX, Figure.breakdown == WHOLE):
        if place.id not in office_ids:
            continue
        shown = wave.shown(figure)
        line = line_of(
            wave, place, figure, compared.get((place.then.parent or "", figure.provenance, place.id))
        )
        yield (
            *(place.code, place.name, KINDS[place.then.kind], place.then.parent, figure.provenance),
            *shown_cells(shown, line.digits),
            figure.population_size,
            None if line.coverage_share is None else percent(line.coverage_share),
            *_found_cells(line),
            *exact_cells(figure, shown, wave.edition),
        )


def _found_cells(line: Line) -> Row:
    one = line.comparison
    if line.state == "suppressed" and one:
        return (HIDDEN,) * len(COMPARED)
    if line.state != "shown" or one is None:
        return (None,) * len(COMPARED)
    return (VERDICTS[one.verdict], one.best_rank, one.worst_rank, one.n_ranked, one.band)


def comparisons(session: Session, wave: Wave) -> dict[tuple[str, str, int], Comparison]:
    """Give what was found, by the parent's code, class and office."""
    query = select(Comparison).where(Comparison.publication_id == wave.publication.id)
    return {
        (wave.places[one.parent_id].code, one.provenance, one.office_id): one
        for one in session.scalars(query)
    }


_COMPARISON: Final = (
    *(
        Column("Mã cấp trên", "text", "Các đơn vị trực thuộc được so cùng lúc", 12),
        Column("Cấp trên", "text", "Tên cấp trên", 30),
    ),
    *(CODE, NAME, CLASS, *SHOWN, *COMPARED),
)


def _compared(session: Session, wave: Wave) -> Iterator[Row]:
    found = comparisons(session, wave)
    figures = {one: wave.indices(session, one) for one in {key[1] for key in found}}
    order = {office_id: number for number, office_id in enumerate(wave.places)}
    for parent_code, provenance, office_id in sorted(found, key=lambda key: (key[0], key[1], order[key[2]])):
        place, figure = wave.places[office_id], figures[provenance][office_id]
        line = line_of(wave, place, figure, found[parent_code, provenance, office_id])
        parent = wave.place_of[parent_code]
        labels = (parent.code, parent.name, place.code, place.name, provenance)
        yield (*labels, *shown_cells(wave.shown(figure), line.digits), *_found_cells(line))


def _parts(
    session: Session,
    wave: Wave,
    name: str,
    columns: tuple[Column, ...],
    prefix: str,
    labels: Mapping[str, Row],
) -> Table:
    """Give the parts of the index in the order of the form."""
    which = (Figure.measure.startswith(prefix), Figure.breakdown == WHOLE)

    def rows() -> Iterator[Row]:
        of_class = groupby(wave.figures(session, *which), key=lambda one: (one[0], one[1].provenance))
        for (place, provenance), found in of_class:
            figures = {part_of(figure.measure): figure for _, figure in found}
            for code in filter(figures.__contains__, labels):
                shown = wave.shown(figures[code])
                head = (place.code, place.name, provenance, *labels[code])
                yield (*head, *shown_cells(shown), *exact_cells(figures[code], shown, wave.edition))

    title = f"{name}: tỷ lệ hài lòng của từng đơn vị"
    return Table(name, title, (CODE, NAME, CLASS, *columns, *SHOWN, *EXACT_COLUMNS, *NOTES), rows())


def _factors(definition: Definition) -> dict[str, Row]:
    """Name those that pages show: of several questions."""
    return {
        one.code: (one.title.in_language("vi"),)
        for one in definition.factors
        if len(definition.items_of(one)) > 1
    }


_ITEM: Final = (
    Column("Số", "text", "Số của câu hỏi trong phiếu", 6),
    Column("Câu hỏi", "text", "Nguyên văn câu hỏi", 60),
    Column("Tính vào chỉ số", "text", "Có: nằm trong chỉ số; không: nêu riêng", 10),
)


def _items(definition: Definition) -> dict[str, Row]:
    return {
        item.code: (
            definition.numbers[item.code],
            item.text.in_language("vi"),
            "có" if item.counts_in_index else "không",
        )
        for item in definition.items
        if item.reported_as
    }


def _index_by(
    session: Session, wave: Wave, name: str, column: Column, prefix: str, names: dict[str, str]
) -> Table:
    which = (Figure.measure == INDEX, Figure.breakdown.startswith(prefix))

    def rows() -> Iterator[Row]:
        for place, figure in wave.figures(session, *which):
            shown, part = wave.shown(figure), part_of(figure.breakdown)
            head = (place.code, place.name, figure.provenance, names.get(part, part))
            yield (
                *head,
                *shown_cells(shown),
                figure.population_size,
                *exact_cells(figure, shown, wave.edition),
            )

    columns = (CODE, NAME, CLASS, column, *SHOWN, DOSSIERS[0], *EXACT_COLUMNS, *NOTES)
    return Table(name, f"Chỉ số theo {name.lower()}", columns, rows())


def _field_names(session: Session) -> dict[str, str]:
    return {one.code: one.name_in("vi") for one in session.scalars(select(ServiceField))}


def _counter_labels(session: Session) -> dict[str, str]:
    return {
        str(counter_id): label for counter_id, label in session.execute(select(Counter.id, Counter.label))
    }


_CHANGE: Final = (
    *(CODE, NAME, CLASS, Column("Lần trước", "text", "Lần đo được so", 34)),
    Column("Thay đổi (điểm %)", "percent", "Lần này trừ lần trước, điểm phần trăm", 12),
    Column("Từ", "percent", "Đầu dưới của khoảng tin cậy 95% của thay đổi"),
    Column("Đến", "percent", "Đầu trên của khoảng đó"),
    Column("Kết luận", "text", "Có đủ cơ sở để nói là tăng hay giảm không", 36),
    Column("n lần này", "number", "Số phiếu"),
    Column("n lần trước", "number", "Số phiếu"),
    *(
        Column(name, "exact", "Như trên (0–1); bản công khai làm tròn đến 0,001 với loại A", 14)
        for name in ("change", "standard_error", "low", "high")
    ),
)


def _changes(session: Session, wave: Wave) -> Iterator[Row]:
    for place, change, shown in shown_changes(session, wave):
        points: Row = (None, None, None)
        exact = (change.value, change.standard_error, change.low, change.high)
        if change.value is not None and change.low is not None and change.high is not None:
            points = tuple(percent(one, shown.digits) for one in (change.value, change.low, change.high))
        yield (
            *(place.code, place.name, change.provenance, shown.earlier, *points, shown.verdict),
            *(change.n_later, change.n_earlier),
            *(
                share if wave.edition == "inside" else share_for_all(change.provenance, share)
                for share in exact
            ),
        )


_SPREAD: Final = (
    *(CODE, NAME, CLASS, *_ITEM[:2]),
    Column("Mã", "text", "Mã của câu trả lời", 6),
    Column("Câu trả lời", "text", "Nguyên văn", 26),
    Column("Số câu trả lời", "number", "Đếm, không có quyền số; ẩn khi số của câu hỏi bị ẩn", 14),
)


def _spread(session: Session, wave: Wave) -> Iterator[Row]:
    of_wave = Distribution.publication_id == wave.publication.id
    counts = {
        (one.office_id, one.provenance): one.counts
        for one in session.scalars(select(Distribution).where(of_wave))
    }
    names = _items(wave.definition)
    for place, figure in wave.figures(session, Figure.measure.startswith(ITEM), Figure.breakdown == WHOLE):
        code = part_of(figure.measure)
        found = counts.get((place.id, figure.provenance), {}).get(code)
        if found is None or code not in names:
            continue
        is_hidden = wave.shown(figure).state == "suppressed"
        for option in wave.definition.item(code).options:
            if option.meaning == "answer":
                n: Cell = HIDDEN if is_hidden else found.get(option.code, 0)
                labels = (place.code, place.name, figure.provenance, *names[code][:2])
                yield (*labels, option.code, option.label.in_language("vi"), n)


_DICTIONARY: Final = (
    Column("Mã câu hỏi", "text", "Mã trong dữ liệu mở: item:mã", 12),
    *_ITEM[:2],
    Column("Nhóm câu hỏi", "text", "Nhóm mà câu hỏi thuộc về", 30),
    *_SPREAD[-3:-1],
    Column("Được tính là", "text", "Hài lòng, không hài lòng, hoặc không tính; trống: không nêu kết quả", 18),
)


def _dictionary(definition: Definition) -> Iterator[Row]:
    titles = {one.code: one.title.in_language("vi") for one in definition.factors}
    for item in definition.items:
        reading = definition.reading(item.code)
        head = (
            item.code,
            definition.numbers[item.code],
            item.text.in_language("vi"),
            titles.get(item.factor or ""),
        )
        for option in item.options:
            stored = item.positions[option.code]
            counted = (
                "hài lòng"
                if stored in reading.favourable
                else "không hài lòng"
                if stored in reading.valid
                else "không tính"
            )
            label = option.label.in_language("vi")
            yield (*head, option.code, label, counted if item.reported_as else None)
