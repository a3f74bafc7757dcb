"""The guard: no address but a public one, however it is spelled, and nothing is sent to the others."""

import asyncio
import ipaddress
import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver
from hypothesis import given
from hypothesis import strategies as st

from ingest.guard import Dial, refusal
from tests.ingest.site import Answer, Site

NOBODY = frozenset()

PRIVATE_V4 = ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12")
PRIVATE_V4 += ("192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "169.254.169.254",
        "169.254.170.2",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.19.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::808:808",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%2",
        "fec0::1",
        "ff02::1",
        "not-an-address",
        "127.1",
        "2130706433",
    ],
)
def test_an_address_that_is_not_public_is_refused(address):
    assert address in (refusal(address, 443, NOBODY) or "")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "192.0.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_a_public_address_is_open_on_the_webs_own_ports_only(address):
    assert refusal(address, 80, NOBODY) is None
    assert refusal(address, 443, NOBODY) is None
    assert "22" in (refusal(address, 22, NOBODY) or "")


def test_trust_is_for_one_address_on_one_port():
    trusted = frozenset({("127.0.0.1", 8123)})
    assert refusal("127.0.0.1", 8123, trusted) is None
    assert refusal("127.0.0.1", 8124, trusted)
    assert refusal("127.0.0.2", 8123, trusted)
    assert refusal("8.8.8.8", 8123, trusted)


def test_trust_holds_in_whatever_spelling_and_among_many():
    many = frozenset((f"10.0.{number // 250}.{number % 250}", 8000 + number) for number in range(500))
    trusted = many | {("fd00:0:0::1", 8080)}
    assert refusal("fd00::1", 8080, trusted) is None
    assert refusal("10.0.1.249", 8499, trusted) is None
    assert refusal("10.0.1.249", 8498, trusted)
    assert refusal("::ffff:10.0.1.249", 8499, trusted), "a wrapped address is another address"


@given(st.sampled_from(PRIVATE_V4).flatmap(lambda network: st.ip_addresses(network=network)))
def test_no_private_address_passes_in_any_wrapping(address):
    wrapped = [str(address), f"::ffff:{address}", f"::{address}", f"64:ff9b::{address}"]
    wrapped += [str(ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80)))]
    assert all(refusal(each, 443, NOBODY) for each in wrapped)


@given(st.ip_addresses(v=6))
def test_only_global_unicast_passes(address):
    if refusal(str(address), 443, NOBODY) is None:
        assert address in ipaddress.ip_network("2000::/3") or address.ipv4_mapped or str(address).startswith("64:ff9b:")


class _Records(AbstractResolver):
    """A name server that has one address after another for every name."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [
            {"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}
            for address in self._addresses
        ]

    async def close(self) -> None:
        pass


def test_of_mixed_records_only_the_checked_address_is_connected():
    async def scenario() -> None:
        async with Site() as site:
            site["/"] = Answer("fine")
            dial = Dial(frozenset({("127.0.0.1", site.port)}))
            resolver = _Records("127.0.0.2", "127.0.0.1")
            connector = aiohttp.TCPConnector(socket_factory=dial.socket, resolver=resolver)
            url = f"http://rebound.example:{site.port}/"
            with dial.refusals() as refusals:
                async with aiohttp.ClientSession(connector=connector) as session, session.get(url) as response:
                    assert await response.text() == "fine"
            assert refusals == ["127.0.0.2 is not a public address"]

    asyncio.run(scenario())
