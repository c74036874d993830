"""`python -m analysis`: figures, weights and samples from CSV or Parquet files."""

from __future__ import annotations

import sys

from analysis.command.main import run_from_shell

if __name__ == "__main__":
    sys.exit(run_from_shell())
