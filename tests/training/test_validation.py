from __future__ import annotations

from pathlib import Path

import PIL.Image
import pytest
import torch
from lightning_fabric import Fabric
from tinyruns import make_bank
from torch import Tensor

from restauro.data.bank import Bank
from restauro.losses import LOSSES
from restauro.masks import BoxLimits, HoleLimits
from restauro.models import InpaintingModel
from restauro.training.validation import BATCH_SIZE, Validation

LIMITS = HoleLimits(BoxLimits((0.2, 0.4), (0.2, 0.4), 1.0))


class Grey(InpaintingModel):
    """Predicts the same grey everywhere, and keeps the masks that it saw."""

    def __init__(self) -> None:
        super().__init__(size=(16, 24))
        self.masks: list[Tensor] = []

    def restore(self, masked_image: Tensor, mask: Tensor) -> Tensor:
        self.masks.append(mask)
        return torch.full_like(masked_image, 0.5)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    path = make_bank(tmp_path_factory.mktemp("banks") / "bank", 1, BATCH_SIZE + 6, size=(16, 24))
    return Bank.open(path)


def validation_of(bank: Bank, seed: int = 0, max_images: int = 0) -> Validation:
    fabric = Fabric(accelerator="cpu", devices=1)
    criterion = LOSSES.create("mse")
    return Validation(fabric, bank, LIMITS, criterion, seed=seed, max_images=max_images)


def holes(validation: Validation) -> Tensor:
    network = Grey()
    validation.scores(network)
    return torch.cat(network.masks)


def test_holes_never_change(bank: Bank) -> None:
    validation = validation_of(bank)
    first = holes(validation)
    assert first.shape == (BATCH_SIZE + 6, 1, 16, 24)
    assert torch.equal(holes(validation), first)
    assert torch.equal(holes(validation_of(bank)), first)
    assert not torch.equal(holes(validation_of(bank, seed=1)), first)


def test_fewer_pictures_keep_their_holes(bank: Bank) -> None:
    few = holes(validation_of(bank, max_images=10))
    assert torch.equal(few, holes(validation_of(bank))[:10])


def test_scores_are_means_over_pictures_by_hand(bank: Bank) -> None:
    targets = torch.from_numpy(bank.images[1:].copy()).double() / 255
    errors = (targets - 0.5).square().mean(dim=(1, 2, 3))
    validation = validation_of(bank)
    per_picture = validation.all_pictures(Grey())
    # 1e-6: scores are computed in fp32
    torch.testing.assert_close(per_picture["mse"], errors, atol=1e-6, rtol=0)
    scores = validation.scores(Grey())
    assert scores["validation_loss"] == pytest.approx(errors.mean().item(), abs=1e-6)
    logarithms = per_picture.pop("log2_sharpness")
    assert scores["sharpness"] == pytest.approx(2 ** logarithms.mean().item())
    for name, values in per_picture.items():
        assert scores[name] == pytest.approx(values.mean().item())


def test_a_blurred_fill_is_not_sharp_and_the_truth_is(bank: Bank) -> None:
    class Truth(Grey):
        def forward(self, image: Tensor, mask: Tensor) -> Tensor:
            return image

    assert validation_of(bank).scores(Truth())["sharpness"] == pytest.approx(1.0)
    assert validation_of(bank).scores(Grey())["sharpness"] < 0.1


def test_network_is_scored_in_evaluation_mode(bank: Bank) -> None:
    network = Grey().train()
    validation_of(bank).scores(network)
    assert not network.training


def test_sheet_shows_four_columns(bank: Bank, tmp_path: Path) -> None:
    path = tmp_path / "samples" / "epoch_001.png"
    validation_of(bank).write_sheet(Grey(), path, num_pictures=3)
    with PIL.Image.open(path) as sheet:
        assert sheet.width > 4 * 24
        assert sheet.height > 3 * 16
