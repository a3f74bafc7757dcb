"""A folder or file appears whole, once, or not at all."""

import os
import stat

import pytest

from models.folders import create_file, publish, replace_file
from tests import dying

KILLED_AT = """
from models import folders
with folders.publish(Path(sys.argv[1])) as draft:
    (draft / "one").write_bytes(b"1")
    (draft / "two").write_bytes(b"2")
"""


def test_published_with_everything_in_it(tmp_path):
    target = tmp_path / "deep" / "model"
    with publish(target) as draft:
        (draft / "part").mkdir()
        (draft / "part" / "file").write_text("x")
        assert not target.exists()
    assert (target / "part" / "file").read_text() == "x"
    assert list(target.parent.iterdir()) == [target]


def test_nothing_stays_of_a_block_that_fails(tmp_path):
    with pytest.raises(RuntimeError), publish(tmp_path / "model") as draft:
        (draft / "file").write_text("x")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_of_two_at_the_same_time_the_first_stands(tmp_path):
    target = tmp_path / "model"
    with pytest.raises(FileExistsError), publish(target) as late:
        (late / "by").write_text("late")
        with publish(target) as first:
            (first / "by").write_text("first")
    assert (target / "by").read_text() == "first"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("step", range(5))
def test_killed_at_any_step_it_is_whole_or_absent(tmp_path, step):
    target = tmp_path / "model"
    code = dying.run(KILLED_AT, target, step)
    if code == 0 or target.exists():
        assert sorted(path.name for path in target.iterdir()) == ["one", "two"]
    assert (code == 0) == (step > 3)  # two files, the draft itself, the folder around it


def test_what_killed_processes_left_is_swept_up(tmp_path):
    old, young = tmp_path / ".draft-old", tmp_path / ".draft-young"
    for draft in (old, young):
        draft.mkdir()
        (draft / "weights").write_text("half")
    os.utime(old, (0, 0))
    with publish(tmp_path / "elsewhere"):
        pass  # in a folder of the user's own nothing is swept
    assert (old / "weights").exists()
    with publish(tmp_path / "model", sweep=True):
        pass
    assert not old.exists()
    assert young.exists()


def test_a_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "CURRENT"
    replace_file(path, b"one")
    with path.open("rb") as reader:
        replace_file(path, b"two")
        assert reader.read() == b"one"
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_created_file_is_private_and_the_first_one_stands(tmp_path):
    path = tmp_path / "signing.key"
    create_file(path, b"first", 0o600)
    create_file(path, b"second", 0o600)
    assert path.read_bytes() == b"first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
