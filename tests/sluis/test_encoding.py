"""The process that encodes: its door, its manners towards callers, and what it does when it is stopped or killed."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from catalog.database import Database
from catalog.errors import Invalid
from ingest import remote as reading
from ingest.extract import NoText
from ingest.fetch import FetchFailed
from ingest.remote import NotReadNow, Told, Unreadable
from models.hashing import HashingEncoder
from models.remote import MOST_CHARACTERS, MOST_TEXTS, Address, EncoderAway, Exchange, RemoteEncoder
from sluis import working
from sluis.doors import AlreadyAnswered, CannotListen, tcp, unix
from sluis.encoding import Turns
from sluis.settings import Settings
from sluis.wiring import House
from tests.answering import PATIENCE, Held, answers, fresh_socket, page

SECRET = "plan that nobody may read"


def exchange(path, **given):
    return Exchange(Address(path, **given))


def raw(path: Path, sent: bytes) -> bytes:
    """Whatever comes back when these bytes are sent, until the other side hangs up."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))
        caller.settimeout(PATIENCE)
        caller.sendall(sent)
        caller.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: caller.recv(65536), b""))


# --- the door


def test_only_its_own_user_can_open_the_socket_and_it_is_taken_away_at_the_end():
    with answers(HashingEncoder()) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


def test_a_socket_that_a_dead_process_left_is_replaced():
    path = fresh_socket()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert path.exists()
    with answers(HashingEncoder(), path=path):
        assert RemoteEncoder(exchange(path)).encode(["text"]).shape == (1, 64)


def test_a_second_server_on_the_same_socket_is_refused_and_disturbs_nobody():
    with answers(HashingEncoder()) as path:
        with pytest.raises(AlreadyAnswered, match="another process answers"), unix(path):
            pytest.fail("both listen")
        assert RemoteEncoder(exchange(path)).encode(["text"]).shape == (1, 64)


def test_a_path_that_cannot_be_a_socket_names_the_setting(tmp_path):
    with pytest.raises(CannotListen, match="SLUIS_ENCODER_SOCKET"), unix(tmp_path / ("long" * 30)):
        pytest.fail("it listens")


@pytest.mark.parametrize("token", ["", "short"])
def test_nobody_listens_on_tcp_without_a_token_that_cannot_be_guessed(token):
    with pytest.raises(Invalid, match="SLUIS_ENCODER_TOKEN"), tcp("127.0.0.1", 0, token):
        pytest.fail("it listens")


def test_a_port_that_is_taken_is_told():
    token = "t" * 32
    with tcp("127.0.0.1", 0, token) as first:
        port = first.getsockname()[1]
        with pytest.raises(CannotListen, match=f"127.0.0.1:{port}"), tcp("127.0.0.1", port, token):
            pytest.fail("both listen")


# --- callers


def test_those_who_wait_are_encoded_together_and_each_gets_its_own_rows():
    encoder, plain = Held(), HashingEncoder()
    asked = [["first"], ["second", "shared"], ["third", "shared"], ["fourth"]]

    async def ask():
        turns = Turns(encoder)
        tasks = [asyncio.create_task(turns.encode(texts)) for texts in asked]
        await asyncio.to_thread(encoder.asked.wait, PATIENCE)
        encoder.free.set()
        return await asyncio.gather(*tasks)

    for texts, vectors in zip(asked, asyncio.run(ask()), strict=True):
        np.testing.assert_array_equal(vectors, plain.encode(texts))
    assert [len(batch) for batch in encoder.batches] in ([1, 5], [6])


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02" + SECRET.encode(),
        b"GET / HTTP/9.9\r\n\r\n" + SECRET.encode(),
        f"POST /{SECRET} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        f"POST /encode HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{SECRET}".encode(),
        f"POST /encode HTTP/1.1\r\nHost: x\r\nX: {SECRET * 1000}\r\n\r\n".encode(),
        b"POST /encode HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + SECRET.encode(),
    ],
)
def test_garbage_gets_a_refusal_and_is_not_logged(sent, caplog, capfd):
    with answers(HashingEncoder()) as path:
        assert not raw(path, sent).startswith(b"HTTP/1.1 200")
        assert RemoteEncoder(exchange(path)).encode(["text"]).shape == (1, 64)
    assert "plan" not in caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ({"texts": ["x"] * (MOST_TEXTS + 1)}, 422),
        ({"texts": ["x" * MOST_CHARACTERS, "y"]}, 422),
        ({"texts": ["🚢" * (MOST_CHARACTERS + 100_000)]}, 413),
        ({"texts": [SECRET, 7]}, 422),
        ({"texts": SECRET}, 422),
        ({"text": [SECRET]}, 422),
        ({}, 422),
        ([], 422),
    ],
)
def test_what_is_too_much_or_of_the_wrong_form_is_refused_without_quoting_it(question, status, caplog):
    with answers(HashingEncoder()) as path:
        reply = exchange(path).ask("/encode", question)
        assert (reply.status, SECRET in reply.problem()) == (status, False)
    assert SECRET not in caplog.text


def test_a_caller_who_never_ends_holds_up_nobody_and_is_told():
    with answers(HashingEncoder(), body_seconds=0.2) as path, socket.socket(socket.AF_UNIX) as slow:
        slow.connect(str(path))
        slow.settimeout(PATIENCE)
        slow.sendall(b'POST /encode HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"texts"')
        assert RemoteEncoder(exchange(path)).encode(["text"]).shape == (1, 64)
        assert slow.recv(65536).startswith(b"HTTP/1.1 503")


