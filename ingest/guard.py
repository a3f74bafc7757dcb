"""Which addresses may be dialled: public ones on the web's own ports, and those that the settings trust.

The decision is made on the address a socket is about to connect to, not on what a name seemed to point to a moment
earlier, so a name that changes its mind (DNS rebinding) or is spelled oddly (decimal, octal, circled digits) gains
nothing. The networks are listed here because the standard library's idea of "global" differs between releases.
"""

import errno
import ipaddress
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, Final

PORTS: Final = (80, 443)

Allowed = frozenset[tuple[str, int]]

_CLOSED_V4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, and the metadata of one cloud
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # the host agent of one cloud, in the middle of public space
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, and the metadata of one cloud
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # multicast tunnels
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_OPEN_V6: Final = IPv6Network("2000::/3")
_CLOSED_V6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, long out of use: whatever IPv4 address is inside
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")


def refusal(address: str, port: int, allow: Allowed) -> str | None:
    """Why this address must not be dialled, or None where it may be. `address` is an IP address in the usual form."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return f"{address} is not an IP address"
    if (found, port) in _trusted(allow):
        return None
    if not _is_public(found):
        return f"{address} is not a public address"
    if port not in PORTS:
        return f"port {port} is not one of the web's own (80 and 443)"
    return None


class Dial:
    """Makes the sockets of visits, and tells each visit the reason for every socket it refused to make."""

    def __init__(self, allow: Allowed) -> None:
        self._allow = allow
        self._heard: ContextVar[list[str]] = ContextVar("refusals")

    @contextmanager
    def refusals(self) -> Iterator[list[str]]:
        """The reasons heard while the block runs, in this task and in those it starts."""
        heard: list[str] = []
        token = self._heard.set(heard)
        try:
            yield heard
        finally:
            self._heard.reset(token)

    def socket(self, target: tuple[Any, ...]) -> socket.socket:
        """A socket for one entry of `getaddrinfo`: a `socket_factory` of aiohttp. Raises PermissionError."""
        family, kind, protocol, _, address = target
        reason = refusal(address[0], address[1], self._allow)
        if reason is not None:
            self._heard.get([]).append(reason)
            raise PermissionError(errno.EPERM, reason)
        return socket.socket(family, kind, protocol)


@lru_cache(maxsize=8)
def _trusted(allow: Allowed) -> frozenset[tuple[IPv4Address | IPv6Address, int]]:
    """The same addresses in whatever spelling; worked out once, for each dial asks."""
    return frozenset((ipaddress.ip_address(address), port) for address, port in allow)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        inside = _carried(address)
        if inside is not None:
            return _is_public(inside)
        listed = address in _OPEN_V6 and not _within(address, _CLOSED_V6)
    else:
        listed = not _within(address, _CLOSED_V4)
    return listed and address.is_global and not address.is_multicast


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that would really be reached: mapped by the operating system, or translated on the way."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped


def _within(address: IPv4Address | IPv6Address, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)
