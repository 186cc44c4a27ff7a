"""`restauro inpaint` for many pictures, with real files, processes, signals and kills."""

from __future__ import annotations

import csv
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner, Result
from numpy.testing import assert_array_equal

from restauro.cli import cli
from restauro.picture.types import Image, Mask
from started import children, ignores_control_c, started, until

MakeModel = Callable[..., Path]
SIZE = (37, 50)
MAGENTA = (255, 0, 255)
NAMES = ("a.png", "b é.bmp", "c d.tif", "e.webp")
MANY = 5_000


def hole() -> Mask:
    mask = np.zeros(SIZE, dtype=bool)
    mask[5:20, 30:] = True
    return mask


def image(seed: int) -> Image:
    return np.random.default_rng(seed).integers(0, 200, (*SIZE, 3), dtype=np.uint8)


def pixels(path: Path) -> Image:
    with PIL.Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


class Folder:
    """Pictures in `in`, masks of other formats in `masks`, one mask, and a model that is quick."""

    def __init__(self, path: Path, model: Path) -> None:
        self.path, self.model = path, model
        self.pictures, self.masks, self.output = (path / n for n in ("in", "masks", "out"))
        self.mask = path / "mask.png"
        PIL.Image.fromarray(hole()).save(self.mask)
        for folder in (self.pictures, self.masks):
            folder.mkdir()
        for seed, name in enumerate(NAMES):
            PIL.Image.fromarray(image(seed)).save(self.pictures / name, lossless=True)
            PIL.Image.fromarray(np.roll(hole(), seed)).save(self.masks / f"{Path(name).stem}.gif")

    def arguments(self, *options: str | Path) -> list[str]:
        common = ["--output", self.output, "--model", self.model]
        return ["inpaint", *map(str, [self.pictures, *common, *options])]

    def run(self, *options: str | Path, jobs: int = 1) -> Result:
        arguments = self.arguments(*options, "--jobs", str(jobs))
        return CliRunner().invoke(cli, arguments, catch_exceptions=False)

    def start(self, *options: str | Path) -> AbstractContextManager[Popen[str]]:
        command = [sys.executable, "-m", "restauro", *self.arguments(*options)]
        return started(command, stdout=PIPE, stderr=PIPE)

    @property
    def record(self) -> Path:
        return self.output / "restauro.csv"

    @property
    def rows(self) -> dict[str, dict[str, str]]:
        """The record: name of a picture -> its row."""
        with self.record.open(newline="", encoding="utf-8") as file:
            return {Path(row["picture"]).name: row for row in csv.DictReader(file)}

    def outputs(self) -> dict[str, bytes]:
        files = [path for path in self.output.rglob("*") if path.is_file() and path != self.record]
        return {path.relative_to(self.output).as_posix(): path.read_bytes() for path in files}

    def status(self) -> dict[str, str]:
        return {name: row["status"] for name, row in self.rows.items()}


@pytest.fixture
def folder(tmp_path: Path, make_model: MakeModel) -> Folder:
    return Folder(tmp_path, make_model())


def assert_restored(path: Path, before: Image, mask: Mask) -> None:
    after = pixels(path)
    assert_array_equal(after[~mask], before[~mask])
    assert (after[mask] != before[mask]).any()


def test_one_mask_serves_all(folder: Folder) -> None:
    result = folder.run("--mask", folder.mask)
    assert result.exit_code == 0
    assert result.stdout == f"4 restored (by toy 4); each is in {folder.record}\n"
    for seed, name in enumerate(NAMES):
        assert_restored(folder.output / name, image(seed), hole())
    assert sorted(path.name for path in folder.output.iterdir()) == sorted([*NAMES, "restauro.csv"])


def test_each_picture_has_its_mask(folder: Folder) -> None:
    assert folder.run("--masks", folder.masks).exit_code == 0
    for seed, name in enumerate(NAMES):
        assert_restored(folder.output / name, image(seed), np.roll(hole(), seed))


