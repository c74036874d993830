"""One office on one page: how it does, how sure that is, what to look at first. As the public may see it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from survey_app.jobs.typesetting import printable
from survey_app.publish.handover.annex import comparisons, line_of
from survey_app.publish.handover.changes import Said, shown_changes
from survey_app.publish.handover.wave import Place, Wave
from survey_app.publish.handover.words import (
    CLASSES,
    against_target,
    index_sentence,
    plain_words,
    range_name,
    value_range_n,
)
from survey_app.publish.shown.alike import Alike, like_offices
from survey_app.publish.shown.figure import ShownFigure
from survey_app.publish.shown.office import ClassResults, Part, lowest_first, office_results
from survey_app.web.charts import Scale, scale_for
from survey_app.web.formatting import day_text, percent_text, target_text

WEAKEST: Final = 5  # questions on the sheet
LONGEST_LABEL: Final = 150
STANDS: Final[Mapping[str, str]] = {
    "below": "Toàn bộ khoảng của đơn vị nằm dưới nhóm giữa của các đơn vị cùng loại.",
    "above": "Toàn bộ khoảng của đơn vị nằm trên nhóm giữa của các đơn vị cùng loại.",
    "within": "Khoảng của đơn vị chồng lên nhóm giữa của các đơn vị cùng loại: chưa đủ cơ sở để nói là khác.",
}


@dataclass(frozen=True)
class Known:
    """What is read once for all sheets."""

    verdicts: Mapping[tuple[str, str, int], Any]
    indices: Mapping[str, Mapping[int, Any]]
    changes: Mapping[tuple[int, str], Said]

    @classmethod
    def of(cls, session: Session, wave: Wave) -> "Known":
        return cls(
            comparisons(session, wave),
            {one: wave.indices(session, one) for one in wave.classes(session)},
            {(place.id, change.provenance): said for place, change, said in shown_changes(session, wave)},
        )


def sheets(
    session: Session, wave: Wave, office_ids: Collection[int], address: str
) -> Iterator[dict[str, Any]]:
    """Give the sheets of some offices by name, ready to be set; `address` is the service's."""
    known = Known.of(session, wave)
    for place in wave.places.values():
        if place.id in office_ids:
            yield _sheet(session, wave, place, known, address)


def _sheet(session: Session, wave: Wave, place: Place, known: Known, address: str) -> dict[str, Any]:
    classes = office_results(session, wave.publication, place.id, "vi")
    found, others = classes[0], classes[1:]
    index = found.index
    alike = like_offices(session, wave.publication, place.id, index, wave.publication.minimum_n)
    weakest = weakest_items(found)
    target = wave.publication.target
    scale = _scale(found, weakest, alike, target)
    change = known.changes.get((place.id, index.provenance))
    return {
        "office": printable(place.name),
        "parent": printable(_parent_name(wave, place)),
        "lead": index_sentence(index),
        "plain": plain_words(index),
        "target_sentence": _verdict(wave, place, index, known),
        "change": change.sentence if change else no_change(wave),
        "class": CLASSES[index.provenance],
        "others": [f"{CLASSES[one.provenance]}. {index_sentence(one.index)}" for one in others],
        "ticks": [{"x": share(scale, percent / 100), "label": f"{percent}%"} for percent in scale.percents],
        "target": {"x": share(scale, target), "label": f"Chỉ tiêu {target_text(target)}"},
        "band": _band(scale, alike),
        "groups": _groups(found, weakest, scale),
        "alike": _alike_words(alike) if place.then.parent else "",
        "interval": range_name(index),
        "address": f"{address.split('://')[-1]}/results/{wave.campaign.code}/{place.code}",
    }


def _parent_name(wave: Wave, place: Place) -> str:
    above = place.then.parent
    return next((one.name for one in wave.recipe.offices if one.code == above), "")


