"""What was released: the sums behind the figures, the figures, and the publications that hold them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, exists, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from survey_app.models.access_point import PROVENANCE_CLASSES
from survey_app.models.base import Base, EpochDay, UtcDateTime, one_of
from survey_app.models.breakdown import WHOLE
from survey_app.models.campaign import SAMPLING_BASES

PUBLICATION_KINDS = ("running", "wave")
HIDDEN = ("few", "linked")  # too few answered; or hidden so that a neighbour cannot be worked out
IS_WHOLE_INDEX = text("measure = 'index' AND breakdown = ''")  # one figure of an office in some forty
VERDICTS = ("above", "below", "not_decided", "not_testable")


class Tally(Base):
    """Released counts of one point, day, instrument version and sample cell: they add up.

    `batch_day` is the day to which the batch was counted that released them, that of its last responses: a
    trend by months then changes by whole batches, and PSUs, of which an interval tells, hold whole batches.
    `counts` are zlib-packed little-endian uint32, one row of 16 (nibble values) per item, in the order of
    the definition. Unreleased responses are in no tally, so no figure can leak them.
    """

    __tablename__ = "tally"

    access_point_id: Mapped[int] = mapped_column(ForeignKey("access_point.id"), primary_key=True)
    day: Mapped[date] = mapped_column(EpochDay, primary_key=True)
    instrument_version_id: Mapped[int] = mapped_column(ForeignKey("instrument_version.id"), primary_key=True)
    cell_id: Mapped[int] = mapped_column(primary_key=True)  # 0: no drawn sample
    batch_day: Mapped[date] = mapped_column(EpochDay, primary_key=True)
    n_respondents: Mapped[int]
    counts: Mapped[bytes] = mapped_column(LargeBinary)


class ReturnedTally(Base):
    """Counts that left the figures because a response of the same batch was voided, and wait to come back.

    They come back with the next five new responses: alone, they would tell what was voided.
    """

    __tablename__ = "returned_tally"

    access_point_id: Mapped[int] = mapped_column(ForeignKey("access_point.id"), primary_key=True)
    day: Mapped[date] = mapped_column(EpochDay, primary_key=True)
    instrument_version_id: Mapped[int] = mapped_column(ForeignKey("instrument_version.id"), primary_key=True)
    cell_id: Mapped[int] = mapped_column(primary_key=True)
    n_respondents: Mapped[int]
    counts: Mapped[bytes] = mapped_column(LargeBinary)


class OfficeRelease(Base):
    """How many responses of an office and class its figures contain: the next release counts from here.

    A class of its own, because figures are kept per class: one answer of class B that came in a batch
    with four of class C would stand alone in the figure of class B. A batch that was counted and left to
    wait is noted in `n_looked_at`, so that it is counted again only when more has come.
    """

    __tablename__ = "office_release"
    __table_args__ = (one_of("provenance", PROVENANCE_CLASSES),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    provenance: Mapped[str] = mapped_column(primary_key=True)
    n_released: Mapped[int]
    n_looked_at: Mapped[int]  # how many had come, and stood, when a release last counted them
    n_voided: Mapped[int] = mapped_column(default=0)  # how many of the voided have left the figures
    n_voided_looked_at: Mapped[int] = mapped_column(default=0)  # how many had been voided by then
    released_on: Mapped[date | None]  # none: all that came still waits
    closed_on: Mapped[date | None]  # the closing release has looked at all that came


class Publication(Base):
    """A set of figures: running (one a campaign, overwritten) or frozen as a wave, and on what terms.

    Once a frozen one is sealed, triggers keep it and its figures as they are (migration 0005).
    """

    __tablename__ = "publication"
    __table_args__ = (
        one_of("kind", PUBLICATION_KINDS),
        CheckConstraint("kind <> 'running' OR sealed_at IS NULL", name="running_is_never_sealed"),
        Index("ix_publication_campaign_id", "campaign_id"),
        Index(
            "uq_publication_running",
            "campaign_id",
            unique=True,
            sqlite_where=text("kind = 'running'"),
            postgresql_where=text("kind = 'running'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    instrument_version_id: Mapped[int] = mapped_column(ForeignKey("instrument_version.id"))  # of its labels
    kind: Mapped[str]
    covers_from: Mapped[date]
    covers_until: Mapped[date]
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    method_version: Mapped[str]
    minimum_n: Mapped[int]  # fewer people: no figure in public
    target: Mapped[float]  # against which offices were tested
    level: Mapped[float]  # of all ranges and tests
    adjustment: Mapped[str]  # for the number of offices that were tested: "holm"
    revision: Mapped[int] = mapped_column(default=0)  # how often its figures were renewed
    # Of a frozen one: the SHA-256 of its snapshot, and of its recipe (`snapshot.py`, `recipe.py`).
    data_hash: Mapped[str | None]
    recipe_id: Mapped[str | None]
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("publication.id"))  # of the same campaign
    correction_reason: Mapped[str | None]
    what_changed: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    sealed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def state(self) -> tuple[object, ...]:
        """Name what it holds: figures that are renewed raise the revision, and triggers keep what is sealed.

        The removal of the demo takes its publications whole: SQLite may give the number of one again, but
        never its campaign's.
        """
        return self.campaign_id, self.id, self.revision, self.published_at, self.recipe_id


def is_frozen(session: Session, campaign_id: int) -> bool:
    """Whether figures of the whole campaign are sealed: later answers would make them untrue."""
    sealed = exists().where(
        Publication.campaign_id == campaign_id,
        Publication.kind == "wave",
        Publication.sealed_at.is_not(None),
    )
    return bool(session.scalar(select(sealed)))


def publications_of(session: Session, campaign_id: int) -> Sequence[Publication]:
    """Give what was published for good of a campaign: the one in force first, then what it corrects."""
    sealed = (Publication.campaign_id == campaign_id, Publication.sealed_at.is_not(None))
    return session.scalars(select(Publication).where(*sealed).order_by(Publication.id.desc())).all()


class Figure(Base):
    """One estimate with all that must stand beside it. Triggers keep those of a sealed publication."""

    __tablename__ = "figure"
    __table_args__ = (
        one_of("provenance", PROVENANCE_CLASSES),
        one_of("sampling_basis", SAMPLING_BASES),
        one_of("hidden_inside", HIDDEN),
        one_of("hidden_in_public", HIDDEN),
        CheckConstraint("(value IS NULL) = (reason IS NOT NULL)", name="has_a_value_or_a_reason"),
        CheckConstraint(
            "(value IS NULL) = (low IS NULL) AND (low IS NULL) = (high IS NULL)", name="has_its_range"
        ),
        CheckConstraint(
            "value IS NULL OR (0 <= low AND low <= value AND value <= high AND high <= 1)",
            name="lies_in_its_range",
        ),
        Index(
            "ix_figure_whole_index",
            # And what lists of all offices read, so that each is not looked up among all figures.
            *("publication_id", "provenance", "office_id", "value", "low", "high", "n_respondents"),
            *("n_people", "population_size", "effective_sample_size", "hidden_inside", "hidden_in_public"),
            sqlite_where=IS_WHOLE_INDEX,
            postgresql_where=IS_WHOLE_INDEX,
        ),
    )

    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    provenance: Mapped[str] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)  # index, a factor or an item (`breakdown.py`)
    breakdown: Mapped[str] = mapped_column(primary_key=True, default=WHOLE)  # month, counter, field or group
    value: Mapped[float | None]
    standard_error: Mapped[float | None]
    degrees_of_freedom: Mapped[int | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    t_low: Mapped[float | None]
    t_high: Mapped[float | None]
    interval_method: Mapped[str]
    n_respondents: Mapped[int]  # who sent a form
    n_people: Mapped[int]  # at least so many of them answered what is measured
    n_answers: Mapped[int]
    effective_sample_size: Mapped[float | None]
    population_size: Mapped[int | None]
    sampling_basis: Mapped[str]
    reason: Mapped[str | None]  # why there is no estimate
    released_on: Mapped[date]
    n_predecessors: Mapped[int] = mapped_column(default=0)  # former offices whose counts are pooled in it
    hidden_inside: Mapped[str | None]  # why staff do not see it
    hidden_in_public: Mapped[str | None]  # why the public does not


class Distribution(Base):
    """How often each option of each item was chosen in the whole of an office's released answers.

    Shown only where the item's figure is: what hides one hides the other.
    """

    __tablename__ = "distribution"
    __table_args__ = (one_of("provenance", PROVENANCE_CLASSES),)

    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    provenance: Mapped[str] = mapped_column(primary_key=True)
    counts: Mapped[dict[str, dict[str, int]]] = mapped_column(JSON)  # item code → option code → answers


class Change(Base):
    """How an office's index moved from one period to a later one, with its interval, as the release found it.

    `later` and `earlier` name periods as figures name their breakdowns ("month:2026-03", "quarter:2026-1");
    or both are "publication", of a wave and of the one before; or, in a wave, both name groups of
    respondents, the largest as `earlier`. Shown only where the figures of both are.
    """

    __tablename__ = "figure_change"
    __table_args__ = (
        one_of("provenance", PROVENANCE_CLASSES),
        CheckConstraint("(value IS NULL) = (reason IS NOT NULL)", name="has_a_value_or_a_reason"),
        CheckConstraint(
            "(value IS NULL) = (low IS NULL) AND (low IS NULL) = (high IS NULL)", name="has_its_range"
        ),
        CheckConstraint("value IS NULL OR (low <= value AND value <= high)", name="lies_in_its_range"),
        CheckConstraint(
            "(earlier = 'publication') = (later = 'publication')"
            " AND (earlier = 'publication') = (earlier_publication_id IS NOT NULL)",
            name="names_two_periods_or_two_publications",
        ),
    )

    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    provenance: Mapped[str] = mapped_column(primary_key=True)
    later: Mapped[str] = mapped_column(primary_key=True)
    earlier: Mapped[str]
    earlier_publication_id: Mapped[int | None] = mapped_column(ForeignKey("publication.id"))
    value: Mapped[float | None]
    standard_error: Mapped[float | None]
    degrees_of_freedom: Mapped[int | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    n_later: Mapped[int]  # forms sent
    n_earlier: Mapped[int]
    reason: Mapped[str | None]  # why there is no estimate


class Comparison(Base):
    """What a release found of an office among all below the same parent: against the target, and its ranks.

    All offices of a parent and class are tested at once, so verdicts hold also for who looks at all of them.
    Ranks are there for drawn samples alone, as a range, with the band of offices that cannot be told apart.
    An office whose figure staff do not see takes no part.
    """

    __tablename__ = "comparison"
    __table_args__ = (
        one_of("provenance", PROVENANCE_CLASSES),
        one_of("verdict", VERDICTS),
        CheckConstraint(
            "(best_rank IS NULL) = (worst_rank IS NULL) AND (worst_rank IS NULL) = (n_ranked IS NULL)"
            " AND (n_ranked IS NULL) = (band IS NULL)",
            name="has_all_of_its_rank",
        ),
        CheckConstraint("best_rank IS NULL OR provenance = 'A'", name="ranks_drawn_samples_alone"),
        {"sqlite_with_rowid": False},
    )

    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"), primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    provenance: Mapped[str] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    verdict: Mapped[str]
    best_rank: Mapped[int | None]
    worst_rank: Mapped[int | None]
    n_ranked: Mapped[int | None]
    band: Mapped[int | None]
