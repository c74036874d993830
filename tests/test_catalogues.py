"""Both catalogues of each room say what its pages say: nothing missing, left over, unsure or blank."""

import re
from collections import defaultdict
from itertools import product

import pytest
from babel.messages.catalog import Message

from survey_app.web.i18n import CATALOGUES, LANGUAGES
from tests.catalogues import extracted, messages, stored

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
each_catalogue = pytest.mark.parametrize(("room", "language"), list(product(CATALOGUES, LANGUAGES)))


def forms(said: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Give a message as its forms: one, or one a plural."""
    return (said,) if isinstance(said, str) else tuple(said)


def placeholders(message: Message) -> list[tuple[set[str], str]]:
    """Pair each form of a translation with the placeholders that it may carry."""
    allowed = {name for form in forms(message.id) for name in PLACEHOLDER.findall(form)}
    return [(allowed, form) for form in forms(message.string) if form]


@each_catalogue
def test_catalogue_holds_what_the_sources_say(room: str, language: str) -> None:
    said = {message.id for message in messages(extracted(room))}
    kept = {message.id for message in messages(stored(room, language))}
    assert not said - kept, "missing: run `make messages`, then write the Vietnamese"
    assert not kept - said, "left over: run `make messages`"


@each_catalogue
def test_no_message_is_blank_or_unsure(room: str, language: str) -> None:
    catalogue = stored(room, language)
    assert not [message.id for message in messages(catalogue) if not all(forms(message.string))]
    assert not [message.id for message in messages(catalogue) if message.fuzzy]
    assert not catalogue.obsolete


@each_catalogue
def test_translations_carry_the_same_placeholders(room: str, language: str) -> None:
    """`num` may be left out of one form ("one form", "%(num)s forms"); any other value is said in each."""
    for message in messages(stored(room, language)):
        for allowed, form in placeholders(message):
            found = set(PLACEHOLDER.findall(form))
            assert found <= allowed <= found | {"num"}, message.id
            if allowed:
                assert form % dict.fromkeys(allowed, "x")


@each_catalogue
def test_catalogue_has_the_plural_forms_of_its_language(room: str, language: str) -> None:
    wanted = {"vi": 1, "en": 2}[language]
    plurals = [message for message in messages(stored(room, language)) if message.pluralizable]
    assert not [message.id for message in plurals if len(forms(message.string)) != wanted]


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_message_reads_the_same_in_every_room(language: str) -> None:
    """The catalogues are joined when they are read, so only one of two translations would ever be seen."""
    translations = defaultdict(set)
    for room in CATALOGUES:
        for message in messages(stored(room, language)):
            if all(forms(message.string)):
                translations[forms(message.id)[0]].add(forms(message.string))
    assert not {said: found for said, found in translations.items() if len(found) > 1}