def test_without_the_token_nothing_is_read():
    with answers(HashingEncoder(), token="t" * 32) as path, socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))
        caller.settimeout(PATIENCE)
        caller.sendall(b"POST /encode HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        assert caller.recv(65536).startswith(b"HTTP/1.1 401")


# --- beside the work of a worker


@contextmanager
def worker(path: Path) -> Iterator[None]:
    """What a worker does besides, in a thread."""
    house = House(Settings(data_dir=path.parent, encoder_socket=path), Database("sqlite://"))
    stop, loop = asyncio.Event(), asyncio.new_event_loop()
    working_on = working.answer_too(house, working.Enrichment(house), stop)
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(loop.run_until_complete, working_on)
        yield
        loop.call_soon_threadsafe(stop.set)
        done.result()
    loop.close()


def until_answered(path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(EncoderAway):
            RemoteEncoder(exchange(path)).encode(["text"])
            return
        time.sleep(0.02)
    pytest.fail("nobody answers")


@pytest.fixture
def _hashing(monkeypatch):
    monkeypatch.setattr("sluis.working._TAKE_OVER_SECONDS", 0.05)
    monkeypatch.setattr(House, "encoder", lambda _: HashingEncoder())


@pytest.mark.usefixtures("_hashing")
def test_a_worker_answers_too():
    path = fresh_socket()
    with worker(path):
        until_answered(path)
    assert not path.exists()


@pytest.mark.usefixtures("_hashing")
def test_a_worker_takes_over_from_one_that_ends():
    path = fresh_socket()
    with ExitStack() as first:
        first.enter_context(answers(HashingEncoder(32), path=path))
        with worker(path):
            assert RemoteEncoder(exchange(path)).dimensions == 32
            first.close()
            until_answered(path)
            assert RemoteEncoder(exchange(path)).dimensions == 64


def test_a_worker_that_cannot_listen_works_on(monkeypatch, caplog):
    house = House(Settings(encoder_socket=Path("/dev/null/encoder.sock")), Database("sqlite://"))
    asyncio.run(working.answer_too(house, working.Enrichment(house), asyncio.Event()))
    assert "SLUIS_ENCODER_SOCKET" in caplog.text


# --- reading


def test_a_page_is_read_for_whoever_asks():
    async def read(url):
        assert url == "https://news.example/1?utm_source=x"
        return page("Locks open", "The gates are open.\nBarges pass.", "en")

    with answers(HashingEncoder(), read) as path:
        told = reading.read(exchange(path), "https://news.example/1?utm_source=x")
    assert told == Told("Locks open", "", "The gates are open.\nBarges pass.", "en", "https://news.example/1")


@pytest.mark.parametrize(
    ("trouble", "kind", "reason"),
    [
        (FetchFailed("10.0.0.1 is not a public address", permanent=True), Unreadable, "not a public address"),
        (FetchFailed("the server cannot be reached", permanent=False), NotReadNow, "cannot be reached"),
        (NoText("there is no article"), Unreadable, "no article"),
        (RuntimeError(SECRET), NotReadNow, "something went wrong here"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_reason(trouble, kind, reason, caplog):
    async def read(_):
        raise trouble

    with answers(HashingEncoder(), read) as path, pytest.raises(kind, match=reason):
        reading.read(exchange(path), "https://news.example/1")
    assert SECRET not in caplog.text


# --- a process of its own


SERVER = """
import logging, sys, time
from catalog.database import Database
from models.hashing import HashingEncoder
from sluis import doors, encoding
from sluis.settings import Settings
from sluis.wiring import House

class Slow(HashingEncoder):
    def encode(self, texts, progress=None):
        if "slow" in texts:
            print("encoding", flush=True)
            time.sleep(float(sys.argv[1]))
        return super().encode(texts, progress)

logging.basicConfig(level=logging.INFO)
settings = Settings()
with doors.unix(settings.socket) as listening:
    encoding.run(House(settings, Database(settings.database)), Slow(), listening, "")
"""


@pytest.fixture
def process():
    """Starts a server whose slow text takes so many seconds; says which process it is, and its socket."""
    started = []

    def start(seconds: float):
        path = fresh_socket()
        told = os.environ | {"SLUIS_DATA_DIR": str(path.parent)}
        command = [sys.executable, "-c", SERVER, str(seconds)]
        child = subprocess.Popen(command, env=told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(child)
        assert "answers" in child.stderr.readline()
        return child, path

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stdout.close()
        child.stderr.close()


def test_killed_in_the_middle_whoever_waits_is_told_and_the_next_one_takes_its_place(process):
    child, path = process(PATIENCE)
    with ThreadPoolExecutor(1) as callers:
        waiting = callers.submit(RemoteEncoder(exchange(path)).encode, ["slow"])
        assert child.stdout.readline() == "encoding\n"
        child.kill()
        with pytest.raises(EncoderAway, match="no encoder answers"):
            waiting.result()
    child.wait()
    assert path.exists()
    with answers(HashingEncoder(), path=path):
        assert RemoteEncoder(exchange(path)).encode(["text"]).shape == (1, 64)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_answers_who_asked_already_and_nobody_after(process, number):
    child, path = process(1)
    with ThreadPoolExecutor(1) as callers:
        waiting = callers.submit(RemoteEncoder(exchange(path)).encode, ["slow"])
        assert child.stdout.readline() == "encoding\n"
        child.send_signal(number)
        assert waiting.result().shape == (1, 64)
    _, told = child.communicate(timeout=PATIENCE)
    assert (child.returncode, path.exists()) == (0, False)
    assert "drained" in told
    assert "slow" not in told


def test_a_real_reader_refuses_a_private_address_with_the_guards_reason(process):
    _, path = process(0)
    with pytest.raises(Unreadable, match="is not a public address"):
        reading.read(exchange(path), "http://169.254.169.254/latest/meta-data")
    with pytest.raises(Unreadable, match="not a web address"):
        reading.read(exchange(path), "file:///etc/passwd")
