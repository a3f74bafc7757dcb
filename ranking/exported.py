"""An export, read back as the slates and events it was written from. `ranking.dataset.build` takes them as its own.

A feature that a slate was not logged with comes back as missing, all numbers come back bit for bit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Self

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import Invalid
from catalog.ids import ArticleId, EmployeeId, EventId, SlateId
from catalog.records import Axes, Event, EventType, Slate, SlateItem
from ranking.dataset import Dataset, LabelOptions, build
from ranking.export import EVENTS, FORMAT, ITEMS, MANIFEST, RETURN_KEY, SLATES, digest
from ranking.export_rows import FEATURE

_AT_ONCE: Final = 5_000


class BadExport(Invalid):
    """A folder that is no export of ours, or no longer what was exported."""

    code = "bad_export"


@dataclass(frozen=True, slots=True, eq=False)
class Export:
    """One folder that `sluis export` wrote, looked through: every file is the one that was written."""

    folder: Path
    facts: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Raises BadExport, which names the file that is missing or not as it was written."""
        try:
            facts = orjson.loads((folder / MANIFEST).read_bytes())
            wanted = dict(facts["files"])
            if facts["format"] != FORMAT:
                raise BadExport(f"{folder} has format {facts['format']}, this version reads {FORMAT}: export again")
            found = {file: digest(folder / file) for file in (SLATES, ITEMS, EVENTS)}
        except OSError as error:
            raise BadExport(
                f"{folder} is no export: {error.filename} cannot be read: name a folder that 'sluis export' made"
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise BadExport(f"{folder / MANIFEST} cannot be read: copy the whole export again") from error
        changed = [file for file, made in found.items() if wanted.get(file) != made]
        if changed:
            raise BadExport(f"{folder / changed[0]} is not the file that was exported: copy the whole export again")
        return cls(folder, facts)

    @property
    def id(self) -> str:
        """What tells this export from others."""
        return str(self.facts["id"])

    @property
    def made_at(self) -> datetime:
        """When it was made: nothing in it is younger."""
        return datetime.fromisoformat(self.facts["made_at"])

    @property
    def return_key(self) -> bytes:
        """What a model that goes back is sealed with. Raises BadExport where the file is gone."""
        try:
            return bytes.fromhex((self.folder / RETURN_KEY).read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            raise BadExport(
                f"{self.folder / RETURN_KEY} is missing or damaged, and without it nothing that is learned from this "
                "export can go back: copy the whole export again"
            ) from error

    def dataset(self, options: LabelOptions) -> Dataset:
        """Graded slates, as they would have been made at home when the export was."""
        return build(self.slates(), self.events(), self.made_at, options)

    def slates(self) -> Iterator[Slate]:
        """Every slate in the order in which it was offered, with its places."""
        places = groupby(self._items(), key=itemgetter(0))
        following = next(places, None)
        for row in self._rows(SLATES):
            names: tuple[str, ...] = ()
            items: tuple[SlateItem, ...] = ()
            if following is not None and following[0] == row["slate_id"]:
                told = list(following[1])
                names, items = told[0][1], tuple(item for _, _, item in told)
                following = next(places, None)
            yield self._slate(row, names, items)
        if following is not None:
            raise BadExport(f"{self.folder / ITEMS} speaks of slates that are not there: export again")

    def events(self) -> Iterator[Event]:
        """Every event in the order of the log. Numbers have gaps where somebody's events stayed at home."""
        for row in self._rows(EVENTS):
            slate = row["slate_id"]
            yield Event(
                id=EventId(str(row["seq"])),
                type=EventType(row["type"]),
                article_id=ArticleId(row["article_id"]),
                at=row["at"],
                received_at=row["received_at"],
                slate_id=SlateId(slate) if slate else None,
                employee_id=EmployeeId(row["person"]),
                axes=self._axes(row),
                seq=row["seq"],
            )

    def _items(self) -> Iterator[tuple[str, tuple[str, ...], SlateItem]]:
        for batch in self._batches(ITEMS):
            columns = {
                name.removeprefix(FEATURE): batch.column(name).to_pylist()
                for name in batch.schema.names
                if name.startswith(FEATURE)
            }
            said = zip(
                *(
                    batch.column(name).to_pylist()
                    for name in ("slate_id", "position", "article_id", "score", "propensity")
                ),
                strict=True,
            )
            for row, (slate, position, article, score, propensity) in enumerate(said):
                logged = {name: values[row] for name, values in columns.items() if values[row] is not None}
                item = SlateItem(position, ArticleId(article), score, propensity, tuple(logged.values()), ())
                yield slate, tuple(logged), item

    def _slate(self, row: Mapping[str, Any], names: tuple[str, ...], items: tuple[SlateItem, ...]) -> Slate:
        return Slate(
            id=SlateId(row["slate_id"]),
            employee_id=EmployeeId(row["person"]),
            created_at=row["created_at"],
            seq=row["seq"],
            content_version=0,
            ranker=row["ranker"],
            degraded=row["degraded"],
            axes=self._axes(row),
            hard_axes=(),
            feature_names=names,
            items=items,
            language=row["language"],
            experiment=row["experiment"],
            arm=row["arm"],
            listed=row.get("listed", False),  # earlier exports know of none
        )

    def _axes(self, row: Mapping[str, Any]) -> Axes:
        return {axis: frozenset(row[axis]) for axis in self.facts["axes"] if row[axis]}

    def _rows(self, file: str) -> Iterator[dict[str, Any]]:
        for batch in self._batches(file):
            yield from batch.to_pylist()

    def _batches(self, file: str) -> Iterator[pa.RecordBatch]:
        with pq.ParquetFile(self.folder / file) as parquet:
            yield from parquet.iter_batches(batch_size=_AT_ONCE)
