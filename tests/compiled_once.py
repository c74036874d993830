"""What all applications of one process read and compile alike, kept: templates, addresses, words.

Each test makes an application of its own. To compile its hundred addresses, to read its words in seven
catalogues and to compile a dozen templates for its first page took most of the time of such a test.
"""

from collections.abc import Callable
from types import CodeType
from typing import Any

from babel.support import NullTranslations
from flask import Flask
from flask_babel import Domain, get_locale
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule


class CompiledTemplates(BytecodeCache):
    """Keeps compiled templates in memory, by their names and the hashes of what is written in them."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


class RememberedRule(Rule):
    """A rule whose parts and builders follow from its text and the kinds of words that its map knows."""

    _kept: dict[tuple[object, ...], tuple[Any, ...]] = {}  # noqa: RUF012  # meant to be shared

    def compile(self) -> None:
        if self.defaults or self.subdomain:
            super().compile()
            return
        key = (self.rule, self.merge_slashes, *self.map.converters.values())
        if key not in self._kept:
            super().compile()
            builders = self._build.__func__, self._build_unknown.__func__  # bound to this rule until here
            made = self._parts, self._trace, self._converters, frozenset(self.arguments), builders
            self._kept[key] = made
        self._parts, self._trace, self._converters, arguments, builders = self._kept[key]
        self.arguments |= arguments
        self._build, self._build_unknown = (builder.__get__(self, None) for builder in builders)


def remembering(read: Callable[[Domain], NullTranslations]) -> Callable[[Domain], NullTranslations]:
    """Read the catalogues of a language once: they are compiled before the first test, and nobody adds."""
    kept: dict[tuple[object, ...], NullTranslations] = {}

    def get_translations(domain: Domain) -> NullTranslations:
        key = (str(get_locale()), *domain.translation_directories, *domain.domain)
        if key not in kept:
            kept[key] = read(domain)
        return kept[key]

    return get_translations


def share() -> None:
    """Let every application that this process makes from now on share them."""
    Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}
    Flask.url_rule_class = RememberedRule
    Domain.get_translations = remembering(Domain.get_translations)
