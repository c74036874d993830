"""Addresses as people read and type them, and as QR codes hold them."""

from survey_app.models import short_code


def plain_address(public_url: str) -> str:
    return public_url.partition("://")[2]


def plain_code_address(public_url: str, code: str) -> str:
    return plain_address(public_url) + short_code.form_path(code)


def qr_address(public_url: str, path: str) -> str:
    """All capitals, so that the QR code packs two characters into 11 bits instead of 16."""
    return (public_url.rstrip("/") + path).upper()
