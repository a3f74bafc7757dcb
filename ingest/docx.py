"""The text of a Word file (.docx) as HTML, and its properties. Nothing outside the file is looked at."""

import zipfile
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import mammoth
from lxml import etree

from ingest.extract import NoText

MOST_UNPACKED: Final = 50_000_000
"""Bytes; a file that unpacks to more is not opened."""

_BODY: Final = "word/document"
_PROPERTIES: Final = "docProps/core.xml"
_OLD_WORD: Final = b"\xd0\xcf\x11\xe0"
"""How files begin that are from before .docx; one with a password also looks like that."""
_ENCRYPTED: Final = 0x1


@dataclass(frozen=True, slots=True)
class Docx:
    """`made` is when it was made, in ISO 8601, or empty."""

    title: str
    author: str
    subject: str
    made: str
    html: str


def read(content: bytes, name: str) -> Docx:
    """What the file says. Raises NoText, which calls it `name`."""
    properties = _properties(_checked(content, name))
    try:
        markup = mammoth.convert_to_html(
            BytesIO(content), convert_image=lambda _: [], include_embedded_style_map=False, external_file_access=False
        ).value
    except Exception as error:  # whatever is in the file, it is not what Word writes
        raise NoText(f"{name}: it is damaged: open it in Word and save it again") from error
    title, author, subject, made = (properties.get(each, "") for each in ("title", "creator", "subject", "created"))
    return Docx(title, author, subject, made, markup)


def _checked(content: bytes, name: str) -> bytes:
    """The properties part, empty where there is none, of a file that is safe to unpack."""
    if content.startswith(_OLD_WORD):
        raise NoText(f"{name}: it is protected with a password, or an old .doc: save it as .docx without a password")
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
            if any(part.flag_bits & _ENCRYPTED for part in parts):
                raise NoText(f"{name}: it is protected with a password: save it without one")
            if sum(part.file_size for part in parts) > MOST_UNPACKED:
                most = MOST_UNPACKED // 1_000_000
                raise NoText(f"{name}: it unpacks to more than {most} MB: hand in the text without its pictures")
            texts = {part.filename: archive.read(part) for part in parts if part.filename.endswith((".xml", ".rels"))}
    except NoText:
        raise
    except Exception as error:  # as above
        raise NoText(f"{name}: it is damaged, or no Word file: open it in Word and save it as .docx") from error
    if not any(part.startswith(_BODY) for part in texts):
        raise NoText(f"{name}: there is no Word document in it: open it in Word and save it as .docx")
    if any(b"<!DOCTYPE" in text.replace(b"\0", b"") for text in texts.values()):
        raise NoText(f"{name}: it declares entities, as Word never does: open it in Word and save it again")
    return texts.get(_PROPERTIES, b"")


def _properties(xml: bytes) -> dict[str, str]:
    """By local name: title, creator, subject, created and others."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError):
        return {}
    return {etree.QName(each).localname: each.text or "" for each in root.iterchildren("*")}
