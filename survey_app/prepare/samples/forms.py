"""The words of the sample's page: why nothing is drawn, why an office is left out, what is drawn how."""

from collections.abc import Iterator

from flask_babel import gettext as _

from survey_app.models.plan_document import PlannedStage
from survey_app.prepare.samples.design import Design


def refusal(reason: str) -> str:
    """Say what keeps a sample from being drawn, and what to do about it."""
    return {
        "not_frozen": _(
            "The plan is not frozen yet. A rule that is chosen after the list is known is no rule: "
            "freeze it first."
        ),
        "over": _("The campaign is over. Its sample stays as it is."),
        "begun": _("Invitations are out. The sample stays as it is, so that each answer keeps its weight."),
        "no_frame": _("There is no list of dossiers yet. Import it first."),
        "other_plan": _(
            "The list was imported for a plan that means other dossiers. Import it once more; it is "
            "looked at anew."
        ),
        "other_levels": _(
            "The plan fits weights to a column of the list whose levels the form's question does not offer "
            "as they stand. Import a list with the form's levels, or leave the variable out by an addendum."
        ),
        "no_file": _(
            "The file of the list is not in the data folder. Import the list again, or ask a system "
            "administrator to restore it from the backup."
        ),
        "no_sizes": _("The plan gives no sizes for this list. Look at its sizes by office."),
        "nobody": _(
            "In no office would five dossiers be drawn, so nobody could be invited without being known. "
            "Raise the minimum of each office by an addendum to the plan."
        ),
        "changed": _("Plan or list changed while the sample was drawn. Nothing was stored: draw again."),
        "fault": _("The draw ended with a fault, and nothing was stored. Draw again; it draws the same."),
    }[reason]


def why_left_out(why: str) -> str:
    return {
        "too_few": _("fewer than five would be drawn: their answers could be laid at somebody's door"),
        "outside": _("no longer in what the plan measures"),
        "clusters_too_small": _("the drawn villages hold fewer than five"),
    }[why]


def steps(design: Design) -> Iterator[str]:
    """Say stage by stage what is drawn, and how."""
    units = {"office": _("offices"), "cluster": _("villages"), "dossier": _("dossiers")}
    methods = {
        "simple": _("at random, each with the same chance"),
        "systematic": _("in equal steps along the ordered list"),
        "pps": _("in equal steps, the larger the likelier, by number of dossiers"),
    }
    for stage in design.stages:
        yield f"{units[stage.unit or '']}: {methods[stage.method or '']}{_number(stage)}"


def _number(stage: PlannedStage) -> str:
    if stage.n_taken is not None:
        return "; " + _("%(n)s in each unit above", n=stage.n_taken)
    if stage.share_taken is not None:
        return "; " + _("%(share)s %% in each unit above", share=round(100 * stage.share_taken, 1))
    return ""
