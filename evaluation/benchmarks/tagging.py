"""How good tags are on the first day, on real texts that nobody here has labelled or learned from.

Three vocabularies say of their own texts where they belong: ESCO of occupations, NACE of industries, IPTC of topics.
The taggers know none of them, only our own headlines. The peer is what one would do without taggers: the nearest mean
of a concept's headlines.
"""

import csv
import gzip
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score

from catalog.errors import NotFound
from catalog.taxonomy import LANGUAGES, Taxonomy
from evaluation.benchmarks.figures import Figure, seconds
from models.protocols import Encoder, Progress, Vectors
from models.taggers import Taggers

SAMPLE: Final = 1000
SEED: Final = 1
CHARACTERS: Final = 500
"""An article is tagged by its title and lead: longer texts are cut to about that."""
TIMED_TEXTS: Final = 256
TIMED_VECTORS: Final = 10_000
ROUNDS: Final = 2
"""What is timed is timed so often, ours and the peer in turn; the best of each counts."""

SECTIONS: Final = {
    **dict.fromkeys(range(1, 4), "A"), **dict.fromkeys(range(5, 10), "B"), **dict.fromkeys(range(10, 34), "C"),
}
"""Which section"""


class NoData(NotFound):
    """A file to measure on is missing."""

    code = "no_data"
