"""What a certificate promises, how it is written down, and when it holds no longer."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from catalog.errors import ArtefactMismatch, Invalid
from models.certificate import (
    Basis,
    Certificate,
    CertificateOptions,
    Part,
    Shortfall,
    lapse_reasons,
    needed,
    p_value,
    upper_bound,
)
from tests.make import NOW

OPTIONS = CertificateOptions()
BASIS = Basis("e" * 64, "1.0.0-abc", "t" * 64, ("function",))
DAY = timedelta(days=1)


def part(language: str = "nl", threshold: float = 0.9, n: int = 400, errors: int = 0, confidence: float = 0.95) -> Part:
    return Part(language, threshold, 2 * n, n, errors, upper_bound(n, errors, confidence), confidence)


def certificate(*parts: Part, shortfalls: tuple[Shortfall, ...] = ()) -> Certificate:
    made = {"since": NOW - 30 * DAY, "until": NOW - DAY, "made_at": NOW}
    return Certificate(0.01, 0.95, BASIS, parts or (part(),), shortfalls, **made)


def test_without_errors_one_percent_takes_299_stories():
    assert needed(0, OPTIONS) == 299
    assert p_value(299, 0, 0.01) <= 0.05 < p_value(298, 0, 0.01)


@given(st.integers(0, 40), st.sampled_from([0.001, 0.01, 0.03, 0.1]), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_what_is_needed_is_enough_and_one_less_is_not(errors, alpha, confidence):
    options = CertificateOptions(alpha, confidence)
    n = needed(errors, options)
    assert upper_bound(n, errors, confidence) <= alpha
    assert upper_bound(n - 1, errors, confidence) > alpha
    assert n < needed(errors + 1, options)


@given(st.integers(1, 3000), st.integers(0, 3000), st.floats(0.5, 0.999))
def test_the_bound_is_that_of_clopper_and_pearson(n, errors, confidence):
    errors = min(errors, n)
    bound = upper_bound(n, errors, confidence)
    theirs = stats.binomtest(errors, n, alternative="less").proportion_ci(confidence, "exact").high
    assert bound == pytest.approx(theirs, abs=1e-9)
    assert errors / n <= bound <= 1


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_more_errors_or_fewer_stories_never_lower_the_bound(n, errors):
    errors = min(errors, n)
    assert upper_bound(n, errors, 0.95) <= upper_bound(n, min(errors + 1, n), 0.95)
    assert upper_bound(n, errors, 0.95) >= upper_bound(n + 1, errors, 0.95)
    assert p_value(n, errors, 0.01) <= p_value(n, min(errors + 1, n), 0.01)


def test_all_attempts_together_are_as_sure_as_one():
    risks = [1 - OPTIONS.attempt(number).confidence for number in range(1, 30)]
    assert sum(risks) == pytest.approx(0.05)
    assert needed(0, OPTIONS.attempt(1)) == 368
    with pytest.raises(Invalid, match="from 1"):
        OPTIONS.attempt(0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"alpha": 0.0},
        {"alpha": 0.2},
        {"alpha": float("nan")},
        {"confidence": 1.0},
        {"confidence": 0.3},
        {"confidence": float("nan")},
        {"share": -0.1},
        {"share": float("nan")},
        {"grid": ()},
        {"grid": (0.5, 0.9)},
        {"grid": (0.9, 0.9)},
        {"grid": (0.9, 0.0)},
        {"grid": (float("nan"),)},
        {"max_age": timedelta(0)},
    ],
)
def test_options_that_promise_nothing_are_refused(wrong):
    with pytest.raises(Invalid):
        CertificateOptions(**wrong)


def test_an_article_passes_in_its_own_language_only():
    one = certificate(part("nl", 0.9), part("en", 0.8))
    assert one.passes("nl", 0.9)
    assert not one.passes("nl", 0.85)
    assert one.passes("en", 0.85)
    assert not one.passes("de", 1.0)
    assert not one.passes(None, 1.0)
    assert not one.passes("nl", float("nan"))
    assert part().coverage == 0.5


@pytest.mark.parametrize(
    "parts",
    [
        (part(n=298),),
        (part(n=400, errors=1),),
        (replace(part(), bound=0.001),),
        (part(n=400, errors=0, confidence=0.9),),
        (replace(part(), bound=float("nan")),),
        (part("nl"), part("nl", 0.8)),
    ],
)
def test_a_certificate_that_its_numbers_do_not_prove_cannot_be(parts):
    with pytest.raises(Invalid):
        certificate(*parts)


def test_a_language_is_proven_or_not():
    with pytest.raises(Invalid, match="or a shortfall"):
        certificate(part("nl"), shortfalls=(Shortfall("nl", 10, 5, 0, 600, False, 0.95),))


def test_a_certificate_is_not_older_than_its_decisions():
    with pytest.raises(Invalid, match="after its decisions"):
        replace(certificate(), until=NOW + DAY)
    with pytest.raises(ValueError, match="aware"):
        replace(certificate(), since=(NOW - DAY).replace(tzinfo=None))


@given(
    st.dictionaries(st.sampled_from(["nl", "en", "de"]), st.tuples(st.sampled_from(OPTIONS.grid), st.integers(0, 9))),
    st.tuples(st.integers(0, 900), st.integers(0, 200), st.integers(0, 9), st.integers(1, 10**6)),
)
def test_bytes_give_back_exactly_the_same(found, counts):
    parts = [part(language, at, needed(errors, OPTIONS) + 7, errors) for language, (at, errors) in found.items()]
    one = certificate(*parts, shortfalls=(Shortfall("fr", *counts, True, 0.975),))
    assert Certificate.from_bytes(one.to_bytes()) == one


def told(**changes) -> bytes:
    content = json.loads(certificate().to_bytes())
    content["parts"][0] |= changes.pop("part", {})
    return json.dumps(content | changes, sort_keys=True, indent=1).encode()


def test_the_bytes_are_those_of_json_in_one_spelling():
    assert told() == certificate().to_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        certificate().to_bytes() + b"\n",
        told(part={"errors": 1}),
        told(part={"n": 299}),
        told(part={"n": 10**400}),
        told(part={"threshold": float("nan")}),
        told(part={"threshold": -1.0}),
        told(part={"threshold": "0.9"}),
        told(part={"bound": float("nan")}),
        told(part={"bound": 0.0}),
        told(part={"more": 1}),
        told(alpha=float("inf")),
        told(alpha=0.001),
        told(confidence=0.99),
        told(confidence=None),
        told(parts={}),
        told(basis=None),
        told(until="yesterday"),
        told(until="2020-01-01T00:00:00"),
        told(more=1),
    ],
)
def test_bytes_that_were_tampered_with_are_refused(content):
    with pytest.raises(ArtefactMismatch, match="make a new one"):
        Certificate.from_bytes(content)


def reasons(*, basis=BASIS, options=OPTIONS, now=NOW, audits=None, of=None):
    return lapse_reasons(of or certificate(), basis, options, now, audits)


def test_a_certificate_holds_while_all_it_rests_on_is_the_same():
    assert reasons(audits={"nl": [False] * 1000}) == []
    assert reasons(options=CertificateOptions(alpha=0.02, confidence=0.9)) == []  # it promises more than is asked


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"basis": replace(BASIS, encoder="f" * 64)}, f"encoder is now {'f' * 20}, no longer {'e' * 20}"),
        ({"basis": replace(BASIS, tagger="1.0.0-def")}, "tagger is now 1.0.0-def, no longer 1.0.0-abc"),
        ({"basis": replace(BASIS, taxonomy="u" * 64)}, f"taxonomy is now {'u' * 20}, no longer {'t' * 20}"),
        ({"basis": replace(BASIS, axes=("function", "unit"))}, "axes is now function, unit, no longer function"),
        ({"options": CertificateOptions(alpha=0.005)}, "it allows 1.00% to be wrong, now 0.50% is asked"),
        ({"options": CertificateOptions(confidence=0.99)}, "it is 95.00% sure, now 99.00% is asked"),
        ({"now": NOW + 180 * DAY}, "its newest decision is over 180 days old"),
        ({"audits": {"nl": [True] * 4}}, "the audit of nl found 4 errors in 4"),
    ],
)
def test_each_change_is_a_reason_in_one_line(changed, said):
    assert reasons(**changed) == [said]


def test_several_reasons_are_all_told():
    assert len(reasons(basis=replace(BASIS, encoder="", tagger=""), now=NOW + 365 * DAY)) == 3


def test_a_certificate_for_more_languages_needs_more_evidence_from_each():
    enough = [False] * 15 + [True] * 3  # evidence of 31: more than 20, less than 40
    assert reasons(audits={"nl": enough}, of=certificate(part("nl")))
    assert not reasons(audits={"nl": enough}, of=certificate(part("nl"), part("en")))


def test_the_audit_is_as_strict_however_many_attempts_it_took():
    enough = {"nl": [False] * 15 + [True] * 3}
    fifth = certificate(part("nl", n=900, confidence=OPTIONS.attempt(5).confidence))
    assert reasons(audits=enough, of=fifth) == reasons(audits=enough, of=certificate(part("nl"))) != []
