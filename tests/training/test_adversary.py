"""A discriminator beside the network: what it learns, and what it leaves alone.

That a run with one resumes exactly is in `test_interruption.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from tinyruns import make_bank, tiny_config, train_here
from torch import Tensor
from torch.testing import assert_close

from restauro.errors import ConfigError
from restauro.losses.perceptual import FeatureLoss
from restauro.metrics.perceptual import distance_of
from restauro.training.adversary import DIFFERENT, Adversary
from restauro.training.config import AdversaryConfig, load_config
from restauro.training.weights import load_weights

ADVERSARY = (
    "adversary.weight=0.1",
    "adversary.feature_matching=1.0",
    "adversary.num_stages=2",
)


@pytest.fixture
def adversary() -> Adversary:
    torch.manual_seed(0)
    fabric = Fabric(accelerator="cpu", devices=1)
    return Adversary(fabric, AdversaryConfig(weight=1.0, num_stages=2))


def sharp_and_flat() -> tuple[Tensor, Tensor, Tensor]:
    """Noise, grey predictions, and masks with a hole in each."""
    images = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    masks = torch.zeros(8, 1, 32, 32)
    masks[:, :, 8:24, 8:24] = 1
    return images, torch.full_like(images, 0.5), masks


def test_it_learns_to_tell_flat_fills_from_noise(adversary: Adversary) -> None:
    images, flat, masks = sharp_and_flat()
    losses = []
    for _ in range(20):
        adversary.loss(flat, images, masks)
        losses.append(adversary.learn())
    assert losses[-1] < 0.75 * losses[0]
    perfect = adversary.loss(images, images, masks)
    caught = adversary.loss(flat, images, masks)
    assert (caught > 1.2 * perfect).all()


def test_it_learns_from_composites_alone(adversary: Adversary) -> None:
    images, _, masks = sharp_and_flat()
    beyond_the_hole = torch.where(masks == 1, images, 1 - images)
    assert torch.equal(
        adversary.loss(beyond_the_hole, images, masks), adversary.loss(images, images, masks)
    )


def test_matching_is_the_distance_of_features() -> None:
    torch.manual_seed(0)
    fabric = Fabric(accelerator="cpu", devices=1)
    config = AdversaryConfig(weight=0.0, feature_matching=2.0, num_stages=2)
    images, flat, masks = sharp_and_flat()
    expected = 2 * FeatureLoss(num_stages=2)(flat, images, masks).mean()
    assert_close(Adversary(fabric, config).loss(flat, images, masks), expected)


def test_more_fills_of_a_picture_are_judged_but_matched_with_nothing(adversary: Adversary) -> None:
    images, flat, masks = sharp_and_flat()
    more = torch.cat([images, flat[:4]])  # two of each of the first two pictures
    adversary.loss(images, images, masks)
    alone = adversary.learn(is_last=False)
    adversary.loss(more, images, masks)
    assert not torch.equal(adversary.learn(is_last=False), alone)
    torch.manual_seed(0)
    matching = Adversary(adversary.fabric, AdversaryConfig(weight=0.0, feature_matching=1.0))
    assert_close(matching.loss(more, images, masks), torch.tensor(0.0), atol=1e-6, rtol=0)


def test_fills_of_one_picture_should_differ_by_so_much() -> None:
    torch.manual_seed(0)
    fabric = Fabric(accelerator="cpu", devices=1)
    adversary = Adversary(fabric, AdversaryConfig(weight=0.0, diversity=2.0, num_stages=2))
    images, flat, masks = sharp_and_flat()
    alike = adversary.loss(torch.cat([images, flat[:4]]), images, masks)
    pairs = torch.stack([flat[0], images[0], flat[1], images[1]])
    unlike = adversary.loss(torch.cat([images, pairs]), images, masks)
    features = adversary.features(images)
    others = [one.roll(1, dims=0) for one in features]
    wanted = DIFFERENT * distance_of(features, others, masks)[:2]
    assert_close(alike, 2 * wanted.mean())
    between = FeatureLoss(num_stages=2)(flat, images, masks)[:2]
    assert_close(unlike, 2 * (wanted - between).abs().mean())


def test_its_loss_moves_the_hole_and_not_itself(adversary: Adversary) -> None:
    images, flat, masks = sharp_and_flat()
    flat.requires_grad_()
    adversary.loss(flat, images, masks).sum().backward()  # type: ignore[no-untyped-call]
    assert flat.grad is not None
    assert not flat.grad[(masks == 0).expand_as(flat)].any()
    assert flat.grad[(masks == 1).expand_as(flat)].any()
    assert all(weight.grad is None for weight in adversary.bare.parameters())
    assert all(weight.requires_grad for weight in adversary.bare.parameters())


def test_the_newest_weights_are_kept_against_an_adversary(tmp_path: Path) -> None:
    bank = make_bank(tmp_path / "bank", 24, 8)
    config = tiny_config(
        tmp_path, bank, "training.epochs=2", "training.learning_rate=1", *ADVERSARY
    )
    run = train_here(config, tmp_path / "run")
    best = load_weights(tmp_path / "run" / "best.safetensors")
    for name, weight in run.network.state_dict().items():
        assert torch.equal(best[name], weight), name


def test_senseless_settings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    config = tiny_config(tmp_path, tmp_path, *ADVERSARY)
    assert config.adversary is not None
    with pytest.raises(ConfigError, match="adversary.num_stages is 6"):
        load_config(path, ["adversary.num_stages=6"])
    with pytest.raises(ConfigError, match="adversary.weight is -1"):
        load_config(path, ["adversary.weight=-1.0"])
    with pytest.raises(ConfigError, match="adversary.learning_rate is 0"):
        load_config(path, ["adversary.learning_rate=0.0"])
