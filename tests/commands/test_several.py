"""`restauro inpaint --several` and `--seed`: one hole filled in several ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner
from numpy.testing import assert_array_equal

import restauro
from restauro.cli import cli
from restauro.errors import BadModelError, OutputExistsError
from restauro.picture.types import Image

MakeModel = Callable[..., Path]
HOLE = slice(5, 20), slice(20, 40)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A picture of 37x50 and its mask."""
    image = np.random.default_rng(0).integers(0, 256, (37, 50, 3), dtype=np.uint8)
    PIL.Image.fromarray(image).save(tmp_path / "in.png")
    mask = np.zeros((37, 50), dtype=bool)
    mask[HOLE] = True
    PIL.Image.fromarray(mask).save(tmp_path / "mask.png")
    return tmp_path


@pytest.fixture
def noisy(make_model: MakeModel) -> str:
    return str(make_model("noisy", card={"noise_dim": 3}))


def run(folder: Path, model: str, *options: str, output: str = "out.png") -> str:
    """What the command prints; a user's mistake is raised as it is."""
    paths = [str(folder / name) for name in ("in.png", "mask.png")]
    to = output if output == "-" else str(folder / output)
    arguments = ["inpaint", *paths, to, "--model", model, *options]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False, standalone_mode=False)
    if isinstance(result.exception, click.ClickException):
        raise result.exception
    return result.output


def read(path: Path) -> Image:
    with PIL.Image.open(path) as picture:
        return np.asarray(picture)


def test_each_fill_has_a_file_and_all_have_a_sheet(folder: Path, noisy: str) -> None:
    said = run(folder, noisy, "--several", "3", "--seed", "4")
    assert said == f"wrote out_4.png to out_6.png, and {folder / 'out.png'} with all 3\n"
    names = ["in.png", "mask.png", "out.png", "out_4.png", "out_5.png", "out_6.png"]
    assert sorted(path.name for path in folder.iterdir()) == names
    image, mask = read(folder / "in.png"), read(folder / "mask.png")
    expected = restauro.load(noisy).several(image, mask, n=3, seed=4)
    fills = [read(folder / name) for name in names[3:]]
    for fill, one in zip(fills, expected, strict=True):
        assert_array_equal(fill, one)
    page = read(folder / "out.png")
    height, width = page.shape[:2]
    assert width > 3 * 40
    tile = fills[0][:30, 10:50]  # the hole, and half of its longer side around it
    places = (
        (top, left)
        for top in range(height - 29)
        for left in range(width - 39)
        if (page[top, left] == tile[0, 0]).all()
    )
    assert any((page[top : top + 30, left : left + 40] == tile).all() for top, left in places)


def test_one_seed_gives_one_of_them(folder: Path, noisy: str) -> None:
    run(folder, noisy, "--several", "2", "--seed", "7")
    run(folder, noisy, "--seed", "8", output="one.png")
    assert_array_equal(read(folder / "one.png"), read(folder / "out_8.png"))
    assert (read(folder / "one.png")[HOLE] != read(folder / "out_7.png")[HOLE]).any()


def test_json_has_a_line_for_each(folder: Path, noisy: str) -> None:
    lines = run(folder, noisy, "--several", "2", "--json").splitlines()
    outcomes = [json.loads(line) for line in lines]
    assert [Path(outcome["output"]).name for outcome in outcomes] == ["out_0.png", "out_1.png"]
    assert {outcome["status"] for outcome in outcomes} == {"restored"}


def test_nothing_is_written_where_one_is_in_the_way(folder: Path, noisy: str) -> None:
    (folder / "out_1.png").write_bytes(b"mine")
    with pytest.raises(OutputExistsError, match="out_1.png exists; .* add --force"):
        run(folder, noisy, "--several", "2")
    assert not (folder / "out_0.png").exists()
    assert not (folder / "out.png").exists()
    run(folder, noisy, "--several", "2", "--force")
    assert (folder / "out_1.png").read_bytes() != b"mine"


def test_a_model_with_one_fill_names_one_with_several(folder: Path, make_model: MakeModel) -> None:
    for option in ("--several", "--seed"):
        with pytest.raises(BadModelError, match="one fill for a hole.*; take faces_several"):
            run(folder, str(make_model()), option, "2")
    assert not (folder / "out.png").exists()


def test_what_does_not_go_together_is_refused(folder: Path, noisy: str) -> None:
    for options, message in (
        (("--trust", "t.png"), "--trust and --format are for one fill"),
        (("--jobs", "2"), "are for folders"),
    ):
        with pytest.raises(click.UsageError, match=message):
            run(folder, noisy, "--several", "2", *options)
    with pytest.raises(click.UsageError, match="--several makes several files"):
        run(folder, noisy, "--several", "2", output="-")
    (folder / "all").mkdir()
    with pytest.raises(click.UsageError, match="--several is for one picture"):
        run(folder, noisy, "--several", "2", output="all")


def test_a_mask_without_a_hole_gives_the_picture(folder: Path, noisy: str) -> None:
    PIL.Image.new("L", (50, 37)).save(folder / "mask.png")
    run(folder, noisy, "--several", "2")
    assert_array_equal(read(folder / "out_1.png"), read(folder / "in.png"))
    assert read(folder / "out.png").shape[1] > 2 * 50
