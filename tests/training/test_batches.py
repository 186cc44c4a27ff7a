from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tinyruns import make_bank
from torch import Tensor

from restauro.data.bank import Bank
from restauro.data.batches import Augmentation, Batches, to_tensor, tone_probabilities
from restauro.errors import BadDataError

SIZE = (6, 10)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return Bank.open(make_bank(tmp_path_factory.mktemp("banks") / "bank", 21, 3, size=SIZE))


def numbers(bank: Bank, images: Tensor) -> list[int]:
    """Which pictures of the bank these are, whether flipped or not."""
    pictures = to_tensor(torch.from_numpy(np.array(bank.images)))
    found = []
    for image in images:
        same = [i for i, p in enumerate(pictures) if torch.equal(image, p)]
        flipped = [i for i, p in enumerate(pictures) if torch.equal(image, p.flip(2))]
        found.append((same + flipped)[0])
    return found


def test_pictures_are_as_in_the_bank(bank: Bank) -> None:
    batches = Batches(bank, "train", 4, seed=0, flip_probability=0.0)
    images = batches.at(0)
    assert images.shape == (4, 3, *SIZE)
    assert images.dtype == torch.float32
    first = numbers(bank, images)[0]
    expected = np.array(bank.images[first]).transpose(2, 0, 1) / np.float32(255)
    assert torch.equal(images[0], torch.from_numpy(expected))


def test_every_picture_comes_once_an_epoch_and_no_other(bank: Bank) -> None:
    batches = Batches(bank, "train", 7, seed=0)
    assert batches.steps_per_epoch == 3
    for epoch in range(3):
        steps = range(3 * epoch, 3 * epoch + 3)
        seen = [n for step in steps for n in numbers(bank, batches.at(step))]
        assert sorted(seen) == list(range(21))


def test_incomplete_batch_is_left_out_and_comes_back(bank: Bank) -> None:
    batches = Batches(bank, "train", 8, seed=0)
    assert batches.steps_per_epoch == 2
    seen = [{n for s in (e, e + 1) for n in numbers(bank, batches.at(s))} for e in (0, 2, 4, 6)]
    assert all(len(epoch) == 16 for epoch in seen)
    assert set.union(*seen) == set(range(21))


def test_share_of_an_epoch_goes_on_where_the_last_one_ended(bank: Bank) -> None:
    whole = Batches(bank, "train", 4, seed=0)
    parts = Batches(bank, "train", 4, seed=0, epoch_share=0.4)
    assert (whole.steps_per_epoch, parts.steps_per_epoch) == (5, 2)
    for step in range(12):
        assert torch.equal(parts.at(step), whole.at(step))


def test_step_depends_on_seed_and_number_alone(bank: Bank) -> None:
    batches = Batches(bank, "train", 4, seed=1)
    in_order = [batches.at(step) for step in range(12)]
    again = Batches(bank, "train", 4, seed=1)
    for step in (11, 3, 7, 0):
        assert torch.equal(again.at(step), in_order[step])
    assert not torch.equal(Batches(bank, "train", 4, seed=2).at(0), in_order[0])
    assert numbers(bank, in_order[0]) != numbers(bank, in_order[5])  # step 0 of the next epoch


@pytest.mark.parametrize("num_processes", [2, 3, 6])
def test_processes_share_the_batch_of_one(bank: Bank, num_processes: int) -> None:
    whole = Batches(bank, "train", 6, seed=0)
    parts = [
        Batches(bank, "train", 6, seed=0, rank=rank, num_processes=num_processes)
        for rank in range(num_processes)
    ]
    for step in (0, 4):
        together = torch.cat([part.at(step) for part in parts])
        assert torch.equal(together, whole.at(step))


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_flip_probability_is_the_share_of_mirrored_pictures(bank: Bank, probability: float) -> None:
    batches = Batches(bank, "train", 20, seed=0, flip_probability=probability)
    pictures = to_tensor(torch.from_numpy(np.array(bank.images)))
    images = torch.cat([batches.at(step) for step in range(20)])
    is_plain = torch.stack([(image == pictures).flatten(1).all(1).any() for image in images])
    # 0.1: four standard deviations of 400 coin flips
    assert (1 - is_plain.float().mean()).item() == pytest.approx(probability, abs=0.1)
    if probability in (0.0, 1.0):
        assert is_plain.all() == (probability == 0.0)


@pytest.mark.parametrize("exponent", [1.0, 0.5, 0.0])
def test_rare_tones_are_drawn_as_often_as_the_exponent_says(exponent: float) -> None:
    lightness = np.array([12, 51, 52, 53, 54, 55, 56, 57, 58, 59, 80, 81, 82, 83], np.float32)
    probabilities = tone_probabilities(lightness, exponent)
    dark, middle, light = probabilities[0], probabilities[1:10].sum(), probabilities[10:].sum()
    assert dark + middle + light == pytest.approx(1)
    assert middle / dark == pytest.approx(9**exponent)
    assert light / dark == pytest.approx(4**exponent)


