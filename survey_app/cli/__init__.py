"""The commands: `flask --app survey_app COMMAND`."""

from flask import Flask

from survey_app.cli import data, database, demo, invitations, jobs, prepare, serve, staff
from survey_app.cli.failing import start_named as start_named


def register(app: Flask) -> None:
    for commands in (serve, database, demo, staff, jobs, prepare, invitations, data):
        commands.register(app)
