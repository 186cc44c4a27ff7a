from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from sourcemakers import jpeg, write_folder, write_tar, write_zip

from restauro.data import containers
from restauro.data.containers import open_container, read_texts
from restauro.data.pictures import UnusablePictureError
from restauro.errors import BadDataError

FILES = {"b/two.jpg": b"2", "a.jpg": b"1", "b/notes.txt": "Grüße".encode()}
KINDS = ["folder", "zip", "tar", "tar.gz", "tar.xz"]


def made(kind: str, path: Path, files: dict[str, bytes] | None = None) -> Path:
    files = FILES if files is None else files
    if kind == "folder":
        return write_folder(path / "source", files)
    if kind == "zip":
        return write_zip(path / "source.zip", files)
    modes = {"tar": "w", "tar.gz": "w:gz", "tar.xz": "w:xz"}
    return write_tar(path / f"source.{kind}", files, modes[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_every_container_lists_and_reads_the_same(kind: str, tmp_path: Path) -> None:
    container = open_container(made(kind, tmp_path))
    names = container.listing().names
    assert names == sorted(FILES)
    assert {member.name: member.read() for member in container.stream(names)} == FILES
    assert read_texts(container, ["b/notes.txt"]) == {"b/notes.txt": "Grüße"}


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_asked_for_is_read(kind: str, tmp_path: Path) -> None:
    container = open_container(made(kind, tmp_path))
    assert [member.name for member in container.stream(["a.jpg"])] == ["a.jpg"]


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_the_system_are_passed_over(kind: str, tmp_path: Path) -> None:
    hidden = {".DS_Store": b"", "__MACOSX/a.jpg": b"", "b/._two.jpg": b"", ".git/x.jpg": b""}
    assert open_container(made(kind, tmp_path, FILES | hidden)).listing().names == sorted(FILES)


@pytest.mark.parametrize("kind", KINDS)
def test_the_identity_changes_with_a_file(kind: str, tmp_path: Path) -> None:
    before = open_container(made(kind, tmp_path)).identity()
    assert open_container(made(kind, tmp_path, FILES | {"c.jpg": b"3"})).identity() != before


@pytest.mark.parametrize("name", ["../evil.jpg", "a/../../evil.jpg", "/evil.jpg", "C:\\evil.jpg"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_lead_out_of_the_archive_are_refused(
    kind: str, name: str, tmp_path: Path
) -> None:
    listing = open_container(made(kind, tmp_path, {"good.jpg": b"1", name: b"2"})).listing()
    assert listing.names == ["good.jpg"]
    assert listing.refused == {name: "its name leads out of the archive"}


@pytest.mark.parametrize("link", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_a_tar_are_refused(link: bytes, tmp_path: Path) -> None:
    secret = write_folder(tmp_path, {"secret.jpg": b"secret"}) / "secret.jpg"
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        info = tarfile.TarInfo("innocent.jpg")
        info.type, info.linkname = link, str(secret)
        archive.addfile(info)
    listing = open_container(tmp_path / "links.tar").listing()
    assert (listing.names, listing.refused) == ([], {"innocent.jpg": "a link, not a file"})


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as archive:
        info = zipfile.ZipInfo("innocent.jpg")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    listing = open_container(tmp_path / "links.zip").listing()
    assert (listing.names, listing.refused) == ([], {"innocent.jpg": "a link, not a file"})


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "locked.zip", {"a.jpg": jpeg()})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1  # the flag in the central directory
    path.write_bytes(data)
    assert open_container(path).listing().refused == {"a.jpg": "encrypted"}


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_bomb_is_refused_before_it_is_unpacked(kind: str, tmp_path: Path) -> None:
    zeros = bytes(2 * containers.MAX_MEMBER_BYTES)
    path = tmp_path / f"bomb.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.jpg", zeros)
    else:
        write_tar(path, {"a.jpg": zeros})
    with pytest.raises(BadDataError, match="200 times its own size"):
        open_container(path).listing()


def test_members_that_are_too_large_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "MAX_MEMBER_BYTES", 1000)
    files = {"large.jpg": bytes(range(256)) * 4, "small.jpg": b"1"}
    for kind in ("zip", "tar"):
        listing = open_container(made(kind, tmp_path, files)).listing()
        assert listing.names == ["small.jpg"]
        assert "larger than" in listing.refused["large.jpg"]
    large, small = open_container(made("folder", tmp_path, files)).stream(sorted(files))
    assert small.read() == b"1"
    with pytest.raises(UnusablePictureError, match="larger than"):
        large.read()


def test_a_damaged_member_costs_only_itself(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "source.zip", {"a.jpg": b"A" * 100, "b.jpg": b"B" * 100})
    path.write_bytes(path.read_bytes().replace(b"A" * 100, b"A" * 99 + b"?"))
    damaged, good = open_container(path).stream(["a.jpg", "b.jpg"])
    assert good.read() == b"B" * 100
    with pytest.raises(UnusablePictureError, match=r"damaged in the archive: Bad CRC"):
        damaged.read()


@pytest.mark.parametrize("kind", ["tar.gz", "tar.xz"])
def test_a_truncated_archive_is_an_error_and_not_a_smaller_set(kind: str, tmp_path: Path) -> None:
    path = made(kind, tmp_path, {f"{i}.jpg": jpeg(seed=i) for i in range(20)})
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(BadDataError, match=r"is damaged .*; fetch it again"):
        open_container(path).listing()


def test_a_truncated_zip_is_an_error(tmp_path: Path) -> None:
    path = made("zip", tmp_path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadDataError, match="neither folder, zip nor tar, or is damaged"):
        open_container(path)


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"nowhere does not exist; give a folder, zip or tar"):
        open_container(tmp_path / "nowhere")


def test_folders_that_link_in_circles_are_read_once(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "source", {"a/one.jpg": b"1"})
    (source / "a" / "round").symlink_to(source)
    elsewhere = write_folder(tmp_path / "elsewhere", {"two.jpg": b"2"})
    (source / "linked").symlink_to(elsewhere)
    (source / "broken.jpg").symlink_to(tmp_path / "gone.jpg")
    assert open_container(source).listing().names == ["a/one.jpg", "linked/two.jpg"]


def test_the_last_of_two_members_with_one_name_counts_in_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "twins.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jpg", b"first")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.jpg", b"last")
    container = open_container(path)
    assert container.listing().names == ["a.jpg"]
    assert [member.read() for member in container.stream(["a.jpg"])] == [b"last"]


def test_one_of_two_members_with_one_name_counts_in_a_tar(tmp_path: Path) -> None:
    path = tmp_path / "twins.tar"
    with tarfile.open(path, "w") as archive:
        for _ in range(2):
            info = tarfile.TarInfo("a.jpg")
            info.size = 1
            archive.addfile(info, io.BytesIO(b"1"))
    container = open_container(path)
    assert container.listing().names == ["a.jpg"]
    assert len(list(container.stream(["a.jpg"]))) == 1


def test_text_in_another_encoding_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    container = open_container(made("zip", tmp_path, {"labels.csv": "Grüße".encode("latin-1")}))
    with pytest.raises(BadDataError, match=r"labels\.csv in .* cannot be read"):
        read_texts(container, ["labels.csv"])
