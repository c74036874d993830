"""Addresses as people read and type them: without scheme."""

from survey_app.models import short_code


def plain_address(public_url: str) -> str:
    return public_url.partition("://")[2]


def plain_code_address(public_url: str, code: str) -> str:
    return plain_address(public_url) + short_code.form_path(code)