def test_the_hole_is_painted_in_the_picture(folder: Folder) -> None:
    for name in NAMES:
        picture = PIL.Image.open(folder.pictures / name)
        picture.paste(MAGENTA, mask=PIL.Image.fromarray(hole()))
        picture.save(folder.pictures / name, lossless=True)
    assert folder.run("--mask-colour", "magenta").exit_code == 0
    for seed, name in enumerate(NAMES):
        assert_restored(folder.output / name, image(seed), hole())
        assert not (pixels(folder.output / name) == MAGENTA).all(axis=2).any()
    assert folder.rows["a.png"]["mask"] == "colour #ff00ff"


def test_the_hole_is_what_is_transparent_and_comes_out_opaque(folder: Folder) -> None:
    for path in folder.pictures.iterdir():
        path.unlink()
    alpha = np.where(hole(), 100, 255).astype(np.uint8)
    PIL.Image.fromarray(np.dstack([image(0), alpha])).save(folder.pictures / "a.png")
    assert folder.run("--mask-alpha").exit_code == 0
    assert_restored(folder.output / "a.png", image(0), hole())
    with PIL.Image.open(folder.output / "a.png") as picture:
        assert picture.mode == "RGBA"
        assert picture.getchannel("A").getextrema() == (255, 255)


def test_one_bad_file_does_not_stop_the_rest(folder: Folder) -> None:
    whole = (folder.pictures / "a.png").read_bytes()
    (folder.pictures / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder.pictures / "empty.png").touch()
    (folder.pictures / "notes.txt").write_text("no picture")
    (folder.pictures / ".hidden.png").write_bytes(whole)
    PIL.Image.new("RGB", (10, 10)).save(folder.pictures / "small.png")
    PIL.Image.new("F", (50, 37)).save(folder.pictures / "float.tif")
    result = folder.run("--mask", folder.mask, "--format", "png")
    assert result.exit_code == 1
    failed = {"cut.png", "empty.png", "small.png", "float.tif"}
    assert {name for name, status in folder.status().items() if status == "failed"} == failed
    assert len(folder.outputs()) == len(NAMES)
    assert "cut.png is damaged or cut short" in folder.rows["cut.png"]["message"]
    assert "empty.png is empty; use an intact copy" in result.stderr
    assert "small.png: the mask is 50x37 pixels, but the image is 10x10" in result.stderr
    assert "PNG cannot hold a picture of mode F" in folder.rows["float.tif"]["message"]


def test_a_mask_without_a_hole_gives_the_picture_unchanged(folder: Folder) -> None:
    PIL.Image.new("L", (50, 37)).save(folder.masks / "a.gif")
    result = folder.run("--masks", folder.masks)
    assert result.exit_code == 0
    assert_array_equal(pixels(folder.output / "a.png"), image(0))
    assert folder.rows["a.png"]["status"] == "no hole"
    assert "a.gif marks no hole (white or transparent): nothing is changed" in result.stderr


def test_a_job_goes_on_where_it_stopped(folder: Folder) -> None:
    folder.run("--mask", folder.mask)
    before = folder.outputs()
    (folder.output / NAMES[0]).unlink()
    (folder.output / NAMES[1]).write_bytes(before[NAMES[1]][:-1])
    PIL.Image.fromarray(image(9)).save(folder.pictures / "new.png")
    result = folder.run("--mask", folder.mask)
    # an output that is not as it was made is not ours any more
    assert result.exit_code == 1
    assert f"{folder.output / NAMES[1]} exists; choose another" in result.stderr
    assert "2 restored, 2 skipped, 1 failed" in result.stdout
    assert folder.run("--mask", folder.mask, "--force").exit_code == 0
    assert {name: folder.outputs()[name] for name in before} == before
    assert set(folder.status().values()) == {"restored"}
    assert len(folder.rows) == len(NAMES) + 1


