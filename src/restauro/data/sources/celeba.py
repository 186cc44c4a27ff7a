"""CelebA, aligned and cropped: 202,599 faces of 178x218 pixels, with the official split.

Source: Liu et al. 2015, "Deep Learning Face Attributes in the Wild", arXiv:1411.7766.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from PIL import Image as Pillow

from restauro.data.bank import SPLITS
from restauro.data.containers import file_identity, open_container
from restauro.data.pictures import UnusablePictureError
from restauro.data.sources._source import IndexRow, Plan, SourceOptions, file_plan
from restauro.errors import BadDataError
from restauro.plugins import source

ARCHIVE, FOLDER, PARTITION = "img_align_celeba.zip", "img_align_celeba", "list_eval_partition.txt"
SIZE = (178, 218)  # width, height
BOX = (0, 20, 178, 198)  # left, top, right, bottom


class CelebA:
    """`img_align_celeba.zip` or the extracted folder, and `list_eval_partition.txt` beside it."""

    crop = "the 178x178 square that starts 20 pixels from the top"

    def __init__(self, path: Path, split_file: Path | None = None) -> None:
        self.pictures = open_container(_pictures_path(path))
        self.partition = split_file or _partition_path(path)

    def identity(self) -> list[str]:
        """The pictures, and the list of the split."""
        return [*self.pictures.identity(), file_identity(self.partition)]

    def plan(self) -> Plan:
        """The pictures that are here, with their official split."""
        splits, found = _splits(self.partition), set()

        def row_of(member: str) -> IndexRow | str:
            name = PurePosixPath(member).name
            if name in found:
                return "another picture has the same name"
            if name not in splits:
                return f"not in {self.partition.name}"
            found.add(name)
            return IndexRow(name, splits[name])

        plan = file_plan(self.pictures, self.pictures.listing(), row_of, lambda _: _face)
        return replace(plan, num_missing=len(splits) - len(found))


@source("celeba")
def celeba(options: SourceOptions) -> CelebA:
    """CelebA in the official layout."""
    options.check("celeba", "path", "split_file")
    return CelebA(options.required_path("celeba"), options.split_file)


def _face(image: Pillow.Image) -> Pillow.Image:
    if image.size != SIZE:
        raise UnusablePictureError(
            f"{image.width}x{image.height} pixels, not the 178x218 of the official alignment"
        )
    return image.crop(BOX)


def _pictures_path(path: Path) -> Path:
    """The archive or folder of pictures in `path`: as unpacked, or as on the official drive."""
    for place in (path / ARCHIVE, path / FOLDER, path / "Img" / ARCHIVE, path / "Img" / FOLDER):
        if place.exists():
            return place
    return path


def _partition_path(path: Path) -> Path:
    for folder in (path, path.parent, path / "Eval", path.parent.parent / "Eval"):
        if (folder / PARTITION).is_file():
            return folder / PARTITION
    raise BadDataError(f"no {PARTITION} in or beside {path}; name it with --split-file")


def _splits(path: Path) -> dict[str, str]:
    """Name of a picture -> its split."""
    try:
        lines = path.read_text().split("\n")
        rows = [line.split() for line in lines if line.strip()]
        return {name: SPLITS[int(number)] for name, number in rows}
    except (OSError, ValueError, IndexError) as error:
        raise BadDataError(
            f"{path} has lines that are not `000001.jpg 0` with 0, 1 or 2 ({error}); "
            "use the official file"
        ) from error
