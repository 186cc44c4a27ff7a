from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner
from numpy.testing import assert_array_equal

import restauro
from restauro.cli import cli, sentence_for
from restauro.commands.demo import SAMPLES_DIR, repaired_sample, restored_samples
from restauro.fill.windows import surroundings_of
from restauro.picture.masks import read_mask
from restauro.picture.read import read_image
from restauro.sheets import HOLE_COLOUR

MakeModel = Callable[..., Path]
NAMES = ["astronaut", "bear", "child", "hat", "pearls", "pier", "valley", "van"]


def run(output: Path, model: Path) -> str:
    arguments = ["demo", "--output", str(output), "--model", str(model)]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_the_demo_writes_a_sheet_and_says_where(tmp_path: Path, make_model: MakeModel) -> None:
    model = make_model()
    for _ in range(2):  # a second demo replaces its own sheet
        sheet = tmp_path / "new" / "demo" / "before_after.png"
        expected = f"restored {len(NAMES) + 1} pictures; wrote {sheet.resolve()}\n"
        assert run(tmp_path / "new" / "demo", model) == expected
    assert list(sheet.parent.iterdir()) == [sheet]
    height, width = read_image(sheet).shape[:2]
    assert height > len(NAMES) * 256
    assert width > 3 * 256


def test_the_rows_show_the_hole_its_restoration_and_the_truth(make_model: MakeModel) -> None:
    rows = list(restored_samples(restauro.load(make_model())))
    assert [row.name for row in rows] == NAMES
    for name, row in zip(NAMES, rows, strict=True):
        mask = read_mask(SAMPLES_DIR / f"{name}_mask.png")
        mask = mask[surroundings_of(mask).slices]
        assert_array_equal(row.restored[~mask], row.original[~mask])
        assert_array_equal(row.damaged[~mask], row.original[~mask])
        assert_array_equal(row.damaged[mask], np.broadcast_to(HOLE_COLOUR, (mask.sum(), 3)))


def test_scratched_sample_is_repaired_without_a_mask(make_model: MakeModel) -> None:
    row = repaired_sample(restauro.load(make_model()))
    changed = (row.restored != row.damaged).any(axis=2)
    damage = np.abs(row.damaged.astype(int) - row.original).max(axis=2) > 40
    assert (changed & damage).sum() > 0.6 * damage.sum()
    assert changed.mean() < 0.1


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_named_with_its_source_and_has_a_fitting_mask(name: str) -> None:
    mask = read_mask(SAMPLES_DIR / f"{name}_mask.png")
    (path,) = SAMPLES_DIR.glob(f"{name}.*")
    assert mask.shape == read_image(path).shape[:2]
    assert 0.005 < mask.mean() < 0.3
    assert f"`{path.name}`" in (SAMPLES_DIR / "README.md").read_text()


def test_an_output_that_is_a_file_is_one_sentence(tmp_path: Path, make_model: MakeModel) -> None:
    (tmp_path / "demo").touch()
    with pytest.raises(OSError, match="File exists") as caught:
        run(tmp_path / "demo", make_model())
    assert str(sentence_for(caught.value)).startswith(
        f"{tmp_path / 'demo'} cannot be used: File exi"
    )


def test_the_sheet_is_a_picture_that_opens_anywhere(tmp_path: Path, make_model: MakeModel) -> None:
    run(tmp_path, make_model())
    with PIL.Image.open(tmp_path / "before_after.png") as sheet:
        assert (sheet.mode, sheet.format) == ("RGB", "PNG")
        assert sheet.height > sheet.width
