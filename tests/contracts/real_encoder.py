"""The contract on the default encoder. Run in a process of its own by tests/models/test_encoder.py: it loads torch."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from models.encoder import SentenceEncoder, load_encoder
from tests.contracts.learned import EncoderContract


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    return load_encoder("intfloat/multilingual-e5-small", tmp_path_factory.mktemp("cache"))


class TestSentenceEncoder(EncoderContract):
    def test_threads_may_share_it(self, encoder: SentenceEncoder) -> None:
        asked = [[f"text {place} of {count}" for count in range(3)] for place in range(8)]
        alone = [encoder.encode(texts) for texts in asked]
        with ThreadPoolExecutor(4) as threads:
            for one, other in zip(alone, threads.map(encoder.encode, asked), strict=True):
                np.testing.assert_allclose(one, other, atol=1e-5)
