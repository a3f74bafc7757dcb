"""Why this article: reasons that are true of this person and this article, never a guess at what a model thought.

Each reason is a fact that the ranker could see as a feature. It is stored as a code with values and put into words in
the reader's language at the edge.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain, islice
from typing import Final

import numpy as np

from catalog.records import FUNCTION, TOPIC, Reason
from catalog.taxonomy import Taxonomy
from ranking.config import RankingOptions
from ranking.features import INDEX
from ranking.profile import Person
from ranking.snapshot import Snapshot
from ranking.state import State

MOST: Final = 3
"""More reasons than this explain nothing."""

ENOUGH_CHOSEN: Final = 3
"""How many articles somebody must have chosen before we speak of what they like."""
MUCH_ALIKE: Final = 0.3
"""A `nearest_lift` from which two texts are about the same thing to a reader."""
OFTEN: Final = 0.25
"""Share of somebody's choices from which a topic is theirs."""
SURE: Final = 0.5
"""Probability from which we say that an article has a tag."""
TOP: Final = 0.1
"""Share of the list that may be more popular than what we call popular."""

_WORDS: Final = {
    "must_read": {
        "en": "Your communication team asks everybody it is for to read this",
        "nl": "Je communicatieteam vraagt iedereen voor wie dit is om het te lezen",
    },
    "pinned": {"en": "Pinned by your communication team", "nl": "Vastgezet door je communicatieteam"},
    "colleagues_opened": {"en": "Colleagues in {function} opened this", "nl": "Collega's in {function} openden dit"},
    "like_minded_opened": {
        "en": "Colleagues who read what you read opened this",
        "nl": "Collega's die lezen wat jij leest openden dit",
    },
    "like_what_you_read": {"en": "Resembles what you read", "nl": "Lijkt op wat je las"},
    "your_topic": {"en": "You often read about {topic}", "nl": "Je leest vaak over {topic}"},
    "chosen_topic": {"en": "About {topic}, which you chose", "nl": "Over {topic}, wat je zelf koos"},
    "for_function": {"en": "Meant for {function}", "nl": "Bedoeld voor {function}"},
    "popular": {"en": "Popular in your organisation", "nl": "Populair in je organisatie"},
    "fresh": {"en": "New", "nl": "Nieuw"},
    "from_your_organisation": {"en": "From your own organisation", "nl": "Van je eigen organisatie"},
    "for_everyone": {"en": "Meant for every function", "nl": "Bedoeld voor alle functies"},
    "explore": {"en": "Something different, to get to know you", "nl": "Eens iets anders, om je te leren kennen"},
}
CODES: Final = tuple(_WORDS)
PINNED: Final = ("must_read", "pinned")
"""The codes of what a curator put there."""


@dataclass(frozen=True, eq=False)
class Explainer:
    """Everything that reasons are read from, for one slate."""

    snapshot: Snapshot
    state: State
    person: Person
    options: RankingOptions
    now: datetime

    def reasons(self, article: int, features: tuple[float, ...], because: str | None = None) -> tuple[Reason, ...]:
        """The strongest reasons for the article at this index of the snapshot: one to three, the strongest first.

        `because` is the code of what put it there besides its worth, such as chance.
        """
        given = [Reason(because)] if because else []
        return tuple(islice(chain(given, self._personal(article, features), self._general(article, features)), MOST))

    def _personal(self, article: int, features: tuple[float, ...]) -> Iterator[Reason]:
        ids, person = self.snapshot.ids, self.person
        for function in person.functions:
            if self.state.colleagues(ids[article], person.id, function) >= self.options.minimum_group:
                yield Reason("colleagues_opened", {"function": function})
                break
        if len(person.last) >= ENOUGH_CHOSEN:
            if self._like_minded(article) >= self.options.minimum_group:
                yield Reason("like_minded_opened")
            if features[INDEX["nearest_lift"]] >= MUCH_ALIKE and article not in person.last:
                yield Reason("like_what_you_read")
            topic = self._favourite_topic(article)
            if topic is not None:
                yield Reason("your_topic", {"topic": topic})
        chosen = self._chosen_topic(article)
        if chosen is not None:
            yield Reason("chosen_topic", {"topic": chosen})
        named = [own for own in person.functions if self.snapshot.audiences[FUNCTION].names(article, own)]
        if named:
            yield Reason("for_function", {"function": named[0]})

    def _general(self, article: int, features: tuple[float, ...]) -> Iterator[Reason]:
        others = self.state.colleagues(self.snapshot.ids[article], self.person.id)
        if others >= self.options.minimum_group and features[INDEX["more_popular_in_list"]] <= TOP:
            yield Reason("popular")
        age = self.now.timestamp() - self.snapshot.published[article]
        if age <= self.options.fresh_for.total_seconds():
            yield Reason("fresh")
        if self.snapshot.internal[article]:
            yield Reason("from_your_organisation")
        if self.snapshot.audiences[FUNCTION].named[article] == 0:
            yield Reason("for_everyone")

    def _like_minded(self, article: int) -> int:
        """How many different others opened it who opened something that this person did: of the last ones at least."""
        people = self.state.readers(self.snapshot.ids[article])
        return len(set(people[self.person.visit.company.like[people] > 0].tolist()))

    def _chosen_topic(self, article: int) -> str | None:
        """The surest of the article's topics that the person said they like."""
        facet, liked = self.snapshot.facets["topic"], self.person.axes.get(TOPIC, frozenset())
        sure = [(facet.probability[article, facet.column[topic]], topic) for topic in liked if topic in facet.column]
        return max(((how, topic) for how, topic in sure if how >= SURE), default=(0.0, None))[1]

    @cached_property
    def _often(self) -> list[tuple[float, int]]:
        """The topics that are theirs: the share of their choices, and the column."""
        often = np.flatnonzero(self.person.topics >= OFTEN)
        return list(zip(self.person.topics[often].tolist(), often.tolist(), strict=True))

    def _favourite_topic(self, article: int) -> str | None:
        facet = self.snapshot.facets["topic"]
        theirs = [topic for topic in self._often if facet.probability[article, topic[1]] >= SURE]
        return facet.concepts[max(theirs)[1]] if theirs else None


def in_words(reason: Reason, language: str, taxonomy: Taxonomy) -> str:
    """The reason as a sentence in `language`, or in English where we do not speak it."""
    templates = _WORDS[reason.code]
    spoken = language if language in templates else "en"
    return templates[spoken].format(
        **{facet: taxonomy.label(facet, concept, spoken) for facet, concept in reason.values.items()}
    )
