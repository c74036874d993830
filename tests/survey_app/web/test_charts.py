"""Geometry of dot and whisker."""

import pytest
from hypothesis import given, strategies as st

from survey_app.web.charts import (
    LETTERS_A_LINE,
    TREND_BOTTOM,
    TREND_TOP,
    Measured,
    Moment,
    Scale,
    band_on,
    draw,
    draw_trend,
    scale_for,
    stack,
)

RANGES = st.tuples(*[st.floats(0, 1)] * 3).map(lambda ends: tuple(sorted(ends)))


def percent(place: str) -> float:
    return float(place.removesuffix("%"))


@given(st.lists(RANGES, min_size=1, max_size=5), st.one_of(st.none(), st.floats(0, 1)))
def test_every_range_and_the_target_fit_on_the_scale(
    ranges: list[tuple[float, float, float]], target: float
) -> None:
    scale = scale_for(ranges, target)
    assert 0 <= scale.start < scale.end <= 1
    assert scale.end - scale.start >= 0.2 - 1e-9
    for low, value, high in ranges:
        mark = scale.mark((low, value, high))
        assert mark is not None
        assert 7 <= percent(mark.low) <= percent(mark.value) <= percent(mark.high) <= 93
        assert scale.start <= low + 1e-6
        assert high <= scale.end + 1e-6
    assert 3 <= len(scale.ticks) <= 6


def test_a_scale_is_never_narrower_than_twenty_points() -> None:
    assert scale_for([(0.91, 0.92, 0.93)]) == Scale(0.8, 1.0)
    assert [tick.label for tick in scale_for([(0.91, 0.92, 0.93)]).ticks] == [
        "80%",
        "85%",
        "90%",
        "95%",
        "100%",
    ]


def test_a_scale_of_nothing_is_the_whole_one() -> None:
    assert scale_for([None]) == Scale(0.0, 1.0)


def test_places_are_shares_of_the_width() -> None:
    scale = Scale(0.5, 1.0)
    assert [scale.place(value) for value in (0.5, 0.75, 1.0)] == ["7.00%", "50.00%", "93.00%"]


def test_rows_do_not_overlap_and_long_labels_are_wrapped() -> None:
    long = "Trung tâm Phục vụ hành chính công " * 3
    shown = [
        Measured(long, "84,2%", (0.8, 0.842, 0.9)),
        Measured("Hai", "–", None),
        Measured("Ba", "1%", (0, 0, 0.1)),
    ]
    chart = draw("Hình", shown, scale_for([one.range for one in shown]))
    assert all(len(line.text) <= LETTERS_A_LINE for row in chart.rows for line in row.label)
    heights = [y for row in chart.rows for y in (*(line.y for line in row.label), row.digits.y, row.y)]
    assert heights == sorted(heights)
    assert chart.rows[1].mark is None
    assert chart.rows[-1].y < chart.axis_y < chart.height


def test_a_target_stands_where_its_value_is() -> None:
    shown = [Measured("Một", "84,2%", (0.8, 0.842, 0.9))]
    scale = scale_for([shown[0].range], 0.85)
    chart = draw("Hình", shown, scale, 0.85, "chỉ tiêu 85%")
    assert chart.target is not None
    assert chart.target.x == scale.place(0.85)
    assert draw("Hình", shown, scale).target is None


@pytest.mark.parametrize("target", [0.05, 0.97])
def test_the_scale_makes_room_for_a_distant_target(target: float) -> None:
    scale = scale_for([(0.5, 0.55, 0.6)], target)
    assert scale.start <= target <= scale.end


def test_a_trend_stands_upright_its_oldest_month_first() -> None:
    moments = [
        Moment("1", "2026", (0.5, 0.75, 1.0)),
        Moment("2", "", None),
        Moment("3", "", (0.6, 0.7, 0.8), is_open=True),
    ]
    chart = draw_trend("Hình", moments, Scale(0.5, 1.0))
    first, gap, last = chart.columns
    assert percent(first.x) < percent(gap.x) < percent(last.x) < 100
    middle = (TREND_TOP + TREND_BOTTOM) / 2
    assert (float(first.low), float(first.value), float(first.high)) == (TREND_BOTTOM, middle, TREND_TOP)
    assert [one.has_mark for one in chart.columns] == [True, False, True]
    assert [one.is_open for one in chart.columns] == [False, False, True]
    assert [level.label for level in chart.levels] == ["50%", "60%", "70%", "80%", "90%", "100%"]
    assert float(chart.levels[0].y) == TREND_BOTTOM < chart.axis_y + 1 < chart.height


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=6).filter(any))
def test_a_stack_fills_the_bar_without_a_gap(counts: list[int]) -> None:
    segments = stack([(count, f"t{place}") for place, count in enumerate(counts)])
    assert [one.tone for one in segments] == [f"t{place}" for place, count in enumerate(counts) if count]
    end = 0.0
    for one, count in zip(segments, filter(None, counts), strict=True):
        assert percent(one.x) == pytest.approx(end, abs=0.02)
        assert percent(one.width) == pytest.approx(100 * count / sum(counts), abs=0.01)
        end = percent(one.x) + percent(one.width)
    assert end == pytest.approx(100, abs=0.02)


def test_a_stack_of_nothing_is_empty() -> None:
    assert stack([(0, "t1"), (0, "t2")]) == ()


def test_a_band_lies_between_its_limits() -> None:
    band = band_on(Scale(0.5, 1.0), 0.6, 0.75)
    assert percent(band.x) == pytest.approx(7 + 86 * 0.2)
    assert percent(band.width) == pytest.approx(86 * 0.3)
