"""The factory: joins settings, database, rooms and error pages, and does nothing else.

Python runs this file before any other of the package, so what it joins is imported inside: a job
process that needs only the rows loads no web framework.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Blueprint, Flask

    from survey_app.accounts.home import FirstPage
    from survey_app.config import Settings
    from survey_app.web.context import Clock


def create_app(settings: "Settings | None" = None, clock: "Clock | None" = None) -> "Flask":
    from flask import Flask

    from survey_app import cli
    from survey_app.config import keep_private, read_settings
    from survey_app.db import Database
    from survey_app.web import (
        access,
        addresses,
        context,
        error_pages,
        formatting,
        headers,
        i18n,
        page_frame,
        uploads,
    )

    app = Flask(__name__)
    keep_private()
    with cli.start_named():
        settings = settings or read_settings()
        database = Database(settings.database_url, connections=settings.threads)
    app.secret_key = next(iter(settings.secrets), None)
    app.config["SECRET_KEY_FALLBACKS"] = list(settings.secrets[1:])
    app.extensions["settings"] = settings
    app.extensions["clock"] = clock or context.system_clock
    app.extensions["database"] = database
    parts = (addresses.know, i18n.speak, headers.protect, access.guard, uploads.bound, error_pages.register)
    for part in parts:
        part(app)
    for teach in (formatting.teach, page_frame.teach):
        teach(app)
    _open_rooms(app)
    cli.register(app)
    return app


def _open_rooms(app: "Flask") -> None:
    from flask_wtf import CSRFProtect

    from survey_app.collect.cases import routes as cases
    from survey_app.collect.reports import routes as reports
    from survey_app.collect.submission import routes as submission

    forgery_guard = CSRFProtect(app)
    for blueprint in (*_doors_of_citizens(), *_doors_of_accounts(), *_doors_of_staff()):
        app.register_blueprint(blueprint)
    for room in (submission, cases, reports):
        forgery_guard.exempt(room.blueprint)  # no cookie gives a right there: a signed key or a number does
    app.extensions["first_page"] = _first_page()


def _first_page() -> "FirstPage":
    """Bring together what rooms say there: none of them knows another."""
    from survey_app.accounts.home import FirstPage
    from survey_app.prepare.approvals.routes import waiting_for_decision
    from survey_app.publish.shown.in_a_line import indices_of
    from survey_app.review.routes import waiting_for_review

    return FirstPage(waiting=(waiting_for_review, waiting_for_decision), indices=indices_of)


def _doors_of_citizens() -> "Iterator[Blueprint]":
    from survey_app.collect import routes as collect
    from survey_app.collect.accessibility import routes as accessibility
    from survey_app.collect.audio import routes as audio
    from survey_app.collect.cases import routes as cases
    from survey_app.collect.reports import routes as reports
    from survey_app.collect.submission import routes as submission
    from survey_app.publish import routes as publish
    from survey_app.publish.open_data import routes as open_data

    for room in (collect, submission, cases, reports, audio, accessibility, publish, open_data):
        yield room.blueprint


def _doors_of_accounts() -> "Iterator[Blueprint]":
    from survey_app.accounts import routes as accounts
    from survey_app.accounts.audit import routes as audit
    from survey_app.accounts.oneself import routes as oneself
    from survey_app.accounts.people import routes as people
    from survey_app.accounts.second_factor import routes as second_factor

    for room in (accounts, second_factor, oneself, people, audit):
        yield room.blueprint


def _doors_of_staff() -> "Iterator[Blueprint]":
    from survey_app.jobs import routes as jobs
    from survey_app.prepare import routes as prepare
    from survey_app.prepare.approvals import routes as approvals
    from survey_app.prepare.campaigns import routes as campaigns
    from survey_app.prepare.dossiers import routes as dossiers
    from survey_app.prepare.fieldwork import routes as fieldwork
    from survey_app.prepare.frames import routes as frames
    from survey_app.prepare.frames.looks import routes as looks
    from survey_app.prepare.invitations import routes as invitations
    from survey_app.prepare.offices import routes as offices
    from survey_app.prepare.offices.changes import routes as office_changes
    from survey_app.prepare.plans import routes as plans
    from survey_app.prepare.plans.writing import routes as plan_writing
    from survey_app.prepare.samples import routes as samples
    from survey_app.prepare.screens import routes as screens
    from survey_app.publish.exports import routes as exports
    from survey_app.publish.handover import routes as handover
    from survey_app.publish.parents import routes as parents
    from survey_app.review import routes as review
    from survey_app.review.comments import routes as comments
    from survey_app.review.voiding import routes as voiding
    from survey_app.web import health

    of_campaigns = (campaigns, plans, plan_writing, frames, looks, fieldwork, samples)
    of_preparing = (prepare, invitations, screens, offices, office_changes, dossiers, approvals)
    of_reading = (jobs, exports, handover, parents, review, comments, voiding, health)
    for room in (*of_campaigns, *of_preparing, *of_reading):
        yield room.blueprint
