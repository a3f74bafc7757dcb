"""The contract on the default encoder. Run in a process of its own by tests/models/test_encoder.py: it loads torch."""

import pytest

from models.encoder import SentenceEncoder, load_encoder
from tests.contracts.learned import EncoderContract


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    return load_encoder("intfloat/multilingual-e5-small", tmp_path_factory.mktemp("cache"))


class TestSentenceEncoder(EncoderContract):
    """Every test is inherited."""
