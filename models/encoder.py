"""Text to vectors: the only door to torch and sentence-transformers, opened by the process that encodes.

An encoder is a folder of files, wherever it comes from: one the organisation has, the bundled weights, or the model
hub's cache. Only safetensors weights are loaded: the older format is a pickle, which can run code.
"""

import hashlib
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

import huggingface_hub
import numpy as np
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from catalog.errors import ArtefactMismatch, Unavailable
from models import bundle
from models.protocols import Progress, Vectors

_PARTS: Final = ("*.json", "*.txt", "*.model", "*.safetensors")
"""The files that a model is made of. What else a folder holds changes no vector and is neither fetched nor hashed."""

_OTHER_RUNTIMES: Final = ("onnx", "openvino")

_E5: Final = re.compile(r"(^|-)e5-(small|base|large)(-v2)?$")
"""The family that was trained with a prefix without saying so in its files."""

_BATCH_CHARACTERS: Final = 4000
"""A batch is as many texts of about one length as make this many characters: little padding, bounded memory."""

_REMEDY: Final = "set SLUIS_ENCODER to a local sentence-transformers folder with model.safetensors"


class SentenceEncoder:
    """A sentence-transformers model as a `models.protocols.Encoder`. Threads that share it take turns, batch by batch:
    its tokenizer is not made for two at once, and who has one text waits for no one's thousand.
    """

    def __init__(self, model: SentenceTransformer, prefix: str, digest: str) -> None:
        self._model = model
        self._prefix = prefix
        self._digest = digest
        self._dimensions = int(model.get_embedding_dimension())
        self._next, self._busy = Lock(), Lock()

    @property
    def digest(self) -> str:
        """SHA-256 over the model's files, the prefix and the longest input, in tokens."""
        return self._digest

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._dimensions

    @property
    def model(self) -> SentenceTransformer:
        """The bare model, to measure against what prefix, batches and checks cost."""
        return self._model

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Unit rows in the order of `texts`; longest first, so that running out of memory is known at once.

        Raises ArtefactMismatch where the model gives a vector that is no direction: its weights are damaged.
        """
        vectors = np.empty((len(texts), self._dimensions), np.float32)
        for batch in _batches(texts):
            with self._turn():
                vectors[batch] = self._model.encode(
                    [texts[place] for place in batch],
                    prompt=self._prefix,
                    batch_size=len(batch),
                    show_progress_bar=False,
                    normalize_embeddings=True,
                )
            if progress is not None:
                progress(len(batch))
        lengths = np.linalg.norm(vectors, axis=1)
        if not np.allclose(lengths, 1.0, atol=1e-3):  # false for not-a-number as well
            raise ArtefactMismatch(f"the encoder gave a vector that is not finite or has no length: {_REMEDY}")
        return vectors

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """A lock that is fair between two: whoever ends a batch and wants the next one lets the other go first."""
        with self._next:
            self._busy.acquire()
        try:
            yield
        finally:
            self._busy.release()


def load_encoder(name: str, cache_dir: Path) -> SentenceEncoder:
    """The encoder called `name`: a local folder, the bundled default, or a model of the hub, in that order.

    `cache_dir` receives the unpacked bundle. Raises Unavailable where the hub cannot be reached or knows no such
    model, ArtefactMismatch where the files cannot be loaded.
    """
    _silence()
    folder = _locate(name, cache_dir)
    try:
        model = SentenceTransformer(str(folder), local_files_only=True, model_kwargs={"use_safetensors": True})
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise ArtefactMismatch(f"the encoder in {folder} cannot be loaded ({_line(error)}): {_REMEDY}") from error
    prefix = _prefix(name, model)
    return SentenceEncoder(model, prefix, _digest(folder, prefix, model.max_seq_length))


def _locate(name: str, cache_dir: Path) -> Path:
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    packed = bundle.find() if name == bundle.MODEL else None
    if packed is not None:
        return bundle.unpack(packed, cache_dir)
    try:
        ignored = [f"{runtime}/*" for runtime in _OTHER_RUNTIMES]
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=list(_PARTS), ignore_patterns=ignored))
    except (OSError, ValueError) as error:
        raise Unavailable(f"the model hub did not give the encoder {name!r} ({_line(error)}): {_REMEDY}") from error


def _prefix(name: str, model: SentenceTransformer) -> str:
    if model.default_prompt_name is not None:
        return str(model.prompts[model.default_prompt_name])
    return bundle.PREFIX if _E5.search(Path(name).name) else ""


def _digest(folder: Path, prefix: str, max_length: int | None) -> str:
    """Read anew at each start: half a second for the default, and never out of date."""
    whole = hashlib.sha256(f"prefix {prefix!r}, at most {max_length} tokens\n".encode())
    paths = {path for pattern in _PARTS for path in folder.rglob(pattern)}
    for path in sorted(path for path in paths if not set(_OTHER_RUNTIMES) & set(path.relative_to(folder).parts)):
        with path.open("rb") as file:
            part = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()} {part}\n".encode())
    return whole.hexdigest()


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Places of texts of about one length, longest first."""
    order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
    while order:
        longest = len(texts[order[0]])
        size = max(1, _BATCH_CHARACTERS // max(1, longest))
        batch = [place for place in order[:size] if 2 * len(texts[place]) >= longest]
        yield batch
        order = order[len(batch) :]


def _silence() -> None:
    """The libraries' bars and notices would end up between the lines of our own log."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    for library in ("huggingface_hub", "sentence_transformers", "transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
