"""Against a server on this machine; nothing here reaches the network."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from restauro.cli import cli
from restauro.data.download import DATA_SETS, OfficialFile, fetch
from restauro.errors import BadDataError, MissingExtraError, UnknownNameError

CONTENT = bytes(range(256)) * 8000  # 2 MB
QUESTION = """<html><title>Google Drive - Virus scan warning</title>
<form id="download-form" action="/confirmed" method="get"><input type="submit" value="Download">
<input type="hidden" name="id" value="a&amp;b"><input type="hidden" name="confirm" value="t"></form>
"""


class Server(ThreadingHTTPServer):
    """Serves CONTENT at every path, as its switches say, and remembers what was asked."""

    can_resume = True
    cut_after: int | None = None
    """Bytes after which the next answer breaks off."""
    page: str | None = None
    """A web page that is sent instead, except at /confirmed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.watched: Path | None = None
        """A folder; its names during the last answer are kept in `seen`."""
        self.seen: list[str] = []

    def file(self, md5: str | None = None) -> OfficialFile:
        address = f"http://127.0.0.1:{self.server_address[1]}/faces.zip"
        md5 = md5 or hashlib.md5(CONTENT).hexdigest()
        return OfficialFile("faces.zip", address, md5, "https://example.org/faces")


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        asked_range = self.headers["Range"]
        self.server.asked.append((self.path, asked_range))
        if self.server.watched:
            self.server.seen = names_in(self.server.watched)
        if self.server.page is not None and not self.path.startswith("/confirmed"):
            self.answer(200, self.server.page.encode(), "text/html; charset=utf-8")
            return
        start = 0
        if asked_range and self.server.can_resume:
            start = int(asked_range.removeprefix("bytes=").removesuffix("-"))
        if start >= len(CONTENT):
            self.answer(416, b"", headers={"Content-Range": f"bytes */{len(CONTENT)}"})
            return
        self.answer(206 if start else 200, CONTENT[start:])

    def answer(
        self,
        status: int,
        body: bytes,
        kind: str = "application/zip",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: self.server.cut_after])
        self.server.cut_after = None

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole_and_alone(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder"
    assert fetch(server.file(), target) == target / "faces.zip"
    assert (target / "faces.zip").read_bytes() == CONTENT
    assert names_in(target) == ["faces.zip"]


def test_a_connection_that_breaks_is_resumed_by_the_next_call(
    server: Server, tmp_path: Path
) -> None:
    server.cut_after = 700_000
    with pytest.raises(BadDataError, match=r"run this again to go on from 0\.7 MB"):
        fetch(server.file(), tmp_path)
    assert names_in(tmp_path) == ["faces.zip.part"]
    fetch(server.file(), tmp_path)
    assert [asked for _, asked in server.asked] == [None, "bytes=700000-"]
    assert (tmp_path / "faces.zip").read_bytes() == CONTENT
    assert names_in(tmp_path) == ["faces.zip"]


def test_a_killed_call_would_leave_nothing_but_the_part(server: Server, tmp_path: Path) -> None:
    server.watched = tmp_path
    (tmp_path / "faces.zip.part").write_bytes(CONTENT[:1000])
    fetch(server.file(), tmp_path)
    assert server.seen == ["faces.zip.part"]


def test_a_server_that_cannot_resume_is_asked_for_everything(
    server: Server, tmp_path: Path
) -> None:
    server.can_resume = False
    (tmp_path / "faces.zip.part").write_bytes(b"?" * 700_000)
    fetch(server.file(), tmp_path)
    assert (tmp_path / "faces.zip").read_bytes() == CONTENT


def test_a_part_that_lacks_nothing_is_only_checked(server: Server, tmp_path: Path) -> None:
    (tmp_path / "faces.zip.part").write_bytes(CONTENT)
    fetch(server.file(), tmp_path)
    assert len(server.asked) == 1
    assert names_in(tmp_path) == ["faces.zip"]


def test_a_part_that_is_too_long_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "faces.zip.part").write_bytes(CONTENT + b"?")
    fetch(server.file(), tmp_path)
    assert (tmp_path / "faces.zip").read_bytes() == CONTENT


def test_a_wrong_checksum_removes_the_file_and_says_so(server: Server, tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="checksum other than MD5 0000.* and was removed"):
        fetch(server.file(md5="0" * 32), tmp_path)
    assert names_in(tmp_path) == []


def test_a_part_of_another_file_ends_in_a_wrong_checksum(server: Server, tmp_path: Path) -> None:
    (tmp_path / "faces.zip.part").write_bytes(b"?" * 1000)
    with pytest.raises(BadDataError, match="and was removed; run this again"):
        fetch(server.file(), tmp_path)
    fetch(server.file(), tmp_path)
    assert (tmp_path / "faces.zip").read_bytes() == CONTENT


def test_a_file_that_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "faces.zip").write_bytes(CONTENT)
    fetch(server.file(), tmp_path)
    assert server.asked == []


def test_another_file_of_that_name_is_not_overwritten(server: Server, tmp_path: Path) -> None:
    (tmp_path / "faces.zip").write_bytes(b"mine")
    with pytest.raises(BadDataError, match="is not the official file .*; move it away"):
        fetch(server.file(), tmp_path)
    assert (tmp_path / "faces.zip").read_bytes() == b"mine"


def test_the_question_before_a_large_file_is_answered(server: Server, tmp_path: Path) -> None:
    server.page = QUESTION
    fetch(server.file(), tmp_path)
    assert (tmp_path / "faces.zip").read_bytes() == CONTENT
    assert server.asked[1][0] == "/confirmed?id=a%26b&confirm=t"


def test_a_web_page_instead_of_the_file_names_the_way_by_hand(
    server: Server, tmp_path: Path
) -> None:
    server.page = "<html><p>Too many users have downloaded this file recently.</p></html>"
    with pytest.raises(
        BadDataError, match=r"web page instead .* browser from https://example\.org"
    ):
        fetch(server.file(), tmp_path)
    assert names_in(tmp_path) == []


def test_a_server_that_is_not_there_is_an_error(server: Server, tmp_path: Path) -> None:
    file = server.file()
    nobody = OfficialFile(file.name, "http://127.0.0.1:1/faces.zip", file.md5, file.page)
    with pytest.raises(BadDataError, match="could not be fetched .*refused.*run this again"):
        fetch(nobody, tmp_path)
    assert names_in(tmp_path) == []


def test_without_pooch_the_error_gives_the_command(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'restauro\[train\]'"):
        fetch(server.file(), tmp_path)


def test_the_command_prints_the_terms_first_and_checks_mirrors_too(
    server: Server, tmp_path: Path
) -> None:
    mirror = f"http://127.0.0.1:{server.server_address[1]}/copies/"
    arguments = ["download", "fgvc-aircraft", str(tmp_path), "--mirror", mirror]
    result = CliRunner().invoke(cli, arguments)
    assert "Terms: non-commercial research only" in result.stdout.splitlines()[1]
    assert [path for path, _ in server.asked] == ["/copies/fgvc-aircraft-2013b.tar.gz"]
    assert isinstance(result.exception, BadDataError), "the copy has another checksum"


def test_every_data_set_names_its_terms_and_its_files() -> None:
    for name in DATA_SETS.names():
        official = DATA_SETS.create(name)
        assert "research" in official.terms
        for file in official.files:
            assert file.url.startswith("https://")
            assert len(bytes.fromhex(file.md5)) == 16


def test_an_unknown_data_set_suggests_the_closest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'celeba'"):
        DATA_SETS.create("celebA")
