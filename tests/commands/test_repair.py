"""`restauro repair` for one picture and for folders."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner, Result
from numpy.testing import assert_array_equal

from brightfinder import use_as_shipped
from restauro.cli import cli
from restauro.errors import BadImageError
from restauro.picture.types import Image


@pytest.fixture(autouse=True)
def _bright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_as_shipped(tmp_path / "bright.onnx", monkeypatch)


def scan(seed: int = 0) -> Image:
    """Noise, (37, 50, 3), with a white line of one pixel."""
    image = np.random.default_rng(seed).integers(100, 140, (37, 50, 3), dtype=np.uint8)
    image[7] = 255
    return image


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "scan.png"
    PIL.Image.fromarray(scan()).save(path)
    return path


def run(*arguments: object, model: str = "mean") -> Result:
    words = ["repair", *map(str, arguments), "--model", model]
    return CliRunner().invoke(cli, words)


def pixels(path: Path) -> Image:
    with PIL.Image.open(path) as picture:
        return np.asarray(picture)


def test_line_goes_and_all_else_stays(picture: Path, tmp_path: Path) -> None:
    result = run(picture, tmp_path / "out.png")
    assert result.exit_code == 0, result.output
    assert "repainted 13.51% of the picture" in result.stderr
    repaired = pixels(tmp_path / "out.png")
    assert repaired[7].max() < 200
    assert_array_equal(
        np.delete(repaired, range(5, 10), axis=0), np.delete(scan(), range(5, 10), 0)
    )


def test_only_the_mask(picture: Path, tmp_path: Path) -> None:
    result = run(picture, tmp_path / "mask.png", "--only-mask", "--grow-mask", 0)
    assert result.exit_code == 0, result.output
    expected = np.zeros((37, 50), dtype=np.uint8)
    expected[7] = 255
    assert_array_equal(pixels(tmp_path / "mask.png"), expected)


def test_kinds_masks_and_strength(picture: Path, tmp_path: Path) -> None:
    more, keep = np.zeros((2, 37, 50), dtype=bool)
    more[25], keep[:10] = True, True
    for name, mask in (("more.png", more), ("keep.png", keep)):
        PIL.Image.fromarray(mask).save(tmp_path / name)
    output = tmp_path / "out.png"
    masks = ("--mask", tmp_path / "more.png", "--keep", tmp_path / "keep.png")
    assert run(picture, output, *masks, "--grow-mask", 0).exit_code == 0
    changed = (pixels(output) != scan()).any(axis=(1, 2))
    assert_array_equal(np.flatnonzero(changed), [25])
    result = run(picture, output, "--kinds", "dust", "--force")
    assert "no damage was found: nothing is changed" in result.stderr
    assert_array_equal(pixels(output), scan())
    assert run(picture, output, "--strength", 2).exit_code == 2


def test_too_much_damage_is_refused(picture: Path, tmp_path: Path) -> None:
    result = run(picture, tmp_path / "out.png", "--grow-mask", 5)
    assert isinstance(result.exception, BadImageError)
    assert "30% of the picture look damaged, more than the 15%" in str(result.exception)
    assert not (tmp_path / "out.png").exists()
    assert run(picture, tmp_path / "out.png", "--grow-mask", 5, "--most", 0.5).exit_code == 0


def test_folder_goes_on_where_it_stopped(tmp_path: Path) -> None:
    folder, output = tmp_path / "scans", tmp_path / "repaired"
    folder.mkdir()
    for seed in range(3):
        PIL.Image.fromarray(scan(seed)).save(folder / f"{seed}.png")
    (folder / "2.png").write_bytes(b"no picture")
    arguments = (folder, "--output", output, "--jobs", 1)
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    assert "2 restored, 1 failed" in result.output
    with (output / "restauro.csv").open() as file:
        rows = {Path(row["picture"]).name: row for row in csv.DictReader(file)}
    assert rows["0.png"]["mask"] == "damage"
    assert rows["0.png"]["message"] == "repainted 13.51% of the picture"
    PIL.Image.fromarray(scan(2)).save(folder / "2.png")
    assert "1 restored, 2 skipped" in run(*arguments).output
    assert pixels(output / "2.png")[7].max() < 200
    again = run(*arguments, "--strength", 0.2, "--force")
    assert "3 restored" in again.output, "another strength gives another result"


def test_two_pictures_without_an_output_are_refused(picture: Path) -> None:
    result = run(picture)
    assert result.exit_code == 2
    assert "give PICTURE OUTPUT, or pictures with --output" in result.output
