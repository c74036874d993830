"""What a caller can get wrong; importing it loads neither numpy nor scipy."""

from __future__ import annotations


class AnalysisError(ValueError):
    """An argument breaks a rule; the message says which argument, which rule and what was given.

    Statistical impossibility (one PSU, no answers) is no error: it is a state of an
    `analysis.Estimate`, with its reason.

    Parameters
    ----------
    argument : str
        Name of the argument as the caller wrote it.
    rule : str
        What must hold, worded to follow "must".
    value : object
        What was given, or the first offending part of it.

    Examples
    --------
    >>> from analysis import AnalysisError
    >>> print(AnalysisError("level", "lie between 0 and 1", 95))
    level must lie between 0 and 1; got 95
    """

    def __init__(self, argument: str, rule: str, value: object) -> None:
        super().__init__(argument, rule, value)
        self.argument = argument
        self.rule = rule
        self.value = value

    def __str__(self) -> str:
        return f"{self.argument} must {self.rule}; got {self.value!r}"
