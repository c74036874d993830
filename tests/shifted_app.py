"""The application with what only tests may change: its clock, and limits of its own."""

import os
from datetime import datetime, timedelta

from survey_app import create_app
from survey_app.collect import writer
from survey_app.web import whole_requests
from survey_app.web.context import system_clock

_ahead = timedelta(seconds=float(os.environ["CLOCK_AHEAD_SECONDS"]))
for _module in (writer, whole_requests):
    for _limit in vars(_module).keys() & os.environ.keys():
        setattr(_module, _limit, type(vars(_module)[_limit])(os.environ[_limit]))


def _shifted_clock() -> datetime:
    return system_clock() + _ahead


app = create_app(clock=_shifted_clock)
