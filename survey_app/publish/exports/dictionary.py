"""What the columns and codes of an export mean: one source for a second sheet and for a file beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from survey_app.models.campaign import Campaign
from survey_app.models.definition import Definition, Item, Option
from survey_app.models.plain_text import one_line
from survey_app.publish.exports.column_words import WORDS
from survey_app.publish.exports.dictionary_words import BASES, HEADER, NOTES, SAID
from survey_app.publish.exports.layout import NOT_ASKED_WORDS, WITHHELD_WORDS, Column, Layout

Line = tuple[str, str, str]  # column, what stands in its cells, what that means
Legend = Callable[[], Sequence[Line]]  # asked for once all rows are written: it says how many lack what


def dictionary(
    campaign: Campaign, layout: Layout, definitions: Mapping[int, Definition], counts: Mapping[str, int]
) -> list[Line]:
    """Say what a file holds; `counts` are those of its outcome."""
    language = layout.language
    latest = max(definitions.values(), key=lambda one: one.version)
    lines = [HEADER[language]]
    lines += [(SAID[language]["file"], "", text) for text in _of_file(campaign, layout, latest, counts)]
    fixed = layout.columns[: -len(layout.items)]
    lines += [(column.heading, "", WORDS[column.name][language][1]) for column in fixed]
    for column, item in layout.asked():
        lines += _of_item(column, item, layout, latest)
    return [(one, code, one_line(meaning)) for one, code, meaning in lines]


def _of_file(
    campaign: Campaign, layout: Layout, latest: Definition, counts: Mapping[str, int]
) -> Iterator[str]:
    language = layout.language
    said = SAID[language]
    yield f"{campaign.title_in(language)} ({campaign.code}). {said['row']}"
    yield BASES[language][campaign.sampling_basis]
    in_index = [column.heading for column, item in layout.asked() if item.counts_in_index]
    if in_index:
        item = next(item for item in layout.items.values() if item.counts_in_index)
        answers = [option for option in item.options if option.meaning == "answer"]
        satisfied = [option for option in answers if option.code in latest.index.satisfied]
        yield said["index"].format(
            items="; ".join(in_index),
            satisfied=_listed(satisfied, language),
            others=_listed([option for option in answers if option not in satisfied], language),
        )
    yield said["empty"].format(not_asked=NOT_ASKED_WORDS[layout.wording])
    if n_without := counts.get("n_without_items", 0):
        yield said["withheld"].format(n=n_without, withheld=WITHHELD_WORDS[layout.wording])
    if counts.get("n_drawn"):
        lacking = counts.get("n_without_weight", 0)
        words = said["lacking_weights"] if lacking else said["weights"]
        yield words.format(n=lacking, total=counts["n_drawn"])


def _of_item(column: Column, item: Item, layout: Layout, latest: Definition) -> Iterator[Line]:
    language = layout.language
    role = NOTES[language][item.reported_as or "apart"]
    yield column.heading, "", f"{item.text.in_language(language)} {role}"
    for option in item.options:
        label = option.label.in_language(language)
        cell = option.code if layout.wording == "codes" else label
        note = _note(option, item, latest, language)
        yield column.heading, cell, f"{label} ({note})" if note else label


def _note(option: Option, item: Item, latest: Definition, language: str) -> str:
    if option.meaning != "answer":
        return NOTES[language]["not_counted"] if item.reported_as else ""
    if item.reported_as == "share":
        return NOTES[language]["in_share"] if option.code in item.favourable else ""
    if item.reported_as:
        return NOTES[language]["satisfied" if option.code in latest.index.satisfied else "not_satisfied"]
    return ""


def _listed(options: Sequence[Option], language: str) -> str:
    return ", ".join(f"{option.code} {option.label.in_language(language)}" for option in options)
