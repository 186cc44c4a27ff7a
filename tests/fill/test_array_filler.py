from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from restauro.errors import BadImageError, BadModelError, MissingExtraError, UnknownNameError
from restauro.fill.array_filler import ArrayFiller
from restauro.fill.catalogue import load
from restauro.models import MODELS
from restauro.picture.types import Image, Mask
from restauro.registry import FILLERS
from tinyfolders import CONFIG, write_run

MakeModel = Callable[..., Path]
DOCS = Path(__file__).parents[2] / "docs" / "methods.md"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with the random weights of a small network."""
    return write_run(tmp_path_factory.mktemp("runs") / "tiny")


@pytest.fixture(scope="module")
def images() -> Image:
    """Three pictures of noise, (3, 32, 48, 3)."""
    return np.random.default_rng(0).integers(0, 256, (3, 32, 48, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def masks() -> Mask:
    holes = np.zeros((3, 32, 48), dtype=bool)
    holes[0, 8:20, 10:30] = True
    holes[1, 20:, 30:] = True
    holes[2, :3, :40] = True
    return holes


def test_run_is_a_method_named_after_its_folder(run: Path) -> None:
    network = load(run)
    assert network.name == "tiny"
    assert network.files == (run / "best.safetensors", run / "config.toml")
    assert load(str(run)).name == "tiny"


def test_batch_answers_as_one_by_one(run: Path, images: Image, masks: Mask) -> None:
    network = load(run)
    together = network.batch(images, masks)
    alone = np.stack([network(i, m) for i, m in zip(images, masks, strict=True)])
    # one level: another batch size adds up in another order, and .5 may round the other way
    assert np.abs(together.astype(int) - alone).max() <= 1
    np.testing.assert_array_equal(together[~masks], images[~masks])
    assert (together[masks] != images[masks]).any()


def test_batch_of_a_method_without_one_is_one_by_one(images: Image, masks: Mask) -> None:
    mean = load("mean")
    expected = np.stack([mean(i, m) for i, m in zip(images, masks, strict=True)])
    np.testing.assert_array_equal(mean.batch(images, masks), expected)
    assert mean.batch(images[:0], masks[:0]).shape == (0, 32, 48, 3)


def test_run_gives_the_prediction_of_its_network(run: Path, images: Image, masks: Mask) -> None:
    model = MODELS.create("unet_tiny").eval()
    torch.manual_seed(0)
    model.load_state_dict(MODELS.create("unet_tiny").state_dict())
    image = torch.from_numpy(images[:1]).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        prediction = model(image, torch.from_numpy(masks[:1, None]).float())
    expected = (prediction[0].permute(1, 2, 0).numpy() * 255)[masks[0]]
    restored = load(run)(images[0], masks[0])[masks[0]]
    # half a level of rounding, and a little for another order of adding up
    assert np.abs(restored - expected).max() <= 0.51


def test_size_that_a_run_does_not_take_is_told(run: Path) -> None:
    image, mask = np.zeros((37, 50, 3), dtype=np.uint8), np.zeros((37, 50), dtype=bool)
    mask[3:9, 4:8] = True
    with pytest.raises(BadImageError, match="multiples of 16"):
        load(run)(image, mask)


def test_weights_of_another_network_are_told(run: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG.replace("unet_tiny", "unet"))
    (tmp_path / "best.safetensors").write_bytes((run / "best.safetensors").read_bytes())
    with pytest.raises(BadModelError, match="weights of another network than 'unet'"):
        load(tmp_path)


def test_run_without_pytorch_names_the_extra(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "restauro.evaluation.run_network", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'restauro\[train\]'"):
        load(run)


def test_exported_file_is_named_by_its_card(make_model: MakeModel) -> None:
    path = make_model("mean", name="toy")
    exported = load(path)
    assert exported.name == "toy"
    assert exported.files == (path,)


def test_file_without_a_card_points_to_the_peers(make_model: MakeModel) -> None:
    path = make_model("mean", metadata={})
    with pytest.raises(BadModelError, match=f"such as lama:{path}, or describe it"):
        load(path)


def test_known_peer_is_its_name_before_a_file(make_model: MakeModel, tmp_path: Path) -> None:
    path = make_model("seen", metadata={})
    described = tmp_path / "peer.toml"
    described.write_text(f'name = "someone"\nfile = "{path}"\n')
    assert load(described).name == "someone"
    assert load(described).files == (path, described)
    assert load(f"lama:{path}").name == "lama"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("telia", "did you mean 'telea'"),
        ("quite another", "known: aircraft, auto, biharmonic, "),
        ("runs/missing", "the folder of a run"),
    ],
)
def test_unknown_name_is_told_what_there_is(name: str, message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        load(name)


@pytest.mark.parametrize(
    "answer",
    [
        np.zeros((32, 48, 3), dtype=np.float32),
        np.zeros((48, 32, 3), dtype=np.uint8),
    ],
    ids=["type", "shape"],
)
def test_answer_that_is_no_picture_is_refused(answer: Image, images: Image, masks: Mask) -> None:
    wrong = ArrayFiller("wrong", lambda image, mask: answer)
    with pytest.raises(BadModelError, match="'wrong' gave .* must give uint8"):
        wrong(images[0], masks[0])


def test_what_does_not_fit_is_refused(images: Image, masks: Mask) -> None:
    mean = ArrayFiller("mean", inpaint_batch=lambda images, masks: images)
    with pytest.raises(BadImageError, match="mask is 30x32 pixels, but the image is 48x32"):
        mean(images[0], masks[0, :, :30])
    with pytest.raises(BadImageError, match="give bool"):
        mean(images[0], masks[0].astype(np.float32))
    with pytest.raises(BadImageError, match="height, width, 3"):
        mean(images[0, :, :, :2], masks[0])
    everything = np.ones_like(masks)
    with pytest.raises(BadImageError, match="nothing is known"):
        mean(images[0], everything[0])
    with pytest.raises(BadImageError, match="nothing is known"):
        mean.batch(images, everything)


def test_five_lines_of_the_documentation_add_a_method(images: Image, masks: Mask) -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    (example,) = [block for block in blocks if "median" in block]
    assert len(example.strip().splitlines()) <= 9  # imports and empty lines included
    try:
        exec(example, {})
        restored = load("median")(images[0], masks[0])
    finally:
        FILLERS._factories.pop("median", None)
    known = images[0][~masks[0]]
    np.testing.assert_array_equal(restored[8, 10], np.median(known, axis=0).astype(np.uint8))


def test_the_network_alone_pastes_its_prediction(make_model: MakeModel, images: Image) -> None:
    """Colours are not matched at the edge, as the tool does: the ramp comes out as it is."""
    size = (32, 48)
    bare = load(f"network:{make_model('ramp', card={'size': list(size)})}")
    masks = np.zeros((3, *size), bool)
    masks[:, 8:20, 10:40] = True
    ramp = np.stack(np.meshgrid(np.linspace(0, 255, 32), np.linspace(0, 255, 48), indexing="ij"))
    restored = bare.batch(images, masks)
    np.testing.assert_array_equal(restored[0, 9, 11, :2], np.rint(ramp[:, 9, 11]))
    np.testing.assert_array_equal(restored[1], bare(images[1], masks[1]))
    np.testing.assert_array_equal(restored[~masks], images[~masks])


def test_the_network_alone_takes_its_own_sizes_only(make_model: MakeModel) -> None:
    bare = load(f"network:{make_model('ramp')}")
    image, mask = np.zeros((30, 48, 3), np.uint8), np.eye(30, 48, dtype=bool)
    with pytest.raises(BadImageError, match="takes no pictures of 48x30; give the file without"):
        bare(image, mask)
