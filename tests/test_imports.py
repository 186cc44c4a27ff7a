"""Plug-ins that are as they should not be, and what names and processes know of them."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import restauro
from restauro import imports
from restauro.data.prepare import Recipe
from restauro.data.sources import SourceOptions
from restauro.errors import ConfigError, PlugInError, UnknownNameError
from restauro.evaluation.plan import find_methods
from restauro.evaluation.program import program_sha256
from restauro.evaluation.protocols import choose_protocols
from restauro.files import file_sha256
from restauro.imports import import_kept, import_plugins, imported
from restauro.losses import LOSSES
from restauro.metrics import METRICS
from restauro.models import MODELS
from restauro.pool import map_unordered
from restauro.registry import FILLERS, PROTOCOLS, SOURCES, Registry
from somebodys import METHOD, PARTS, write_package

pytestmark = pytest.mark.usefixtures("alone")


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def run(*arguments: str | Path, site: Path = Path()) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, where the packages in `site` are installed."""
    paths = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-m", "restauro", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("kind", "name", "advice"),
    [
        (LOSSES, "telea", "no loss named 'telea'; that is a method, .* --methods; known: bern"),
        (LOSSES, "faces", "no loss named 'faces'; that is a method"),  # nearer than 'features'
        (FILLERS, "mse", "no model named 'mse'; that is a loss, for loss.name; known: "),
        (FILLERS, "unett", "did you mean 'unet', a network to train, for model.name[?] known"),
        (MODELS, "samples", "no model named 'samples'; that is a source of pictures"),
        (METRICS, "box", "no metric named 'box'; that is a protocol, for --protocol"),
        (PROTOCOLS, "hole_pnsr", "did you mean 'hole_psnr', a metric, for --metrics[?] known"),
        (SOURCES, "celebaa", "no source named 'celebaa'; did you mean 'celeba'[?]$"),
    ],
)
def test_a_name_of_another_kind_is_told(kind: Registry[object], name: str, advice: str) -> None:
    with pytest.raises(UnknownNameError, match=advice):
        kind.create(name)


def test_what_fills_holes_is_told_of_other_kinds_as_well() -> None:
    with pytest.raises(UnknownNameError, match=r"'hole_psnr'; that is a metric.* PEER:FILE"):
        restauro.load("hole_psnr")


def test_a_plug_in_that_fails_is_one_sentence_with_its_own_message(tmp_path: Path) -> None:
    mine = write(tmp_path / "mine.py", "raise ValueError('out of tea\\nand of milk')")
    result = run("models", "--import", mine)
    assert result.returncode == 1
    (sentence,) = result.stderr.splitlines()
    assert f"the plug-in {mine} cannot be imported (ValueError: out of tea); corr" in sentence
    result = run("--debug", "models", "--import", mine)
    assert 'mine.py", line 1' in result.stderr


@pytest.mark.parametrize("origin", ["no_such_module", "nowhere/mine.py", "mine.txt", "", ".parts"])
def test_what_is_not_there_is_one_sentence(origin: str) -> None:
    with pytest.raises(PlugInError, match="cannot be imported .* or give a module on Python's"):
        import_plugins([origin])
    assert imported() == ()


def test_a_failed_import_may_be_tried_again(tmp_path: Path) -> None:
    mine = write(tmp_path / "mine.py", METHOD + "raise KeyError")
    with pytest.raises(PlugInError, match="KeyError"):
        import_plugins([mine])
    write(tmp_path / "mine.py", METHOD)
    assert import_plugins([mine]) == (mine,) == imported()
    assert "grey" in restauro.list_models()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (METHOD.replace("grey", "telea"), "the model 'telea' of .*mine.py cannot be called so, as"),
        (METHOD.replace("grey", "faces"), "as restauro has one of this name; give it another"),
        (METHOD.replace("grey", "lama"), "as restauro has one of this name; give it another"),
        (PARTS.replace("charbonnier", "mse"), "the loss 'mse' of .*mine.py cannot be called so"),
        (PARTS.replace("hole_worst", "hole_psnr"), "the metric 'hole_psnr' of .*mine.py cannot"),
    ],
)
def test_a_name_that_is_taken_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(PlugInError, match=sentence):
        import_plugins([write(tmp_path / "mine.py", text)])


def test_two_plug_ins_cannot_share_a_name(tmp_path: Path) -> None:
    import_plugins([write(tmp_path / "mine.py", METHOD)])
    with pytest.raises(PlugInError, match=r"'grey' of .*yours.py .* as .*mine.py has one"):
        import_plugins([write(tmp_path / "yours.py", METHOD)])


def test_a_taken_name_is_told_also_where_restauros_own_parts_load_later(tmp_path: Path) -> None:
    text = "from restauro.plugins import source\nsource('samples')(print)\n"
    mine = write(tmp_path / "mine.py", text.replace("print", "type('Mine', (), {})"))
    quick = ("--count", "10", "--size", "8")
    result = run("prepare", "samples", tmp_path / "bank", *quick, "--import", mine)
    assert result.returncode == 1
    (sentence,) = result.stderr.splitlines()
    assert f"the source 'samples' of {mine} cannot be called so, as restauro has one" in sentence


def test_a_broken_package_stops_no_command_that_does_without_it(tmp_path: Path) -> None:
    write_package(tmp_path, "import nothing_of_this_name", announces=True)
    listed = run("models", site=tmp_path)
    assert listed.returncode == 0
    assert "telea" in listed.stdout
    (line,) = listed.stderr.splitlines()
    assert "the plug-in 'parts' of the package somebody is left out" in line
    assert "No module named 'nothing_of_this_name'" in line
    assert "Traceback" in run("--debug", "models", site=tmp_path).stderr
    known = run("export", tmp_path, "-o", "x.onnx", "--import", "json", site=tmp_path)
    assert "left out" not in known.stderr


