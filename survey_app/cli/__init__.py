"""The commands: `flask --app survey_app COMMAND`."""

from flask import Flask

from survey_app.cli import (
    data,
    database,
    demo,
    fieldwork,
    frames,
    invitations,
    jobs,
    plans,
    prepare,
    publications,
    rehearsal,
    samples,
    serve,
    staff,
)
from survey_app.cli.failing import start_named as start_named


def register(app: Flask) -> None:
    for commands in (
        serve,
        database,
        demo,
        staff,
        jobs,
        prepare,
        plans,
        invitations,
        frames,
        fieldwork,
        samples,
        rehearsal,
        data,
        publications,
    ):
        commands.register(app)
