"""A weighting cell in the words of the reader."""

import pytest
from flask import Flask

from survey_app.prepare.frames.forms import group_name


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("cell", "named"),
    [
        ("", ""),
        ("female", "nữ"),
        ("-|25-34", "chưa ghi, 25-34"),
        ("female|25-34 + male|35-49", "nữ, 25-34 + nam, 35-49"),
        ("-|35-49 … online|61+", "các nhóm từ “chưa ghi, 35-49” đến “trực tuyến, 61+” theo thứ tự tên"),
        ("Đất đai|late", "Đất đai, giải quyết quá hạn"),
    ],
)
def test_labels_are_named_and_their_joints_kept(app: Flask, cell: str, named: str) -> None:
    with app.test_request_context("/results"):
        app.preprocess_request()
        assert group_name(cell) == named
