"""No packet leaves for an address that is not public, however it is spelled and whoever sends us there.

A child process enters a network of its own in which every address there is leads to itself, and listens to all that
passes on it. So a guard that fails is seen to fail, and dials nobody.
"""

import asyncio
import ctypes
import ipaddress
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
NOT_PERMITTED = 77
SECONDS = 120
LOCAL_TABLE, HOST_SCOPE = 255, 254
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000

TRUSTED = ("127.0.0.9", 8123)
PUBLIC = "93.184.216.34"
BARE = ("169.254.169.254", "10.1.2.3", "8.8.8.8", "fd00::1", "2001:db8::1", "64:ff9b::a01:203")

ADDRESSES = (
    "http://127.0.0.1/",
    "https://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://127.0.0.1./",
    "http://①②⑦.⓪.⓪.①/",
    "http://１２７．０．０．１/",
    "http://127。0。0。1/",
    "http://127%2e0%2e0%2e1/",
    "http://10.0.0.1/",
    "http://167772161/",
    "http://0xa000001/",
    "http://012.0.0.1/",
    "http://100.64.0.1/",
    "http://100.100.100.200/latest/meta-data/",
    "http://168.63.129.16/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://169.254.170.2/v2/credentials",
    "http://172.16.0.1/",
    "http://192.0.0.192/opc/v2/",
    "http://192.168.1.1/",
    "https://192.168.1.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a00:1::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fe80::1]/",
    "http://[fe80::1%25lo]/",
    "http://[fe80::1%lo]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://1.1.1.1:22/",
    "http://1.1.1.1:6379/",
    "http://[2606:4700::1111]:5432/",
)
SENT_ON_TO = (
    "http://10.0.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "https://127.0.0.1/",
    "//127.0.0.1/",
    "http://2130706433/",
    "http://[::ffff:10.0.0.1]/",
    "http://private.example/",
    "http://1.1.1.1:22/",
    "file:///etc/passwd",
    "gopher://10.0.0.1:70/",
    "ftp://10.0.0.1/",
)
RECORDS = {
    "private.example": ["10.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "localhost": ["127.0.0.1", "::1"],
    "both.example": ["fd00::1", "10.0.0.1"],
    "wrapped.example": ["::ffff:10.0.0.1"],
    "mixed.example": ["10.0.0.1", PUBLIC],
    "mixed-again.example": [PUBLIC, "10.0.0.1"],
}
NAMES = tuple(f"http://{name}/" for name in (*RECORDS, "rebinding.example"))
READ_ALL_THE_SAME = {"http://mixed.example/", "http://mixed-again.example/"}
REDIRECTS = tuple(f"http://{TRUSTED[0]}:{TRUSTED[1]}/{target}" for target in SENT_ON_TO)


@pytest.fixture(scope="module")
def seen() -> dict[str, dict[str, list[str]]]:
    """What each address led to: the errors heard, and the addresses that packets went to."""
    command = [sys.executable, "-c", "from tests.ingest import test_no_packet; test_no_packet.look()"]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    if child.returncode == NOT_PERMITTED:
        from tests.conftest import missing  # what it imports has threads, and a process with threads cannot move

        missing("no network of our own: allow user namespaces (kernel.unprivileged_userns_clone, apparmor)")
    assert child.returncode == 0, child.stderr
    return json.loads(child.stdout)


@pytest.mark.parametrize("address", BARE)
def test_the_trap_catches_whoever_dials(seen, address):
    assert address in seen[address]["packets"]


@pytest.mark.parametrize("url", [*ADDRESSES, *REDIRECTS, *NAMES])
def test_no_packet_leaves(seen, url):
    assert seen[url]["packets"] == []
    assert bool(seen[url]["errors"]) is (url not in READ_ALL_THE_SAME)
    assert all("\n" not in error for error in seen[url]["errors"])


def look() -> None:
    """In the child: dial everything, and print what was heard and seen."""
    try:
        enter()
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_PERMITTED)
    print(json.dumps(asyncio.run(dial_all())))


def enter() -> None:
    """Become root of a network in which every address is our own. Raises OSError where that is not permitted."""
    user, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER | CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    for name, value in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        Path(f"/proc/self/{name}").write_text(value, encoding="ascii")
    from pyroute2 import IPRoute

    with IPRoute() as network:
        loopback = network.link_lookup(ifname="lo")[0]
        network.link("set", index=loopback, state="up")
        own = {"oif": loopback, "type": "local", "table": LOCAL_TABLE}
        network.route("add", family=socket.AF_INET, dst="0.0.0.0/0", scope=HOST_SCOPE, **own)
        network.route("add", family=socket.AF_INET6, dst="::/0", **own)


async def dial_all() -> dict[str, dict[str, list[str]]]:
    from ingest import fetch
    from ingest.config import FetchLimits

    asyncio.get_running_loop().getaddrinfo = resolver()  # type: ignore[method-assign]
    listeners = [await asyncio.start_server(answer, "", port) for port in (22, 80, 443, 5432, 6379, TRUSTED[1])]
    limits = FetchLimits(allow=frozenset({TRUSTED}), seconds=5.0)
    found = {}
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0003)) as wire:
        wire.setblocking(False)
        for url in (*ADDRESSES, *REDIRECTS, *NAMES):
            errors = []
            try:
                await fetch.get(url, limits)
            except fetch.FetchFailed as error:
                errors.append(str(error))
            await asyncio.sleep(0.01)
            packets = sorted(set(destinations(wire)) - {TRUSTED[0], PUBLIC})
            found[url] = {"errors": errors, "packets": packets}
        for address in BARE:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            with socket.socket(family) as caller:
                caller.settimeout(5)
                caller.connect((address, 80))
            found[address] = {"errors": [], "packets": [*destinations(wire)]}
    for listener in listeners:
        listener.close()
    return found


def destinations(wire: socket.socket) -> Iterator[str]:
    """Where the packets seen since the last look were going. Of an answer, that is where it came from."""
    while True:
        try:
            packet = wire.recv(65_535)
        except BlockingIOError:
            return
        if packet[0] >> 4 == 4:
            ends = [ipaddress.ip_address(packet[at : at + 4]) for at in (12, 16)]
        else:
            ends = [ipaddress.ip_address(packet[at : at + 16]) for at in (8, 24)]
        known = [str(end) for end in ends if str(end) in (TRUSTED[0], PUBLIC)]
        yield from known or map(str, ends)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A site: the trusted one sends on to what its path says, the public one to itself or nowhere."""
    head = (await reader.read(10_000)).decode()
    host = writer.get_extra_info("sockname")[0].removeprefix("::ffff:")
    target = unquote(head.split()[1][1:]) if head and host == TRUSTED[0] else ""
    if "rebinding.example" in head:
        target = "http://rebinding.example/"
    location = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\n" if target else "HTTP/1.1 200 OK\r\n"
    writer.write(f"{location}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())
    await writer.drain()
    writer.close()


def resolver():
    """A name server that lies: one name is public at first, and private from then on."""
    really = asyncio.get_running_loop().getaddrinfo
    asked: list[str] = []

    async def getaddrinfo(host, port, **given):
        if host in RECORDS or host == "rebinding.example":
            asked.append(host)
            first = asked.count(host) == 1
            records = RECORDS.get(host) or [PUBLIC if first else "10.0.0.1"]
            entries = [await really(record, port, **given | {"family": 0, "flags": 0}) for record in records]
            return [entry for entry, *_ in entries]
        return await really(host, port, **given)

    return getaddrinfo
