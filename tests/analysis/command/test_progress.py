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
        time.sleep(0.2)
        progress.stage("estimating")
    assert capsys.readouterr().err == "reading …\nestimating …\n"
