"""Imported once by the process that children are forked from: parsers loaded, and what they load at first use as well.

Word lists and patterns then cost no child anything; without them its first pages take a third of a second longer, and
the first page in which the extractor finds little another quarter, for it then reads the stop words of 100 languages.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from trafilatura.external import jt_stoplist_init

from ingest.extract import NoText, from_markup
from ingest.feeds import parse

_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PAGE: Final = (
    "<html><body><article><h1>Warm</h1><p>Not enough words for one opinion alone.</p></article></body></html>"
)
_FEED: Final = b"<rss version='2.0'><channel><item><title>&lt;b&gt;Warm&lt;/b&gt;</title></item></channel></rss>"

with suppress(NoText):
    from_markup(_PAGE, "warm", "https://warm.example/page", _NOW, 1)
parse(_FEED, "https://warm.example/feed", "application/rss+xml", _NOW)
jt_stoplist_init()
