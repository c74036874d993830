"""What stands in which column of the files that re-compute a publication, and what was asked: plain text."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from survey_app.models.definition import Definition, Item
from survey_app.models.plain_text import one_line
from survey_app.publish.handover.wave import Wave

Line = Sequence[Any]
COLUMNS = """\
sums.csv       one line an office and primary sampling unit, by class
  class        A: people drawn into the sample; B, C, D: whoever chose to answer (never pooled)
  measures     both: for all measures; else units of the index are a counter's day, of items an office's day
  office       code, see offices.csv
  psu          number of the unit, see design.csv
  n_forms      forms sent
  w, w_squared sums of the forms' weights, and of their squares
  valid_K      people who gave item K an answer that counts (K: column of measures.csv)
  w_valid_K    the sum of their weights
  w_satisfied_K  the sum of the weights of those who were satisfied
design.csv     all sampled units, also those in which nobody answered, and their strata, as numbers
measures.csv   which columns of sums.csv a measure adds up: index, factor:..., item:...
offices.csv    offices as they were then, with the code of the one above; a parent pools all below it
published.csv  what was published, also what is hidden from the public: compare, do not pass on
recompute.R    computes published.csv again from the others: Rscript recompute.R"""
COLUMNS_OF_RAKED = """\
raked_units.csv    weight (w) of each level raked to in each sampling unit, as raked, before any cut; levels
               are numbered, those of the largest variable first
raked_pairs.csv    the base weight that two levels have in common, or one with itself
raked_offices.csv  by office and level: forms, base weights (times the cut) of valid and satisfied answers"""
GROUPS = """\
Groups of respondents: the index of those who gave one answer to {questions}, class A alone. They are in the
annex and the open data (breakdown group:question:option), not in these files: sums.csv does not tell groups
apart. `publication verify` computes them again, with the differences from the largest group."""


class Files(NamedTuple):
    """The lines of each file, headers first, and how many sampling units are small."""

    tables: dict[str, list[Line]]
    n_small: int
    is_calibrated: bool


def codebook(wave: Wave, files: Files) -> str:
    return "\n".join(_lines(wave, files)) + "\n"


def _lines(wave: Wave, files: Files) -> Iterator[str]:
    publication = wave.publication
    yield f"{one_line(wave.campaign.title)} ({wave.campaign.code}), publication {publication.id}"
    yield f"recipe id: {publication.recipe_id}"
    yield f"data hash: {publication.data_hash}"
    yield f"method version: {publication.method_version}; level: {publication.level:g}"
    yield f"calibrated: {'yes' if files.is_calibrated else 'no'}"
    yield ""
    yield "NỘI BỘ. Không có câu trả lời của từng người, nhưng có tổng của từng đơn vị chọn mẫu."
    where = "sums.csv và raked_offices.csv" if files.is_calibrated else "sums.csv"
    yield f"{files.n_small} dòng của {where} có dưới 5 phiếu: không công bố, không chuyển cho người ngoài."
    if files.is_calibrated:
        yield "Quyền số đã khớp theo tổng: sai số là của phần dư sau khi hồi quy theo các mức đã khớp."
    yield ""
    yield COLUMNS
    if files.is_calibrated:
        yield COLUMNS_OF_RAKED
    if wave.recipe.shows_groups:
        yield GROUPS.format(questions=" and to ".join(one.question for one in wave.recipe.groups))
    yield ""
    yield (
        f"{one_line(wave.definition.title.in_language('vi'))}, {wave.definition.code} "
        f"{wave.definition.version}"
    )
    for item in wave.definition.items:
        yield from _item(wave.definition, item)


def _item(definition: Definition, item: Item) -> Iterator[str]:
    role = {"index": "in the index", "beside": "beside the index", "share": "a share"}.get(
        item.reported_as or "", "not reported"
    )
    yield ""
    yield (
        f"{item.code}  {definition.numbers[item.code]}. {one_line(item.text.in_language('vi'))} "
        f"[{role}; factor {item.factor or '-'}]"
    )
    reading = definition.reading(item.code)
    for option in item.options:
        stored = item.positions[option.code]
        counts = (
            "satisfied"
            if stored in reading.favourable
            else "valid"
            if stored in reading.valid
            else "not counted"
        )
        note = f" ({counts})" if item.reported_as else ""
        yield f"    {option.code} = {one_line(option.label.in_language('vi'))}{note}"
