"""What a step sees depends on (seed, step) alone, and the next one is made ready beside it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch
from tinyruns import make_bank
from torch import Tensor

from restauro.data.bank import Bank
from restauro.data.batches import Batches
from restauro.errors import BadDataError
from restauro.masks import BoxLimits, Curriculum, HoleLimits
from restauro.training.feed import Feed

CURRICULUM = Curriculum(
    end=HoleLimits(BoxLimits((0.5, 0.5), (0.5, 0.5), 1.0)),
    start=HoleLimits(BoxLimits((0.25, 0.25), (0.25, 0.25), 1.0)),
    epochs=2,
)


class RecordedBatches(Batches):
    """Batches that note who asked for which step, and refuse step number 3."""

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank, "train", 4, seed=1)
        self.asked: dict[int, str] = {}
        self.was_asked = threading.Event()

    def at(self, step: int) -> Tensor:
        self.asked[step] = threading.current_thread().name
        if step == 3:
            raise BadDataError("no pictures for step 3")
        images = super().at(step)
        if len(self.asked) > 1:
            self.was_asked.set()
        return images


@pytest.fixture
def batches(tmp_path: Path) -> RecordedBatches:
    return RecordedBatches(Bank.open(make_bank(tmp_path / "bank", 8, 1)))


def test_a_step_sees_the_same_whatever_was_asked_for_before(batches: RecordedBatches) -> None:
    with Feed(batches, CURRICULUM, 1, num_steps=9, is_ahead=True) as feed:
        in_order = [feed.at(step) for step in (0, 1, 2)]
    with Feed(batches, CURRICULUM, 1, num_steps=9) as feed:
        other_order = [feed.at(step) for step in (2, 0, 1, 0)]
    for number, step in enumerate((2, 0, 1, 0)):
        for ours, theirs in zip(other_order[number], in_order[step], strict=True):
            assert torch.equal(ours, theirs)
    images, _ = in_order[1]
    assert torch.equal(images, batches.at(1))


def test_holes_are_those_of_the_steps_epoch(batches: RecordedBatches) -> None:
    with Feed(batches, CURRICULUM, 1, num_steps=9) as feed:  # 2 steps an epoch
        areas = [feed.at(step)[1].mean(dim=(1, 2, 3)) for step in (0, 1, 2)]
    expected = [1 / 16, 1 / 16, 1 / 4]
    for area, share in zip(areas, expected, strict=True):
        assert torch.equal(area, torch.full((4,), share))


def test_next_step_is_made_ready_in_another_thread(batches: RecordedBatches) -> None:
    with Feed(batches, CURRICULUM, 1, num_steps=9, is_ahead=True) as feed:
        feed.at(0)
        assert batches.was_asked.wait(timeout=300)
        assert batches.asked[1].startswith("feed")


def test_on_a_processor_nothing_is_made_ahead(batches: RecordedBatches) -> None:
    with Feed(batches, CURRICULUM, 1, num_steps=9) as feed:
        feed.at(0)
    assert batches.asked == {0: threading.current_thread().name}


def test_nothing_is_made_beyond_the_last_step(batches: RecordedBatches) -> None:
    with Feed(batches, CURRICULUM, 1, num_steps=2, is_ahead=True) as feed:
        feed.at(0)
        feed.at(1)
    assert sorted(batches.asked) == [0, 1]


def test_what_fails_is_raised_when_it_is_asked_for(batches: RecordedBatches) -> None:
    with Feed(batches, CURRICULUM, 1, num_steps=9, is_ahead=True) as feed:
        feed.at(2)
        with pytest.raises(BadDataError, match="no pictures for step 3"):
            feed.at(3)


@pytest.mark.parametrize("is_ahead", [True, False])
def test_dropouts_randomness_is_left_alone(batches: RecordedBatches, is_ahead: bool) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    with Feed(batches, CURRICULUM, 1, num_steps=9, is_ahead=is_ahead) as feed:
        feed.at(0)
        feed.at(1)
    assert torch.equal(torch.get_rng_state(), before)
