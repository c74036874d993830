"""Environments of the peers: made on first use in `.bench-peers`, apart from the product's own."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".bench-peers"
PACKAGES = {
    "frames": ["polars==2.1.0", "pandas==3.1.1", "pyarrow==26.0.1"],
    "svy": ["svy==0.35.0", "polars==2.1.0"],
    "spark": ["pyspark==4.3.0", "pandas==2.3.3", "pyarrow==26.0.1", "numba==0.68.1"],
}


def python_of(name: str) -> Path:
    """Give the interpreter of a peer's environment; install it when it is not there yet."""
    folder = HOME / name
    stamp = folder / "installed"
    wanted = "\n".join(PACKAGES[name])
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"(installing {', '.join(PACKAGES[name])} into {folder.name})", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *PACKAGES[name]], check=True)
        stamp.write_text(wanted)
    return folder / "bin" / "python"


def has_r() -> bool:
    """Whether R and its package survey are there."""
    if shutil.which("Rscript") is None:
        return False
    return subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True).returncode == 0


@dataclass(frozen=True)
class Run:
    """What a process reported of itself."""

    seconds: list[float]
    peak_megabytes: float = float("nan")
    other: dict[str, Any] = field(default_factory=dict)

    @property
    def best(self) -> float:
        return min(self.seconds)


def run(command: list[str | Path], **environment: str) -> Run:
    """Run a process that prints one line of JSON last; all sides get the same environment."""
    done = subprocess.run(
        [str(part) for part in command],
        env=os.environ | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{command[1]} failed:\n{done.stderr[-2000:]}")
    reported = json.loads(done.stdout.strip().splitlines()[-1])
    return Run(reported.pop("seconds"), reported.pop("peak_megabytes", float("nan")), reported)
