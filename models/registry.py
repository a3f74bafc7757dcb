"""Where learned artefacts are kept: `<root>/<kind>/<name>/`, whole or absent, signed, and one of each kind current.

An artefact is only ever read after its bytes have been found to be those that this installation signed. No pickle: the
files are arrays, JSON and a model's own text form, which their readers parse.
"""

import logging
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog.errors import ArtefactMismatch, Conflict, Forbidden, Invalid, NotFound
from models.folders import create_file, publish, replace_file
from models.manifest import KINDS, Manifest, digests, require_name

log = logging.getLogger(__name__)

_MANIFEST: Final = "manifest.json"
_SIGNATURE: Final = "manifest.sig"
_CURRENT: Final = "CURRENT"
"""Names, one a line: the first is in use, those below are what was in use before, newest first. One file, so that a
crash cannot leave the two apart."""

_KEY: Final = "signing.key"
_REMEDY: Final = "'sluis train' and 'sluis enrich' make new ones"


class ServesOthers(Forbidden):
    """What ranks for one organisation ranks for others, so none of them may change it."""

    code = "serves_others"

    def __init__(self) -> None:
        super().__init__(
            "rankers and taggers are the installation's, and it serves other organisations too, or may do so: its "
            "operator decides with 'sluis models', or says with SLUIS_SOLE_TENANT=true that there are no others"
        )


class Registry:
    """The artefacts of one installation. `root` need not exist yet; its signing key lies beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(
        self,
        kind: str,
        files: Mapping[str, bytes],
        *,
        facts: Mapping[str, object],
        metrics: Mapping[str, float | str],
        now: datetime,
    ) -> Manifest:
        """Keep a new artefact, without making it current."""
        name = f"{kind}-{now.astimezone(UTC):%Y%m%d-%H%M}-{secrets.token_hex(2)}"
        manifest = Manifest(kind, name, now, digests(files), facts, metrics)
        signed = manifest.to_bytes()
        signature = self._key(create=True).sign(signed)
        with publish(self._folder(kind, name), sweep=True) as draft:
            for file, content in {**files, _MANIFEST: signed, _SIGNATURE: signature}.items():
                (draft / file).write_bytes(content)
        return manifest

    def manifests(self, kind: str) -> list[Manifest]:
        """All artefacts of a kind that can be trusted, oldest first; one that was tampered with is logged."""
        require_name(kind, kind)
        found = []
        for path in (self.root / kind).glob(f"[!.]*/{_MANIFEST}"):
            try:
                found.append(self.get(kind, path.parent.name))
            except ArtefactMismatch as error:
                log.warning("left out: %s", error)
        return sorted(found, key=lambda manifest: (manifest.created_at, manifest.name))

    def get(self, kind: str, name: str) -> Manifest:
        """One artefact's manifest. Raises NotFound, or ArtefactMismatch where its signature does not fit."""
        folder = self._folder(kind, name)
        try:
            content, signature = (folder / _MANIFEST).read_bytes(), (folder / _SIGNATURE).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"there is no {kind} {name!r}: 'sluis models list' shows those there are") from error
        except OSError as error:
            raise ArtefactMismatch(f"{name} cannot be read ({error}): let this user read {folder}") from error
        try:
            self._key().public_key().verify(signature, content)
        except InvalidSignature as error:
            raise ArtefactMismatch(f"{name} was not signed by this installation: {_REMEDY}") from error
        manifest = Manifest.from_bytes(content)
        if (manifest.kind, manifest.name) != (kind, name):
            raise ArtefactMismatch(f"{folder} holds the artefact {manifest.name}: {_REMEDY}")
        return manifest

    def read(self, manifest: Manifest) -> dict[str, bytes]:
        """The artefact's files. Raises ArtefactMismatch where one is missing or is not the one that was signed."""
        folder = self._folder(manifest.kind, manifest.name)
        try:
            signed = self.get(manifest.kind, manifest.name).files
            files = {file: (folder / file).read_bytes() for file in signed}
        except (FileNotFoundError, NotFound) as error:
            raise ArtefactMismatch(f"{manifest.name} is not complete: {_REMEDY}") from error
        except OSError as error:
            raise ArtefactMismatch(f"{manifest.name} cannot be read ({error}): let this user read {folder}") from error
        changed = [file for file, digest in digests(files).items() if digest != signed[file]]
        if changed:
            raise ArtefactMismatch(f"{manifest.name}: {', '.join(changed)} is not the file that was signed: {_REMEDY}")
        return files

    def current(self, kind: str) -> Manifest | None:
        """The artefact in use; None where none was ever promoted. Raises ArtefactMismatch where it is not whole."""
        require_name(kind, kind)
        try:
            names = self._promoted(kind)
            return self.get(kind, names[0]) if names else None
        except (NotFound, Invalid, UnicodeDecodeError, OSError) as error:
            raise ArtefactMismatch(f"the {kind} in use cannot be found ({error}): {_REMEDY}") from error

    def every(self) -> list[tuple[Manifest, bool]]:
        """All artefacts that can be trusted, oldest first within a kind, with whether each is in use."""
        return [(each, self._promoted(kind)[:1] == [each.name]) for kind in KINDS for each in self.manifests(kind)]

    def promote(self, kind: str, name: str) -> Manifest:
        """Bring an artefact into use, after reading all of it: a damaged one is never promoted."""
        manifest = self.get(kind, name)
        self.read(manifest)
        names = self._promoted(kind)
        if names[:1] != [name]:
            self._write_promoted(kind, [name, *names])
        return manifest

    def rollback(self, kind: str) -> Manifest:
        """Bring back into use what was in use before. Raises Conflict where there is nothing to go back to."""
        names = self._promoted(kind)[1:]
        if not names:
            raise Conflict(f"there is no earlier {kind} to go back to: 'sluis models list' shows what there is")
        manifest = self.get(kind, names[0])
        self.read(manifest)
        self._write_promoted(kind, names)
        return manifest

    def _folder(self, kind: str, name: str) -> Path:
        require_name(kind, name)
        return self.root / kind / name

    def _promoted(self, kind: str) -> list[str]:
        require_name(kind, kind)
        try:
            return (self.root / kind / _CURRENT).read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []

    def _write_promoted(self, kind: str, names: list[str]) -> None:
        replace_file(self.root / kind / _CURRENT, "".join(f"{name}\n" for name in names).encode())

    def _key(self, *, create: bool = False) -> Ed25519PrivateKey:
        path = self.root.parent / _KEY
        if create and not path.exists():
            create_file(path, Ed25519PrivateKey.generate().private_bytes_raw(), mode=0o600)
        try:
            return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
        except (FileNotFoundError, ValueError) as error:
            raise ArtefactMismatch(
                f"{path} is missing or damaged, so no artefact can be trusted: restore it from a backup, "
                "or remove it with all artefacts and retrain"
            ) from error
        except OSError as error:
            raise ArtefactMismatch(f"{path} cannot be read ({error}), so no artefact can be trusted") from error
