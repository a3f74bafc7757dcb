"""What notices that stand where an article should stand say, in Dutch, English, German and French.

`telling` is what only such a notice says, to its reader; `about` is what its other sentences are about, and may
stand in any article. A new phrase belongs in `telling` only where no journalist would write it outside quotation marks.
"""

import re
from dataclasses import dataclass
from typing import Final


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Notice:
    """A kind of page without an article: what it shows, and what a curator can do about it."""

    shown: str
    remedy: str
    longest: int
    """Words: a longer text is something else."""
    headings: re.Pattern[str]
    """A title, or a part of one, that says nothing else."""
    telling: re.Pattern[str]
    """In sentences that address the reader as only such a page does."""
    about: re.Pattern[str]
    """In its other sentences."""


SUBSCRIBE: Final = _any(
    r"^(please )?(subscribe|sign up|register|become a member)\b.{0,40}"
    r"\b(to|and) (continue|keep reading|unlock|read (on|more|this|the (full|whole|rest)))\b",
    r"^(to )?(continue|keep) reading\b.{0,40}\b(subscri|account|member|register|log in|sign in)",
    r"^(this|the full) (article|story|content) is (only |exclusively |reserved )?(available )?(for|to) .{0,20}"
    r"\b(subscribers|members)",
    r"^already (a (subscriber|member)|have a subscription)\b",
    r"^(dit|het hele|het volledige) (artikel|verhaal) is .{0,30}\bvoor .{0,20}\b(abonnees|leden)\b",
    r"^(verder lezen|lees (verder|door|het hele artikel))\b.{0,40}\b(abonnement|abonnee|account|lid|inloggen)\b",
    r"^(al|bent u al|ben je al) (een )?(abonnee|lid)\b",
    r"^(word|neem|sluit) .{0,30}\b(abonnee|abonnement|lid)\b.{0,40}\b(verder|lezen|toegang)\b",
    r"^(weiterlesen|jetzt weiterlesen|lesen sie weiter)\b.{0,40}\b(abo|abonnement|registrier|anmelden|plus)",
    r"^(dieser|der ganze|der vollständige) (artikel|beitrag|text) .{0,40}\b(abonnenten|mitglieder)\b",
    r"^(sie sind|bereits|sie haben) (schon |bereits )?(abonnent|ein abo\b)",
    r"^(cet article|la suite|l[’']article complet) .{0,20}\b(est )?réservée?s? aux? .{0,20}\b(abonnés|membres)\b",
    r"^(abonnez-vous|inscrivez-vous)\b.{0,40}\bpour (continuer|lire|accéder|poursuivre)",
    r"^déjà (abonné|membre)\b",
)
ACCEPT_TO_READ: Final = _any(
    r"^(please )?(accept|allow|enable)\b.{0,30}\bcookies\b.{0,30}\bto (continue|proceed|read|access|use (this|our) )",
    r"^(to (continue|read on)|before you continue)\b.{0,60}\bcookies\b",
    r"^(accepteer|aanvaard|sta)\b.{0,30}\bcookies\b.{0,30}\bom (verder|door|dit artikel|deze (web)?site|toegang)",
    r"^om (verder|door|dit artikel|deze (web)?site)\b.{0,60}\bcookies\b",
    r"^(bitte )?(akzeptieren|erlauben) sie\b.{0,30}\bcookies\b.{0,30}\bum (fortzufahren|weiter|diesen artikel)",
    r"^um (fortzufahren|weiter|diese[nr]? (artikel|seite))\b.{0,60}\bcookies\b",
    r"^(veuillez )?accepte[rz]\b.{0,30}\bcookies\b.{0,30}\bpour (continuer|poursuivre|lire|accéder)",
    r"^pour (continuer|poursuivre|lire cet article|accéder)\b.{0,60}\bcookies\b",
)

