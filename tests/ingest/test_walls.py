"""Walls and notices: what is recognised in four languages, and what only looks like one."""

import gzip
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from ingest.extract import Boilerplate, NoText, extract
from ingest.notices import ACCEPT_TO_READ, NOTICES, SUBSCRIBE
from ingest.walls import LONGEST, Barrier, barrier, notice, only_links
from tests.make import NOW

EMPTY = html.fromstring("<html><head></head><body></body></html>")
BEGINNING = "The dredger arrived at night. Nobody on the quay had been told, and the first lorry came only at nine.\n"


def page(head="", body=""):
    return html.fromstring(f"<html><head>{head}</head><body>{body}</body></html>")


def described(**told):
    return page(f'<script type="application/ld+json">{json.dumps(told)}</script>')


def shown(title, text):
    found = notice(title, text)
    return found and found.shown


@pytest.mark.parametrize(
    "told",
    [
        {"isAccessibleForFree": False},
        {"isAccessibleForFree": "False"},
        {"isAccessibleForFree": "https://schema.org/False"},
        {"isAccessibleForFree": True, "hasPart": {"isAccessibleForFree": False}},
        {"hasPart": [{"@type": "WebPageElement"}, {"isAccessibleForFree": "false"}]},
        {"@graph": [{"@type": "WebSite"}, {"@type": "NewsArticle", "isAccessibleForFree": False}]},
        {"@type": "WebPage", "mainEntity": {"isAccessibleForFree": False}},
    ],
)
def test_a_page_that_declares_not_to_be_free_has_a_paywall(told):
    assert barrier(described(**told), "word " * 2000) is Barrier.PAYWALL


@pytest.mark.parametrize(
    "told",
    [
        {"isAccessibleForFree": True},
        {"isAccessibleForFree": "True", "hasPart": {"isAccessibleForFree": "True"}},
        {"isAccessibleForFree": None},
        {"headline": "What isAccessibleForFree: false does to your readers"},
        {"@type": "ItemList", "itemListElement": [{"item": {"isAccessibleForFree": False}}]},
        {"@type": "NewsArticle", "citation": {"isAccessibleForFree": False}},
    ],
)
def test_a_page_that_is_free_or_only_speaks_of_others_has_none(told):
    assert barrier(described(**told), "") is None


@pytest.mark.parametrize(
    "script", ['{"isAccessibleForFree": false', "[" * 100_000 + '"isAccessibleForFree"', "isAccessibleForFree", "3"]
)
def test_a_description_that_is_no_json_says_nothing(script):
    assert barrier(page(f'<script type="application/ld+json">{script}</script>'), "") is None


@pytest.mark.parametrize(
    ("tier", "found"), [("locked", "paywall"), (" Metered", "paywall"), ("free", None), ("", None)]
)
@pytest.mark.parametrize("attribute", ["property", "name"])
def test_the_content_tier_is_believed(attribute, tier, found):
    assert barrier(page(f'<meta {attribute}="article:content_tier" content="{tier}">'), "") == found


@pytest.mark.parametrize(
    "line",
    [
        "Subscribe to continue reading.",
        "Sign up now to keep reading this story",
        "Already a subscriber? Log in",
        "This article is exclusively for subscribers.",
        "Lees verder met een abonnement",
        "Dit artikel is alleen voor abonnees.",
        "Al abonnee? Log in",
        "Weiterlesen mit einem Abo",
        "Dieser Artikel ist nur für Abonnenten.",
        "Sie haben bereits ein Abo?",
        "Cet article est réservé aux abonnés.",
        "Abonnez-vous pour lire la suite",
        "Déjà abonné ?",
    ],
)
def test_a_text_that_ends_in_an_offer_has_a_paywall(line):
    assert barrier(EMPTY, BEGINNING + line) is Barrier.PAYWALL
    assert barrier(EMPTY, BEGINNING * 20 + line) is None  # so long a text is not cut off


@pytest.mark.parametrize(
    "line",
    [
        "Accept all cookies to continue.",
        "To continue reading you must accept our cookies.",
        "Accepteer cookies om verder te gaan.",
        "Om verder te lezen moet je cookies accepteren.",
        "Bitte akzeptieren Sie die Cookies, um fortzufahren.",
        "Acceptez les cookies pour continuer.",
    ],
)
def test_a_text_that_asks_for_consent_before_the_rest_has_a_cookie_wall(line):
    assert barrier(EMPTY, BEGINNING + line) is Barrier.COOKIES


