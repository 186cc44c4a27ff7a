"""The autoencoders for any size and latent: the report's as they always were."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import torch
from torch import Tensor

from restauro.errors import BadImageError, ConfigError
from restauro.models import MODELS

NARROW = {"first_width": 8}
"""For `conv_autoencoder` 71 million weights less."""
FIRST = {
    "conv_autoencoder_32": (NARROW, "e672a74a795e712a", 0.49999886820, 0.49965071678, 100841.347),
    "conv_autoencoder_128": (NARROW, "d1ba2908cd1be9ea", 0.50000242868, 0.50003314018, 101318.100),
    "conv_autoencoder_512": (NARROW, "9b8eb57e4e94126f", 0.49999900874, 0.49959692359, 103619.345),
    "fc_autoencoder": ({}, "b202a5a3388478bf", 0.50002757046, 0.49376168847, 623475.818),
}
"""At ed72854, seeded: names and shapes of the weights (SHA-256), mean of a prediction, its green at
row 50 and column 60, and the sum of all absolute weights."""


def picture_with_hole() -> tuple[Tensor, Tensor]:
    """Noise (1, 3, 128, 128) in [0, 1] and a mask with one square hole."""
    image = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(1))
    mask = torch.zeros(1, 1, 128, 128)
    mask[..., 32:64, 48:80] = 1
    return image, mask


@torch.no_grad()
@pytest.mark.parametrize("name", FIRST)
def test_presets_of_the_report_are_what_they_were(name: str) -> None:
    arguments, names, mean, value, weights = FIRST[name]
    torch.manual_seed(0)
    model = MODELS.create(name, **arguments).eval()
    state = model.state_dict()
    shapes = "\n".join(f"{name} {tuple(weight.shape)}" for name, weight in state.items())
    assert hashlib.sha256(shapes.encode()).hexdigest()[:16] == names
    # 1e-6: drawn weights are the same everywhere, sums over them are rounded as the machine adds
    assert sum(w.double().abs().sum().item() for w in state.values()) == pytest.approx(
        weights, rel=1e-6
    )
    prediction = model(*picture_with_hole())
    assert prediction.mean().item() == pytest.approx(mean, abs=1e-6)
    assert prediction[0, 1, 50, 60].item() == pytest.approx(value, abs=1e-6)


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "arguments", "size"),
    [
        ("conv_autoencoder", {"latent_dim": 5, "size": 32, **NARROW}, (32, 32)),
        ("conv_autoencoder", {"latent_dim": 64, "size": [48, 80], **NARROW}, (48, 80)),
        ("conv_autoencoder_64", {"size": 64, **NARROW}, (64, 64)),
        ("fc_autoencoder", {"latent_dim": 5, "size": [37, 50]}, (37, 50)),
    ],
)
def test_size_and_latent_are_arguments(
    name: str, arguments: dict[str, Any], size: tuple[int, int]
) -> None:
    model: Any = MODELS.create(name, **arguments).eval()
    images = torch.rand(2, 3, *size)
    masks = torch.zeros(2, 1, *size)
    assert model(images, masks).shape == images.shape
    model.check_size(size)
    with pytest.raises(BadImageError, match=f"takes {size[1]}x{size[0]}"):
        model.check_size((size[0] + 16, size[1]))
    code = model.encoder(images if name != "fc_autoencoder" else images.flatten(1))
    assert code.shape == (2, arguments.get("latent_dim", 64))


@pytest.mark.parametrize("size", [40, [64], [64, 64, 64], [64, 40], 0, -16, 64.0, "64", None])
def test_size_that_does_not_go_in_is_one_sentence(size: Any) -> None:
    with pytest.raises(ConfigError, match=r"size is .*\[height, width\], multiples of 16; correct"):
        MODELS.create("conv_autoencoder", size=size, **NARROW)


def test_preset_takes_no_other_latent() -> None:
    with pytest.raises(ConfigError, match=r"'latent_dim'; it takes size, dropout, linear_dropout"):
        MODELS.create("conv_autoencoder_64", latent_dim=5)