@pytest.mark.parametrize("change", ["picture", "mask", "model", "option"])
def test_what_is_made_from_something_else_is_not_done(
    folder: Folder, change: str, make_model: MakeModel
) -> None:
    folder.run("--mask", folder.mask)
    options: list[str] = []
    if change == "picture":
        for seed, name in enumerate(NAMES):
            PIL.Image.fromarray(image(seed + 9)).save(folder.pictures / name, lossless=True)
    elif change == "mask":
        PIL.Image.fromarray(np.roll(hole(), 3)).save(folder.mask)
    elif change == "model":
        folder.model = make_model("ramp", card={"version": "2", "multiple": None})
    else:
        options = ["--grow-mask", "1"]
    before = folder.outputs()
    result = folder.run("--mask", folder.mask, *options)
    assert result.exit_code == 1
    assert "exists; choose another output or add --force" in result.stderr
    assert folder.outputs() == before
    assert folder.run("--mask", folder.mask, *options, "--force").exit_code == 0
    assert all(folder.outputs()[name] != before[name] for name in NAMES)


@pytest.mark.slow
def test_two_processes_give_the_same_bytes_as_one(folder: Folder) -> None:
    folder.run("--masks", folder.masks)
    expected = folder.outputs()
    folder.output = folder.path / "out2"
    assert folder.run("--masks", folder.masks, jobs=2).exit_code == 0
    assert folder.outputs() == expected
    assert len(expected) == len(NAMES)


def wait_for_outputs(folder: Folder) -> None:
    until(lambda: len(list(folder.output.glob("many*"))) >= 5, True)


def make_many(folder: Folder) -> None:
    """Ten seconds of work and more, for a test that looks for five outputs all the time."""
    PIL.Image.fromarray(image(0)).save(folder.path / "one.png")
    for number in range(MANY):
        os.link(folder.path / "one.png", folder.pictures / f"many{number}.png")


@pytest.mark.slow
def test_a_killed_job_goes_on_with_every_output_whole_and_none_done_twice(folder: Folder) -> None:
    make_many(folder)
    with folder.start("--mask", folder.mask, "--jobs", "2") as process:
        wait_for_outputs(folder)
        process.kill()
    before = {path: path.stat().st_mtime_ns for path in folder.output.glob("*.*[gfp]")}
    assert 5 <= len(before) < MANY
    for path in before:
        pixels(path)
    left = [path for path in folder.pictures.iterdir() if not (folder.output / path.name).exists()]
    recorded = folder.rows  # one may have been killed before its output was in its place
    left.sort(key=lambda path: path.name not in recorded)
    for path in left[10:]:  # enough to see that the job goes on
        path.unlink()
    result = folder.run("--mask", folder.mask)
    assert result.exit_code == 0
    assert f"10 restored, {len(before)} skipped" in result.stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(folder.outputs()) == len(folder.rows) == len(before) + 10
    assert not [path for path in folder.output.iterdir() if path.name.startswith(".")]


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(folder: Folder, jobs: str) -> None:
    make_many(folder)
    with folder.start("--mask", folder.mask, "--jobs", jobs) as process:
        wait_for_outputs(folder)
        until(lambda: all(map(ignores_control_c, children(process.pid))), True)
        os.killpg(process.pid, signal.SIGINT)  # it reaches all processes, as in a shell
        stdout, stderr = process.communicate()
    assert process.returncode == 130
    assert "the same command goes on from here" in stderr
    assert "Traceback" not in stderr
    assert len(folder.rows) == len(folder.outputs()) < MANY
    assert f"{len(folder.rows)} restored" in stdout
    assert not [path for path in folder.output.iterdir() if path.name.startswith(".")]