@pytest.mark.parametrize(
    "line",
    [
        "Subscribe to our newsletter.",
        "Subscribe to the Tide and keep up with the news of the quay.",
        "Readers had to subscribe to continue reading, and did not.",
        "Her screen said “Subscribe to continue reading”, so she went outside.",
        "Word lid van de roeivereniging en roei mee.",
        "Lees verder op bladzijde vier.",
        "Accept cookies to watch this video.",
        "De bakker accepteert geen cookies om verder te gaan met zijn koekjes.",
        "Continue reading: how the lock was built.",
    ],
)
def test_what_only_sounds_like_a_wall_is_none(line):
    assert barrier(EMPTY, BEGINNING + line) is None


COOKIES = {
    "en": "We and our partners use cookies to personalise content and advertisements. By clicking Accept you agree to "
    "the storing of cookies on your device. You can change your preferences at any time in the privacy settings.",
    "nl": "Wij gebruiken cookies om je persoonlijke advertenties te tonen. Door verder te gaan op deze site ga je "
    "akkoord met het plaatsen van cookies. Je kunt je voorkeuren altijd wijzigen.",
    "de": "Wir und unsere Partner verwenden Cookies, um Werbung zu personalisieren. Mit einem Klick auf Akzeptieren "
    "stimmen Sie der Verarbeitung zu. Ihre Einwilligung können Sie in den Einstellungen widerrufen.",
    "fr": "Nous et nos partenaires utilisons des cookies pour afficher des publicités. En cliquant sur Accepter, vous "
    "acceptez leur utilisation. Les paramètres permettent de refuser les cookies.",
}


@pytest.mark.parametrize("text", COOKIES.values(), ids=COOKIES)
def test_a_page_of_nothing_but_consent_is_a_notice(text):
    assert shown("Daily Tide", text) == "a cookie notice"
    assert shown("Daily Tide", text + "\n" + BEGINNING * 4) is None  # an article under its banner


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Just a moment...", "", "a check for robots"),
        ("tide.example", "Please verify you are human. This is a security check.", "a check for robots"),
        ("tide.example", "Verifying you are human. It takes a few seconds.", "a check for robots"),
        ("Tide", "Sorry, you have been blocked.\nThis site uses a security service.", "a check for robots"),
        ("Een moment geduld", "Uw browser wordt gecontroleerd.", "a check for robots"),
        ("", "Bestätigen Sie, dass Sie kein Roboter sind.", "a check for robots"),
        ("Tide", "You need to enable JavaScript to run this app.", "a request to turn on JavaScript"),
        ("", "Zet JavaScript aan in je browser om deze site te zien.", "a request to turn on JavaScript"),
        ("", "Veuillez activer JavaScript dans votre navigateur.", "a request to turn on JavaScript"),
        ("Pagina niet gevonden | Tij", "", "a message that the page does not exist"),
        ("Tij", "De pagina die je zoekt bestaat niet meer.", "a message that the page does not exist"),
        ("", "Die Seite wurde leider nicht gefunden. Zur Startseite", "a message that the page does not exist"),
        ("", "Cette page est introuvable.", "a message that the page does not exist"),
        ("Tide", "Sign in\nEmail or phone\nPassword\nForgot password?\nNew here? Register", "a login form"),
        ("Log in", "Email\nPassword\nForgot your password?", "a login form"),
        ("Anmelden", "Passwort vergessen?", "a login form"),
        ("Se connecter", "Vous devez être connecté.\nMot de passe oublié ?", "a login form"),
        ("Tide Weekly", "Subscribe to continue reading.\nAlready a subscriber? Log in", "an offer to subscribe"),
        ("Getij", "Dit artikel is alleen voor abonnees.\nAl abonnee? Log in", "an offer to subscribe"),
    ],
)
def test_a_notice_is_called_what_it_is(title, text, expected):
    assert shown(title, text) == expected


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("", ""),
        ("Weather", "Rain later."),
        ("Cookies | The Baker", BEGINNING * 5 + "We use cookies to remember your recipes."),
        (
            "Regulator fines retailer over cookies",
            "The privacy regulator has fined a retailer because its site set tracking cookies before visitors had "
            "given consent. The banner had no button to refuse cookies. The retailer has changed its settings and "
            "will appeal. Privacy experts say that consent banners will disappear within a few years.",
        ),
        (
            "De cookiemelding verdwijnt",
            "Brussel wil af van de cookiemelding. Wie zijn voorkeuren een keer instelt in de browser, hoeft daarna "
            "geen toestemming meer te geven. Uitgevers vrezen voor hun advertenties. ‘Wij gebruiken cookies om te "
            "overleven,’ zegt een van hen. De toezichthouder wil dat cookies zonder toestemming verboden blijven.",
        ),
        (
            "Why robots fail the test",
            "Robots now pass the picture puzzles that sites use to verify that a visitor is human faster than people "
            "do. Researchers let a bot solve a thousand of them. Security firms look at how the mouse moves instead.",
        ),
        (
            "404 Media wins prize for reporting",
            "The reporters of 404 Media were praised for their stories about data brokers. One article, on a page that "
            "could not be found for weeks after a court order, led to questions in parliament. The jury called their "
            "work fearless, careful and long overdue.",
        ),
        (
            "Password managers compared",
            "Nobody remembers a password any more, and nobody should. We compared six managers, with an eye for those "
            "who share an account at work. The cheapest is also the only one that works without a network.",
        ),
        (
            "A framework that requires JavaScript no longer",
            "The browser framework now renders its pages on the server. Its authors say that JavaScript was always "
            "meant as a layer on top. Pages load twice as fast in an old browser, and not at all slower in a new one.",
        ),
        (
            "Newspaper lowers its paywall",
            "Readers of the newspaper will be able to read ten articles a month without a subscription. Subscribers "
            "keep their evening edition. The editor hopes that members follow when they see what it is worth.",
        ),
    ],
)
def test_an_article_about_it_is_an_article(title, text):
    assert shown(title, text) is None
    assert barrier(EMPTY, text) is None


