"""One name, one filler: whatever a name or path stands for, every door takes it."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner, Result
from numpy.testing import assert_array_equal

import restauro
from restauro.cli import cli
from restauro.commands.serve import offered
from restauro.errors import MissingExtraError, RestauroError, UnknownNameError
from restauro.evaluation.plan import find_methods
from restauro.fill import sessions
from restauro.fill.catalogue import find
from restauro.fill.filler import Filled, Filler
from restauro.picture.types import Image, Mask
from restauro.registry import FILLERS
from restauro.server.offers import Model
from tinyfolders import write_bank, write_run

MakeModel = Callable[..., Path]
SIZE = (32, 48)  # not square, and a multiple of what the smallest network takes
PLUG_IN = """
import numpy as np
from restauro.plugins import method


@method("half_grey")
def half_grey(image, mask):
    return np.full_like(image, 128)
"""
OFFERED = [name for name, needs in restauro.list_models().items() if not needs]
OTHERS = ["file", "with texture", "network alone", "peer", "described peer", "plug-in", "run"]


@pytest.fixture(scope="module")
def image() -> Image:
    """Noise, (32, 48, 3), which no method guesses."""
    return np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def mask() -> Mask:
    hole = np.zeros(SIZE, dtype=bool)
    hole[8:20, 10:30] = True
    return hole


@pytest.fixture(scope="module")
def paths(make_model: MakeModel, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What to type for each of OTHERS."""
    folder = tmp_path_factory.mktemp("fillers")
    (folder / "grey.py").write_text(PLUG_IN)
    bare = make_model("seen", metadata={})
    (folder / "peer.toml").write_text(f'name = "someone"\nfile = "{bare}"\n')
    return {
        "file": str(make_model("mean")),
        "network alone": f"network:{make_model('mean', card={'size': list(SIZE)})}",
        "with texture": f"detail:{make_model('mean')}",
        "peer": f"migan:{_migan(bare)}",
        "described peer": str(folder / "peer.toml"),
        "plug-in": str(folder / "grey.py"),
        "run": str(write_run(folder / "tiny")),
    }


