"""The service's settings: read once from the environment, frozen, and checked before anything starts."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit

from survey_app.errors import BadSettings

# Vietnam keeps UTC+7 all year, so no time zone data of the machine is needed.
VIETNAM_TIME = timezone(timedelta(hours=7))
SECRET_BYTES = 32
FILES = "files"  # of jobs, in the data folder
SECRETS, CONTACT_KEYS, FRAME_KEYS = "secrets", "contact-keys", "frame-keys"  # files of the data folder


@dataclass(frozen=True, slots=True)
class Settings:
    """All that an installation can choose.

    `secrets[0]` signs; every one of `secrets` still verifies. `contact_keys[0]` seals what citizens leave to
    be reached by, `frame_keys[0]` the contacts of a sampling frame; every one of them still opens. There are
    none before the installation begins.
    """

    data_dir: Path
    database_url: str
    host: str
    port: int
    public_url: str
    demo: bool
    demo_password: str | None
    threads: int
    secrets: tuple[bytes, ...]
    contact_keys: tuple[bytes, ...]
    frame_keys: tuple[bytes, ...]

    @property
    def has_begun(self) -> bool:
        return bool(self.secrets and self.contact_keys)

    @property
    def uses_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def is_for_this_machine(self) -> bool:
        """Whether nobody else can open the addresses that are printed."""
        host = urlsplit(self.public_url).hostname or ""
        return host == "localhost" or host == "::1" or host.startswith("127.")

    @property
    def files_dir(self) -> Path:
        """Where jobs leave the files they make."""
        return self.data_dir / FILES


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings, with the secrets of an installation that has begun; change nothing."""
    data_dir = Path(environment.get("DATA_DIR", "data")).resolve()
    host = environment.get("HOST", "127.0.0.1")
    port = _whole_number(environment, "PORT", 8000, 1, 65535)
    return Settings(
        data_dir=data_dir,
        database_url=environment.get("DATABASE_URL", f"sqlite:///{data_dir / 'survey.sqlite'}"),
        host=host,
        port=port,
        public_url=_public_url(environment.get("PUBLIC_URL", f"http://{host}:{port}")),
        demo=_yes_or_no(environment, "DEMO", default=True),
        demo_password=environment.get("DEMO_PASSWORD"),
        threads=_whole_number(environment, "THREADS", 24, 1, 256),
        secrets=read_secrets(data_dir / SECRETS),
        contact_keys=read_secrets(data_dir / CONTACT_KEYS),
        frame_keys=read_secrets(data_dir / FRAME_KEYS),
    )


def begin(settings: Settings) -> Settings:
    """Make the data folder and its secrets, unless they are there; give the settings that hold them."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (SECRETS, CONTACT_KEYS, FRAME_KEYS):
        _make_secret(settings.data_dir / name)
    return replace(
        settings,
        secrets=read_secrets(settings.data_dir / SECRETS),
        contact_keys=read_secrets(settings.data_dir / CONTACT_KEYS),
        frame_keys=read_secrets(settings.data_dir / FRAME_KEYS),
    )


def keep_private() -> None:
    """Keep what this process writes (database, posters, secrets) for its own user alone."""
    os.umask(0o077)


def _make_secret(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(SECRET_BYTES) + "\n")


def read_secrets(path: Path) -> tuple[bytes, ...]:
    """Read secrets, newest first, one in hexadecimal a line; none where nothing has begun.

    To rotate: put a new line on top and keep the old ones below, so that open forms stay valid and contacts
    can be read.
    """
    if not path.exists():
        return ()
    if path.stat().st_mode & 0o077:
        raise BadSettings(f"{path} can be read by other users. Run: chmod 600 {path}")
    try:
        found = tuple(bytes.fromhex(line) for line in path.read_text("ascii").split())
    except ValueError as error:
        raise BadSettings(f"{path}: each line must be a secret in hexadecimal digits.") from error
    if not found or min(map(len, found)) < SECRET_BYTES:
        raise BadSettings(
            f"{path}: each secret needs at least {SECRET_BYTES} bytes ({2 * SECRET_BYTES} digits)."
        )
    return found


def _public_url(text: str) -> str:
    if not text.startswith(("http://", "https://")) or any(c.isspace() for c in text):
        raise BadSettings(f"PUBLIC_URL must begin with http:// or https://, got {text!r}.")
    return text.rstrip("/")


def _whole_number(environment: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal() or not low <= int(text) <= high:
        raise BadSettings(f"{name} must be a whole number from {low} to {high}, got {text!r}.")
    return int(text)


def _yes_or_no(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environment.get(name, "yes" if default else "no").lower()
    if text not in {"yes", "no"}:
        raise BadSettings(f"{name} must be yes or no, got {text!r}.")
    return text == "yes"