def test_a_list_is_only_links_where_its_lines_can_be_followed():
    lines = [f"Story number {number} from the harbour" for number in range(8)]
    links = page(body="".join(f'<p><a href="/{place}">{line}</a></p>' for place, line in enumerate(lines)))
    assert only_links(links, "\n".join(lines))
    assert not only_links(EMPTY, "\n".join(lines))  # a ranking, a recipe, a poem
    assert not only_links(links, "\n".join([*lines, "And one sentence that says something."]))
    assert not only_links(links, "\n".join(lines[:3]))


@given(st.text(max_size=400), st.text(max_size=400))
def test_any_words_can_be_asked_about(title, text):
    notice(title, text)
    barrier(EMPTY, text)
    only_links(EMPTY, text)


@given(st.sampled_from([*COOKIES.values()]), st.integers(min_value=1, max_value=50))
def test_a_long_text_is_never_a_notice(text, times):
    long = (text + "\n") * (LONGEST // len(text) + times)
    assert notice("Cookies", long) is None


@pytest.mark.parametrize("piece", ["a", "we and our ", "cookies ", "page not ", " ", "“", "by clicking "])
def test_no_text_is_slow_to_judge(piece):
    text = (piece * LONGEST)[:LONGEST]
    for pattern in (SUBSCRIBE, ACCEPT_TO_READ, *(p for kind in NOTICES for p in (kind.telling, kind.about))):
        pattern.search(text)  # ends at all
    assert barrier(EMPTY, text) is None


def test_real_articles_are_not_marked_by_their_words(data):
    """Every mark among the benchmark's pages is one that the page itself declares; no article is called a notice."""
    with zipfile.ZipFile(data / "extraction" / "article-extraction-benchmark.zip") as archive:
        known = json.loads(archive.read("ground-truth.json"))
        pages = {key: gzip.decompress(archive.read(f"html/{key}.html.gz")) for key in known}
    marked = 0
    for key, body in pages.items():
        try:
            found = extract(body, known[key]["url"], "text/html", None, NOW, 40)
        except Boilerplate as error:
            pytest.fail(f"{key}: {error}")
        except NoText:
            continue
        marked += found.barrier is not None
        assert found.barrier is None or b"isAccessibleForFree" in body or b"article:content_tier" in body, key
    assert marked == 10
