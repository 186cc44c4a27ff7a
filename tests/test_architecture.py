"""The shape of the package: which way imports point, and what starting it loads."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import restauro

ROOT = Path(restauro.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

# The layers of docs/architecture.md, lowest first: a part imports from lower layers and from
# itself, never from its own layer's other parts or from above.
LAYERS = [
    {"errors", "seeds", "interrupt", "cores", "progress"},
    {"imports", "typed"},
    {"places", "pool", "registry"},
    {"files", "lock", "plugins", "picture"},
    {"models", "masks", "metrics", "sheets"},
    {"losses"},
    {"data", "fill"},
    {"training", "restore", "repairing"},
    {"jobs"},
    {"evaluation", "export", "latents"},
    {"report"},
    {"reproduction"},
    {"server"},
    {"site"},
    {"commands"},
    {"cli"},
    {"__init__", "__main__"},
]
LAYER_OF = {part: number for number, layer in enumerate(LAYERS) for part in layer}

CORE = {"PIL", "click", "numpy", "onnxruntime", "patchmatch", "tqdm"}
"""What the tool may import: the distributions that come without an extra."""
OPTIONAL = {
    "fill/face_finder.py": {"onnx"},
    "jobs/on_ray.py": {"ray"},
    "picture/known_blocks.py": {"jpeglib"},
    "places.py": {"upath"},
}
"""What parts of the tool import when asked for: the extras `faces`, `ray` and `jpeg`."""
UPWARDS = {"fill/entries.py": {"restauro.evaluation.run_network"}}
"""What the tool imports of the workshop when asked for: the folder of a run is a filler, too."""
TOOL = {
    "errors",
    "seeds",
    "interrupt",
    "cores",
    "progress",
    "typed",
    "places",
    "pool",
    "files",
    "imports",
    "plugins",
    "picture",
    "restore",
    "repairing",
    "registry",
    "sheets",
    "fill",
    "jobs",
    "cli",
}
HEAVY = {
    "torch",
    "lightning_fabric",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "pooch",
    "cv2",
    "skimage",
    "ray",
    "upath",
}


def part_of(path: Path) -> str:
    """The file or folder directly under the package that a module belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, at any depth; not those for types alone."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            assert node.module is not None
            if node.module == "restauro":
                yield from (f"restauro.{alias.name}" for alias in node.names)
            else:
                yield node.module


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_downwards(path: Path) -> None:
    part = part_of(path)
    for name in imports(path):
        package, _, rest = name.partition(".")
        imported = rest.split(".")[0]
        if package != "restauro" or imported in {part, "", "__version__"}:
            continue
        if name in UPWARDS.get(name_of(path), set()):
            continue
        assert LAYER_OF[imported] < LAYER_OF[part], f"{name_of(path)} imports {name}"


@pytest.mark.parametrize("path", [p for p in MODULES if part_of(p) in TOOL], ids=name_of)
def test_the_tool_imports_nothing_of_the_workshop(path: Path) -> None:
    for name in imports(path):
        package, _, rest = name.partition(".")
        if name in UPWARDS.get(name_of(path), set()):
            continue
        if package == "restauro":
            assert rest.split(".")[0] in TOOL | {"__version__", "commands"}, name
        else:
            assert package in CORE | sys.stdlib_module_names | OPTIONAL.get(name_of(path), set()), (
                name
            )


def test_every_bar_is_the_one_of_progress() -> None:
    assert [name_of(path) for path in MODULES if "tqdm" in imports(path)] == ["progress.py"]


@pytest.mark.parametrize(
    "statement", ["import restauro", "import restauro.cli", "import restauro.plugins"]
)
def test_start_loads_nothing_heavy(statement: str) -> None:
    code = f"{statement}; import json, sys; print(json.dumps(sorted(sys.modules)))"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert not HEAVY & set(json.loads(output))


def test_restoring_loads_neither_pytorch_nor_libraries_of_other_methods() -> None:
    code = (
        "import sys, numpy, restauro, restauro.commands.inpaint;"
        "faces = restauro.load('faces', threads=1);"
        "faces(numpy.zeros((8, 8, 3), 'uint8'), numpy.eye(8, dtype=bool));"
        "workshop = {'torch', 'lightning_fabric', 'cv2', 'skimage', 'scipy', 'patchmatch'};"
        "print(*workshop & {*sys.modules})"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert output.split() == []


@pytest.mark.parametrize("module", ["restauro.fill.catalogue", "restauro.commands.inpaint"])
def test_names_are_known_without_numpy(module: str) -> None:
    code = (
        f"import sys, restauro, {module}; restauro.list_models();"
        "print(*{'numpy', 'PIL', 'onnxruntime'} & {*sys.modules})"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert output.split() == []


def packages_with_a_public_list() -> list[str]:
    names = ["restauro"]
    for module in pkgutil.walk_packages(restauro.__path__, "restauro."):
        path = ROOT / Path(*module.name.split(".")[1:])
        if module.ispkg and "__all__" in (path / "__init__.py").read_text():
            names.append(module.name)
    return names


@pytest.mark.parametrize("name", packages_with_a_public_list())
def test_public_names_are_complete_and_sorted(name: str) -> None:
    module = importlib.import_module(name)
    listed: list[str] = module.__all__
    # constants, then classes, then the rest, as ruff sorts them
    assert listed == sorted(listed, key=lambda n: (not n.isupper(), not n[0].isupper(), n))
    assert all(hasattr(module, public) for public in listed)
    assert public_names(Path(str(module.__file__))) <= set(listed)


def public_names(path: Path) -> set[str]:
    """Functions and classes without an underscore, and what is imported only to be passed on."""
    tree = ast.parse(path.read_text())
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("restauro"):
            found |= {alias.asname or alias.name for alias in node.names} - used
    return {name for name in found if not name.startswith("_")}


def test_no_two_classes_have_one_name() -> None:
    found: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(name_of(path))
    assert len(found) > 100
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
