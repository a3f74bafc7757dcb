"""An encoder in another process is an encoder like any other, and says in one line when it is not there."""

from pathlib import Path

import numpy as np
import pytest
from aiohttp import web

from catalog.errors import ArtefactMismatch, Invalid
from models.hashing import HashingEncoder
from models.remote import MOST_CHARACTERS, MOST_TEXTS, Address, EncoderAway, Exchange, RemoteEncoder
from tests.answering import Held, answers, fresh_socket, running
from tests.contracts.learned import EncoderContract


def remote(path, seconds=60.0, token=""):
    return RemoteEncoder(Exchange(Address(path, token=token), seconds))


class TestRemoteEncoder(EncoderContract):
    @pytest.fixture
    def encoder(self):
        with answers(HashingEncoder()) as path:
            yield remote(path)


def test_it_gives_the_very_vectors_of_the_encoder_behind_it():
    texts = ["De sluis gaat open.", "Ⅷ and \0", "🚢" * 500]
    with answers(HashingEncoder(96)) as path:
        near, far = HashingEncoder(96), remote(path)
        np.testing.assert_array_equal(far.encode(texts), near.encode(texts))
        assert (far.digest, far.dimensions) == (near.digest, near.dimensions)


def test_many_texts_go_in_several_requests():
    encoder = Held()
    encoder.free.set()
    texts = [f"text {place}" for place in range(MOST_TEXTS + 3)] + ["x" * MOST_CHARACTERS, "y" * MOST_CHARACTERS]
    with answers(encoder) as path:
        vectors = remote(path).encode(texts)
    np.testing.assert_array_equal(vectors, HashingEncoder().encode(texts))
    assert [len(batch) for batch in encoder.batches] == [MOST_TEXTS, 3, 1, 1]


@pytest.mark.parametrize("text", ["x" * (MOST_CHARACTERS + 1), "half a character: \ud83d"])
def test_a_text_that_cannot_be_sent_is_refused_and_not_quoted(text):
    with answers(HashingEncoder()) as path, pytest.raises(Invalid) as told:
        remote(path).encode([text])
    assert text[:20] not in str(told.value)


def test_without_a_process_it_says_how_to_start_one():
    with pytest.raises(EncoderAway, match=r"start 'sluis work' or 'sluis encode'") as told:
        remote(fresh_socket()).encode(["text"])
    assert told.value.code == "encoder_away"


def test_one_that_was_stopped_is_away_and_one_that_is_started_again_is_back():
    with answers(HashingEncoder()) as path:
        encoder = remote(path)
        assert encoder.digest
    with pytest.raises(EncoderAway):
        encoder.encode(["text"])
    with answers(HashingEncoder(), path=path):
        assert encoder.encode(["text"]).shape == (1, 64)


def test_it_does_not_wait_for_ever():
    encoder = Held()
    with answers(encoder) as path:
        with pytest.raises(EncoderAway, match="did not answer within 0.2 seconds"):
            remote(path, seconds=0.2).encode(["text"])
        encoder.free.set()


def test_vectors_of_two_encoders_never_meet():
    with answers(HashingEncoder(64)) as path:
        encoder = remote(path)
        encoder.encode(["text"])
    with answers(HashingEncoder(32), path=path), pytest.raises(EncoderAway, match="exchanged"):
        encoder.encode(["text"])


class Failing(HashingEncoder):
    """Gives what an encoder must not give."""

    def __init__(self, trouble):
        super().__init__()
        self._trouble = trouble

    def encode(self, texts, progress=None):
        if isinstance(self._trouble, Exception):
            raise self._trouble
        return np.full((len(texts), 64), self._trouble, np.float32)


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (ArtefactMismatch("the weights are damaged"), "the weights are damaged"),
        (RuntimeError("about 'secret plan'"), "something went wrong"),
        (np.nan, "not finite"),
    ],
)
def test_trouble_over_there_is_told_here(trouble, told, caplog):
    with answers(Failing(trouble)) as path, pytest.raises(EncoderAway, match=told):
        remote(path).encode(["secret plan"])
    assert "secret plan" not in caplog.text


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"text": "hello"}, "is no encoder"),
        ({"status": 302, "headers": {"Location": "http://10.0.0.1/"}}, "none of ours"),
        ({"body": b"1234", "headers": {"Sluis-Encoder": "e" * 64, "Sluis-Dimensions": "64"}}, "half an answer"),
        ({"body": b"1234", "headers": {"Sluis-Encoder": "e" * 64, "Sluis-Dimensions": "many"}}, "is no encoder"),
        ({"status": 404, "text": "no such page"}, "none of ours"),
        ({"status": 500, "body": b"\xff\x00"}, "none of ours"),
    ],
)
def test_whatever_else_answers_there_is_no_encoder(answer, told):
    async def stranger(_):
        return web.Response(**answer)

    app = web.Application()
    app.add_routes([web.post("/encode", stranger)])
    with running(app) as path, pytest.raises(EncoderAway, match=told):
        remote(path).encode(["text"])


@pytest.mark.parametrize(("token", "fits"), [("t" * 40, True), ("t" * 39, False), ("", False), ("é", False)])
def test_who_does_not_know_the_token_is_told_where_it_is_set(token, fits):
    with answers(HashingEncoder(), token="t" * 40) as path:
        if fits:
            assert remote(path, token=token).encode(["text"]).shape == (1, 64)
        else:
            with pytest.raises(EncoderAway, match="SLUIS_ENCODER_TOKEN"):
                remote(path, token=token).encode(["text"])


def test_an_address_does_not_show_its_token():
    assert "secret" not in repr(Address(Path("x"), "http://10.0.0.1:8001", "secret"))
