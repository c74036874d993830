"""What stands beside a total of dossiers, whoever writes: the sum of its fields."""

from datetime import date

from sqlalchemy import delete, select, update

from survey_app.models.office import ALL_FIELDS, DossierCount
from tests import factories

MONTH = date(2026, 3, 1)


def test_a_total_knows_the_sum_of_its_fields_through_every_change(database):
    """Fields come before their total or after it, change and go: their sum stands beside the total."""
    with database.transaction() as session:
        office_id = factories.office(session).id
        other = factories.dossier_count(session, office_id=office_id, month=date(2026, 4, 1)).month
        here = {"office_id": office_id, "month": MONTH}
        first, second = (factories.service_field(session).id for _ in range(2))

        def of_fields(month=MONTH):
            is_total = DossierCount.office_id == office_id, DossierCount.field_id == ALL_FIELDS
            return session.scalar(
                select(DossierCount.n_of_fields).where(*is_total, DossierCount.month == month)
            )

        factories.dossier_count(session, **here, field_id=first, n_settled=2_000_000_000)
        factories.dossier_count(session, **here, n_settled=100)
        assert of_fields() == 2_000_000_000
        factories.dossier_count(session, **here, field_id=second, n_settled=2_000_000_000)
        assert of_fields() == 4_000_000_000
        session.execute(update(DossierCount).where(DossierCount.field_id == first).values(n_settled=30))
        session.execute(update(DossierCount).where(DossierCount.field_id == ALL_FIELDS).values(n_settled=99))
        assert of_fields() == 2_000_000_030
        session.execute(delete(DossierCount).where(DossierCount.field_id == second))
        assert (of_fields(), of_fields(other)) == (30, None)
        session.execute(delete(DossierCount).where(DossierCount.field_id == first))
        assert of_fields() is None
