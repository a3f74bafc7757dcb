"""What `sluis source` says about times and previews, in the two languages of our users."""

from datetime import datetime, timedelta
from typing import Final

from catalog.taxonomy import Language

_WORDS: Final = {
    "minutes": {"en": "{n} min", "nl": "{n} min"},
    "hours": {"en": "{n} h", "nl": "{n} uur"},
    "days": {"en": "{n} days", "nl": "{n} dagen"},
    "now": {"en": "now", "nl": "nu"},
    "in": {"en": "in {span}", "nl": "over {span}"},
    "ago": {"en": "{span} ago", "nl": "{span} geleden"},
    "just_now": {"en": "just now", "nl": "zojuist"},
    "looking": {"en": "Looking", "nl": "Kijken"},
    "learning": {"en": "Learning the vocabulary (once)", "nl": "De woordenlijst leren (eenmalig)"},
    "no_title": {"en": "A feed without a title", "nl": "Een feed zonder titel"},
    "found_on": {"en": "found on {page}", "nl": "gevonden op {page}"},
    "others": {"en": "more feeds that this page names: {others}", "nl": "meer feeds die deze pagina noemt: {others}"},
    "language": {"en": "language {code}", "nl": "taal {code}"},
    "no_language": {"en": "does not say its language", "nl": "zegt niet in welke taal"},
    "items": {"en": "{n} items", "nl": "{n} items"},
    "per_day": {"en": "about {n} a day", "nl": "ongeveer {n} per dag"},
    "per_week": {"en": "about {n} a week", "nl": "ongeveer {n} per week"},
    "per_month": {"en": "about {n} a month", "nl": "ongeveer {n} per maand"},
    "no_rhythm": {"en": "nothing dated in the last month", "nl": "niets met een datum in de laatste maand"},
    "newest": {"en": "newest {age}", "nl": "nieuwste {age}"},
    "wait": {
        "en": "it would be visited again after {span}",
        "nl": "na {span} zouden we er opnieuw kijken",
    },
    "left_out": {"en": "left out: {reasons}", "nl": "weggelaten: {reasons}"},
    "no web address": {"en": "no web address", "nl": "geen webadres"},
    "same id as one before": {"en": "same id as one before", "nl": "zelfde id als een eerdere"},
    "more than 1000": {"en": "more than 1000", "nl": "meer dan 1000"},
    "no date": {"en": "no date", "nl": "geen datum"},
    "older than 30 days": {"en": "older than 30 days", "nl": "ouder dan 30 dagen"},
    "empty": {"en": "There is nothing in it now.", "nl": "Er staat nu niets in."},
    "words": {"en": "{n} words", "nl": "{n} woorden"},
    "no_tags": {"en": "no tags that are sure enough", "nl": "geen labels die zeker genoeg zijn"},
    "topic": {"en": "topic", "nl": "onderwerp"},
    "function": {"en": "function", "nl": "functie"},
    "industry": {"en": "industry", "nl": "branche"},
    "kind": {"en": "kind", "nl": "soort"},
    "good_for": {"en": "good for", "nl": "goed voor"},
    "theme": {"en": "theme", "nl": "thema"},
    "product": {"en": "product", "nl": "product"},
    "department": {"en": "department", "nl": "afdeling"},
    "readable": {"en": "the page can be read", "nl": "de pagina is te lezen"},
    "from_feed": {
        "en": "the page cannot be read, but the feed says enough",
        "nl": "de pagina is niet te lezen, maar de feed zegt genoeg",
    },
    "closed": {
        "en": "the site's robots.txt does not let programs read it: ask the publisher",
        "nl": "robots.txt van de site laat programma's hier niet toe: vraag het de uitgever",
    },
    "unsure": {
        "en": "the site cannot tell now whether programs may read it (robots.txt): try again later",
        "nl": "de site kan nu niet zeggen of programma's hier mogen lezen (robots.txt): probeer het later",
    },
    "notice": {
        "en": "the page shows a notice, a form or links, and no article",
        "nl": "de pagina toont een melding, een formulier of links, en geen artikel",
    },
    "no_text": {
        "en": "no article there: too little text (it may want a login or a browser with scripts), or it leads to the "
        "front page of the site",
        "nl": "daar staat geen artikel: te weinig tekst (misschien is een login of een browser met scripts nodig), of "
        "het leidt naar de voorpagina van de site",
    },
    "old": {
        "en": "published too long ago to be news",
        "nl": "te lang geleden verschenen",
    },
    "only_web": {
        "en": "{url}: only web addresses can be previewed: add it with 'sluis source add'",
        "nl": "{url}: alleen webadressen zijn vooraf te bekijken: voeg dit toe met 'sluis source add'",
    },
    "unreachable": {"en": "the page cannot be fetched", "nl": "de pagina is niet op te halen"},
    "answer": {"en": "answer {status}", "nl": "antwoord {status}"},
    "too_costly": {
        "en": "the page takes too much time or memory to read",
        "nl": "de pagina lezen kost te veel tijd of geheugen",
    },
    "paywall": {"en": "readers meet a paywall", "nl": "lezers stuiten op een betaalmuur"},
    "cookie wall": {"en": "readers meet a cookie wall", "nl": "lezers stuiten op een cookiemuur"},
    "good": {
        "en": "{n} of {of} would become articles: 'sluis source add {url}' reads it from now on.",
        "nl": "{n} van de {of} zouden artikelen worden: met 'sluis source add {url}' lees je dit voortaan.",
    },
    "bad": {
        "en": "None of these would become an article: choose another source.",
        "nl": "Geen van deze zou een artikel worden: kies een andere bron.",
    },
    "no_feed": {
        "en": "{url}: no feed on this page, nor where sites usually keep one: ask the publisher for the address of its "
        "feed, or have its articles handed in",
        "nl": "{url}: geen feed op deze pagina, en ook niet waar sites er meestal een hebben: vraag de uitgever om het "
        "adres van de feed, of laat artikelen aanleveren",
    },
    "status": {
        "en": "{url}: answer {status}: check the address",
        "nl": "{url}: antwoord {status}: controleer het adres",
    },
    "unread": {
        "en": "{url}: it cannot be read ({why})",
        "nl": "{url}: het is niet te lezen ({why})",
    },
    "costly": {
        "en": "{url}: it takes too much time or memory to read: choose another source",
        "nl": "{url}: het lezen kost te veel tijd of geheugen: kies een andere bron",
    },
}
CODES: Final = frozenset(_WORDS)

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def phrase(code: str, language: Language) -> str:
    """The phrase of this code, with its {fields}."""
    return _WORDS[code][language]


