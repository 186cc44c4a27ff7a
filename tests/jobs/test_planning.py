from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from restauro.errors import BadImageError, OutputExistsError
from restauro.jobs.planning import Task, plan


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def make(*names: str) -> None:
    """Files with these names; only names count for a plan."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def planned(*pictures: str, output: str = "out", **options: Any) -> dict[str, str]:
    """Picture -> output."""
    tasks: list[Task] = plan(pictures, Path(output), **options)
    return {task.picture.as_posix(): task.output.as_posix() for task in tasks}


def masks_of(tasks: list[Task]) -> dict[str, str]:
    return {task.name: task.mask.as_posix() for task in tasks if task.mask}


def test_a_folder_gives_its_pictures_by_name_and_nothing_else() -> None:
    make("in/b.png", "in/a é.JPG", "in/.hidden.png", "in/notes.txt", "in/no_ending", "in/sub/c.png")
    assert planned("in") == {"in/a é.JPG": "out/a é.JPG", "in/b.png": "out/b.png"}


def test_a_tree_is_kept_when_asked_for() -> None:
    make("in/a.png", "in/sub/a.png", "in/sub/deep/b.png", "in/.git/c.png")
    assert planned("in", recursive=True) == {
        "in/a.png": "out/a.png",
        "in/sub/a.png": "out/sub/a.png",
        "in/sub/deep/b.png": "out/sub/deep/b.png",
    }


def test_patterns_keep_the_tree_below_their_first_wildcard() -> None:
    make("in/x/a.png", "in/x/a.txt", "in/y/a.png", "in/y/z/b.png")
    assert planned("in/*/a.*") == {"in/x/a.png": "out/x/a.png", "in/y/a.png": "out/y/a.png"}
    assert set(planned("in/**/*.png")) == {"in/x/a.png", "in/y/a.png", "in/y/z/b.png"}


def test_a_name_with_the_letters_of_a_pattern_is_a_file_first() -> None:
    make("in/a[1].png", "in/a1.png")
    assert planned("in/a[1].png") == {"in/a[1].png": "out/a[1].png"}


def test_several_arguments_count_each_picture_once() -> None:
    make("in/a.png", "other/b.tif")
    assert list(planned("in", "in/a.png", "other/b.tif")) == ["in/a.png", "other/b.tif"]


def test_a_missing_file_is_a_task_so_that_it_fails_alone() -> None:
    make("in/a.png")
    assert set(planned("in", "gone.png")) == {"in/a.png", "gone.png"}


@pytest.mark.parametrize("argument", ["in", "in/*.png"])
def test_no_picture_at_all_is_one_sentence(argument: str) -> None:
    make("in/notes.txt", "in/sub/a.png")
    with pytest.raises(BadImageError, match=r"no pictures are there; .* --recursive"):
        plan([argument], Path("out"))


def test_results_and_masks_inside_the_folder_are_no_pictures() -> None:
    make("in/a.png", "in/mask.png", "in/out/a.png")
    assert set(planned("in", output="in/out", mask=Path("in/mask.png"), recursive=True)) == {
        "in/a.png"
    }
    make("in/masks/a.png")
    (task,) = plan(["in/a.png"], Path("in/out"), masks=Path("in/masks"), recursive=True)
    assert task.mask == Path("in/masks/a.png")


def test_a_folder_of_results_around_the_pictures_hides_none() -> None:
    make("all/in/a.png")
    assert set(planned("all/in", output="all")) == {"all/in/a.png"}


def test_masks_are_matched_by_name_whatever_the_ending() -> None:
    composed, apart = (unicodedata.normalize(form, "über uns") for form in ("NFC", "NFD"))
    make(f"in/{composed}.jpg", f"masks/{apart}.png", "in/sub/b.tif", "masks/sub/b.webp")
    assert masks_of(plan(["in"], Path("out"), masks=Path("masks"), recursive=True)) == {
        f"{composed}.jpg": f"masks/{apart}.png",
        "sub/b.tif": "masks/sub/b.webp",
    }


def test_of_several_masks_the_one_with_the_same_ending_counts() -> None:
    make("in/a.jpg", "in/a.png", "in/b.tif", "masks/a.jpg", "masks/a.png", "masks/b.jpg")
    make("masks/b.png")
    *tasks, unclear = plan(["in"], Path("out"), masks=Path("masks"))
    assert masks_of(tasks) == {"a.jpg": "masks/a.jpg", "a.png": "masks/a.png"}
    assert unclear.problem == "masks holds several masks for in/b.tif; keep one"


@pytest.mark.parametrize(
    ("masks", "problem"),
    [
        ("masks", "masks holds no mask called a; add one of any format"),
        ("in", "in/a.png would be its own mask; keep masks in another folder"),
    ],
)
def test_a_picture_without_a_mask_says_why(masks: str, problem: str) -> None:
    make("in/a.png", "masks/b.png")
    (task,) = plan(["in/a.png"], Path("out"), masks=Path(masks))
    assert task.problem == problem


def test_one_mask_is_no_folder_of_masks() -> None:
    make("in/a.png", "mask.png")
    with pytest.raises(BadImageError, match="no folder mask.png of masks; for one mask use --mask"):
        plan(["in"], Path("out"), masks=Path("mask.png"))


def test_formats_that_cannot_be_written_become_png() -> None:
    make("in/a.tga", "in/b.jp2", "in/c.pgm")
    assert list(planned("in").values()) == ["out/a.png", "out/b.png", "out/c.pgm"]


def test_all_outputs_have_the_ending_that_is_asked_for() -> None:
    make("in/a.b.jpg", "in/c.tif")
    assert list(planned("in", suffix=".webp").values()) == ["out/a.b.webp", "out/c.webp"]


def test_two_pictures_for_one_output_are_refused() -> None:
    make("in/a.jpg", "in/a.tif")
    with pytest.raises(OutputExistsError, match=r"in/a.jpg and in/a.tif would both become out/a"):
        plan(["in"], Path("out"), suffix=".png")


@pytest.mark.parametrize("output", ["in", "link"])
def test_an_input_is_never_an_output(output: str) -> None:
    make("in/a.png", "in/b.png")
    os.symlink("in", "link")
    with pytest.raises(OutputExistsError, match=r"a\.png is an input and is kept"):
        plan(["in"], Path(output))
