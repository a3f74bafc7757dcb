"""One spelling per address, so that the same page is recognised wherever it is announced."""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

import idna

from catalog.errors import Invalid

LONGEST: Final = 2000
"""Longer addresses are refused: no page needs one, and the database indexes them."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_SAFE: Final = "/:@!$&'()*+,;=~"
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PLAIN_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?")

# Only names that no site uses to say which page it is: one name too many here would merge different articles.
_TRACKING: Final = re.compile(
    r"(utm|mtm|hsa)_\w+"
    r"|(pk|piwik|matomo)_(campaign|kwd|keyword|source|medium|content|cid)"
    r"|at_(campaign|medium|creation|channel|format|custom\d+|link_\w+)|ns_(campaign|mchannel|source|linkname|fee)"
    r"|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|li_fat_id|igshid|igsh|rb_clickid"
    r"|mc_cid|mc_eid|mkt_tok|_hs(enc|mi)|__hs(tc|sc|fp)|hsctatracking|vero_(id|conv)|oly_(enc|anon)_id|wt_z?mc"
    r"|fb_(action_ids|action_types|source|ref)|xtor|trk|trkcampaign|ref_src|ref_url|_ga|_gl",
    re.IGNORECASE,
)


class BadAddress(Invalid):
    """Not an address of a page on the web."""

    code = "bad_address"


def canonical(url: str) -> str:
    """The one spelling of a web address, in ASCII.

    Host in lower case and punycode; no user, default port, fragment, tracking parameters or trailing slash; parameters
    sorted by name. The scheme stays: http and https may be different pages. Raises BadAddress for anything that is not
    http or https.
    """
    parts = _split(url)
    path = _without_dots(_escaped(parts.path)).rstrip("/") or "/"
    found = urlunsplit((parts.scheme, _authority(parts), path, _query(parts.query), ""))
    if len(found) > LONGEST:
        raise BadAddress(f"{found[:80]}… is longer than {LONGEST} characters: give the page's own short address")
    return found


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port  # both raise where they are malformed
    except ValueError:
        host = None
    if not host or parts.scheme not in _DEFAULT_PORTS:
        shown = url.strip()[:80]
        raise BadAddress(f"{shown!r} is not a web address: give one that starts with https:// or http://")
    return parts


def _authority(parts: SplitResult) -> str:
    host = _host(parts.hostname or "")
    return host if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{parts.port}"


def _host(host: str) -> str:
    if ":" in host:
        return f"[{_address(host)}]"
    try:
        return idna.encode(host.rstrip("."), uts46=True).decode("ascii")
    except UnicodeError:  # names with an underscore are in use although the standard has none
        plain = host.rstrip(".")
        if _PLAIN_HOST.fullmatch(plain) and ".." not in plain:
            return plain
        raise BadAddress(f"{host[:80]!r} is not a host name: check the spelling") from None


def _address(host: str) -> str:
    try:
        return ipaddress.IPv6Address(host).compressed
    except ValueError:
        raise BadAddress(f"{host[:80]!r} is not an address: check the spelling") from None


def _query(query: str) -> str:
    pairs = [_escaped(pair, also_safe="?") for pair in query.split("&") if pair]
    kept = [pair for pair in pairs if not _TRACKING.fullmatch(_name(pair))]
    return "&".join(sorted(kept, key=_name))


def _name(pair: str) -> str:
    return pair.split("=", 1)[0]


def _escaped(text: str, also_safe: str = "") -> str:
    """Percent-escapes in one spelling: upper case, and none for characters that need no escape."""
    whole = _STRAY_PERCENT.sub("%25", text)
    return quote(_ESCAPE.sub(_escape, whole), safe=_PATH_SAFE + also_safe + "%", errors="replace")


def _escape(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[max(1, len(kept) - 1) :]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept)
