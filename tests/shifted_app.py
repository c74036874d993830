"""The application with what only tests may change: its clock, and the size of its writer's batches."""

import os
from datetime import datetime, timedelta

from survey_app import create_app
from survey_app.collect import writer
from survey_app.web.context import system_clock

_ahead = timedelta(seconds=float(os.environ["CLOCK_AHEAD_SECONDS"]))
writer.LARGEST_BATCH = int(os.environ.get("LARGEST_BATCH", writer.LARGEST_BATCH))


def _shifted_clock() -> datetime:
    return system_clock() + _ahead


app = create_app(clock=_shifted_clock)
