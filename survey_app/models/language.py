"""The languages that a form may be in, each by the name that its readers call it."""

from types import MappingProxyType

# Codes of ISO 639. One more language is one more line here, and a catalogue when somebody has written one.
ENDONYMS = MappingProxyType(
    {
        "vi": "Tiếng Việt",
        "en": "English",
        "km": "ភាសាខ្មែរ",
        "hmn": "Hmoob",
        "tyz": "Tày",
        "rad": "Êđê",
        "jra": "Jrai",
        "bdq": "Bahnar",
    }
)