def test_a_plug_in_that_has_moved_is_told_to_who_looks_for_its_names(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.py")
    assert import_kept([gone, "no_such.module", "json"]) == ("json",)
    sentence = f"'charbonnier'; known: .*{gone}, no_such.module is not there any more: say where"
    with pytest.raises(UnknownNameError, match=sentence):
        LOSSES.create("charbonnier")


def test_paths_that_are_kept_are_relative_to_their_folder(tmp_path: Path) -> None:
    mine = write(tmp_path / "mine.py", METHOD)
    assert import_kept(["mine.py"], tmp_path) == (mine,)


def test_processes_import_what_the_first_was_asked_to(tmp_path: Path) -> None:
    text = "import os\n\ndef make():\n    return lambda number: (number, os.getpid())\n"
    import_plugins([write(tmp_path / "mine.py", text)])
    (module,) = imports._imported.values()
    answers = list(
        map_unordered([1, 2], module.make, lambda: False, processes=2, given_up=lambda task: task)
    )
    assert {number for number, _ in answers} == {1, 2}
    assert os.getpid() not in {process for _, process in answers}


def test_a_process_that_cannot_import_tells_why(tmp_path: Path) -> None:
    import_plugins([write(tmp_path / "mine.py", "def make(): return print")])
    (module,) = imports._imported.values()
    write(tmp_path / "mine.py", "raise ValueError('only once')")
    with pytest.raises(PlugInError, match="ValueError: only once"):
        list(map_unordered([1], module.make, lambda: False, processes=2, given_up=print))


def test_the_code_of_a_plug_in_is_part_of_what_decides(tmp_path: Path) -> None:
    text = PARTS.replace("top_left)", "lambda *given: top_left(*given))")  # cannot be pickled
    mine = Path(write(tmp_path / "mine.py", text))
    import_plugins([str(mine)])
    (corner,) = choose_protocols(["corner"])
    assert corner.code == [file_sha256(mine)]
    again = pickle.loads(pickle.dumps(corner))
    assert again.hash((8, 8), {}, "", 0) == corner.hash((8, 8), {}, "", 0)
    assert choose_protocols(["box"])[0].code == []
    assert METRICS.code_files("hole_worst") == (mine,)
    assert METRICS.code_files("hole_psnr") == ()
    before = restauro.load("grey").identity, program_sha256([mine])
    assert program_sha256() not in before
    mine.write_text(PARTS + "\n")
    after = restauro.load("grey").identity, program_sha256([mine])
    assert not {*before} & {*after}


def test_two_methods_of_a_file_are_cached_apart_and_with_its_code(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    import_plugins([write(mine, METHOD + METHOD.replace("grey", "black"))])
    grey, black, telea = find_methods(["grey", "black", "telea"])
    assert grey.identity == ("grey", file_sha256(mine))
    assert black.identity == ("black", file_sha256(mine))
    assert telea.identity == ()


def test_another_code_makes_another_bank(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    import_plugins([write(mine, PARTS)])
    recipe = Recipe("stripes", SourceOptions(), 16)
    before = recipe.fingerprint(SOURCES.create("stripes", options=recipe.options))
    mine.write_text(PARTS + "\n")
    assert recipe.fingerprint(SOURCES.create("stripes", options=recipe.options)) != before


def test_a_protocol_of_two_names_is_refused(tmp_path: Path) -> None:
    text = PARTS.replace('@protocol("corner")', '@protocol("edge")')
    import_plugins([write(tmp_path / "mine.py", text)])
    with pytest.raises(ConfigError, match="the protocol 'edge' calls itself 'corner'; give it one"):
        choose_protocols(["edge"])


def test_all_python_of_a_package_is_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = write_package(tmp_path, METHOD)
    monkeypatch.syspath_prepend(tmp_path)
    import_plugins(["somebody.parts"])
    assert FILLERS.code_files("grey") == (parts.with_name("__init__.py"), parts)


def test_a_file_of_several_methods_is_no_method(tmp_path: Path) -> None:
    mine = write(tmp_path / "mine.py", METHOD + METHOD.replace("grey", "black"))
    with pytest.raises(PlugInError, match="registers 2 methods.* or give --import and a name"):
        restauro.load(mine)


@pytest.mark.parametrize(
    "made_of", ["grey", "Grey()", "partial(shade, 128)", "wraps(grey)(lambda *both: grey(*both))"]
)
def test_a_file_may_register_what_another_has_written(
    made_of: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = f"written_{abs(hash(made_of))}"
    write(
        tmp_path / f"{helper}.py",
        "import numpy as np\n"
        "def shade(value, image, mask): return np.full_like(image, value)\n"
        "def grey(image, mask): return shade(128, image, mask)\n"
        "class Grey:\n"
        "    def __call__(self, image, mask): return grey(image, mask)\n",
    )
    mine = write(
        tmp_path / "mine.py",
        f"from functools import partial, wraps\nfrom {helper} import Grey, grey, shade\n"
        f"from restauro.plugins import method\nmethod('grey')({made_of})\n",
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert restauro.load(mine).name == "grey"
    assert FILLERS.code_files("grey") == (tmp_path / "mine.py", tmp_path / f"{helper}.py")


def test_the_old_decorator_says_what_to_write(tmp_path: Path) -> None:
    mine = write(tmp_path / "mine.py", "from restauro.fill.entries import register_filler")
    with pytest.raises(PlugInError, match="write `from restauro.plugins import method`"):
        restauro.load(mine)
