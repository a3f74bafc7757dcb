"""`sluis bench`: it says what it needs, and a benchmark that fails is not passed over."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from sluis.commands.bench import BenchmarkFailed, run


@pytest.mark.parametrize("name", ["tagging", "decisions"])
def test_tags_are_measured_on_real_texts_only(shell, name):
    assert "--data DIR" in shell.fails("bench", name)
    assert "there is no" in shell.fails("bench", name, "--data", "nowhere")


def test_a_failure_in_the_other_process_is_heard(shell):
    with pytest.raises(BenchmarkFailed, match="'sluis bench tagging' ended with 1"):
        run("tagging", shell.folder)


def test_a_log_of_ones_own_is_measured_by_its_lists_or_by_its_events(shell):
    """Somebody opens the same article whenever they are shown it: no peer knows, and ours learns it."""
    at = [datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(minutes=number) for number in range(150)]
    rows = ["impression,person,item,at,clicked"]
    for number, moment in enumerate(at):
        rows += [f"{number},p{number % 5},a{item},{moment.isoformat()},{int(item == number % 5)}" for item in range(5)]
    (shell.folder / "impressions.csv").write_text("\n".join(rows) + "\n")
    asked = ("bench", "ranking", "own", "--data", str(shell.folder))
    told = json.loads(shell(*asked, "--json"))
    assert told[0]["ours"] == 30
    ours = {row["figure"]: row["ours"] for row in told}
    assert all(ours[row["figure"]] > row["theirs"] for row in told[1:])
    assert "20 are needed to learn from" in shell.fails(*asked, "--test-from", "2026-03-01")
    assert "--ablation" in shell.fails(*asked, "--ablation")
    assert "use one of deskdrop, mind, ebnerd, own" in shell.fails(
        "bench", "ranking", "films", "--data", str(shell.folder)
    )
    (shell.folder / "impressions.csv").unlink()
    (shell.folder / "events.csv").write_text("person,item,event,at\nann,a,open,2026-03-02T09:00Z\n")
    assert "nothing happened after 2026-03-02 that could be predicted" in shell.fails(*asked)
