"""What the encoder reads of an article, and the sentences it is made of. Light: the process that serves uses it too."""

import re
from typing import Final, Protocol

import sentencex

from ingest import plain

PASSAGE_WORDS: Final = 100
"""Words of the text that the encoder reads. With 150, two languages' versions of a story were harder to tell from mere
likeness; with 60, one language's."""

_MOST_CHARACTERS: Final = 4000
"""Of the same: no encoder reads further, and there are texts without a single space."""

_TITLE_END: Final = re.compile(r"(?<=[?!…])\.$")
"""The full stop that a passage puts after every title."""

_LEAST_WORDS: Final = 4
"""What is shorter, such as 'Amsterdam, 3 mei.', is no sentence that could carry a tag."""


class Written(Protocol):
    """What has a title, a lead and a text, such as an article."""

    @property
    def title(self) -> str:
        """Its headline."""

    @property
    def lead(self) -> str:
        """Its summary, or how the text begins."""

    @property
    def text(self) -> str:
        """A line per paragraph."""


def passage(written: Written) -> str:
    """What the encoder reads of it: title, lead, and how the text begins."""
    beginning = " ".join(written.text.split()[:PASSAGE_WORDS])[:_MOST_CHARACTERS]
    own_lead = "" if beginning.startswith(written.lead.rstrip("…")) else written.lead
    return plain.line(f"{written.title}. {own_lead} {beginning}")


def sentences(passage: str, language: str) -> list[str]:
    """The sentences of a passage, in order and each once, the title being the first; `language` is a code such as nl.

    The last one ends where the passage does.
    """
    found = (_TITLE_END.sub("", sentence.strip()) for sentence in sentencex.segment(language, passage))
    return list(dict.fromkeys(sentence for sentence in found if len(sentence.split()) >= _LEAST_WORDS))
