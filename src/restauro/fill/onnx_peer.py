"""Another project's ONNX file behind the type `Inpaint`, fed as its description says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.errors import BadModelError, first_line
from restauro.fill.peers import PeerDescription
from restauro.fill.sessions import CPU, Device, open_session
from restauro.picture.types import Image, Mask, Size

_TYPES: dict[str, Any] = {
    "tensor(bool)": np.bool_,
    "tensor(double)": np.float64,
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
}
_RESIZE = PIL.Image.Resampling.BICUBIC


class OnnxPeer:
    """Fills holes with an ONNX file: `peer(image, mask)`; hidden pixels should be hidden already.

    The result is the file's own answer, known pixels included; `ArrayFiller` takes the hole of it.
    """

    def __init__(
        self,
        description: PeerDescription,
        path: Path | str,
        threads: int | None = None,
        device: Device = CPU,
    ) -> None:
        self.description, self.path = description, Path(path)
        self._session = open_session(self.path, threads, device)
        self._types = {entry.name: entry.type for entry in self._session.get_inputs()}
        outputs = [entry.name for entry in self._session.get_outputs()]
        self._output = description.output or outputs[0]
        wanted = {description.image_input, description.mask_input}
        if set(self._types) != wanted or self._output not in outputs:
            raise BadModelError(
                f"{path} takes {', '.join(self._types)} and gives {', '.join(outputs)}; name them "
                f"in image_input, mask_input and output of the description of {description.name!r}"
            )

    def __call__(self, image: Image, mask: Mask) -> Image:
        """The file's answer, uint8 (H, W, 3) RGB, for an image (H, W, 3) and a mask (H, W).

        Raises:
            BadModelError: The file fails, or gives another shape or values that are no numbers.
        """
        size, multiple = mask.shape, self.description.multiple
        rows, columns = (-(-side // multiple) * multiple for side in size)
        wanted = self.description.size or (rows, columns)
        fitted, hole = _fitted(image, mask, wanted, scaled=self.description.size is not None)
        answer = self._run(fitted, hole)
        if self.description.size is None:
            return answer[: size[0], : size[1]]
        return np.asarray(PIL.Image.fromarray(answer).resize((size[1], size[0]), _RESIZE))

    def _run(self, image: Image, mask: Mask) -> Image:
        """The answer (H, W, 3) for a picture of a size that the file takes."""
        peer = self.description
        swap = slice(None, None, -1 if peer.colours == "bgr" else 1)
        colours = _spread(image[:, :, swap] / 255, peer.image_range)  # (H, W, 3)
        if peer.hidden is not None:
            colours[mask] = peer.hidden
        inputs = {
            peer.image_input: self._tensor(peer.image_input, colours),
            peer.mask_input: self._tensor(
                peer.mask_input, _spread(mask[:, :, None].astype(np.float64), peer.mask_values)
            ),
        }
        try:
            (answer,) = self._session.run([self._output], inputs)
        except Exception as error:  # ONNX Runtime's errors share no other base
            raise BadModelError(
                f"the peer {peer.name!r} failed ({first_line(error)}); check its description"
            ) from error
        answer = np.asarray(answer, dtype=np.float64)
        if peer.layout == "nchw" and answer.ndim == 4:
            answer = answer.transpose(0, 2, 3, 1)
        if answer.shape != (1, *image.shape) or not np.isfinite(answer).all():
            raise BadModelError(
                f"the peer {peer.name!r} gave the shape {answer.shape} for a picture of "
                f"{image.shape}, or values that are no numbers; check its description"
            )
        black, white = peer.output_range
        levels = np.rint((answer[0] - black) / (white - black) * 255).clip(0, 255)
        return np.asarray(levels[:, :, swap], dtype=np.uint8)

    def _tensor(self, name: str, values: NDArray[np.float64]) -> NDArray[Any]:
        """Values (H, W, C) as the input of this name takes them."""
        kind = _TYPES.get(self._types[name])
        if kind is None:
            raise BadModelError(
                f"input {name} of {self.path} is {self._types[name]}, which restauro does not feed"
            )
        if np.issubdtype(kind, np.integer):
            values = np.rint(values)
        batch = (
            values[None] if self.description.layout == "nhwc" else values.transpose(2, 0, 1)[None]
        )
        return np.ascontiguousarray(batch.astype(kind))


def _spread(shares: NDArray[Any], ends: tuple[float, float]) -> NDArray[np.float64]:
    """Takes 0 to the first end and 1 to the second, without rounding at either."""
    return np.asarray(shares * ends[1] + (1 - shares) * ends[0], dtype=np.float64)


def _fitted(image: Image, mask: Mask, size: Size, *, scaled: bool) -> tuple[Image, Mask]:
    """Image and mask at `size`: scaled, or padded at the bottom and the right.

    A scaled pixel is known if no hidden one contributes to it; padding is a hole.
    """
    height, width = size
    if (height, width) == mask.shape:
        return image, mask
    if not scaled:
        rows, columns = height - mask.shape[0], width - mask.shape[1]
        padded = np.pad(image, ((0, rows), (0, columns), (0, 0)), mode="edge")
        return padded, np.pad(mask, ((0, rows), (0, columns)), constant_values=True)
    picture = PIL.Image.fromarray(image).resize((width, height), _RESIZE)
    hidden = PIL.Image.fromarray(mask.astype(np.float32)).resize((width, height), _RESIZE)
    return np.asarray(picture), np.abs(np.asarray(hidden)) > 1e-6
