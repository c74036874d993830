"""What all applications of one process compile alike, kept: templates, and what builds addresses.

Each test makes an application of its own. To compile its hundred addresses, and a dozen templates for its
first page, took most of the time of such a test.
"""

from collections.abc import Callable
from types import CodeType

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


class CompiledTemplates(BytecodeCache):
    """Keeps compiled templates in memory, by their names and the hashes of what is written in them."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


class RememberedRule(Rule):
    """A rule whose builders follow from its text alone; Werkzeug binds them to the rule afterwards."""

    _kept: dict[tuple[object, ...], Builder] = {}  # noqa: RUF012  # meant to be shared

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        if self.defaults:
            return super()._compile_builder(append_unknown)
        key = (self.rule, tuple(self._trace), append_unknown)
        if key not in self._kept:
            self._kept[key] = super()._compile_builder(append_unknown)
        return self._kept[key]


def share() -> None:
    """Let every application that this process makes from now on share them."""
    Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}
    Flask.url_rule_class = RememberedRule
