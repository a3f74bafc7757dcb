"""Learn from the past, choose on what came after it, and judge on the newest days: parts that never overlap in time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from catalog.errors import Invalid
from ranking.dataset import Dataset


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """How many of the newest days are held out, and how many before them choose when to stop."""

    validation: timedelta = timedelta(days=4)
    test: timedelta = timedelta(days=4)

    def __post_init__(self) -> None:
        if min(self.validation, self.test) <= timedelta(0):
            raise ValueError("validation and test each need some time")


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Three parts of one dataset, in order of time. Refuses parts in which a label of one knows of the next."""

    train: Dataset
    validation: Dataset
    test: Dataset

    def __post_init__(self) -> None:
        for earlier, later in ((self.train, self.validation), (self.validation, self.test)):
            if earlier.offers and later.offers and earlier.offers[-1].at + earlier.horizon > later.offers[0].at:
                raise ValueError("the slates of an earlier part reach into a later one")


def by_time(dataset: Dataset, options: SplitOptions) -> Split:
    """Cut a dataset at two moments, counted back from its newest slate.

    A slate belongs to the part in which its label was complete: one whose horizon reaches over a cut is in neither,
    so nothing that is learned from can have happened in the days that are judged. Raises Invalid without any slate.
    """
    if not len(dataset):
        raise Invalid("there are no slates that somebody saw: the heuristic ranks until there are")
    times = np.array([offer.at for offer in dataset.offers])
    test_from: datetime = times.max() - options.test
    validation_from = test_from - options.validation
    over = times + dataset.horizon
    return Split(
        train=dataset.take(over <= validation_from),
        validation=dataset.take((times >= validation_from) & (over <= test_from)),
        test=dataset.take(times >= test_from),
    )
