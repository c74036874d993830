"""The figures of a publication that the public may see, a few hundred at a time, for every form of file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import GROUP, INDEX, MONTH, WHOLE, group_name
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.levels import questions_by_group
from survey_app.models.office import BY_NAME, Office
from survey_app.models.publication import Figure, Publication
from survey_app.publish.shown.rounded import number_for_all
from survey_app.publish.suppression import forms_behind, is_suppressed

Value = str | int | float | None
Row = tuple[Value, ...]

HIDDEN: Final = "hidden"  # one mark, whether few answered or a neighbour could be worked out
ROWS_AT_ONCE = 500
NUMBERS: Final = {
    "estimate": "value",
    "standard_error": "standard_error",
    "df": "degrees_of_freedom",
    "low": "low",
    "high": "high",
    "interval_method": "interval_method",
    "t_low": "t_low",
    "t_high": "t_high",
    "n_people": "n_people",
    "n_answers": "n_answers",
    "effective_sample_size": "effective_sample_size",
    "population_size": "population_size",
    "n_predecessors": "n_predecessors",
}
HEADER: Final = (
    "campaign",
    "office_code",
    "office_name",
    "measure",
    "breakdown",
    *NUMBERS,
    "n_forms",
    "sampling_basis",
    "provenance",
    "level",
    "method_version",
    "publication_id",
    "publication_kind",
    "released_on",
    "reason",
)


@dataclass(frozen=True)
class Published:
    """A publication with its campaign, detached from any session."""

    campaign: Campaign
    publication: Publication

    @property
    def name(self) -> str:
        return f"{self.campaign.code}-{self.publication.id}"

    def rows(self, session: Session) -> Iterator[list[Row]]:
        """Give whole figures, by month and by group of respondents, offices in the order of their names."""
        for part in session.execute(self._figures()).partitions():
            yield [self._row(figure, code, name) for figure, code, name in part]

    def groups(self, session: Session) -> dict[str, dict[str, str]]:
        """Word the groups of respondents that frozen figures are broken down by."""
        if self.publication.kind == "running":
            return {}
        form = session.get_one(InstrumentVersion, self.publication.instrument_version_id).definition
        return {
            group_name(code, option.code): {one: option.label.in_language(one) for one in ("vi", "en")}
            for code in questions_by_group(form).values()
            for option in form.item(code).options
            if option.meaning == "answer"
        }

    def version(self, session: Session) -> str:
        """Name the content: it changes with every release, and with the publication."""
        return f"{self.publication.id}-{self.publication.revision}"

    def _figures(self) -> Select[Figure, str, str]:
        return (
            select(Figure, Office.code, Office.name)
            .join(Office, Office.id == Figure.office_id)
            .where(
                Figure.publication_id == self.publication.id,
                or_(
                    Figure.breakdown == WHOLE,
                    Figure.breakdown.startswith(MONTH),
                    Figure.breakdown.startswith(GROUP),
                ),
            )
            .order_by(
                *BY_NAME,
                Figure.provenance,
                Figure.measure,
                Figure.breakdown,
            )
            .execution_options(yield_per=ROWS_AT_ONCE)
        )

    def _row(self, figure: Figure, office_code: str, office_name: str) -> Row:
        is_hidden = is_suppressed(figure, self.publication.minimum_n)
        return (
            self.campaign.code,
            office_code,
            office_name,
            figure.measure,
            figure.breakdown,
            *(None if is_hidden else number_for_all(figure, column) for column in NUMBERS.values()),
            None if is_hidden else _n_forms(figure),
            figure.sampling_basis,
            figure.provenance,
            self.publication.level,
            self.publication.method_version,
            self.publication.id,
            self.publication.kind,
            figure.released_on.isoformat(),
            HIDDEN if is_hidden else figure.reason,
        )


def _n_forms(figure: Figure) -> int | None:
    return forms_behind(figure.n_respondents, figure.n_people) if figure.measure == INDEX else None
