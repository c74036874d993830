"""The commands: `flask --app survey_app COMMAND`."""

from flask import Flask

from survey_app.cli import data, database, demo, jobs, prepare, serve, staff


def register(app: Flask) -> None:
    for commands in (serve, database, demo, staff, jobs, prepare, data):
        commands.register(app)
