from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from restauro.errors import BadDataError, BadImageError, ConfigError
from restauro.evaluation.mask_files import resized
from restauro.evaluation.protocols import choose_protocols
from restauro.picture.types import Mask
from restauro.picture.write import write_image

SIZE = (37, 50)


def masks() -> list[Mask]:
    """Five that differ, in the sizes of other people's files."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(5):
        mask = np.zeros((64, 64 + number), dtype=bool)
        top, left = rng.integers(0, 30, 2)
        mask[top : top + 20, left : left + 30] = True
        found.append(mask)
    return found


def write(folder: Path, several: list[Mask]) -> Path:
    folder.mkdir(parents=True)
    for number, mask in enumerate(several):
        grey = np.where(mask, 255, 0).astype(np.uint8)
        write_image(folder / f"{number}.png", np.repeat(grey[..., None], 3, axis=2))
    (folder / "hole_ratio.csv").write_text("name,ratio\n")
    return folder


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"inside/{file.name}")
    return path


def test_holes_are_the_masks_of_the_files_at_the_size_of_the_pictures(tmp_path: Path) -> None:
    folder = write(tmp_path / "irregular test", masks())
    (protocol,) = choose_protocols([f"masks:{folder}"])
    assert protocol.task == "masks_irregular_test"
    holes = protocol.holes(SIZE, range(40))
    known = [resized(mask, SIZE).tobytes() for mask in masks()]
    assert {hole.tobytes() for hole in holes} == set(known)  # every one of them in 40 pictures
    again = pickle.loads(pickle.dumps(protocol))
    np.testing.assert_array_equal(again.holes(SIZE, range(40)), holes)


def test_an_archive_is_the_same_as_its_folder_and_other_files_are_not(tmp_path: Path) -> None:
    folder = write(tmp_path / "masks", masks())
    archive = zipped(folder, tmp_path / "others.zip")
    fewer = write(tmp_path / "fewer", masks()[:4])
    hashes = [
        choose_protocols([f"masks:{path}"])[0].hash(SIZE, {0: "a"}, "bank")
        for path in (folder, archive, fewer)
    ]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize("size", [(32, 32), (20, 48), (64, 64), (100, 70)])
def test_resizing_leaves_nothing_between_and_about_the_same_area(size: tuple[int, int]) -> None:
    mask = masks()[3]
    found = resized(mask, size)
    assert (found.dtype, found.shape) == (np.dtype(bool), size)
    assert found.mean() == pytest.approx(mask.mean(), abs=0.03)
    np.testing.assert_array_equal(resized(mask, mask.shape), mask)
    np.testing.assert_array_equal(
        resized(mask[::-1, ::-1], (32, 32)), resized(mask, (32, 32))[::-1, ::-1]
    )


def test_masks_without_a_hole_are_left_out(tmp_path: Path) -> None:
    nothing, all_hole = np.zeros((9, 9), dtype=bool), np.ones((9, 9), dtype=bool)
    folder = write(tmp_path / "some", [nothing, masks()[0], all_hole])
    holes = choose_protocols([f"masks:{folder}"])[0].holes(SIZE, range(12))
    assert (holes == resized(masks()[0], SIZE)).all()
    folder = write(tmp_path / "none", [nothing, all_hole])
    with pytest.raises(BadImageError, match="200 masks of .*none are nothing but hole, or without"):
        choose_protocols([f"masks:{folder}"])[0].hole(SIZE, 0)


def test_bad_masks_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="nowhere does not exist; give a folder, zip or tar"):
        choose_protocols([f"masks:{tmp_path / 'nowhere'}"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadDataError, match="empty holds no mask; give a folder or archive"):
        choose_protocols([f"masks:{tmp_path / 'empty'}"])
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.png").write_bytes(b"no picture")
    with pytest.raises(BadImageError, match=r"a\.png of .*broken"):
        choose_protocols([f"masks:{tmp_path / 'broken'}"])[0].hole(SIZE, 0)
    same = [write(tmp_path / place / "masks", masks()) for place in ("one", "two")]
    with pytest.raises(
        ConfigError, match="would both be called 'masks_masks'; give one of the two"
    ):
        choose_protocols([f"masks:{path}" for path in same])
