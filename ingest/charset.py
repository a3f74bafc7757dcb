"""Bytes of a stranger's text to characters, whatever charset they are declared in."""

import codecs
import contextlib
import re
from typing import Final

import charset_normalizer

_META_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,40})", re.IGNORECASE)
_XML_ENCODING: Final = re.compile(rb"^<\?xml[^>]{0,100}encoding\s*=\s*[\"']([\w-]{2,40})")
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_AS_BROWSERS_DO: Final = {"iso8859-1": "cp1252", "ascii": "cp1252"}
_LIKELY_CODECS: Final = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "koi8_r", "shift_jis", "gb18030", "euc_kr"]
_NOT_FOR_PAGES: Final = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7", "undefined"}


def decoded(body: bytes, header: str | None) -> str:
    """Text by the first charset that fits every byte: byte order mark, header, the page itself, UTF-8, a guess."""
    start = body[:4096]
    mark = next((name for bom, name in _BOMS if start.startswith(bom)), None)
    inside = _META_CHARSET.search(start) or _XML_ENCODING.search(start)
    for name in (mark, header, inside and inside[1].decode("ascii"), "utf-8"):
        with contextlib.suppress(LookupError, UnicodeError):
            return body.decode(_codec(name or ""))
    guess = charset_normalizer.from_bytes(body[:50_000], cp_isolation=_LIKELY_CODECS).best()
    return body.decode(guess.encoding if guess else "utf-8", errors="replace")


def is_binary(body: bytes) -> bool:
    """Whether these bytes are no text in any charset."""
    return b"\0" in body[:1024] and not body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def _codec(name: str) -> str:
    """The codec browsers use for this name. Raises LookupError where there is none for text."""
    found = codecs.lookup(name.strip("\"' ")).name
    if found in _NOT_FOR_PAGES:
        raise LookupError(found)
    return _AS_BROWSERS_DO.get(found, found)