def _migan(bare: Path) -> Path:
    """A file whose output is called as MI-GAN's is."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(bare)
    old = model.graph.output[0].name
    model.graph.output[0].name = "result"
    for node in model.graph.node:
        node.output[:] = ["result" if name == old else name for name in node.output]
    path = bare.with_name("migan.onnx")
    onnx.save(model, path)
    return path


@pytest.fixture(params=[*OFFERED, *OTHERS])
def name(request: pytest.FixtureRequest, paths: dict[str, str]) -> str:
    """Everything that `load` takes."""
    return str(paths.get(request.param, request.param))


def test_every_name_gives_the_same_kind_of_object(name: str, image: Image, mask: Mask) -> None:
    filler = restauro.load(name, threads=1)
    assert isinstance(filler, Filler)
    assert filler.name
    assert filler.identity == restauro.load(name, device="cpu").identity
    assert all(path.is_file() for path in filler.files)
    restored = filler(image, mask)
    assert_array_equal(restored[~mask], image[~mask])
    assert (restored[mask] != image[mask]).any()
    assert_array_equal(filler.batch(image[None], mask[None])[0], restored)
    filled: Filled[Any] = filler.fill(PIL.Image.fromarray(image).convert("L"), mask)
    assert (filled.picture.mode, filled.picture.size) == ("L", SIZE[::-1])
    assert filled.model
    with pytest.raises(RestauroError, match="mask covers the whole picture"):
        filler(image, np.ones(SIZE, dtype=bool))
    with pytest.raises(RestauroError, match="the mask is a NoneType; give an array, a Pillow"):
        filler(image, None)  # type: ignore[call-overload]
    with pytest.raises(RestauroError, match="the mask is a MaskedArray; give an array, a Pillow"):
        filler(image, np.ma.masked_array(mask))


def test_every_filler_can_be_copied_and_sent_to_a_process(
    name: str, image: Image, mask: Mask
) -> None:
    filler = restauro.load(name, threads=1)
    for other in (pickle.loads(pickle.dumps(filler)), copy.deepcopy(filler)):
        assert type(other) is type(filler)
        assert other.identity == filler.identity
        assert_array_equal(other(image, mask), filler(image, mask))


def test_a_filler_works_in_another_process_and_folder(
    paths: dict[str, str], image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = Path(paths["file"])
    monkeypatch.chdir(file.parent)
    filler = restauro.load(file.name, threads=1)
    monkeypatch.chdir(tmp_path)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert_array_equal(pool.submit(filler, image, mask).result(), filler(image, mask))


@pytest.fixture
def files(tmp_path: Path, image: Image, mask: Mask) -> Path:
    """A folder with the pictures `in/0.png` and `in/1.png` and a mask."""
    (tmp_path / "in").mkdir()
    for number in range(2):
        PIL.Image.fromarray(image).save(tmp_path / "in" / f"{number}.png")
    PIL.Image.fromarray(mask).save(tmp_path / "mask.png")
    return tmp_path


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)], catch_exceptions=False)


def test_the_command_takes_every_name(name: str, files: Path) -> None:
    output = files / "out.png"
    result = invoke(
        *("inpaint", files / "in" / "0.png", files / "mask.png", output),
        *("--model", name, "--device", "cpu", "--json"),
    )
    assert json.loads(result.stdout.splitlines()[-1])["model"]
    assert output.is_file()


def test_a_job_takes_every_name(name: str, files: Path) -> None:
    options = ("--mask", files / "mask.png", "--output", files / "out", "--jobs", "1")
    result = invoke("inpaint", files / "in", *options, "--model", name)
    assert result.exit_code == 0, result.output
    assert "2 restored" in result.stdout


def test_the_evaluation_takes_every_name(name: str, image: Image, mask: Mask) -> None:
    ((source, filler),) = find_methods([f"x={name}"]).items()
    assert source.name == "x"
    assert_array_equal(filler(image, mask)[~mask], image[~mask])
    assert source.origin == name


def test_the_service_offers_every_name(name: str, image: Image, mask: Mask) -> None:
    ((origin, model),) = offered([name]).items()
    assert isinstance(model, Model)
    assert model.default
    assert "/" not in model.name, "where files lie is nobody's business"
    assert_array_equal(restauro.load(origin)(image, mask), restauro.load(name)(image, mask))


def test_the_service_refuses_at_its_start_what_cannot_be_loaded() -> None:
    with pytest.raises(MissingExtraError, match="lama needs its file, as lama:FILE; offer another"):
        offered(["faces", "lama"])


@pytest.mark.parametrize(
    ("typed", "closest"),
    [
        ("face", "faces"),
        ("telia", "telea"),
        ("autto", "auto"),
        ("patchmatch", "patch_match"),
        ("lame", "lama:FILE"),
        ("lamma:lama_fp32.onnx.gz", "lama:FILE"),
        ("network:aircraf", "aircraft"),
    ],
)
def test_an_unknown_name_gets_the_nearest_of_any_kind_at_every_door(
    typed: str, closest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = re.escape(f"did you mean {closest!r}?")
    files = ("a.png", "b.png", "c.png")
    doors: Sequence[Callable[[str], object]] = (
        restauro.load,
        lambda name: find_methods([name]),
        lambda name: offered([name]),
        lambda name: invoke("inpaint", *files, "--force", "--model", name),
        lambda name: invoke(
            "inpaint", "a.png", "--output", "out/", "--mask", "b.png", "-j", "1", "--model", name
        ),
        lambda name: invoke("demo", "--model", name),
    )
    monkeypatch.chdir(tmp_path)
    for door in doors:
        with pytest.raises(UnknownNameError, match=message):
            door(typed)


def test_a_peer_without_its_file_says_what_to_type() -> None:
    with pytest.raises(UnknownNameError, match="peer 'lama' needs its file, as lama:FILE; add it"):
        restauro.load("lama")


def test_what_is_no_name_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="None is no name; give one, or a path"):
        restauro.load(None)  # type: ignore[arg-type]


NO_CUDA = (
    "no such device 'cuda': onnxruntime offers CPUExecutionProvider; install onnxruntime-gpu or "
    "leave --device"
)


@pytest.mark.skipif(
    "CUDAExecutionProvider" in pytest.importorskip("onnxruntime").get_available_providers(),
    reason="there is a GPU",
)
def test_a_device_that_is_not_there_is_one_sentence_at_every_door(
    files: Path, paths: dict[str, str]
) -> None:
    write_bank(files / "bank", np.zeros((2, *SIZE, 3), np.uint8))
    single = ("inpaint", files / "in" / "0.png", files / "mask.png", files / "out.png")
    many = ("inpaint", files / "in", "--mask", files / "mask.png", "--output", files / "out")
    score = ("evaluate", "--methods", "faces", "--data", files / "bank")
    doors: Sequence[Sequence[str | Path]] = (
        *(single, many, score),
        ("demo", "--output", files / "demo"),
        *((*single, "--model", name) for name in ("telea", "auto", paths["peer"], paths["file"])),
    )
    for door in doors:
        with pytest.raises(UnknownNameError) as caught:
            invoke(*door, "--device", "cuda")
        assert str(caught.value) == NO_CUDA


@pytest.mark.skipif(
    "CUDAExecutionProvider" in pytest.importorskip("onnxruntime").get_available_providers(),
    reason="there is a GPU",
)
def test_the_service_does_not_start_on_a_device_that_is_not_there() -> None:
    command = [sys.executable, "-m", "restauro", "serve", "--port", "0", "--device", "cuda"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (1, f"restauro: {NO_CUDA}\n")


def test_a_run_asks_pytorch_for_its_device(paths: dict[str, str]) -> None:
    with pytest.raises(UnknownNameError, match=r"no such device 'cudda': .* or leave --device"):
        restauro.load(paths["run"], device="cudda")


@pytest.mark.parametrize(
    ("device", "advice"),
    [("cudda", "did you mean 'cuda'?"), ("a,b", "known: cpu, cuda"), ("cpu,cudda", "mean 'cuda'")],
)
def test_an_unknown_device_gets_advice(device: str, advice: str) -> None:
    with pytest.raises(UnknownNameError, match=re.escape(advice)):
        restauro.load("faces", device=device)


def test_exact_providers_and_several_names_are_taken() -> None:
    assert sessions.providers_on("cpu,CPUExecutionProvider") == ["CPUExecutionProvider"]
    assert sessions.providers_on(["CPUExecutionProvider"]) == ["CPUExecutionProvider"]
    assert restauro.load("faces", device=["cpu"]).identity == restauro.load("faces").identity


def test_another_device_is_another_identity() -> None:
    faces = restauro.load("faces", device="CPUExecutionProvider")
    assert faces.identity == f"{restauro.load('faces').identity} on CPUExecutionProvider"


def test_a_device_that_does_not_start_is_told(
    monkeypatch: pytest.MonkeyPatch, make_model: MakeModel
) -> None:
    """ONNX Runtime itself would go on without a word on the processor."""
    import onnxruntime

    class Fallen(onnxruntime.InferenceSession):  # type: ignore[misc]
        def __init__(self, path: Path, options: Any, providers: list[str]) -> None:
            super().__init__(path, options, providers=providers[1:])

    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: both)
    monkeypatch.setattr(onnxruntime, "InferenceSession", Fallen)
    with pytest.raises(RestauroError, match="the device cuda does not start: .* leave --device"):
        restauro.load(make_model(), device="cuda")


def test_plug_ins_are_listed_with_the_others(paths: dict[str, str]) -> None:
    find(paths["plug-in"])
    assert "half_grey" in FILLERS.names()
    assert restauro.list_models()["half_grey"] == ""
    assert find("half_grey").description.kind == "other"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"providers": "CPUExecutionProvider"},
            "providers is called device now; write device='CPU",
        ),
        ({"device": 3}, "the device is 3; give a name such as 'cpu', or several"),
        ({"threads": 1.5}, "threads is 1.5; give 1 or more, or None for as many as cores"),
    ],
)
@pytest.mark.parametrize("name", ["faces", "telea"])
def test_wrong_arguments_are_one_sentence(
    name: str, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(RestauroError, match=message):
        restauro.load(name, **arguments)


def test_no_name_is_no_known_name() -> None:
    with pytest.raises(UnknownNameError, match="no model named ''; known: "):
        restauro.load("")
