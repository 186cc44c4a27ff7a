"""Tasks: what is asked of every method, namely the holes of a protocol in pictures of an exposure.

Exposure is the synthetic probe of dark tones: the same pictures and holes, with less light.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from restauro.errors import ConfigError
from restauro.evaluation.protocols import Protocol
from restauro.files import file_sha256
from restauro.picture.types import Size
from restauro.registry import PROTOCOLS

EXPOSURE_LIMITS = (-8.0, 4.0)
"""In stops: below, 8 bits hold nothing; above, nearly everything is white."""


@dataclass(frozen=True)
class Task:
    """The holes of a protocol in pictures of an exposure."""

    protocol: Protocol
    exposure: float = 0.0
    """In stops: -1 halves the light."""
    code: tuple[str, ...] = ()
    """SHA-256 of the files of the plug-in that the protocol comes from."""

    def __post_init__(self) -> None:
        low, high = EXPOSURE_LIMITS
        if not low <= self.exposure <= high:
            raise ConfigError(
                f"an exposure of {self.exposure:g} stops is out of range; "
                f"give {low:g} to {high:g}, such as -2"
            )

    @property
    def name(self) -> str:
        """Such as `box`, or `box_-2EV` for two stops less light; fit for a file's name."""
        return self.protocol.name + (f"_{self.exposure:+g}EV" if self.exposure else "")

    def hash(self, size: Size, pictures: Mapping[int, str], bank_sha256: str, seed: int) -> str:
        """As `Protocol.hash`, with the exposure behind it: `cae9aa4c8d16-2EV`."""
        of_protocol = self.protocol.hash(size, pictures, bank_sha256, seed)
        return of_protocol + (f"{self.exposure:+g}EV" if self.exposure else "")

    def pictures(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The undamaged pictures of this task: uint8 (B, H, W, 3) at its exposure."""
        return self._tones[images] if self.exposure else images

    @cached_property
    def _tones(self) -> NDArray[np.uint8]:
        """The new 8-bit value of each of the 256: linear light (sRGB's curve) times 2^exposure."""
        encoded = np.arange(256) / 255
        light = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
        light = np.minimum(light * 2**self.exposure, 1)
        encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
        return np.rint(encoded * 255).astype(np.uint8)


def make_tasks(protocols: Sequence[str], exposures: Sequence[float] = ()) -> list[Task]:
    """One task a protocol; with `exposures`, the first protocol at each of them as well.

    Raises:
        UnknownNameError: No such protocol; the message suggests the closest name.
        ConfigError: An exposure is out of range.
    """
    tasks = [_task(name) for name in dict.fromkeys(protocols)]
    probes = [stops for stops in sorted(set(exposures), reverse=True) if stops]
    return tasks + [dataclasses.replace(tasks[0], exposure=stops) for stops in probes]


def _task(name: str) -> Task:
    protocol = PROTOCOLS.create(name)
    if protocol.name != name:
        raise ConfigError(
            f"the protocol {name!r} calls itself {protocol.name!r}; give it one name in its plug-in"
        )
    return Task(protocol, code=tuple(map(file_sha256, PROTOCOLS.code_files(name))))
