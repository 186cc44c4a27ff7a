"""Files: written aside and renamed, so that a reader finds a whole one or none; hashes; TOML."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from restauro.errors import ConfigError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives a path beside `path` to write to; what was written becomes `path` at the end.

    After an error `path` is as before, and nothing is left beside it; a kill at any moment leaves
    a whole file. An `OSError` of writing names `path`, as that of a full disk does not by itself.
    """
    aside = path.with_name(f".{path.name}.partial")
    try:
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())  # a power cut after the rename must not leave an empty file
        aside.replace(path)
    except OSError as error:
        if error.filename in (None, str(aside)):
            error.filename = str(path)
        raise
    finally:
        aside.unlink(missing_ok=True)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        ConfigError: The file cannot be read or is not valid.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); check the path") from error
    except ValueError as error:  # not UTF-8, or not TOML
        raise ConfigError(f"{path} is not valid TOML ({error}); correct it") from error
