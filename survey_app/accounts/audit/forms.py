"""What the audit page is asked for, and the words for acts."""

from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from survey_app.models.days import read_day
from survey_app.models.plain_text import one_line
from survey_app.models.vietnamese import sort_key
from survey_app.web.addresses import row_id
from survey_app.web.paging import typed_search


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """The filters as typed; what is no day and no number of a line is left out."""

    act: str
    username: str
    office: str
    first_day: date | None
    last_day: date | None
    before: int | None

    @classmethod
    def read(cls, fields: MultiDict[str, str]) -> "AuditRequest":
        before = row_id(fields.get("before", ""))
        return cls(
            act=one_line(typed_search(fields, "act")),
            username=typed_search(fields, "person"),
            office=typed_search(fields, "office"),
            first_day=read_day(fields.get("from", "")),
            last_day=read_day(fields.get("until", "")),
            before=before or None,
        )

    def kept(self) -> dict[str, str | None]:
        """Give the filters for the address of another page of the same lines."""
        return {
            "act": self.act or None,
            "person": self.username or None,
            "office": self.office or None,
            "from": self.first_day.isoformat() if self.first_day else None,
            "until": self.last_day.isoformat() if self.last_day else None,
        }


def act_names() -> dict[str, str]:
    """Name every act that the service writes, by its words; a test compares it with the sources."""
    names = _of_people() | _of_offices() | _of_campaigns() | _of_samples()
    return dict(sorted(names.items(), key=lambda name: sort_key(name[1])))


def _of_people() -> dict[str, str]:
    return {
        "account.password": _("changed their own password"),
        "account.second_factor": _("set up a second factor"),
        "account.phone": _("took the second factor off the old phone"),
        "account.recovery_code": _("signed in by a recovery code"),
        "account.recovery_codes": _("made new recovery codes"),
        "account.reset": _("chose a password by a link"),
        "account.sign_out": _("signed out everywhere"),
        "people.create": _("made an account"),
        "people.grant": _("gave a role"),
        "people.end_grant": _("ended a role"),
        "people.disable": _("disabled an account"),
        "people.enable": _("enabled an account"),
        "people.sign_out": _("ended the sessions of an account"),
        "people.reset_link": _("made a link to a new password"),
    }


def _of_offices() -> dict[str, str]:
    return {
        "counters.add": _("added a counter"),
        "counters.change": _("changed a counter"),
        "dossiers.import": _("imported dossier counts"),
        "dossiers.set": _("entered dossier counts"),
        "dossiers.withdraw": _("withdrew the dossier counts of a month"),
        "fields.add": _("added a service field"),
        "offices.create": _("created an office"),
        "instruments.publish": _("published a form"),
        "offices.end": _("ended an office"),
        "offices.import": _("imported offices"),
        "offices.merge": _("merged offices"),
        "offices.move": _("moved an office"),
        "offices.rename": _("renamed an office"),
        "offices.split": _("split an office"),
    }


def _of_campaigns() -> dict[str, str]:
    return {
        "approvals.ask": _("asked for an approval"),
        "approvals.approved": _("approved a request"),
        "approvals.refused": _("refused a request"),
        "approvals.withdrawn": _("withdrew a request"),
        "campaigns.create": _("created a campaign"),
        "campaigns.follow": _("let a campaign ask a newer version of its form"),
        "campaigns.close_early": _("closed a campaign early"),
        "campaigns.margins": _("imported known totals of a campaign"),
        "campaigns.pause_codes": _("paused codes"),
        "campaigns.reopen": _("reopened a campaign"),
        "campaigns.resume_codes": _("resumed codes"),
        "campaigns.target": _("changed the target of a campaign"),
        "case.contact": _("looked at a citizen's contact"),
        "case.whole": _("read a comment with nothing hidden"),
        "cases.read": _("read comments to answer"),
        "codes.issue": _("made codes"),
        "codes.replace": _("replaced a code"),
        "codes.revoke": _("revoked a code"),
        "comments.read": _("read an office's comments"),
        "invitations.issue": _("issued invitations"),
        "invitations.revoke": _("revoked a batch of invitations"),
        "days.seen": _("looked at a day with many responses"),
        "fieldwork.outcomes": _("noted outcomes of drawn dossiers"),
        "fieldwork.replace": _("called in reserves by rule"),
        "figures.export": _("downloaded a table of figures"),
        "file.download": _("downloaded a file"),
        "publications.hand_over": _("handed results over as files"),
        "publications.publish": _("published results"),
        "responses.export": _("exported responses"),
        "responses.import": _("imported paper forms"),
        "responses.void": _("voided responses"),
    }


def _of_samples() -> dict[str, str]:
    return {
        "frames.contacts_deleted": _("deleted the contacts of a frame"),
        "frames.import": _("imported a frame"),
        "plans.addendum": _("added an addendum to a plan"),
        "plans.freeze": _("froze a plan"),
        "plans.not_frozen": _("found a plan unfit to be frozen"),
        "plans.terms": _("changed by a plan's draft on what terms a campaign publishes"),
        "plans.refused": _("was refused a change of a plan"),
        "samples.draw": _("drew a sample"),
        "samples.list": _("asked for the list of a sample"),
    }
