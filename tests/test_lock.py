from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from restauro.errors import OutputExistsError
from restauro.lock import locked

HOLDER = """
import sys
from pathlib import Path
from restauro.lock import locked

with locked(Path(sys.argv[1]), "taken"):
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process holds the lock `path`, until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "locked\n"
        yield holder


def test_what_another_process_holds_is_refused_and_free_when_it_ends(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with held_elsewhere(path):
        with pytest.raises(OutputExistsError, match="^it is taken$"), locked(path, "it is taken"):
            pass
        assert path.exists()
    with locked(path, "it is taken"):
        pass
    assert not path.exists()


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with held_elsewhere(path) as holder:
        holder.kill()
        holder.wait()
        assert path.exists()
        with locked(path, "it is taken"):
            pass
    assert not path.exists()
