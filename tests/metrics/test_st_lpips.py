from __future__ import annotations

import ast
import importlib
import importlib.util
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import restauro
from restauro.data.batches import to_tensor
from restauro.errors import MissingExtraError
from restauro.evaluation.evaluate import evaluate
from restauro.evaluation.plan import EvaluationPlan, choose_metrics, find_methods
from restauro.evaluation.protocols import choose_protocols
from restauro.evaluation.store import read_evaluation
from restauro.metrics import Comparison, frechet_feature_distance, scores
from restauro.metrics.st_lpips import ShiftTolerant, shift_tolerant
from tinyfolders import textured, write_bank

needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("stlpips_pytorch") is None, reason="stlpips-pytorch is not installed"
)
CONVOLUTIONS = {
    "slice1.0": (64, 3, 11),
    "slice2.5": (192, 64, 5),
    "slice3.9": (384, 192, 3),
    "slice4.11": (256, 384, 3),
    "slice5.13": (256, 256, 3),
}
BLURS = {"slice1.0": ("slice1.1", 64), "slice2.5": ("slice2.4", 64), "slice3.9": ("slice3.8", 192)}


@pytest.fixture
def drawn_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package with random weights of the same names and shapes."""
    rng = torch.Generator().manual_seed(0)
    weights = {"scaling_layer.shift": torch.zeros(1, 3, 1, 1)}
    weights["scaling_layer.scale"] = torch.ones(1, 3, 1, 1)
    row = torch.tensor([0.25, 0.5, 0.25])
    for depth, (name, (outputs, inputs, side)) in enumerate(CONVOLUTIONS.items()):
        kernels = torch.randn(outputs, inputs, side, side, generator=rng) / (inputs**0.5 * side)
        layers = {f"net.{name}.weight": kernels, f"net.{name}.bias": torch.zeros(outputs)}
        if name in BLURS:
            blur, channels = BLURS[name]
            layers[f"net.{blur}.filt"] = torch.outer(row, row).repeat(channels, 1, 1, 1)
        # a blur stands before its stage's convolution, but for the first
        weights |= (
            layers if depth == 0 else dict(sorted(layers.items(), key=lambda i: "filt" not in i[0]))
        )
        weights[f"lin{depth}.model.1.weight"] = torch.rand(1, outputs, 1, 1, generator=rng)
    folder = tmp_path / "stlpips_pytorch" / "weights" / "vST0.0"
    folder.mkdir(parents=True)
    torch.save(weights, folder / "alex_shift_tolerant.pth")
    (tmp_path / "stlpips_pytorch" / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    shift_tolerant.cache_clear()
    yield
    shift_tolerant.cache_clear()


def scene(size: tuple[int, int] = (64, 72)) -> tuple[Tensor, Tensor]:
    """A picture and the same with noise: (2, 3, *size) in [0, 1] each."""
    rng = torch.Generator().manual_seed(8)
    coarse = torch.rand(2, 3, 6, 7, generator=rng)
    target = F.interpolate(coarse, size, mode="bilinear")
    return (target + 0.1 * torch.randn(target.shape, generator=rng)).clamp(0, 1), target


@needs_weights
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("st_lpips", [0.3408723771572113, 0.3363509178161621]),
        ("st_lpips_vgg", [0.6224895119667053, 0.5903149843215942]),
    ],
)
def test_numbers_are_those_of_the_package(name: str, expected: list[float]) -> None:
    """Of stlpips-pytorch 0.0.2, `LPIPS(net, variant='shift_tolerant')(..., normalize=True)`."""
    noisy, target = scene()
    whole = torch.ones_like(target[:, :1])
    found = scores(Comparison(noisy, target, whole), [f"composite_{name}"])[f"composite_{name}"]
    torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("drawn_weights")
def test_maps_have_the_sizes_of_their_depths_and_length_one() -> None:
    maps = ShiftTolerant("alex")(scene((64, 72))[0])
    assert [tuple(part.shape[1:]) for part in maps] == [
        (64, 30, 34),
        (192, 15, 17),
        (384, 8, 9),
        (256, 8, 9),
        (256, 8, 9),
    ]
    for part in maps:
        length = part.square().sum(dim=1)
        torch.testing.assert_close(length, torch.ones_like(length), atol=1e-4, rtol=0)


@pytest.mark.usefixtures("drawn_weights")
def test_hole_counts_by_its_area_and_the_whole_picture_by_all() -> None:
    noisy, target = scene()
    mask = torch.zeros_like(target[:, :1])
    mask[0, :, 20:40, 20:40] = 1
    found = scores(Comparison(noisy, target, mask), ["hole_st_lpips", "composite_st_lpips"])
    assert found["hole_st_lpips"][0] > 2 * found["composite_st_lpips"][0] > 0
    assert math.isnan(found["hole_st_lpips"][1])
    assert found["composite_st_lpips"][1] == 0


@pytest.mark.usefixtures("drawn_weights")
def test_maps_of_the_truth_are_made_once_for_all_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    noisy, target = scene()
    calls: list[int] = []
    forward = ShiftTolerant.forward

    def counted(network: ShiftTolerant, images: Tensor) -> list[Tensor]:
        calls.append(len(images))
        return forward(network, images)

    monkeypatch.setattr(ShiftTolerant, "forward", counted)
    kept: dict[object, object] = {}
    for method in (noisy, noisy.flip(3)):
        compared = Comparison(method, target, torch.ones_like(target[:, :1]), kept_of_target=kept)
        scores(compared, ["hole_st_lpips", "composite_st_lpips"])
    assert len(calls) == 3


@pytest.mark.usefixtures("drawn_weights")
def test_an_evaluation_has_the_distance_of_its_sets(tmp_path: Path) -> None:
    images = textured(5, (40, 48))
    bank = write_bank(tmp_path / "bank", images)
    methods = find_methods(["mean"])
    box = tuple(choose_protocols(["box"]))
    metrics = ("hole_st_lpips", "frechet_st_lpips", "u_ids_st_lpips")
    plan = EvaluationPlan(bank, "test", methods, box, metrics, timing_rounds=0)
    found = evaluate(plan, tmp_path / "out", processes=1)
    assert found is not None
    (of_all,) = found.sets
    assert of_all.frechet_feature_distance is None
    assert of_all.u_ids_st_lpips is None  # of five pictures
    (mean,) = methods.values()
    fills = mean.batch(images, box[0].holes((40, 48), range(5)))
    network = shift_tolerant("alex")
    maps = [network(to_tensor(torch.from_numpy(one)))[-1] for one in (fills, images)]
    pooled = [last.mean(dim=(2, 3)) for last in maps]
    assert of_all.frechet_st_lpips == pytest.approx(frechet_feature_distance(*pooled), rel=1e-3)
    assert read_evaluation(tmp_path / "out").sets == found.sets


@pytest.mark.usefixtures("drawn_weights")
def test_default_metrics_have_the_faster_network() -> None:
    assert "hole_st_lpips" in choose_metrics([])
    assert "hole_st_lpips_vgg" not in choose_metrics([])


def test_missing_package_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stlpips_pytorch", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="install it with `pip install stlpips-pytorch`"):
        ShiftTolerant("alex")


def test_nothing_that_trains_uses_the_judge() -> None:
    """Else it would judge a network by what the network was trained on."""
    root = Path(restauro.__file__).parent
    for part in ("training", "losses", "models", "data", "masks"):
        for path in (root / part).rglob("*.py"):
            names = {
                alias.name
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Import | ast.ImportFrom)
                for alias in node.names
            } | {
                str(node.module)
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.ImportFrom)
            }
            assert not [name for name in names if "st_lpips" in name or "stlpips" in name], path