def test_programs_get_one_line_of_json_for_each_picture(folder: Folder) -> None:
    (folder.pictures / "bad.png").write_bytes(b"no picture")
    result = folder.run("--mask", folder.mask, "--json")
    assert result.exit_code == 1
    lines: list[dict[str, Any]] = [json.loads(line) for line in result.stdout.splitlines()]
    assert {Path(line["picture"]).name for line in lines} == {*NAMES, "bad.png"}
    for line in lines:
        is_bad = line["picture"].endswith("bad.png")
        assert line["status"] == ("failed" if is_bad else "restored")
        assert line["model"] == ("" if is_bad else "toy")
        assert Path(line["output"]).exists() != is_bad
    again = folder.run("--mask", folder.mask, "--json").stdout.splitlines()
    assert [json.loads(line)["status"] for line in again].count("skipped") == len(NAMES)


def test_results_inside_the_folder_of_pictures_are_not_restored_again(folder: Folder) -> None:
    folder.output = folder.pictures / "restored"
    for expected in ("4 restored (by toy 4)", "4 skipped"):
        result = folder.run("--mask", folder.mask, "--recursive", "--csv", folder.path / "r.csv")
        assert result.stdout == f"{expected}; each is in {folder.path / 'r.csv'}\n"


def test_a_tree_is_kept(folder: Folder) -> None:
    deep = folder.pictures / "x" / "y"
    deep.mkdir(parents=True)
    os.rename(folder.pictures / "a.png", deep / "a.png")
    (folder.masks / "x" / "y").mkdir(parents=True)
    os.rename(folder.masks / "a.gif", folder.masks / "x" / "y" / "a.gif")
    assert folder.run("--masks", folder.masks, "--recursive").exit_code == 0
    assert set(folder.outputs()) == {"x/y/a.png", *NAMES[1:]}


def test_an_input_is_never_replaced(folder: Folder) -> None:
    folder.output = folder.pictures
    before = folder.outputs()
    result = CliRunner().invoke(cli, folder.arguments("--mask", folder.mask, "--force"))
    assert "is an input and is kept" in str(result.exception)
    assert folder.outputs() == before


def test_nothing_is_written_when_the_job_cannot_begin(folder: Folder) -> None:
    folder.model = Path("nobody")
    result = CliRunner().invoke(cli, folder.arguments("--mask", folder.mask))
    assert "no model named 'nobody'" in str(result.exception)
    assert not folder.output.exists()


def test_pictures_and_results_may_be_urls(folder: Folder, tmp_path: Path) -> None:
    pytest.importorskip("upath", reason="URLs need the extra `ray`")
    folder.run("--mask", folder.mask)
    expected = folder.outputs()
    options = ["--model", str(folder.model), "--jobs", "1", "--csv", str(tmp_path / "r.csv")]
    job = [f"file://{folder.pictures}", "--mask", f"file://{folder.mask}"]
    folder.output = folder.path / "by url"
    for summary in ("4 restored (by toy 4)", "4 skipped"):
        arguments = ["inpaint", *job, "--output", f"file://{folder.output}", *options]
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert result.stdout == f"{summary}; each is in {tmp_path / 'r.csv'}\n"
        assert folder.outputs() == expected


def test_the_record_of_results_at_a_url_needs_a_file(folder: Folder) -> None:
    pytest.importorskip("upath", reason="URLs need the extra `ray`")
    arguments = ["inpaint", str(folder.pictures), "--mask", str(folder.mask)]
    result = CliRunner().invoke(cli, [*arguments, "--output", "memory://out"])
    assert result.exit_code == 2
    assert "give a file of this machine with --csv" in result.stderr


def test_pictures_that_are_not_read_are_counted_and_named(folder: Folder) -> None:
    for number in range(7):
        (folder.pictures / f"{number}.HEIC").touch()
    result = folder.run("--mask", folder.mask)
    assert "left out 7 of formats that restauro does not read: " in result.output
    assert "4.HEIC and 2 more; save them as PNG, JPEG or TIFF" in result.output
    assert len(list(folder.output.glob("*.*"))) == len(NAMES) + 1  # and the record
