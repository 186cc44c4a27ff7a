"""What decides a score decides its place in the cache: our own code and the libraries' versions."""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path

import pytest

import restauro
from restauro.evaluation.program import LIBRARIES, library_versions, program_sha256


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package's code, which stands for the package itself."""
    original = Path(restauro.__file__).parent
    copy = tmp_path / "restauro"
    shutil.copytree(original, copy, ignore=shutil.ignore_patterns("*.onnx", "static", "samples"))
    monkeypatch.setattr(restauro, "__file__", str(copy / "__init__.py"))
    return copy


def test_the_same_code_in_another_folder_is_the_same_program(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = program_sha256()
    monkeypatch.undo()
    assert program_sha256() == copied


@pytest.mark.parametrize("name", ["picture/read.py", "metrics/colour.py", "evaluation/score.py"])
def test_a_changed_byte_is_another_program(name: str, package: Path) -> None:
    before = program_sha256()
    path = package / name
    path.write_bytes(path.read_bytes() + b"#")
    assert program_sha256() != before


def test_a_renamed_file_is_another_program(package: Path) -> None:
    before = program_sha256()
    (package / "registry.py").rename(package / "names.py")
    assert program_sha256() != before


def test_what_only_shows_scores_decides_none(package: Path) -> None:
    before = program_sha256()
    (package / "report" / "another.py").write_text("")
    (package / "cli.py").write_text("")
    assert program_sha256() == before


def test_another_version_of_a_library_is_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    before, versions = program_sha256(), library_versions()
    assert {"numpy", "torch", "onnxruntime", "pillow"} <= set(versions) <= set(LIBRARIES)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: versions.get(name, "") + ".1")
    assert program_sha256() != before
