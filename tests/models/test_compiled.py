"""Loops in machine code start wherever the program does, whatever became of what was kept on disk."""

import importlib.util

import numpy as np
import pytest

from models import compiled as door

LOOP = """
from models.compiled import compiled

@compiled("void(float64[::1])")
def double(values):
    for place in range(len(values)):
        values[place] *= 2.0
"""


def loaded(path):
    spec = importlib.util.spec_from_file_location("loops", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def doubled(module):
    values = np.array([1.0, 2.0])
    module.double(values)
    return values.tolist()


@pytest.fixture
def loops(tmp_path):
    path = tmp_path / "loops.py"
    path.write_text(LOOP)
    assert doubled(loaded(path)) == [2.0, 4.0]
    return path


def test_a_loop_is_kept_beside_its_file(loops, caplog):
    assert {kept.suffix for kept in (loops.parent / "__pycache__").iterdir()} >= {".nbi", ".nbc"}
    assert doubled(loaded(loops)) == [2.0, 4.0]
    assert not caplog.records


@pytest.mark.parametrize(("suffix", "left"), [(".nbc", 40), (".nbc", 0), (".nbi", 0)])
def test_what_was_kept_and_cannot_be_read_is_made_again(loops, suffix, left, caplog):
    for kept in (loops.parent / "__pycache__").glob(f"*{suffix}"):
        kept.write_bytes(kept.read_bytes()[:left])
    assert doubled(loaded(loops)) == [2.0, 4.0]
    assert "NUMBA_CACHE_DIR" in caplog.text


@pytest.mark.parametrize("error", [RuntimeError("no locator available"), OSError(28, "No space left on device")])
def test_without_a_place_to_keep_it_a_loop_is_made_at_every_start(loops, monkeypatch, error, caplog):
    compiling = door.njit

    def nowhere(signature, *, cache=False, **how):
        if cache:
            raise error
        return compiling(signature, **how)

    monkeypatch.setattr(door, "njit", nowhere)
    assert doubled(loaded(loops)) == [2.0, 4.0]
    assert str(error) in caplog.text
