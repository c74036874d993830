"""What can go wrong, in the field's words. `web/error_pages.py` turns each into its page."""

from datetime import date, timedelta
from math import ceil


class SurveyError(Exception):
    """Anything the service refuses for a reason that it can say."""


class BadSettings(SurveyError):
    """The environment or the data folder holds a setting that must not be used."""


class UnsoundDatabase(SurveyError):
    """The database could lose committed rows, so the service does not start on it."""


class NotFound(SurveyError):
    """There is no such thing, or the account has no right to it: both look the same."""


class SignInRequired(SurveyError):
    """The page is for staff and nobody is signed in."""


class SecondFactorRequired(SignInRequired):
    """Somebody gave the password, and has yet to prove the second factor or to set it up."""


class TooManyAttempts(SurveyError):
    """From where this comes, nobody may try to sign in as this account for a while."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(f"too many attempts; next in {retry_after}")
        self.retry_after_seconds = max(1, ceil(retry_after.total_seconds()))


class LinkExpired(SurveyError):
    """A link to a new password was used, is too old, or never was one."""


class AccountRefused(SurveyError):
    """An account cannot be made or changed as asked; `reason` names why, the message says it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ApprovalRefused(SurveyError):
    """What needs two people cannot be asked for or decided like this; `reason` names why."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"approval refused: {reason}")
        self.reason = reason


class UnknownCode(SurveyError):
    """No access point has this code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"unknown code {code[:32]!r}")
        self.code = code[:32]


class CodeRevoked(SurveyError):
    """The access point was withdrawn."""

    def __init__(self, revoked_on: date) -> None:
        super().__init__(f"code revoked on {revoked_on}")
        self.revoked_on = revoked_on


class CodePaused(SurveyError):
    """Two people have decided that the access point opens no form for a while."""


class TicketExpired(SurveyError):
    """The code on a screen has changed since this one was shown, or none was given."""


class InvitationUsed(SurveyError):
    """A single-use token came a second time, with another form."""

    def __init__(self, controller_phone: str) -> None:
        super().__init__("invitation already used")
        self.controller_phone = controller_phone


class TokenSpent(SurveyError):
    """The writer met a token that another form had used a moment before."""


class CampaignNotOpen(SurveyError):
    """The campaign begins later."""

    def __init__(self, opens_on: date) -> None:
        super().__init__(f"campaign opens on {opens_on}")
        self.opens_on = opens_on


class OfficeNotBegun(CampaignNotOpen):
    """The campaign is open elsewhere, but this office begins later."""

    def __init__(self, begins_on: date, office: str) -> None:
        super().__init__(begins_on)
        self.office = office


class CampaignClosed(SurveyError):
    """The campaign has ended; `late` says that a form opened in time arrived too late."""

    def __init__(self, closes_on: date, campaign_code: str, *, late: bool = False) -> None:
        super().__init__(f"campaign closed on {closes_on}")
        self.closes_on = closes_on
        self.campaign_code = campaign_code
        self.late = late


class BadSubmission(SurveyError):
    """The form arrived damaged, altered or without a valid key."""


class SubmissionTooLarge(BadSubmission):
    """The body is larger than any form can be."""


class AlreadyAnswered(SurveyError):
    """Other answers arrived under a submission key that was used: the first ones stand.

    Whoever sent them may be somebody else at the same phone: `code` is the poster's that opens a new form.
    """

    code: str | None = None


class QueueFull(SurveyError):
    """More submissions wait than can be stored in a reasonable time."""

    retry_after_seconds = 5


class StorageFailed(SurveyError):
    """The database did not store the submission; whether it arrived is not known."""


class ImportRefused(SurveyError):
    """A file was not imported; `faults` lists every fault as (line, column, what)."""

    def __init__(self, faults: list[tuple[int, str, str]]) -> None:
        super().__init__("\n".join(f"line {line}, {column}: {what}" for line, column, what in faults))
        self.faults = faults


class VersionIsPublished(SurveyError):
    """A published instrument version cannot be changed, only followed by a new one."""


class NotEmpty(SurveyError):
    """A database that holds anything is never seeded."""
