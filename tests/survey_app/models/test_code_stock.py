"""What stands of an office's codes and counters, whoever writes: equal to what counting them anew gives."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint, CodeStock
from survey_app.models.office import Counter, Office
from tests import factories
from tests.factories import DAY

N_OFFICES = N_CAMPAIGNS = 2
STATES = {
    "n_working": AccessPoint.revoked_on.is_(None),
    "n_revoked": AccessPoint.revoked_on.is_not(None),
    "n_paused": AccessPoint.revoked_on.is_(None) & AccessPoint.paused_on.is_not(None),
    "n_at_counters": AccessPoint.revoked_on.is_(None)
    & (AccessPoint.way_in == "poster")
    & AccessPoint.counter_id.is_not(None),
    "n_at_whole": AccessPoint.revoked_on.is_(None)
    & (AccessPoint.way_in == "poster")
    & AccessPoint.counter_id.is_(None),
}


def kept(session):
    columns = (CodeStock.campaign_id, CodeStock.office_id, *(getattr(CodeStock, name) for name in STATES))
    return {tuple(row) for row in session.execute(select(*columns))}


def counted(session):
    place = (AccessPoint.campaign_id, AccessPoint.office_id)
    states = [func.count().filter(is_so) for is_so in STATES.values()]
    of_places = select(*place, *states).where(AccessPoint.way_in.in_(("poster", "screen"))).group_by(*place)
    return {tuple(row) for row in session.execute(of_places)}


def kept_counters(session):
    return dict(session.execute(select(Office.id, Office.n_counters)).all())


def counted_counters(session):
    of_office = select(func.count()).where(Counter.office_id == Office.id).scalar_subquery()
    return dict(session.execute(select(Office.id, of_office)).all())


class World:
    """Two offices with two counters each, two campaigns, and what is done to their codes, one act by one."""

    def __init__(self, session):
        self.session = session
        self.campaigns = [factories.campaign(session).id for _ in range(N_CAMPAIGNS)]
        self.offices = [factories.office(session).id for _ in range(N_OFFICES)]
        self.counters = [
            factories.counter(session, office_id=office_id).id for office_id in self.offices for _ in range(2)
        ]
        self.points = []

    def make(self, n):
        place = {"campaign_id": self.campaigns[n % 2], "office_id": self.offices[n // 2 % 2]}
        way_in = ("poster", "screen", "invitation", "poster")[n // 4 % 4]
        counter_id = self.counters[n // 16 % 4] if n // 64 % 2 else None
        point = factories.access_point(
            self.session, **place, way_in=way_in, counter_id=counter_id, paused_on=DAY if n % 5 == 0 else None
        )
        self.points.append(point.id)

    def set_day(self, n, name):
        day = None if n % 3 == 0 else DAY + timedelta(days=n % 3)
        self._change(n, **{name: day})

    def revoke(self, n):
        self.set_day(n, "revoked_on")

    def pause(self, n):
        self.set_day(n, "paused_on")

    def pause_all(self, n):
        of_campaign = AccessPoint.campaign_id == self.campaigns[n % 2]
        pausing = update(AccessPoint).where(of_campaign).values(paused_on=DAY if n // 2 % 2 else None)
        self.session.execute(pausing)

    def replace(self, n):
        self._change(n, revoked_on=DAY)
        self.make(n)

    def move(self, n):
        self._change(n, office_id=self.offices[n % 2], counter_id=self.counters[n % 4] if n % 3 else None)

    def merge(self, n):
        old, new = self.offices[n % 2], self.offices[(n + 1) % 2]
        self.session.execute(update(AccessPoint).where(AccessPoint.office_id == old).values(office_id=new))
        self.session.execute(update(Counter).where(Counter.office_id == old).values(office_id=new))

    def turn_into(self, n):
        self._change(n, way_in=("poster", "screen", "paper")[n % 3], campaign_id=self.campaigns[n % 2])

    def open(self, n):
        self._change(n, opened_until=DAY)

    def remove(self, n):
        point_id = self.points.pop(n % len(self.points)) if self.points else 0
        self.session.execute(delete(AccessPoint).where(AccessPoint.id == point_id))

    def remove_all(self, n):
        self.session.execute(delete(AccessPoint).where(AccessPoint.campaign_id == self.campaigns[n % 2]))
        self.points = list(self.session.scalars(select(AccessPoint.id).order_by(AccessPoint.id)))

    def remove_counter(self, n):
        id_ = self.counters[n % 4]
        self.session.execute(update(AccessPoint).where(AccessPoint.counter_id == id_).values(counter_id=None))
        self.session.execute(delete(Counter).where(Counter.id == id_))
        self.counters[n % 4] = factories.counter(self.session, office_id=self.offices[n // 4 % 2]).id

    def _change(self, n, **values):
        if self.points:
            of_one = AccessPoint.id == self.points[n // 7 % len(self.points)]
            self.session.execute(update(AccessPoint).where(of_one).values(**values))


ACTS = [name for name in vars(World) if not name.startswith("_") and name != "set_day"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 999)), min_size=5, max_size=30))
def test_stock_of_codes_is_what_counting_them_anew_gives(database, acts):
    """Made, paused, revoked, replaced, moved, merged, removed: in any order, one code or many at once."""
    with database.engine.connect() as connection, Session(connection) as session:  # none is kept
        world = World(session)
        for n in range(6):
            world.make(11 * n)
        for name, n in acts:
            getattr(world, name)(n)
            assert kept(session) == counted(session), name
            assert kept_counters(session) == counted_counters(session), name