NOTICES: Final = (
    Notice(
        shown="a cookie notice",
        remedy="choose a source that can be read without consent",
        longest=500,
        headings=_any(
            r"(your |uw |je )?(cookie|privacy)[- ]?(settings|preferences|consent|notice)",
            r"(uw |je )?(cookie|privacy)[- ]?(instellingen|voorkeuren|melding)",
            r"(this site|deze (web)?site) (uses|gebruikt) cookies|(we use|wij gebruiken) cookies",
            r"cookie-einstellungen|gestion des cookies",
        ),
        telling=_any(
            ACCEPT_TO_READ.pattern,
            r"\bwe (and our [\w ]{0,40})?(also |only )?(use|store|place|set)\b.{0,60}\bcookies\b",
            r"\b(this|our) (web ?)?site (uses|places|stores)\b.{0,40}\bcookies\b",
            r"^(accept|allow|reject|manage) (all |our |your )?(cookies|preferences|settings)\b|^(accept|reject) all\b",
            r"\bby (clicking|continuing|using|selecting|choosing)\b.{0,100}\b(agree|consent|accept)",
            r"\byou can (change|withdraw|manage)\b.{0,40}\b(consent|choice|preferences|settings|cookies)",
            r"\b(wij|we) (en onze [\w ]{0,40})?(gebruiken|plaatsen|maken gebruik van)\b.{0,60}\bcookies\b",
            r"\b(gebruiken|plaatsen) (wij|we)\b.{0,60}\bcookies\b",
            r"\b(deze|onze) (web)?site (gebruikt|plaatst)\b.{0,40}cookies",
            r"^accepteer (alle )?cookies|^(alle )?cookies (accepteren|weigeren|toestaan)|^alles (accepteren|weigeren)",
            r"\b(door|als (u|je))\b.{0,60}\b(klikken|klikt|accepteren|gaan|gaat)\b.{0,80}\b(akkoord|toestemming)",
            r"\b(u|je) (kunt|kan)\b.{0,40}\b(voorkeuren|toestemming|instellingen|keuze)\b",
            r"\bwir (und unsere [\w ]{0,40})?(verwenden|nutzen|setzen)\b.{0,60}\bcookies\b",
            r"\b(verwenden|nutzen) wir\b.{0,60}\bcookies\b",
            r"\b(diese|unsere) (web)?se?ite (verwendet|nutzt)\b.{0,40}\bcookies",
            r"^(alle )?(cookies )?(akzeptieren|ablehnen)$|\bstimmen sie\b.{0,100}\bzu\b",
            r"\bnous (et nos [\w ]{0,40})?(utilisons|déposons)\b.{0,60}\bcookies\b|\bce site utilise\b.{0,40}\bcookies",
            r"^(tout )?(accepter|refuser)\b.{0,20}$",
            r"\ben (cliquant|poursuivant|continuant)\b.{0,100}\b(acceptez|consentez)",
        ),
        about=_any(
            r"\bcookie|\bconsent|\bprivacy|\bpersonal(is|iz|\b)",
            r"\bpartners?\b|\badvert|\bpreferences|\bsettings|\btracking",
            r"\btoestemming|\bakkoord|\bvoorkeur|\binstelling|\bpersoonsgegevens|\bgepersonaliseerd|\baccepte",
            r"\bdatenschutz|\beinwillig|\beinstellung|\bzustimm",
            r"\bwerbung|\bakzeptier|\bpersonenbezogen|\bpersonalisiert",
            r"\bconfidentialité|\bpublicité|\bparamètre|\bpartenaires|\bdonnées personnelles|\brefuser",
        ),
    ),
    Notice(
        shown="a check for robots",
        remedy="ask the site to let this program in, or choose another source",
        longest=150,
        headings=_any(
            r"just a moment\W*|attention required\W*|access denied\W*|pardon our interruption\W*|robot check",
            r"(één|een) moment( geduld)?( a\.?u\.?b\.?)?\W*|(nur )?einen moment( bitte)?\W*|un (instant|moment)\W*",
            r"(are you|bent u|ben je|sind sie|êtes-vous) (a|an|een|ein|un) (robot|human|mens|roboter|mensch|humain)\W*",
        ),
        telling=_any(
            r"\bchecking (your browser|if the site connection)",
            r"\b(verify|confirm)(ing)?\b.{0,20}\byou are (a )?(human|not a (ro)?bot)",
            r"\benable javascript and cookies to continue",
            r"\bunusual (traffic|activity) from your|\bddos protection by\b",
            r"^(please )?complete the (security check|captcha)",
            r"\byou don[’']t have permission to access\b|\bray id\b",
            r"\breview the security of your connection\b|\byou have been blocked\b",
            r"\bto protect itself from (online|automated) attacks",
            r"\b(uw|je) browser wordt gecontroleerd|\b(bevestig|controleren|verifiëren)\b.{0,30}\b(mens|robot) bent\b",
            r"\b(ihr|dein) browser wird (überprüft|geprüft)|\bdass sie (ein mensch|kein roboter) sind",
            r"\bvérifi\w+ que vous (êtes (un )?humain|n[’']êtes pas un robot)|\bvérification de votre navigateur",
        ),
        about=_any(
            r"\bcaptcha|\bro?bots?\b|\bhuman\b|\bsecurity\b|\bsecure\b",
            r"\bcloudflare|\bbrowser\b|\bjavascript|\bseconds\b",
            r"\bbeveilig|\bverbinding\b|\bseconden\b|\bsicherheit|\bsekunden\b|\bsécurité\b|\bnavigateur\b|\bblocked\b",
        ),
    ),
    Notice(
        shown="a request to turn on JavaScript",
        remedy="choose a source whose pages can be read without scripts",
        longest=120,
        headings=_any(r"(please )?enable javascript|javascript (is )?(required|disabled|needed)"),
        telling=_any(
            r"\b(please|must|need to|have to) (enable|activate|turn on|allow)\b.{0,20}\bjavascript",
            r"^(enable|activate|turn on) javascript\b",
            r"\bjavascript (is|was|seems to be) (disabled|turned off|not enabled|required)",
            r"\bthis (app|application|site|website|page) (requires|needs)\b.{0,20}\bjavascript",
            r"\bwithout javascript enabled\b",
            r"\b(zet|schakel|activeer)\b.{0,20}\bjavascript\b",
            r"\bjavascript (staat|is) (uit|nodig|vereist|niet ingeschakeld)",
            r"\b(aktivieren|schalten) sie\b.{0,20}\bjavascript",
            r"\bjavascript ist (deaktiviert|erforderlich|nicht aktiviert)",
            r"\b(activez|activer|autoriser)\b.{0,20}\bjavascript|\bjavascript est (désactivé|requis|nécessaire)",
        ),
        about=_any(r"\bjavascript|\bbrowser|\bnavigateur|\breload|\brefresh|\bherlaad|\bvernieuw|\bneu laden|\bapp\b"),
    ),
    Notice(
        shown="a message that the page does not exist",
        remedy="check the address",
        longest=150,
        headings=_any(
            r"(error|fout|fehler|erreur)? ?404( error)?\W*((page|file)? ?not found)?\W*|((page|article) )?not found\W*",
            r"(pagina|artikel) (is )?niet gevonden\W*",
            r"(die )?seite (wurde )?nicht gefunden\W*|page (introuvable|non trouvée)\W*",
        ),
        telling=_any(
            r"\bpage\b.{0,60}\b(could not|cannot|can[’']t|couldn[’']t) be found",
            r"\bpage\b.{0,60}\bwas not found",
            r"\bpage\b.{0,60}\b(does not|doesn[’']t|no longer) exists?\b",
            r"\b(can[’']t|couldn[’']t|cannot) find\b.{0,20}\bpage\b",
            r"\bpagina\b.{0,60}\b(niet (meer )?(gevonden|vinden|beschikbaar|bestaat)|bestaat niet)",
            r"\bseite\b.{0,60}\b(nicht gefunden|existiert (leider )?nicht|nicht (mehr )?(verfügbar|vorhanden|finden))",
            r"\bpage\b.{0,60}\b(introuvable|n[’']existe (pas|plus)|n[’']a pas été trouvée)",
        ),
        about=_any(
            r"\b(page|pagina|seite|home|homepage|startpagina|startseite|accueil|url|link|search|zoek|such|recherche)\b",
            r"\baddress\b|\badres\b|\badresse\b|\bzoeken\b|\bsuche\b|\brechercher\b|\boops|\bsorry\b",
        ),
    ),
    Notice(
        shown="a login form",
        remedy="choose a source that is open to all",
        longest=120,
        headings=_any(
            r"(log|sign)[ -]?in|inloggen|aanmelden|anmelden|anmeldung|connexion|se connecter|identifiez-vous"
        ),
        telling=_any(
            r"^((log|sign) in( (to|with|below)\b.*)?|(please|you (must|need to)) (log|sign) in\b.*)$",
            r"\bforgot(ten)? (your )?password",
            r"\b(log in|inloggen) (om|met)\b|\bwachtwoord vergeten",
            r"\b(u|je) (moet|dient)\b.{0,30}\b(ingelogd|inloggen|in te loggen)",
            r"\bpasswort vergessen|\b(melden|loggen) sie sich\b.{0,40}\b(an|ein)\b",
            r"\bmot de passe oublié|^(veuillez )?(connectez-vous|vous connecter)",
            r"\bvous devez (être connecté|vous connecter)",
        ),
        about=_any(
            r"\bpassword|\bwachtwoord|\bpasswort|\bmot de passe|\baccount\b|\bkonto\b|\bcompte\b|\be-?mail|\blog ?in\b",
            r"\bsign (in|up)\b|\bregist|\baanmeld|\binlog|\banmeld",
            r"\bconnect|\busername|\bgebruikersnaam|\bonthoud|\bremember",
        ),
    ),
    Notice(
        shown="an offer to subscribe",
        remedy="choose a source that is open to all",
        longest=120,
        headings=_any(r"subscribe|abonneren|abonnieren|abonnez-vous|members only|alleen voor (abonnees|leden)"),
        telling=SUBSCRIBE,
        about=_any(
            r"\bsubscri|\babonn|\babo\b|\bmember|\bleden\b|\bmitglied|\bmembre|\blog ?in\b|\binlog|\baccount\b|€|\$"
        ),
    ),
)
