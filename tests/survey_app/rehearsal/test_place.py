"""The folder of a rehearsal: gone with it, cleared away after a kill, and nobody else's while it is used."""

from survey_app.rehearsal.place import place_of_its_own, remove_left


def test_what_a_killed_rehearsal_left_is_cleared_away_and_what_is_in_use_stays(tmp_path):
    for number in range(2):
        left = tmp_path / f"rehearsal-{number}"
        left.mkdir()
        (left / "rehearsal.sqlite").touch()
    with place_of_its_own(tmp_path) as place, place_of_its_own(tmp_path) as other:
        assert set(tmp_path.iterdir()) == {place, other}
        remove_left(tmp_path)
        assert place.is_dir()
        assert other.is_dir()
    assert list(tmp_path.iterdir()) == []
