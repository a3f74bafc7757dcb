"""Heads of own concepts: a handful of examples is enough to be found by, and no reason to be sure of everything."""

import numpy as np
import pytest

from catalog.errors import Invalid
from catalog.taxonomy import Concept
from models.few_shot import EXPECTED, Ground

DIMENSIONS = 24


def concept(facet, name, parent=None):
    return Concept(facet, name, parent, (), {"en": name}, {}, {})


def world(seed=1, noise=0.25, each=12):
    """Shipped concepts with headlines around a direction each, and a way to make headlines of a new one."""
    random = np.random.default_rng(seed)

    def headlines(direction, count):
        made = direction + noise * random.normal(size=(count, DIMENSIONS))
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    shipped = [concept(facet, f"{facet}-{n}") for facet in ("function", "topic") for n in range(8)]
    directions = np.linalg.qr(random.normal(size=(DIMENSIONS, DIMENSIONS)))[0]
    told = {(c.facet, c.id): headlines(d, each) for c, d in zip(shipped, directions, strict=False)}
    return shipped, told, lambda place, count: headlines(directions[16 + place], count)


SHIPPED, HEADLINES, OWN = world()
GROUND = Ground.of(SHIPPED, HEADLINES)
ONE = {"theme": [concept("theme", "a")]}
TOLD = {("theme", "a"): OWN(0, 4)}


def head(*counts):
    concepts = [concept("theme", f"theme-{place}") for place in range(len(counts))]
    told = {("theme", f"theme-{place}"): OWN(place, count) for place, count in enumerate(counts)}
    return GROUND.heads({"theme": concepts}, told)[0]


@pytest.mark.parametrize("examples", [3, 5, 30])
def test_one_concept_with_few_examples_is_told_from_everything_else(examples):
    found = head(examples).probabilities(OWN(0, 50).astype(np.float32))[:, 0]
    others = head(examples).probabilities(np.vstack(list(HEADLINES.values())).astype(np.float32))[:, 0]
    assert found.mean() > 0.5 > 5 * others.mean()


def test_a_text_can_be_about_two_own_concepts_or_none():
    both = OWN(0, 30).mean(axis=0) + OWN(1, 30).mean(axis=0)
    found = head(30, 30).probabilities((both / np.linalg.norm(both))[None].astype(np.float32))[0]
    assert found.min() > 3 * EXPECTED
    assert head(5, 5).probabilities(np.zeros((1, DIMENSIONS), np.float32)).max() < 0.5


def test_probabilities_mean_what_they_say_where_nothing_is_typical():
    """Concepts as vague as noise are as probable as expected, not surely there or surely not."""
    shipped, told, own = world(noise=50.0)
    [vague] = Ground.of(shipped, told).heads(ONE, {("theme", "a"): own(0, 4)})
    assert vague.probabilities(own(0, 400).astype(np.float32)).mean() == pytest.approx(EXPECTED, abs=0.05)


def test_a_parent_is_at_least_as_probable_as_its_child():
    concepts = [concept("product", "boats"), concept("product", "ferries", "boats")]
    told = {("product", "boats"): OWN(0, 4), ("product", "ferries"): OWN(1, 4)}
    [made] = GROUND.heads({"theme": [], "product": concepts}, told)
    found = made.probabilities(OWN(1, 20).astype(np.float32))
    assert (found[:, 0] >= found[:, 1]).all()


def test_it_is_the_same_each_time():
    made = [Ground.of(SHIPPED, HEADLINES).heads(ONE, TOLD)[0] for _ in range(2)]
    assert made[0].link == made[1].link
    assert (made[0].weights == made[1].weights).all()


def test_what_the_organisations_words_share_tells_none_of_them():
    """Two own concepts in one jargon: what is merely in it is less surely of the first than without the second."""
    jargon = OWN(5, 1)[0]
    told = {("theme", name): (OWN(place, 4) + jargon) / 1.5 for place, name in enumerate("ab")}
    text = jargon[None].astype(np.float32)
    [alone] = GROUND.heads(ONE, told)
    [beside] = GROUND.heads({"theme": [concept("theme", "a"), concept("theme", "b")]}, told)
    assert beside.probabilities(text)[0, 0] < alone.probabilities(text)[0, 0]


def test_too_little_shipped_text_is_said():
    few = {name: vectors[:5] for name, vectors in HEADLINES.items()}
    with pytest.raises(Invalid, match="more than 5 headlines"):
        Ground.of(SHIPPED, few)
