import time

from analysis.command.progress import watched


def test_a_quick_command_says_nothing(capsys):
    with watched() as progress:
        progress.stage("reading")
        progress.stage("estimating")
    assert capsys.readouterr().err == ""


def test_a_slow_command_names_its_stages(capsys):
    with watched(patience=0.01) as progress:
        progress.stage("reading")
        until, said = time.monotonic() + 60, ""
        while not said and time.monotonic() < until:
            time.sleep(0.01)
            said = capsys.readouterr().err
        progress.stage("estimating")
    assert said + capsys.readouterr().err == "reading …\nestimating …\n"


def test_a_command_that_is_slow_before_its_first_stage_names_that_one(capsys):
    with watched() as progress:
        progress._late()
        progress.stage("reading")
    assert capsys.readouterr().err == "reading …\n"
