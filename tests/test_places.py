"""Places, with fsspec's file system in memory for URLs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

import PIL.Image
import pytest

from restauro.errors import BadImageError, MissingExtraError, RestauroError
from restauro.jobs.planning import plan
from restauro.picture.masks import read_mask
from restauro.picture.read import read_picture
from restauro.picture.write import check_output, write_picture
from restauro.places import Place, files_in, place_of, relative, resolved, state, whole


@pytest.fixture
def root() -> Place:
    """A folder in memory, of this test alone."""
    pytest.importorskip("upath", reason="URLs need the extra `ray`")
    return place_of(f"memory://{os.urandom(8).hex()}")


def make(root: Place, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def names_in(root: Place, *, recursive: bool) -> list[str]:
    return [relative(file, root).as_posix() for file in files_in(root, recursive=recursive)]


def fail_halfway(file: BinaryIO) -> None:
    file.write(b"ne")
    raise KeyError


def test_a_text_with_a_scheme_is_a_url(root: Place) -> None:
    assert place_of("a/b.png") == Path("a/b.png")
    assert str(place_of(f"{root}/a.png")) == f"{root}/a.png"


def test_a_url_of_no_known_file_system_is_one_sentence(root: Place) -> None:
    with pytest.raises(RestauroError, match=r"no://a.png cannot be reached \(.*\); check the name"):
        place_of("no://a.png")


def test_a_url_without_its_libraries_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "upath", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'restauro\[ray\]'"):
        place_of("s3://bucket/a.png")


def test_files_come_by_name_and_from_no_hidden_folder(root: Place, tmp_path: Path) -> None:
    for folder in (root, tmp_path):
        make(folder, "b.png", "a.png", "x/c.png", ".git/d.png", "x/../.y/e.png")
        assert names_in(folder, recursive=False) == ["a.png", "b.png"]
        assert names_in(folder, recursive=True) == ["a.png", "b.png", "x/c.png"]


def test_two_names_of_a_place_are_the_same(root: Place, tmp_path: Path) -> None:
    assert resolved(root / "x" / ".." / "a.png") == resolved(root / "a.png")
    assert resolved(place_of(f"file://{tmp_path}/a.png")) == resolved(tmp_path / "a.png")


def test_a_state_changes_with_the_file(root: Place, tmp_path: Path) -> None:
    for file in (root / "a", tmp_path / "a"):
        assert state(file) is None
        file.write_bytes(b"one")
        before = state(file)
        assert before == state(file) is not None
        file.write_bytes(b"other")
        assert state(file) != before


def test_a_file_is_written_whole_or_not_at_all(root: Place, tmp_path: Path) -> None:
    for file in (root / "a", tmp_path / "a"):
        file.write_bytes(b"old")
        with pytest.raises(KeyError), whole(file) as half:
            fail_halfway(half)
        assert file.read_bytes() == b"old"
        with whole(file) as new:
            new.write(b"new")
        assert file.read_bytes() == b"new"
        assert len(list(file.parent.iterdir())) == 1


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp", ".gif", ".ppm"])
def test_a_url_holds_the_same_picture_as_a_file(root: Place, tmp_path: Path, suffix: str) -> None:
    picture = PIL.Image.linear_gradient("L").crop((0, 200, 50, 237))
    for folder in (root, tmp_path):
        write_picture(folder / f"a{suffix}", picture)
    assert (root / f"a{suffix}").read_bytes() == (tmp_path / f"a{suffix}").read_bytes()
    assert read_picture(root / f"a{suffix}").size == (50, 37)
    assert read_mask(root / f"a{suffix}").shape == (37, 50)


def test_a_url_that_cannot_be_read_is_one_sentence(root: Place) -> None:
    make(root, "x/a.png")
    (root / "empty.png").write_bytes(b"")
    with pytest.raises(BadImageError, match=r"there is no file memory://.*/b.png; check the name"):
        read_picture(root / "b.png")
    with pytest.raises(BadImageError, match=r"empty.png is empty; use an intact copy"):
        read_picture(root / "empty.png")
    with pytest.raises(BadImageError, match=r"a.png is no picture that restauro reads"):
        read_picture(root / "x" / "a.png")


def test_an_output_that_exists_is_kept(root: Place) -> None:
    make(root, "a.png")
    with pytest.raises(RestauroError, match=r"a.png exists; choose another output or add --force"):
        check_output(root / "a.png", [], force=False)
    with pytest.raises(RestauroError, match=r"a.png is an input and is kept"):
        check_output(root / "a.png", [root / "x" / ".." / "a.png"], force=True)
    check_output(root / "nowhere" / "b.png", [root / "a.png"], force=False)


def test_folders_and_patterns_are_planned_like_those_of_a_machine(
    root: Place, tmp_path: Path
) -> None:
    for folder in (root, tmp_path):
        make(folder, "in/a.jpg", "in/x/b.png", "in/notes.txt", "in/.c.png", "in/out/a.jpg")
        make(folder, "masks/a.png", "masks/x/b.gif")
        for pictures in ("in", "in/**/*.*"):
            tasks = plan(
                [f"{folder}/{pictures}"],
                folder / "in" / "out",
                masks=folder / "masks",
                recursive=True,
            )
            masks = {task.name: relative(task.mask, folder) for task in tasks if task.mask}
            assert masks == {"a.jpg": Path("masks/a.png"), "x/b.png": Path("masks/x/b.gif")}
            assert [task.output for task in tasks] == [
                folder / "in" / "out" / name for name in masks
            ]
