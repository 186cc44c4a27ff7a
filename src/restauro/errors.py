"""What a user can cause and mend. Each message is one sentence: value, rule, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class RestauroError(Exception):
    """Base of all errors that a user can mend; the command line prints it without a traceback."""


class BadImageError(RestauroError):
    """A picture or mask cannot be read, is too large, or does not fit its partner.

    `code` says to programs what is wrong; all are listed in `server/refusals.py`.
    """

    def __init__(self, message: str, code: str = "image") -> None:
        super().__init__(message)
        self.code = code


class BadModelError(RestauroError):
    """A model file is missing, damaged or of an unknown kind."""


class BadDataError(RestauroError):
    """A source, archive or bank cannot be used."""


class ConfigError(RestauroError):
    """A training configuration is incomplete or contradicts itself."""


class TrainingError(RestauroError):
    """A training run cannot go on: its loss is no number any more."""


class UnknownNameError(RestauroError):
    """No registry entry has this name."""


class PlugInError(RestauroError):
    """A plug-in cannot be imported, or one of its parts has a name that is taken."""


class OutputExistsError(RestauroError):
    """An output would be overwritten."""


class MissingExtraError(RestauroError):
    """A part of restauro was asked for whose libraries are not installed."""


def first_line(error: BaseException) -> str:
    """What a foreign error says, short enough to stand inside one of our sentences."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


@contextmanager
def needed(need: str, packages: str) -> Iterator[None]:
    """Within its block libraries are imported; what is missing is told in one sentence.

    Raises:
        MissingExtraError: One is missing; the message begins with `need`, such as `the engine ray
            needs Ray`, and says that pip installs `packages`.
    """
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(f"{need}; install it with `pip install {packages}`") from error
