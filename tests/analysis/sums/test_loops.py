import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import given, strategies as st

import analysis
from analysis.sums.loops import compiled_loops, numpy_loops
from tests.analysis.sums.exact_samples import tables

HOME = Path(analysis.__file__).parent


@given(tables(), st.integers(1, 5))
def test_compiled_loops_give_the_bits_of_numpy(table, n_runs):
    n = table.psu.size
    if n < n_runs:
        return
    start = np.append(np.arange(n_runs) * n // n_runs, n)
    bounds = np.array([4, 1, 1, 4], dtype=np.uint8)
    codes = np.ascontiguousarray(table.answers[0])
    columns = [(table.weight, start), (codes, table.weight, start, bounds), (codes, start, bounds)]
    columns += [(codes, table.weight, np.repeat(np.arange(n_runs), np.diff(start)), bounds)]
    for compiled, plain, arguments in zip(compiled_loops(), numpy_loops(), columns, strict=True):
        assert hasattr(compiled, "signatures")  # numba is there
        sums = np.zeros((2, 4 if arguments[0] is table.weight else 3, n_runs), dtype=np.int64)
        compiled(*arguments, sums[0])
        plain(*arguments, sums[1])
        assert np.array_equal(sums[0], sums[1])


def run_copy(folder, code):
    """Run code on a copy of the package that belongs to nobody and whose user has no home."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")}
    environment |= {"HOME": os.devnull, "XDG_CACHE_HOME": os.devnull, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-B", "-c", code],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_a_package_that_cannot_be_written_to_compiles_without_a_cache(tmp_path):
    shutil.copytree(HOME, tmp_path / "analysis", ignore=shutil.ignore_patterns("__pycache__"))
    blocked = tmp_path / "analysis" / "sums" / "__pycache__"
    blocked.touch()  # a file where the folder would be: not even root can write into it
    code = "from analysis.sums.loops import compiled_loops; print(compiled_loops()[0].signatures)"
    assert "int64" in run_copy(tmp_path, code)
    assert not [*tmp_path.rglob("*.nbi"), *tmp_path.rglob("*.nbc")]
    assert blocked.is_file()


def test_a_package_in_a_zip_file_compiles_too(tmp_path):
    """As Spark hands it to its workers with --py-files."""
    archive = shutil.make_archive(str(tmp_path / "analysis"), "zip", HOME.parent, HOME.name)
    (tmp_path / "empty").mkdir()
    code = f"import sys; sys.path.insert(0, {archive!r}); from analysis.sums.loops import compiled_loops; "
    code += "import analysis; print(analysis.__file__, compiled_loops()[0].signatures)"
    printed = run_copy(tmp_path / "empty", code)
    assert printed.startswith(archive)
    assert "int64" in printed
