"""A response body, unpacked as it arrives and never larger than allowed, packed or not."""

import zlib
from typing import Final

ACCEPTED: Final = "gzip, deflate"
"""What we ask for: codings that can be unpacked a bounded piece at a time with the standard library."""

_EITHER_HEADER: Final = 32 + zlib.MAX_WBITS
_NO_HEADER: Final = -zlib.MAX_WBITS


class TooLarge(Exception):
    """The body, as sent or as unpacked, is larger than the limit."""


class Undecodable(Exception):
    """The body is not in a coding we know, or is not what its coding promises."""


class Body:
    """Collects the chunks of one body. `coding` is its Content-Encoding."""

    def __init__(self, coding: str, limit: int) -> None:
        known = coding.strip().lower()
        if known not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise Undecodable(f"it is packed as {known[:40]!r}, which was not asked for")
        self._packed = known not in ("", "identity")
        self._unpacker = zlib.decompressobj(_EITHER_HEADER)
        self._limit = limit
        self._received = 0
        self._content = bytearray()

    def add(self, chunk: bytes) -> None:
        """Take in the next piece. Raises TooLarge or Undecodable."""
        first = self._received == 0
        self._received += len(chunk)
        if not self._packed:
            self._content += chunk
        elif not self._unpacker.eof:  # what follows the packed body is no part of it
            try:
                self._unpack(chunk, first)
            except zlib.error as error:
                raise Undecodable("its packing is damaged") from error
        if max(self._received, len(self._content)) > self._limit:
            raise TooLarge

    def content(self) -> bytes:
        """The whole body. Raises Undecodable where the end is missing."""
        if self._packed and self._received and not self._unpacker.eof:
            raise Undecodable("it breaks off half-way")
        return bytes(self._content)

    def _unpack(self, chunk: bytes, first: bool) -> None:
        try:
            self._content += self._unpacker.decompress(chunk, self._room())
        except zlib.error:
            if not first:
                raise
            self._unpacker = zlib.decompressobj(_NO_HEADER)  # "deflate" means this to some servers
            self._content += self._unpacker.decompress(chunk, self._room())

    def _room(self) -> int:
        """One byte more than fits, so that overflow shows."""
        return max(1, self._limit + 1 - len(self._content))
