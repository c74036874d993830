"""Unit ids and stratum labels as text that is the same on every machine."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from analysis.errors import AnalysisError


def normalise_labels(argument: str, labels: Iterable[str]) -> list[str]:
    """Return labels in Unicode's NFC, or refuse what is no visible text.

    Parameters
    ----------
    argument : str
        Name of the argument, for the refusal.
    labels : iterable of n str
        Ids or labels; codes are text too, since 007 is not 7.

    Returns
    -------
    list of n str
        The same labels in NFC.

    Raises
    ------
    AnalysisError
        If there is none, or a label is no text, empty, begins or ends with a space, or holds a control
        character, a line break, a no-break space or anything else unseen (``str.isprintable``).

    Notes
    -----
    Vietnamese text comes composed (NFC: "ấ" is one code point) from most systems and decomposed (NFD:
    three) from some. Both look the same and mean the same unit, so both become NFC before anything
    is compared, sorted or hashed. Nothing else is changed: case, order of words and "Hoà" against "Hòa"
    stay as given, and are different labels. Labels of assigned characters keep their NFC in all versions of
    Unicode.

    References
    ----------
    Unicode Standard Annex 15, sections 1.2 and 3 (stability).

    Examples
    --------
    >>> from analysis.sampling.labels import normalise_labels
    >>> decomposed = "A" + chr(0x302) + chr(0x301) + "p 1"
    >>> len(decomposed), normalise_labels("unit", [decomposed]), normalise_labels("unit", ["Ấp 1"])
    (6, ['Ấp 1'], ['Ấp 1'])
    """
    texts = [] if isinstance(labels, str) else list(labels)
    if not texts:
        raise AnalysisError(argument, "be a list of at least one text", labels)
    for text in texts:
        if not isinstance(text, str) or not text or text[0] == " " or text[-1] == " ":
            raise AnalysisError(argument, "hold text, not empty, with no space at its ends", text)
    if not "".join(texts).isprintable():
        hidden = next(text for text in texts if not text.isprintable())
        raise AnalysisError(argument, "hold no control, invisible or unassigned character", hidden)
    # One call for all is ten times as fast; nothing composes across a line break.
    return unicodedata.normalize("NFC", "\n".join(texts)).split("\n")


def require_unique(argument: str, labels: Iterable[str]) -> None:
    """Refuse the first normalised label, in the order of code points, that comes twice; they come sorted."""
    before = None
    for label in labels:
        if label == before:
            raise AnalysisError(argument, "hold each unit once, also after NFC", label)
        before = label
