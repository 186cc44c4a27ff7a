"""Makes small sources for the tests of this folder: pictures, archives, official layouts."""

from __future__ import annotations

import csv
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from restauro.data.prepare import Prepared, Recipe, prepare
from restauro.data.sources import SourceOptions

REAL = Path(__file__).parents[3] / "shared" / "data"
needs_real_pictures = pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data is not here")


def picture(width: int = 50, height: int = 37, seed: int = 0) -> Image.Image:
    """A smooth picture that survives JPEG well, another one for each seed."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (3, 4, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def jpeg(width: int = 50, height: int = 37, seed: int = 0) -> bytes:
    return encoded(picture(width, height, seed), "JPEG", quality=95)


def write_folder(path: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, files: Mapping[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def prepared(
    name: str, source: Path, bank: Path, *, size: int = 16, force: bool = False
) -> Prepared:
    return prepare(Recipe(name, SourceOptions(path=source), size), bank, force=force)


def rejections(bank: Path) -> dict[str, str]:
    """Name -> reason, from the bank's `rejected.csv`."""
    with (bank / "rejected.csv").open(newline="", encoding="utf-8") as file:
        return {row["name"]: row["reason"] for row in csv.DictReader(file)}
