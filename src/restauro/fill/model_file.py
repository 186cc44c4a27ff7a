"""Model files: an ONNX file whose metadata says all that the tool needs to know about it.

The workshop writes the card at export, the tool reads it before anything runs. Standard library
only: ONNX Runtime's `get_modelmeta` would first load itself, the weights and the graph of a file
that nobody has looked at (0.9 s of `faces` against 0.3 ms here), and names no operator sets.

Inputs of the network: `image` float32 (B, 3, H, W) RGB in [0, 1]; `mask` float32 (B, 1, H, W),
1 = hole; where the card has a `noise_dim`, `noise` float32 (B, noise_dim), drawn from the standard
normal distribution, or zeros for the fill in the middle.
Output: `prediction` float32 (B, 3, H, W) in [0, 1].
"""

from __future__ import annotations

import dataclasses
import json
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restauro.errors import BadModelError
from restauro.typed import MisfitError, build

FORMAT = 1  # raised when a reader of the old cards would misread a new one
METADATA_KEY = "restauro"
MAX_MODEL_BYTES = 1_000_000_000  # ONNX itself ends at 2 GB
MAX_CARD_BYTES = 1_000_000

OLDEST_OPSET = 7  # of ONNX's operators; ONNX Runtime promises nothing below

# Field numbers of ModelProto, StringStringEntryProto and OperatorSetIdProto, from onnx.proto
_GRAPH, _OPSET, _METADATA = 7, 8, 14
_NAME, _VALUE = 1, 2  # a key and its value, or a domain and its version
_VARINT, _BYTES = 0, 2
_FIXED_BYTES = {1: 8, 5: 4}


