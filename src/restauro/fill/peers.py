"""What another project's ONNX file expects: a few lines of TOML, or one of the known ones."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from restauro.errors import ConfigError
from restauro.files import read_toml
from restauro.typed import POSITIVE, MisfitError, build, check, one_of


@dataclass(frozen=True)
class PeerDescription:
    """How to feed an ONNX file that fills holes. Types of numbers are read from the file itself.

    Whether the file pastes the known pixels back itself is not asked: every method's are.
    """

    name: str
    """How tables call it."""
    file: str = ""
    """The ONNX file, relative to the description."""
    image_input: str = "image"
    """Name of the input that takes the picture."""
    mask_input: str = "mask"
    """Name of the input that takes the mask."""
    output: str = ""
    """Name of the output with the filled picture; empty = the first."""
    layout: str = "nchw"
    """`nchw` for (1, 3, H, W) and (1, 1, H, W), or `nhwc` for (1, H, W, 3) and (1, H, W, 1)."""
    colours: str = "rgb"
    """Order of the colours, `rgb` or `bgr`."""
    image_range: tuple[float, float] = (0.0, 1.0)
    """What black and white are in the input, such as [0, 1], [-1, 1] or [0, 255]."""
    mask_values: tuple[float, float] = (0.0, 1.0)
    """What known and hole are in the mask: [0, 1], or [255, 0] where 255 means known."""
    output_range: tuple[float, float] = (0.0, 1.0)
    """What black and white are in the output."""
    size: tuple[int, int] | None = None
    """(height, width) if it takes only one; pictures are scaled to it, and the fill back."""
    multiple: int = 1
    """Height and width must be multiples of this; pictures are padded, the padding is a hole."""
    hidden: float | None = None
    """What hidden pixels are in the input; without it, the mean colour of the known ones."""

    def __post_init__(self) -> None:
        differ = (lambda ends: ends[0] != ends[1], "two numbers that differ")
        for rule, *names in (
            (one_of(("nchw", "nhwc")), "layout"),
            (one_of(("rgb", "bgr")), "colours"),
            (differ, "image_range", "mask_values", "output_range"),
            (POSITIVE, "multiple"),
            ((lambda size: size is None or min(size) > 0, "positive"), "size"),
        ):
            check(f"peer {self.name!r}", self, rule, *names)


PEERS = {
    peer.name: peer
    for peer in (
        # Carve/LaMa-ONNX on Hugging Face: it multiplies its result by 255 (Carve-Photos/lama#9).
        PeerDescription("lama", output_range=(0.0, 255.0), size=(512, 512)),
        # Picsart-AI-Research/MI-GAN, scripts/create_onnx_pipeline.py: uint8, 255 = known.
        PeerDescription(
            "migan",
            output="result",
            image_range=(0.0, 255.0),
            mask_values=(255.0, 0.0),
            output_range=(0.0, 255.0),
        ),
    )
}
"""Public exports whose files need no description of the user's: `lama:lama_fp32.onnx`."""


def read_peer(path: Path) -> PeerDescription:
    """The description in a TOML file; `file` becomes a path that can be opened from here.

    Raises:
        ConfigError: Not TOML, an unknown or missing key, or a value of the wrong kind.
    """
    values = read_toml(path)
    try:
        peer: PeerDescription = build(PeerDescription, values)
    except MisfitError as error:
        raise ConfigError(f"{path}: {error}; correct it") from error
    for key in ("name", "file"):
        if not getattr(peer, key):
            raise ConfigError(f"{path} lacks the key {key!r}; add it")
    return dataclasses.replace(peer, file=str(path.parent / peer.file))
