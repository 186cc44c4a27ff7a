"""Imports plug-ins: modules and files of other people, which register their parts by decorators.

Some are asked for, by `--import` or by what a run or an evaluation keeps. Those of installed
packages are found by their entry points, once a name is looked for that is not restauro's own.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import logging
import pickle
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from restauro.errors import PlugInError, RestauroError, first_line

GROUP = "restauro.plugins"
"""The entry points of packages that bring parts; each names a module, which is imported."""

_log = logging.getLogger("restauro")
_imported: dict[str, ModuleType] = {}
_absent: list[str] = []
_has_looked = False


def import_plugins(origins: Iterable[str]) -> tuple[str, ...]:
    """Imports modules by their names, and `.py` files by their paths, each once.

    Returns:
        What finds them again from any folder: names, and absolute paths.

    Raises:
        PlugInError: One cannot be imported; the message has its own.
    """
    return tuple(map(_import, origins))


def import_kept(origins: Iterable[str], folder: Path = Path()) -> tuple[str, ...]:
    """The same for what a run or an evaluation keeps; paths are relative to `folder`.

    What has gone is left out, and who then looks in vain for a name is told of it (`absent`).
    """
    found = []
    for origin in origins:
        if origin.endswith(".py"):
            origin = str(folder / origin)
        if _is_there(origin):
            found.append(_import(origin))
        elif origin not in _absent:
            _absent.append(origin)
    return tuple(found)


def imported() -> tuple[str, ...]:
    """What this process was asked to import, as it is found again from any folder."""
    return tuple(_imported)


def module_of(origin: str) -> str:
    """The name of the module that one of `imported` is."""
    return _imported[origin].__name__


def absent() -> str:
    """Half a sentence on what was to be imported and has gone; empty if nothing has."""
    gone = ", ".join(_absent)
    return f"; {gone} is not there any more: say where it lies now with --import" if gone else ""


def import_installed() -> None:
    """Imports the plug-ins of installed packages, once; one that fails is told in one line."""
    global _has_looked
    if _has_looked:
        return
    _has_looked = True
    import importlib.metadata  # slow, and most commands do without

    for point in importlib.metadata.entry_points(group=GROUP):
        try:
            point.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001  somebody else's code
            package = point.dist.name if point.dist else point.value
            warn(
                f"the plug-in {point.name!r} of the package {package} is left out, as it cannot be "
                f"imported ({_reason(error)}); update or uninstall the package"
            )


def warn(sentence: str) -> None:
    """Tells on standard error of a plug-in that is left out; after --debug also why."""
    import multiprocessing

    if multiprocessing.parent_process() is None:  # one process of a command is enough
        _log.warning("restauro: %s", sentence, exc_info=_log.isEnabledFor(logging.DEBUG))


def is_asked_for(module: str) -> bool:
    """Whether a module, or the package that it lies in, was asked for."""
    top = module.partition(".")[0]
    return top in {asked.__name__.partition(".")[0] for asked in _imported.values()}


def code_files(module: str) -> tuple[Path, ...]:
    """The files that decide what a plug-in's module does: itself, or all Python of its package.

    None for restauro's own, and for what is typed in by hand.
    """
    top = module.partition(".")[0]
    for name in (top, module):  # a namespace has no file, but its modules have
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and top != "restauro":
            path = Path(file)
            is_package = path.name == "__init__.py"
            return tuple(sorted(path.parent.rglob("*.py"))) if is_package else (path,)
    return ()


def packed(value: object) -> bytes:
    """A value for another process, with all that this one was asked to import."""
    return pickle.dumps((imported(), pickle.dumps(value)))


def unpacked(content: bytes) -> Any:
    """The value of `packed`, once the same is imported here.

    Raises:
        PlugInError: That is not possible here.
    """
    origins, value = pickle.loads(content)
    import_plugins(origins)
    return pickle.loads(value)


def _import(origin: str) -> str:
    """The origin as any process finds it."""
    is_file = origin.endswith(".py")
    key = str(Path(origin).resolve()) if is_file else origin
    if key not in _imported:
        try:
            _imported[key] = _run(Path(key)) if is_file else importlib.import_module(key)
        except (Exception, SystemExit) as error:
            raise PlugInError(
                f"the plug-in {origin} cannot be imported ({_reason(error)}); correct it, or give "
                "a module on Python's path or a .py file"
            ) from error
    return key


def _run(path: Path) -> ModuleType:
    """A file as a module, whose name is the same in every process, so that parts can be sent."""
    name = f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _is_there(origin: str) -> bool:
    if origin.endswith(".py"):
        return Path(origin).is_file()
    try:
        return importlib.util.find_spec(origin) is not None
    except (ImportError, ValueError):  # of what it lies in
        return False


def _reason(error: BaseException) -> str:
    if isinstance(error, RestauroError):
        return str(error)  # a sentence of ours, however long its paths are
    return f"{type(error).__name__}: {first_line(error)}"


def package_folder(name: str) -> Path:
    """Where an installed package lies, which is not imported: for a file that its wheel holds.

    Raises:
        ImportError: It is not installed.
    """
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ImportError(name)
    return Path(found.submodule_search_locations[0])
