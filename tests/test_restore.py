from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import restauro.restore
from restauro.errors import BadImageError
from restauro.fill.catalogue import load
from restauro.picture.read import read_picture
from restauro.picture.types import Mask
from restauro.picture.write import format_named
from restauro.restore import restore


@pytest.mark.parametrize(
    ("picture", "called"), [(Path("in/large.png"), "in/large.png"), (b"bytes", "the upload")]
)
def test_memory_that_runs_out_is_told_of_the_picture(
    picture: Path | bytes, called: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_picture(*arguments: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(restauro.restore, "opened", lambda *_: b"")
    monkeypatch.setattr(restauro.restore, "read_picture", read_picture)
    with pytest.raises(BadImageError, match=f"^{called} needs more memory than there is") as caught:
        restore(picture, b"mask", load("mean"), name="the upload")
    assert caught.value.code == "pixels"


# The two promises, over formats

SIZE = (64, 96)
MODES = {
    ".png": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    ".tif": ["1", "L", "P", "RGB", "RGBA", "CMYK", "LAB", "I;16", "I", "F"],
    ".webp": ["RGB", "RGBA"],
    ".bmp": ["1", "L", "P", "RGB", "RGBA"],
    ".gif": ["L", "P"],
    ".ppm": ["1", "L", "RGB", "I"],
}
LOSSLESS = [(suffix, mode) for suffix, modes in MODES.items() for mode in modes]
SEEDS = st.integers(0, 2**32 - 1)
HOLES = st.tuples(st.integers(0, 40), st.integers(0, 70), st.integers(1, 20), st.integers(1, 20))
few = settings(max_examples=4, deadline=None)


def hole_of(corners: tuple[int, int, int, int]) -> Mask:
    top, left, height, width = corners
    hole = np.zeros(SIZE, dtype=bool)
    hole[top : top + height, left : left + width] = True
    return hole


def photo(seed: int, mode: str = "RGB") -> PIL.Image.Image:
    """Noise, coarse and fine, of any mode."""
    rng = np.random.default_rng(seed)
    coarse = PIL.Image.fromarray(rng.integers(0, 256, (4, 6, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize(SIZE[::-1], PIL.Image.Resampling.BICUBIC)).astype(int)
    image = (smooth + rng.integers(-20, 20, (*SIZE, 3))).clip(0, 255).astype(np.uint8)
    if mode in ("I;16", "I", "F"):
        wide = image[..., 0].astype(np.uint16) * 250
        return PIL.Image.fromarray(wide.astype({"I;16": "u2", "I": "i4", "F": "f4"}[mode]))
    picture = PIL.Image.fromarray(image)
    if mode == "LAB":
        return PIL.Image.frombytes("LAB", picture.size, picture.tobytes())
    return picture.quantize(50) if mode == "P" else picture.convert(mode)


def file_of(picture: PIL.Image.Image, suffix: str, **options: object) -> bytes:
    file = BytesIO()
    if suffix == ".webp":
        options |= {"lossless": True, "exact": True}
    picture.save(file, format_named(Path(f"a{suffix}")).name, **options)
    return file.getvalue()


def mask_file(hole: Mask) -> bytes:
    return file_of(PIL.Image.fromarray(hole), ".png")


@few
@given(SEEDS, HOLES)
@pytest.mark.parametrize(("suffix", "mode"), LOSSLESS)
def test_what_is_not_marked_is_not_touched(
    suffix: str, mode: str, seed: int, corners: tuple[int, int, int, int]
) -> None:
    hole, content = hole_of(corners), file_of(photo(seed, mode), suffix)
    restored = restore(content, mask_file(hole), load("mean"))
    before, after = read_picture(content), read_picture(restored.data)
    assert (after.mode, after.size, after.format) == (before.mode, before.size, before.format)
    assert_array_equal(np.asarray(after)[~hole], np.asarray(before)[~hole])


@few
@given(SEEDS, HOLES)
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize(("mode", "quality"), [("RGB", 60), ("RGB", 92), ("L", 75), ("CMYK", 80)])
def test_blocks_of_a_jpeg_that_no_hole_touches_are_not_touched(
    mode: str, quality: int, subsampling: int, seed: int, corners: tuple[int, int, int, int]
) -> None:
    hole = hole_of(corners)
    content = file_of(photo(seed, mode), ".jpg", quality=quality, subsampling=subsampling)
    once = restore(content, mask_file(hole), load("mean")).data
    twice = restore(once, mask_file(hole), load("mean")).data
    before, *after = (np.asarray(read_picture(data)) for data in (content, once, twice))
    top, left, height, width = corners
    reach = 16 + 1  # a block of colour, and the pixel beside it into which it is smoothed
    far = np.ones(SIZE, dtype=bool)
    far[max(top - reach, 0) : top + height + reach, max(left - reach, 0) : left + width + reach] = 0
    for image in after:
        assert_array_equal(image[far], before[far])


def test_a_turned_jpeg_keeps_the_blocks_of_its_file() -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    content = file_of(photo(1), ".jpg", quality=80, exif=exif)
    hole = np.zeros(SIZE[::-1], dtype=bool)  # as a viewer shows it
    hole[16:32, 16:32] = True
    data = restore(content, mask_file(hole), load("mean")).data
    before, after = (np.asarray(read_picture(one)).astype(int) for one in (content, data))
    rows, columns = np.nonzero(np.abs(after - before).max(axis=2))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) >= (31, 0, 15, 0)
    assert rows.max() <= 48
    assert columns.max() <= 32


@few
@given(SEEDS)
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".bmp", ".jpg"])
def test_nothing_of_what_was_erased_is_left_in_the_file(suffix: str, seed: int) -> None:
    hole = np.zeros(SIZE, dtype=bool)
    hole[16:48, 32:64] = True  # whole blocks, so that a JPEG's other blocks are the same
    results = []
    for secret in (0, 1):
        shown = photo(seed)
        shown.paste(photo(seed + 1 + secret), mask=PIL.Image.fromarray(hole))
        thumbnail = file_of(shown.resize((24, 16)), ".jpg", quality=50).ljust(2000, b"\0")
        options: dict[str, object] = {}
        if suffix != ".bmp":
            options["exif"] = exif_with(thumbnail)
        if suffix == ".jpg":
            options |= {"quality": 90, "subsampling": 0}
        content = file_of(shown, suffix, **options)
        results.append(restore(content, mask_file(hole), load("mean")).data)
    assert results[0] == results[1]


def exif_with(thumbnail: bytes) -> bytes:
    """EXIF with the maker's name and a small picture."""
    second_at = 8 + 2 + 12 + 4
    jpeg_at = second_at + 2 + 24 + 4
    first = struct.pack(">HHHI4sI", 1, 271, 2, 3, b"us\0\0", second_at)
    second = struct.pack(">HHHII", 2, 0x201, 4, 1, jpeg_at)
    second += struct.pack(">HHIII", 0x202, 4, 1, len(thumbnail), 0)
    return b"Exif\0\0MM\0*" + struct.pack(">I", 8) + first + second + thumbnail
