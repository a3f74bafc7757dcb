"""The benchmark of the event log: every event it tells of was made durable."""

from catalog import events
from catalog.database import Database
from evaluation.benchmarks.log import TENANT, LogOptions, measure
from tests.make import NOW


def test_all_events_are_in_the_log_and_beside_bare_rows(tmp_path):
    database, steps = Database(f"sqlite:///{tmp_path / 'log.db'}"), []
    figures = measure(database, LogOptions(events=60, batches=(7, 30), slates=4), NOW, steps.append)
    with database.read() as connection:
        stored = list(events.since(connection, TENANT, 0))
        bare = connection.exec_driver_sql("SELECT count(*) FROM bare_events").scalar_one()
    database.close()
    assert (len(stored), bare) == (120, 60)
    assert [figure.name for figure in figures] == ["sqlite, batches of 7", "sqlite, batches of 30"]
    assert all(figure.ours > 0 and figure.theirs > 0 for figure in figures)
    assert len(steps) == 4
