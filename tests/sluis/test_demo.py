"""The demo world is sound, and the demo runs to its three feeds. The whole run takes a minute or two: it goes last."""

import io
import os
import re
import subprocess
import sys
from collections import Counter
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import feedparser
import pytest

from catalog import taxonomy
from catalog.clock import utcnow
from catalog.records import ALL, FUNCTION
from catalog.taxonomy import EVERYONE
from sluis import roster, wordlist
from sluis.demo import site
from sluis.demo.world import FEEDS, PEOPLE, THEMES, stories

WORDS = taxonomy.load()
FUNCTIONS = WORDS.facets["function"].keys() - {EVERYONE}


def test_every_story_speaks_of_concepts_that_exist():
    told = stories()
    assert len(told) >= 100
    assert len({story.slug for story in told}) == len(told)
    for story in told:
        assert story.audience == {ALL} or WORDS.require("function", story.audience)
        assert WORDS.require("industry", story.industries) == set(story.industries)
        assert WORDS.require("topic", story.topics) == set(story.topics)
        assert WORDS.require("good_for", story.good_for) == set(story.good_for)
        assert WORDS.concept("kind", story.kind)
        assert 60 <= len(story.body.split()) <= 250, story.slug


def test_the_world_has_near_duplicates_legal_cases_and_all_functions():
    told = stories()
    assert sum(story.legal for story in told) >= 10
    assert sum(count > 1 for count in Counter(story.story for story in told if story.story).values()) >= 8
    assert {function for story in told for function in story.audience} == {ALL, *FUNCTIONS}


def test_sixty_people_work_there_in_every_function():
    people = roster.read(PEOPLE, WORDS, utcnow())
    assert len(people) == 60
    assert {function for person in people for function in person.axes[FUNCTION]} == FUNCTIONS
    assert not all(person.opted_in for person in people)


def test_the_company_has_themes_of_its_own():
    assert [concept.facet for concept in wordlist.read(THEMES)] == ["theme"] * 4


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.id)
def test_the_site_serves_real_feeds_and_pages(feed):
    told = stories()
    with site.serve(told, utcnow()) as origin:
        with urlopen(f"{origin}{site.feed_path(feed)}") as answer:
            parsed, etag = feedparser.parse(io.BytesIO(answer.read())), answer.headers["ETag"]
        assert not parsed.bozo
        assert len(parsed.entries) == sum(story.feed == feed.id for story in told)
        with urlopen(parsed.entries[0].link) as page:
            assert parsed.entries[0].title in page.read().decode()
        with pytest.raises(HTTPError, match="304"):
            urlopen(Request(f"{origin}{site.feed_path(feed)}", headers={"If-None-Match": etag}))
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"{origin}/nowhere")


@pytest.mark.long
def test_the_demo_ends_with_three_feeds_and_nothing_outside_its_audience(tmp_path):
    environment = os.environ | {"SLUIS_DATA_DIR": str(tmp_path), "COLUMNS": "200"}
    command = [sys.executable, "-m", "sluis.main", "demo", "--once"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    for who in ("Sanne de Wit, seller", "Farid Amrani, lawyer", "Joanna Kowalska, developer"):
        feed = done.stdout.partition(who)[2]
        assert len(re.findall(r"^ [1-5]\. ", feed.partition(" · ranked by ")[2].partition("ranked by")[0], re.M)) == 5
    assert re.search(r"\d+ slates served, \d+ items, 0 outside their audience", done.stdout)
    assert "104 articles tagged" in done.stdout
    assert re.search(r"^figure +lambdamart\S+ +heuristic", done.stdout, re.M)
    learned, heuristic = re.search(r"^ndcg@10 +(0\.\d+) \(.*?\) +(0\.\d+) \(", done.stdout, re.M).groups()
    assert float(learned) > float(heuristic)
