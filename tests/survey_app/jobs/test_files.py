"""Files of jobs: whole or not at all, and gone after their days."""

import os
from datetime import timedelta

import pytest

from survey_app.jobs.files import remove_old_files, whole_file, write_whole
from tests import factories
from tests.factories import DAY, MOMENT


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "files"
    made.mkdir()
    return made


def test_a_file_appears_whole_for_its_owner_alone(tmp_path):
    path = tmp_path / "files" / "a.csv"
    with whole_file(path) as half:
        half.write_bytes(b"one")
        assert not path.exists()
        assert half.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == b"one"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_fault_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.csv"
    write_whole(path, b"before")
    with pytest.raises(FileNotFoundError), whole_file(path) as half:
        half.rename(tmp_path / "gone").unlink()
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_a_killed_job_had_begun_goes_after_its_days(database, folder):
    old, new = folder / "old.part", folder / "new.part"
    for path, days in ((old, 9), (new, 1)):
        path.write_bytes(b"half")
        then = (MOMENT - timedelta(days=days)).timestamp()
        os.utime(path, (then, then))
    with database.reading() as session:
        remove_old_files(session, folder, DAY)
    assert list(folder.iterdir()) == [new]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_files_of_jobs_go_after_their_days(database, folder):
    with database.transaction() as session:
        for name, days in (("old.csv", 9), ("new.csv", 1)):
            finished_at = MOMENT - timedelta(days=days)
            factories.job(session, name="export", state="done", file_name=name, finished_at=finished_at)
            (folder / name).write_bytes(b"whole")
    with database.reading() as session:
        remove_old_files(session, folder, DAY)
    assert [path.name for path in folder.iterdir()] == ["new.csv"]
