"""A bad setting or an unsafe secret stops the start, with a message that says what to do."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from survey_app.config import SECRET_BYTES, VIETNAM_TIME, Settings, begin, read_secrets, read_settings
from survey_app.errors import BadSettings

SECRET = "ab" * SECRET_BYTES


def settings(tmp_path: Path, **environment: str) -> Settings:
    return begin(read_settings({"DATA_DIR": str(tmp_path / "data"), **environment}))


def secret_file(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "secrets"
    path.write_text(text, "ascii")
    path.chmod(mode)
    return path


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert found.database_url == f"sqlite:///{tmp_path / 'data' / 'survey.sqlite'}"
    assert (found.host, found.port, found.public_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert (found.demo, found.demo_password, found.threads) == (True, None, 24)
    assert found.files_dir == tmp_path / "data" / "files"
    assert found.is_for_this_machine


def test_every_setting_is_read(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        HOST="0.0.0.0",
        PORT="9000",
        PUBLIC_URL="https://khaosat.example.vn/",
        DATABASE_URL="postgresql+psycopg://survey@127.0.0.1/survey",
        DEMO="no",
        DEMO_PASSWORD="một hai ba",
        THREADS="4",
    )
    assert (found.host, found.port, found.threads) == ("0.0.0.0", 9000, 4)
    assert found.public_url == "https://khaosat.example.vn"
    assert found.uses_https
    assert not found.is_for_this_machine
    assert found.database_url == "postgresql+psycopg://survey@127.0.0.1/survey"
    assert (found.demo, found.demo_password) == (False, "một hai ba")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", ""),
        ("PORT", "８０８０ ".strip() + "x"),
        ("THREADS", "0"),
        ("THREADS", "257"),
        ("THREADS", "1.5"),
        ("PUBLIC_URL", "khaosat.example.vn"),
        ("PUBLIC_URL", "ftp://khaosat.example.vn"),
        ("PUBLIC_URL", "http://khaosat example.vn"),
        ("DEMO", "maybe"),
        ("DEMO", "1"),
    ],
)
def test_a_bad_setting_stops_the_start_and_names_itself(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadSettings, match=rf"^{name} must .*{value!r}"):
        settings(tmp_path, **{name: value})


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        settings(tmp_path).port = 1  # type: ignore[misc]  # the point of the test


def test_first_start_makes_a_secret_that_only_its_owner_reads(tmp_path: Path) -> None:
    begun = settings(tmp_path)
    (secret,) = begun.secrets
    assert len(secret) == SECRET_BYTES
    assert stat.S_IMODE((begun.data_dir / "secrets").stat().st_mode) == 0o600
    assert settings(tmp_path).secrets == (secret,), "the second start finds the same"


def test_reading_changes_nothing(tmp_path: Path) -> None:
    found = read_settings({"DATA_DIR": str(tmp_path / "forgotten")})
    assert (found.secrets, found.contact_keys, found.has_begun) == ((), (), False)
    assert list(tmp_path.iterdir()) == []
    begun = begin(found)
    assert begun.has_begun
    assert read_settings({"DATA_DIR": str(tmp_path / "forgotten")}) == begun


def test_contacts_have_keys_of_their_own_in_a_file_of_their_own(tmp_path: Path) -> None:
    found = settings(tmp_path)
    path = found.data_dir / "contact-keys"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text("ascii").split() == [key.hex() for key in found.contact_keys]
    assert not set(found.contact_keys) & set(found.secrets)
    assert settings(tmp_path).contact_keys == found.contact_keys, "the second start finds the same"
    path.chmod(0o640)
    with pytest.raises(BadSettings, match="contact-keys can be read by other users"):
        settings(tmp_path)


def test_no_two_installations_share_a_secret(tmp_path: Path) -> None:
    assert settings(tmp_path / "one").secrets != settings(tmp_path / "two").secrets


def test_data_folder_is_closed_to_others(tmp_path: Path) -> None:
    assert stat.S_IMODE(settings(tmp_path).data_dir.stat().st_mode) == 0o700


def test_newest_of_several_secrets_comes_first(tmp_path: Path) -> None:
    path = secret_file(tmp_path, f"{'01' * SECRET_BYTES}\n{SECRET}\n")
    assert read_secrets(path) == (b"\x01" * SECRET_BYTES, b"\xab" * SECRET_BYTES)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_secret_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(BadSettings, match="chmod 600"):
        read_secrets(secret_file(tmp_path, SECRET, mode))


@pytest.mark.parametrize("text", ["", "\n", SECRET[2:], f"{SECRET}\nab\n"])
def test_missing_or_short_secret_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadSettings, match="at least 32 bytes"):
        read_secrets(secret_file(tmp_path, text))


def test_secret_that_is_not_hexadecimal_is_refused_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="hexadecimal") as refused:
        read_secrets(secret_file(tmp_path, "not a secret of ours"))
    assert "not a secret" not in str(refused.value)


def test_vietnam_is_seven_hours_ahead_all_year() -> None:
    for month in (1, 7):
        assert datetime(2026, month, 1, 20, tzinfo=UTC).astimezone(VIETNAM_TIME).day == 2