def test_dark_subjects_come_more_often_with_an_even_tone(tmp_path: Path) -> None:
    folder = make_bank(tmp_path / "bank", 20, 3, size=SIZE)
    images = np.load(folder / "images.npy")
    images[:20] = 150
    images[4] = 20
    np.save(folder / "images.npy", images)
    even = Batches(Bank.open(folder), "train", 20, seed=0, tone_exponent=0.0)
    num_dark = sum(int((even.at(step).mean(dim=(1, 2, 3)) < 0.2).sum()) for step in range(10))
    assert 70 <= num_dark <= 130  # of 200, half of them expected: four standard deviations
    again = Batches(Bank.open(folder), "train", 20, seed=0, tone_exponent=0.0)
    assert torch.equal(again.at(7), even.at(7))


def test_batch_larger_than_the_split_is_refused(bank: Bank) -> None:
    with pytest.raises(BadDataError, match=r"has 21 pictures .* lower training.global_batch_size"):
        Batches(bank, "train", 22, seed=0)


def test_batch_that_cannot_be_shared_is_refused(bank: Bank) -> None:
    with pytest.raises(BadDataError, match="of 5 pictures cannot be shared by 2 .* multiple of 2"):
        Batches(bank, "train", 5, seed=0, num_processes=2)


def test_missing_split_is_refused(bank: Bank) -> None:
    with pytest.raises(BadDataError, match="no picture in the split 'test'; it has train, val"):
        Batches(bank, "test", 1, seed=0)


def test_pictures_of_more_banks_join_and_their_other_splits_do_not(
    bank: Bank, tmp_path: Path
) -> None:
    second = Bank.open(make_bank(tmp_path / "second", 7, 2, size=SIZE))
    second_images = np.array(second.images[:7])
    second_images[:] = np.arange(7, dtype=np.uint8)[:, None, None, None]  # unlike any of the first
    object.__setattr__(second, "images", second_images)
    batches = Batches(bank, "train", 7, seed=0, flip_probability=0.0, more_banks=[second])
    assert batches.steps_per_epoch == 4
    images = torch.cat([batches.at(step) for step in range(4)])
    flat = {round(float(image.max()) * 255) for image in images if image.std() == 0}
    assert flat == set(range(7))
    others = images[[bool(image.std() > 0) for image in images]]
    assert sorted(numbers(bank, others)) == list(range(21))


def test_more_banks_must_have_the_same_size(bank: Bank, tmp_path: Path) -> None:
    other = Bank.open(make_bank(tmp_path / "other", 7, 2, size=(8, 8)))
    with pytest.raises(BadDataError, match="8x8"):
        Batches(bank, "train", 7, seed=0, more_banks=[other])


def test_light_depends_on_the_step_alone_and_not_on_the_number_of_processes(bank: Bank) -> None:
    light = Augmentation(share=1.0, exposure=(-3.0, 0.0), slope=1.0)
    whole = Batches(bank, "train", 4, seed=0, augmentation=light)
    halves = [
        Batches(bank, "train", 4, seed=0, augmentation=light, rank=rank, num_processes=2)
        for rank in (0, 1)
    ]
    plain = Batches(bank, "train", 4, seed=0)
    torch.testing.assert_close(whole.at(1), torch.cat([half.at(1) for half in halves]))
    assert not torch.equal(whole.at(1), plain.at(1))


ALL_CLOSER = Augmentation(zoom_share=1.0, zoom=2.0)


def test_what_is_seen_closer_is_cut_from_the_closer_banks(bank: Bank, tmp_path: Path) -> None:
    closer = Bank.open(make_bank(tmp_path / "closer", 21, 3, size=(12, 20)))
    colours = np.zeros((24, 12, 20, 3), dtype=np.uint8)
    colours[:] = np.arange(24, dtype=np.uint8)[:, None, None, None]  # each picture one colour
    object.__setattr__(closer, "images", colours)
    plain = Batches(bank, "train", 7, seed=0, flip_probability=0.0)
    seen = Batches(bank, "train", 7, seed=0, augmentation=ALL_CLOSER, closer_banks=[closer])
    for step in range(3):
        expected = numbers(bank, plain.at(step))
        images = seen.at(step)
        assert images.shape == (7, 3, *SIZE)
        assert (images.mean(dim=(1, 2, 3)) * 255).round().int().tolist() == expected


def test_without_closer_banks_it_is_magnified(bank: Bank) -> None:
    whole = Batches(bank, "train", 4, seed=0, augmentation=ALL_CLOSER)
    halves = [
        Batches(bank, "train", 4, seed=0, augmentation=ALL_CLOSER, rank=rank, num_processes=2)
        for rank in (0, 1)
    ]
    images = whole.at(1)
    assert torch.equal(images, torch.cat([half.at(1) for half in halves]))
    assert not torch.equal(images, Batches(bank, "train", 4, seed=0).at(1))


def test_closer_banks_must_hold_the_same_pictures(bank: Bank, tmp_path: Path) -> None:
    fewer = Bank.open(make_bank(tmp_path / "fewer", 7, 2, size=(12, 20)))
    with pytest.raises(BadDataError, match="the same source"):
        Batches(bank, "train", 4, seed=0, closer_banks=[fewer])
    with pytest.raises(BadDataError, match="1 closer banks for 2 banks"):
        Batches(bank, "train", 4, seed=0, more_banks=[bank], closer_banks=[bank])