def weakest_items(found: ClassResults) -> tuple[Part, ...]:
    """Give the questions of the index with the lowest satisfaction, if anybody was not satisfied."""
    told = [part for part in found.items if part.figure.limits and not part.figure.n_all_satisfied]
    return lowest_first(told)[:WEAKEST]


def _verdict(wave: Wave, place: Place, index: ShownFigure, known: Known) -> str:
    key = (place.then.parent or "", index.provenance, place.id)
    if key not in known.verdicts:
        return ""
    line = line_of(wave, place, known.indices[index.provenance][place.id], known.verdicts[key])
    return against_target(line.verdict, wave.publication.target)


def _scale(found: ClassResults, weakest: Collection[Part], alike: Alike | None, target: float) -> Scale:
    limits = [found.index.limits, *(part.figure.limits for part in (*found.factors, *weakest))]
    whole = alike.parent.limits if alike and alike.parent else None
    return scale_for([*limits, whole], target)


def _groups(found: ClassResults, weakest: Collection[Part], scale: Scale) -> list[dict[str, Any]]:
    """Give the rows of the picture under their headings; a hidden one keeps its row and says so."""
    index = [row(Part("Chỉ số hài lòng", "", "", found.index, None), scale)]
    groups = [{"title": "", "rows": index}]
    if found.factors:
        title = "Các nhóm câu hỏi, thấp nhất trước"
        groups.append({"title": title, "rows": [row(part, scale) for part in lowest_first(found.factors)]})
    if weakest:
        title = f"{len(weakest)} câu hỏi có mức hài lòng thấp nhất"
        groups.append({"title": title, "rows": [row(part, scale) for part in weakest]})
    return groups


def row(part: Part, scale: Scale) -> dict[str, Any]:
    """Give a dot with its whisker, and the digits of the table beside it."""
    figure = part.figure
    label = f"{part.number}. {part.label}" if part.number else part.label
    if len(label) > LONGEST_LABEL:
        label = label[: LONGEST_LABEL - 1].rstrip() + "…"
    mark = [share(scale, limit) for limit in figure.limits] if figure.limits else None
    value, limits, n = value_range_n(figure)
    return {"label": printable(label), "mark": mark, "value": value, "range": limits, "n": n}


def share(scale: Scale, proportion: float) -> float:
    """Give the place on a scale, from 0 to 1."""
    return round(scale.share(proportion), 4)


def _band(scale: Scale, alike: Alike | None) -> list[float] | None:
    return None if alike is None else [share(scale, end) for end in alike.ends]


def _alike_words(alike: Alike | None) -> str:
    if alike is None:
        return "Không có dải so sánh: dưới 9 đơn vị cùng loại có số được nêu."
    return (
        f"{STANDS[alike.stands]} Dải xám: một nửa ở giữa trong chỉ số của {alike.n_offices} đơn "
        "vị khác cùng loại "
        f"thuộc {alike.parent_name} nằm trong khoảng {alike.range}, mỗi đơn vị còn có khoảng "
        "riêng. Đây không phải thứ hạng."
    )


def no_change(wave: Wave) -> str:
    """Say why no change is given."""
    if wave.recipe.earlier is None:
        return "Chưa có lần đo trước để so sánh."
    return "Không nêu thay đổi so với lần trước: một trong hai lần không có số được nêu."


def foot(wave: Wave) -> dict[str, Any]:
    """Give what stands on every sheet."""
    publication = wave.publication
    return {
        "title": printable(wave.campaign.title),
        "controller": printable(wave.campaign.controller_name),
        "demo": wave.campaign.is_demo,
        "period": f"Phiếu thu từ {day_text(publication.covers_from)} đến "
        f"{day_text(publication.covers_until)}",
        "published": f"Bản công bố số {publication.id}, chốt ngày {day_text(wave.published_on)}, "
        f"phương pháp phiên bản {publication.method_version}",
        "recipe": str(publication.recipe_id),
        "level": percent_text(publication.level, 0),
        "minimum": publication.minimum_n,
    }
