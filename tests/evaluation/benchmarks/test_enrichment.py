"""The benchmark of enrichment, with an encoder that takes no time: every article is enriched as often as it is said."""

from catalog.records import Tag
from evaluation.benchmarks import enrichment
from evaluation.benchmarks.retold import Told
from ingest.config import EnrichOptions
from models.hashing import HashingEncoder
from tests.make import NOW

TOLD = [Told(f"Title {n}", f"Text number {n} of a few. " * 30, "en", frozenset({str(n)})) for n in range(7)]


class Untagged:
    """Taggers that find nothing."""

    def tags(self, vectors) -> list[list[Tag]]:
        return [[] for _ in vectors]


def test_everything_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(enrichment, "ARTICLES", 10)
    done: list[int] = []
    encoder = HashingEncoder()
    found = enrichment.measure(
        tmp_path, TOLD, encoder, Untagged(), encoder.encode, EnrichOptions(batch=3), NOW, done.append
    )
    speed, rest = found
    assert (speed.unit, speed.peer, rest.unit) == ("texts/s", "bare library", "ms a text")
    assert speed.ours > 0
    assert speed.theirs > 0
    assert rest.ours > 0
    assert sum(done) == enrichment.steps()