@dataclass(frozen=True)
class ModelCard:
    """What a model file says about itself."""

    name: str
    """How users call it, such as `faces`."""
    version: str
    architecture: str
    """Name of the architecture in `restauro.models`."""
    size: tuple[int, int]
    """(height, width) in pixels that the network was trained on."""
    multiple: int | None
    """Height and width may be any multiple of this; None = only `size`."""
    domain: str
    """What the pictures show, such as `aligned faces`."""
    training_data: str
    terms: str
    """Under which terms the weights may be used."""
    parameters: int
    """Number of weights."""
    scores: Mapping[str, Any]
    """Name of a metric -> its value, as published with the model."""
    checkpoint_sha256: str
    kinds: tuple[str, ...] = ()
    """Of damage, if that is what the network finds, in the order of its output's channels."""
    latent_dim: int = 0
    """Numbers of a picture's code, which the file takes as the input `code` and gives as the output
    `codes`, too; 0 = it has none."""
    detail: bool = False
    """Whether large holes get texture from the picture's known part, as its fill is soft."""
    sees_copies: bool = False
    """Whether the network is shown in holes what patches of the known part make of them."""
    noise_dim: int = 0
    """Numbers of the input `noise`, which tells which of several fills to draw; 0 = there is one
    fill."""
    has_prior: bool = False
    """Whether codes were trained to lie as the standard normal distribution."""

    def __post_init__(self) -> None:
        divisor = self.multiple or 1
        for name, is_right, rule in (
            ("name", bool(self.name), "not empty"),
            ("parameters", self.parameters >= 0, "a number of weights"),
            ("size", min(self.size) > 0, "[height, width] in pixels"),
            (
                "multiple",
                (self.multiple is None or self.multiple > 0)
                and all(side % divisor == 0 for side in self.size),
                "a divisor of the size, or null",
            ),
        ):
            if not is_right:
                raise BadModelError(
                    f"{name} of the model card is {getattr(self, name)!r}, but must be {rule}; "
                    "export the model again"
                )

    def takes(self, size: tuple[int, int]) -> bool:
        """Whether the network takes pictures of this size, (height, width) in pixels."""
        if self.multiple is None:
            return size == self.size
        return all(side > 0 and side % self.multiple == 0 for side in size)

    def to_json(self) -> str:
        """The text that the file's metadata holds under `METADATA_KEY`."""
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> ModelCard:
        """The card in this text; keys beyond the known ones are ignored.

        Raises:
            BadModelError: No JSON, an unknown format, or a key that is missing or of a wrong kind.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise BadModelError(f"the model card is no JSON ({error}); export it again") from error
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            given = values.get("format") if isinstance(values, dict) else None
            raise BadModelError(
                f"the model card has the format {given!r}, but this restauro reads {FORMAT}; "
                "update restauro or export the model again"
            )
        try:
            card: ModelCard = build(cls, values, ignores_unknown=True)
        except MisfitError as error:
            raise BadModelError(f"in the model card {error}; export the model again") from error
        return card


def read_card(path: Path) -> ModelCard:
    """The card in a model file; reads a few bytes of it, never the weights.

    Raises:
        BadModelError: No such file, no ONNX file, too large, or without a valid card.
    """
    try:
        size_bytes = path.stat().st_size
        if size_bytes > MAX_MODEL_BYTES:
            raise BadModelError(
                f"{path} has {size_bytes / 1e6:.0f} MB, more than the "
                f"{MAX_MODEL_BYTES / 1e6:.0f} MB allowed; export a smaller model"
            )
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            metadata, opsets = _header(data)
    except OSError as error:
        raise BadModelError(f"{path} cannot be read: {error.strerror}; check the path") from error
    except ValueError as error:
        raise BadModelError(f"{path} is no intact ONNX file; use an exported model") from error
    if METADATA_KEY not in metadata:
        raise BadModelError(
            f"{path} is an ONNX file without a restauro card; use one made by `restauro export`, "
            f"put the name of a known peer before it, such as lama:{path}, or describe it in a "
            ".toml file"
        )
    if set(opsets) != {""} or opsets[""] < OLDEST_OPSET:
        given = ", ".join(f"{name or 'ONNX'} {version}" for name, version in opsets.items())
        raise BadModelError(
            f"{path} uses the operators {given or 'of no set'}, but only those of ONNX "
            f"{OLDEST_OPSET} or newer are allowed; export it with `restauro export`"
        )
    try:
        return ModelCard.from_json(metadata[METADATA_KEY])
    except BadModelError as error:
        raise BadModelError(f"{path}: {error}") from error


def _header(data: mmap.mmap) -> tuple[dict[str, str], dict[str, int]]:
    """An ONNX file's metadata, and the versions of the operator sets that it uses by name.

    ONNX's own operators have the name "". ValueError if the file is no whole ONNX file.
    """
    metadata: dict[str, str] = {}
    opsets: dict[str, int] = {}
    has_graph = False
    for number, start, end in _fields(data, 0, len(data)):
        has_graph |= number == _GRAPH
        if number in (_METADATA, _OPSET) and end - start <= MAX_CARD_BYTES:
            entry = {field: data[first:last] for field, first, last in _fields(data, start, end)}
            name = entry.get(_NAME, b"").decode()
            if number == _METADATA:
                metadata[name] = entry.get(_VALUE, b"").decode()
            else:
                version, _ = _varint(entry.get(_VALUE, b"\0"), 0)
                opsets["" if name == "ai.onnx" else name] = version
    if not has_graph:
        raise ValueError("no graph")
    return metadata, opsets


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The number of each field of a message, and where its value begins and ends.

    The wire format of protocol buffers: a field is its number and kind in one varint, then a
    varint, 8 bytes, 4 bytes, or a length and as many bytes.
    """
    while start < end:
        key, start = _varint(data, start)
        number, kind = divmod(key, 8)
        if kind == _VARINT:
            after = _varint(data, start)[1]
        elif kind == _BYTES:
            length, start = _varint(data, start)
            after = start + length
        elif kind in _FIXED_BYTES:
            after = start + _FIXED_BYTES[kind]
        else:
            raise ValueError(f"unknown kind of field {kind}")
        if after > end:
            raise ValueError("cut short")
        yield number, start, after
        start = after


def _varint(data: bytes | mmap.mmap, position: int) -> tuple[int, int]:
    """The integer at a position, and where it ends: 7 bits a byte, the 8th bit = more follow."""
    value = 0
    for index, byte in enumerate(data[position : position + 10]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, position + index + 1
    raise ValueError("no whole number")