def say(code: str, language: Language = "en", /, **values: object) -> str:
    """The phrase of this code, filled in."""
    return phrase(code, language).format(**values)


def known(text: str, language: Language) -> str:
    """A phrase that is its own code, such as the reason why an item is left out; as it is where we have no other."""
    return say(text, language) if text in _WORDS else text


def span(time: timedelta, language: Language = "en") -> str:
    """A length of time in its largest sensible unit: minutes up to two hours, hours up to two days."""
    if time < 2 * _HOUR:
        return say("minutes", language, n=max(1, round(time / timedelta(minutes=1))))
    if time < 2 * _DAY:
        return say("hours", language, n=round(time / _HOUR))
    return say("days", language, n=round(time / _DAY))


def until(moment: datetime, now: datetime, language: Language = "en") -> str:
    """How far ahead a moment is."""
    return say("in", language, span=span(moment - now, language)) if moment > now else say("now", language)


def ago(moment: datetime, now: datetime, language: Language = "en") -> str:
    """How long ago a moment was."""
    past = now - moment
    return say("just_now", language) if past < timedelta(minutes=1) else say("ago", language, span=span(past, language))


def pace(per_day: float | None, language: Language = "en") -> str:
    """How often something comes, per day, week or month, so that the number is at least one."""
    if per_day is None:
        return say("no_rhythm", language)
    if per_day >= 1:
        return say("per_day", language, n=round(per_day))
    if per_day * 7 >= 1:
        return say("per_week", language, n=round(per_day * 7))
    return say("per_month", language, n=max(1, round(per_day * 30)))
