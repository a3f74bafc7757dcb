"""The table a data scientist reads: how well each ranker would have ordered what people were shown, and what it lists.

**Relevance** is judged on logged slates. Their items were chosen and placed by the ranker of that day, and only those
somebody saw are graded. So the figures compare rankers on what was offered; they do not say what people would have done
with other items (`evaluation.off_policy` does). **Lists** are judged on what a ranker would have put first out of all
candidates (`evaluation.lists`): nobody saw those, so nothing here says that people want them so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from typing import Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from catalog.ids import ArticleId, EmployeeId
from evaluation import metrics
from evaluation.bootstrap import Array, BootstrapOptions, Interval, centred_interval, draws, mean_intervals
from evaluation.lists import FIGURES, List, gini
from models.protocols import Ranker
from ranking.dataset import Dataset
from ranking.scoring import score

Name = TypeVar("Name", bound=str)

EVERYBODY: Final = "*"
"""The part of a report that counts every slate."""
FEWEST: Final = 5
"""A job function or language with fewer people than this gets no line of its own."""

ALL, FUNCTION, LANGUAGE = "all", "function", "language"
"""What a part is one of: all there is, people of one job function, articles in one language."""

RELEVANCE: Final[Mapping[str, Callable[[metrics.Grades, metrics.Scores, metrics.Groups], metrics.PerSlate]]] = {
    "ndcg@5": lambda labels, scores, groups: metrics.ndcg(labels, scores, groups, 5),
    "ndcg@10": lambda labels, scores, groups: metrics.ndcg(labels, scores, groups, 10),
    "mrr": metrics.mrr,
    "map": metrics.average_precision,
    "recall@5": lambda labels, scores, groups: metrics.recall(labels, scores, groups, 5),
    "auc": metrics.auc,
}


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one ranker, or how far the first is ahead of another, on one part of what there is.

    `slates` are those with a grade above 0 or, for lists, all; `people` those they were served to.
    """

    ranker: str
    by: str
    part: str
    slates: int
    people: int
    metrics: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Report:
    """Rows by ranker, for everybody first, then by function and by language.

    `ahead` and `lists_ahead` are differences: the first ranker less another.

    `exposure` is how many places the articles that could be shown got in each ranker's lists, fewest first.
    """

    relevance: tuple[Row, ...] = ()
    ahead: tuple[Row, ...] = ()
    lists: tuple[Row, ...] = ()
    lists_ahead: tuple[Row, ...] = ()
    exposure: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """For `--json`."""
        return asdict(self)


def measure(dataset: Dataset, ranker: Ranker) -> dict[str, float]:
    """nDCG@5, nDCG@10, MRR, MAP, recall@5 and AUC of a ranker: means over the slates with a grade above 0."""
    values = _per_slate(dataset, ranker)
    return {name: metrics.mean(values[:, place]) for place, name in enumerate(RELEVANCE)}


def evaluate(
    dataset: Dataset,
    rankers: Sequence[Ranker],
    languages: Mapping[ArticleId, str | None],
    made: Sequence[List] = (),
    options: BootstrapOptions | None = None,
) -> Report:
    """Every ranker on the same slates and lists; the first one is compared with each of the others.

    A person with two functions counts for both. For a language, slates are cut down to the articles in it, and say
    whether those are well ordered among themselves. `made` are lists of these rankers, `languages` says what an article
    is written in.
    """
    drawing = options or BootstrapOptions()
    names = [ranker.name for ranker in rankers]
    relevance = [row for part in _parts(dataset, languages) for row in _judge(part, rankers, drawing) if _told(row)]
    listed = [row for part in _parts_of(made) for row in _look_at(part, names, drawing) if _told(row)]
    whole = {name: _Places.of([one for one in made if one.ranker == name and one.language is None]) for name in names}
    return Report(
        relevance=_by_ranker(relevance, ahead=False),
        ahead=_by_ranker(relevance, ahead=True),
        lists=_by_ranker(listed, ahead=False),
        lists_ahead=_by_ranker(listed, ahead=True),
        exposure={name: tuple(sorted(places.totals())) for name, places in whole.items()} if made else {},
    )


def _told(marked: "tuple[bool, Row]") -> bool:
    """Whether so many people are in a part that its figures are not those of persons."""
    _, row = marked
    return row.by == ALL or row.people >= FEWEST


def _parts(dataset: Dataset, languages: Mapping[ArticleId, str | None]) -> Iterator[tuple[str, str, Dataset]]:
    useful = dataset.relevant()
    yield ALL, EVERYBODY, useful
    for function in _sorted(offer.functions for offer in useful.offers):
        yield FUNCTION, function, useful.take(np.array([function in offer.functions for offer in useful.offers]))
    written = np.array([languages.get(article) or "" for article in useful.articles], dtype=np.str_)
    for language in sorted(set(written.tolist()) - {""}):
        yield LANGUAGE, language, useful.only(written == language).relevant()


