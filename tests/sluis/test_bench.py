"""`sluis bench`: it says what it needs, and a benchmark that fails is not passed over."""

import pytest

from sluis.commands.bench import BenchmarkFailed, run


@pytest.mark.parametrize("name", ["tagging", "decisions"])
def test_tags_are_measured_on_real_texts_only(shell, name):
    assert "--data DIR" in shell.fails("bench", name)
    assert "there is no" in shell.fails("bench", name, "--data", "nowhere")


def test_a_failure_in_the_other_process_is_heard(shell):
    with pytest.raises(BenchmarkFailed, match="'sluis bench tagging' ended with 1"):
        run("tagging", shell.folder)
