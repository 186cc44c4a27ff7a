"""`restauro site`: what it refuses; tests/page/test_site.py uses what it writes."""

from __future__ import annotations

import tarfile
from io import BytesIO
from pathlib import Path
from urllib.error import URLError

import pytest
from click.testing import CliRunner

from restauro.commands.site import command
from restauro.errors import RestauroError
from restauro.site import build
from restauro.site import runtime as package


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def refused(*words: str | Path) -> str:
    result = CliRunner().invoke(command, list(map(str, words)))
    assert isinstance(result.exception, RestauroError)
    return str(result.exception)


def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with the files of the runtime, taken for the right one."""
    path = tmp_path / "package.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name in package.FILES.values():
            archive.addfile(member := tarfile.TarInfo(f"package/dist/{name}"), BytesIO())
            assert member.size == 0
    monkeypatch.setattr(package, "INTEGRITY", package.integrity(path.read_bytes()))
    return path


def test_a_site_takes_the_place_of_an_earlier_one_and_of_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = tmp_path / "site", tmp_path / "other"
    given = ["--runtime", str(npm(tmp_path, monkeypatch))]
    result = CliRunner().invoke(command, list(map(str, [folder, *given])))
    assert result.exit_code == 0, result.output
    sizes = {path: path.stat().st_size / 1e6 for path in folder.rglob("*") if path.is_file()}
    size = sum(sizes.values())
    (later,) = [own for path, own in sizes.items() if path.name.startswith("damage-")]
    first = f"of which a first visit loads {size - later:.1f} MB"
    assert f"{size:.1f} MB, {first}" in result.output
    stale = folder / "models" / "stale"
    stale.touch()
    assert CliRunner().invoke(command, list(map(str, [folder, *given]))).exit_code == 0
    assert not stale.exists()
    assert (folder / build.WORKER).exists()

    other.mkdir()
    (other / "letter").touch()
    assert "holds other files; choose a new folder" in refused(other, *given)
    assert [path.name for path in other.iterdir()] == ["letter"]


def test_only_models_with_a_file_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ["--runtime", str(npm(tmp_path, monkeypatch))]
    assert "telea cannot run in a browser" in refused(
        tmp_path / "site", *given, "--models", "telea"
    )
    assert "did you mean 'faces'" in refused(tmp_path / "site", *given, "--models", "face")
    assert not (tmp_path / "site").exists()


def test_another_package_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "package.tgz"
    other.write_bytes(b"other")
    assert f"{other} is not onnxruntime-web" in refused(tmp_path / "site", "--runtime", other)


def test_without_a_network_it_says_what_to_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*args: object, **options: object) -> None:
        raise URLError("no route")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    assert f"fetch {package.URL} elsewhere and give it by --runtime" in refused(tmp_path / "site")
