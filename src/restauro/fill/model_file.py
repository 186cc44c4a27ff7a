"""Model files: an ONNX file whose metadata says all that the tool needs to know about it.

The workshop writes the card at export, the tool reads it before anything runs. Standard library
only: ONNX Runtime's `get_modelmeta` would first load itself, the weights and the graph of a file
that nobody has looked at (0.9 s of `faces` against 0.3 ms here), and names no operator sets.

Inputs of the network: `image` float32 (B, 3, H, W) RGB in [0, 1]; `mask` float32 (B, 1, H, W),
1 = hole. Output: `prediction` float32 (B, 3, H, W) in [0, 1].
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from restauro.errors import BadModelError
from restauro.typed import MisfitError, build

FORMAT = 1  # raised when a reader of the old cards would misread a new one
METADATA_KEY = "restauro"
MAX_MODEL_BYTES = 1_000_000_000  # ONNX itself ends at 2 GB
MAX_CARD_BYTES = 1_000_000

OLDEST_OPSET = 7  # of ONNX's operators; ONNX Runtime promises nothing below

# Field numbers of ModelProto, StringStringEntryProto and OperatorSetIdProto, from onnx.proto
_GRAPH, _OPSET, _METADATA = 7, 8, 14
_KEY, _VALUE = 1, 2
_DOMAIN, _VERSION = 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


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
        with path.open("rb") as file:
            metadata, opsets = _header(file, size_bytes)
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


def _header(file: BinaryIO, size_bytes: int) -> tuple[dict[str, str], dict[str, int]]:
    """An ONNX file's metadata, and the versions of the operator sets that it uses by name.

    ONNX's own operators have the name "". ValueError if the file is no whole ONNX file.
    """
    metadata: dict[str, str] = {}
    opsets: dict[str, int] = {}
    has_graph = False
    for number, _, value in _fields(file, size_bytes):
        has_graph |= number == _GRAPH
        if number == _METADATA and value <= MAX_CARD_BYTES:
            entry = _entry(file, value)
            metadata[str(entry.get(_KEY, ""))] = str(entry.get(_VALUE, ""))
        elif number == _OPSET and value <= MAX_CARD_BYTES:
            entry = _entry(file, value)
            domain = str(entry.get(_DOMAIN, ""))
            opsets["" if domain == "ai.onnx" else domain] = int(entry.get(_VERSION, 0))
    if not has_graph:
        raise ValueError("no graph")
    return metadata, opsets


def _entry(file: BinaryIO, length: int) -> dict[int, str | int]:
    """Number -> text or integer of the fields of a small message, which the file stands at."""
    content = io.BytesIO(file.read(length))
    return {
        number: content.read(value).decode() if kind == _BYTES else value
        for number, kind, value in _fields(content, length)
    }


def _fields(file: BinaryIO, size_bytes: int) -> Iterator[tuple[int, int, int]]:
    """(number, kind, value) of each field of integers or bytes; the others are skipped.

    Of bytes the value is their number, and the file stands at their start. The wire
    format of protocol buffers: a field is its number and kind in one varint, then a varint,
    8 bytes, 4 bytes, or a length and as many bytes.
    """
    position = 0
    while position < size_bytes:
        file.seek(position)
        number, kind = divmod(_varint(file), 8)
        if kind == _BYTES:
            length = _varint(file)
            position = file.tell() + length
            if position > size_bytes:
                raise ValueError("cut short")
            yield number, kind, length
            continue
        if kind == _VARINT:
            yield number, kind, _varint(file)
        elif kind in (_FIXED64, _FIXED32):
            file.seek(8 if kind == _FIXED64 else 4, io.SEEK_CUR)
        else:
            raise ValueError(f"unknown kind of field {kind}")
        position = file.tell()
    if position > size_bytes:
        raise ValueError("cut short")


def _varint(file: BinaryIO) -> int:
    """The next integer: seven bits a byte, the lowest first, the eighth bit = more follow."""
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise ValueError("cut short")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("varint too long")
