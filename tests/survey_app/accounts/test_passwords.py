"""A new password must not be among the first that others would try."""

import pytest

from survey_app.accounts.passwords import check_new
from survey_app.errors import AccountRefused


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "P@ssw0rd2020!",
        "Mật khẩu 2026",
        "MatKhau@12345",
        "123456789012",
        "qwertyuiop123",
        "1q2w3e4r5t6y",
        "lanpham202612",
        "Lan.Phạm-2026",
        "admin.khaosat2026",
    ],
)
def test_expected_password_is_refused(password):
    with pytest.raises(AccountRefused) as refused:
        check_new(password, "lan.pham")
    assert refused.value.reason == "password_expected"


@pytest.mark.parametrize(
    "password", ["con trâu đi trước cái cày", "831947205163", "mat-khau-moi-2026", "xq7-password-vuon-tre"]
)
def test_other_passwords_may_hold_an_expected_word(password):
    check_new(password, "lan.pham")
    check_new(password, "2026")  # a name without letters takes nothing away
