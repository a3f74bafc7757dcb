"""The folder in which a ranker that was learned elsewhere comes home: files, a manifest of them, and a seal on that.

The seal is a keyed hash under the key that went along with one export. So what is altered on its way, or was learned by
somebody who never had that export, does not get in. It becomes an artefact only here, under this installation's own
signature; what its figures are worth, the gate finds out.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from catalog.errors import ArtefactMismatch, Conflict
from models import trees
from models.folders import publish
from models.manifest import RANKER, Manifest, digests
from models.ranker import FACTS_FILE, MODEL_FILE, LambdaMart

MANIFEST: Final = "manifest.json"
SEAL: Final = "manifest.seal"
EXPORT: Final = "export"
"""The fact that says from which export a ranker was learned."""

_LARGEST_MANIFEST: Final = 1_000_000
_REMEDY: Final = "learn it again with 'sluis train --data EXPORT --to FOLDER', and bring that folder whole"


def write(
    folder: Path,
    ranker: LambdaMart,
    facts: Mapping[str, object],
    metrics: Mapping[str, float | str],
    export: str,
    key: bytes,
    now: datetime,
) -> Manifest:
    """Write a ranker to a new folder, sealed with the return `key` of its `export`. Raises Conflict where it exists."""
    files = ranker.to_files()
    manifest = Manifest(RANKER, ranker.name, now, digests(files), {**facts, EXPORT: export}, metrics)
    content = manifest.to_bytes()
    try:
        with publish(folder) as draft:
            for file, held in {**files, MANIFEST: content, SEAL: _seal(key, content).encode()}.items():
                (draft / file).write_bytes(held)
    except FileExistsError as error:
        raise Conflict(f"{folder} exists already: name a folder that does not") from error
    return manifest


def read(folder: Path, key_of: Callable[[str], bytes]) -> tuple[Manifest, dict[str, bytes], LambdaMart]:
    """What was written, once all of it is found to be that. `key_of` tells the return key of an export of ours.

    Raises ArtefactMismatch, with the remedy, for anything else.
    """
    content = _bytes(folder / MANIFEST, _LARGEST_MANIFEST)
    if not hmac.compare_digest(
        _bytes(folder / SEAL, 1000).decode("ascii", "replace").strip(), _expected(content, key_of)
    ):
        raise ArtefactMismatch(
            f"{folder} was not learned from an export of this organisation, or was altered since: {_REMEDY}"
        )
    try:
        manifest = Manifest.from_bytes(content)
        features = len(_texts(manifest.facts["features"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactMismatch(f"{folder / MANIFEST} says not enough ({error!r}): {_REMEDY}") from error
    if manifest.kind != RANKER or set(manifest.files) != {MODEL_FILE, FACTS_FILE}:
        raise ArtefactMismatch(f"{folder} holds no ranker: {_REMEDY}")
    files = {file: _bytes(folder / file, trees.LARGEST) for file in manifest.files}
    changed = [file for file, made in digests(files).items() if manifest.files[file] != made]
    if changed:
        raise ArtefactMismatch(f"{folder / changed[0]} was altered since it was learned: {_REMEDY}")
    trees.check(files[MODEL_FILE].decode("ascii", "replace"), features)
    ranker = LambdaMart.from_files(files)
    if ranker.name != manifest.facts.get("name") or list(ranker.features) != manifest.facts["features"]:
        raise ArtefactMismatch(f"{folder}: manifest and trees do not speak of the same ranker: {_REMEDY}")
    return manifest, files, ranker


def _expected(content: bytes, key_of: Callable[[str], bytes]) -> str:
    """The seal that `content` should have, going by the export that it names."""
    try:
        return _seal(key_of(str(json.loads(content)["facts"][EXPORT])), content)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ArtefactMismatch(f"the {MANIFEST} is not one of ours ({error!r}): {_REMEDY}") from error


def _seal(key: bytes, content: bytes) -> str:
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def _texts(found: object) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ValueError("the features are no list of names")
    return found


def _bytes(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise ArtefactMismatch(f"{path} cannot be read ({error.strerror}): {_REMEDY}") from error
    if len(content) > most:
        raise ArtefactMismatch(f"{path} is too large to be of ours: {_REMEDY}")
    return content
