"""The commands: `flask --app survey_app COMMAND`."""

from flask import Flask

from survey_app.cli import data, database, demo, invitations, jobs, prepare, serve, staff


def register(app: Flask) -> None:
    for commands in (serve, database, demo, staff, jobs, prepare, invitations, data):
        commands.register(app)
