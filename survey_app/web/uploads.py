"""How much a page takes: a form's fields, or a file where the page asks for one."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request

MEGABYTE = 1024 * 1024
LARGEST_FORM = MEGABYTE
LARGEST_UPLOAD = 8 * MEGABYTE  # the whole request, which web/whole_requests.py gathers in memory

View = TypeVar("View", bound=Callable[..., Any])


def takes_file(view: View) -> View:
    """State that this route takes a file."""
    view.takes_file = True  # type: ignore[attr-defined]  # the mark that `allow_files` reads
    return view


def sent_file() -> tuple[str, bytes]:
    """Give name and content of the file that was sent; both empty where none was chosen."""
    file = request.files.get("file")
    return (file.filename or "", file.read()) if file else ("", b"")


def allow_files() -> None:
    """Before anything reads the request: let a file be larger than a form, where its route takes one."""
    if getattr(current_app.view_functions.get(request.endpoint or ""), "takes_file", False):
        request.max_content_length = LARGEST_UPLOAD


def bound(app: Flask) -> None:
    """Bound every request; after `access.guard`, so that a stranger's file is never read."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM
    app.before_request(allow_files)
