"""The commands: `flask --app survey_app COMMAND`."""

from flask import Flask


def register(app: Flask) -> None:
    """Add the commands to the application."""