def _parts_of(made: Sequence[List]) -> Iterator[tuple[str, str, list[List]]]:
    if not made:
        return
    whole = [one for one in made if one.language is None]
    yield ALL, EVERYBODY, whole
    for function in _sorted(one.functions for one in whole):
        yield FUNCTION, function, [one for one in whole if function in one.functions]
    for language in sorted({one.language for one in made if one.language}):
        yield LANGUAGE, language, [one for one in made if one.language == language]


def _judge(
    part: tuple[str, str, Dataset], rankers: Sequence[Ranker], drawing: BootstrapOptions
) -> Iterator[tuple[bool, Row]]:
    """A row per ranker and, marked, one per ranker that the first is compared with."""
    by, name, slates = part
    people, person = _numbered([offer.employee for offer in slates.offers])
    values = [_per_slate(slates, ranker) for ranker in rankers]

    def row(ranker: str, figures: Array) -> Row:
        told = dict(zip(RELEVANCE, mean_intervals(figures, person, drawing), strict=True))
        return Row(ranker, by, name, len(slates), people, told)

    for ranker, figures in zip(rankers, values, strict=True):
        yield False, row(ranker.name, figures)
    for other, figures in zip(rankers[1:], values[1:], strict=True):
        yield True, row(_minus(other.name), values[0] - figures)


def _look_at(
    part: tuple[str, str, list[List]], rankers: Sequence[str], drawing: BootstrapOptions
) -> Iterator[tuple[bool, Row]]:
    by, name, made = part
    mine = [[one for one in made if one.ranker == ranker] for ranker in rankers]
    people, person = _numbered([one.person for one in mine[0]])
    values = [np.array([one.figures for one in found]).reshape(-1, len(FIGURES)) for found in mine]
    drawn = [_Places.of(found).drawn(drawing) for found in mine]

    def row(ranker: str, figures: Array, of_all: Mapping[str, Array]) -> Row:
        told = dict(zip(FIGURES, mean_intervals(figures, person, drawing), strict=True))
        enough = people >= drawing.people
        for figure, (value, *resampled) in of_all.items():
            told[figure] = centred_interval(value, np.array(resampled), people, drawing) if enough else Interval(value)
        return Row(ranker, by, name, len(figures), people, told)

    for ranker, figures, of_all in zip(rankers, values, drawn, strict=True):
        yield False, row(ranker, figures, of_all)
    for other, figures, of_all in zip(rankers[1:], values[1:], drawn[1:], strict=True):
        apart = {figure: drawn[0][figure] - of_all[figure] for figure in of_all}
        yield True, row(_minus(other), values[0] - figures, apart)


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """How often each person (rows) was given each article that could be shown to anybody (columns)."""

    counts: sparse.csr_array

    @classmethod
    def of(cls, made: Sequence[List]) -> Self:
        column = {article: place for place, article in enumerate(_sorted(one.candidates for one in made))}
        people, person = _numbered([one.person for one in made])
        rows = [number for one, number in zip(made, person.tolist(), strict=True) for _ in one.first]
        columns = [column[article] for one in made for article in one.first]
        return cls(sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=(people, len(column))).tocsr())

    def totals(self) -> list[int]:
        return [round(count) for count in self.counts.sum(axis=0).tolist()]

    def drawn(self, drawing: BootstrapOptions) -> dict[str, Array]:
        """Coverage and Gini: each itself, and then that of each resample."""
        people = self.counts.shape[0]
        weights = chain([np.ones(people)], draws(people, drawing.whole) if people >= drawing.people else [])
        places = [self.counts.T @ weight for weight in weights]
        return {
            "coverage": np.array([(place > 0).mean() if len(place) else np.nan for place in places]),
            "gini": np.array([gini(place) for place in places]),
        }


def _per_slate(dataset: Dataset, ranker: Ranker) -> Array:
    """(slates, figures), in the order of `RELEVANCE`."""
    judged = (dataset.labels, score(ranker, dataset.rows), dataset.groups)
    return np.stack([figure(*judged) for figure in RELEVANCE.values()], axis=1)


def _by_ranker(rows: Sequence[tuple[bool, Row]], *, ahead: bool) -> tuple[Row, ...]:
    """Those of one kind, all of one ranker before those of the next."""
    kept = [row for compared, row in rows if compared is ahead]
    order = list(dict.fromkeys(row.ranker for row in kept))
    return tuple(sorted(kept, key=lambda row: order.index(row.ranker)))


def _minus(other: str) -> str:
    return f"minus {other}"


def _numbered(people: Sequence[EmployeeId]) -> tuple[int, NDArray[np.intp]]:
    """How many different people there are, and the number of each one."""
    different, person = np.unique(np.array(people, dtype=np.str_), return_inverse=True)
    return len(different), person.astype(np.intp)


def _sorted(sets: Iterable[frozenset[Name]]) -> list[Name]:
    return sorted(frozenset[Name]().union(*sets))
