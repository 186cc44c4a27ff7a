"""A network that is shown copies: what it sees while it learns, and never the truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tinyruns import assert_same_run, make_bank, tiny_config, train_here
from torch import Tensor

from restauro.data.bank import Bank
from restauro.data.batches import Batches
from restauro.errors import ConfigError
from restauro.models import MODELS
from restauro.training.copying import CopyFeed
from restauro.training.feed import Feed

GUIDED = (
    "model.name=unet_guided",
    "data.copied_batches=2",
    "training.epochs=2",
    "training.global_batch_size=4",
)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bank(tmp_path_factory.mktemp("banks") / "bank", 8, 2)


@pytest.fixture(scope="module")
def steps(bank: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[list[Tensor]]]:
    """Pictures, masks and what is shown, of six steps."""
    folder = tmp_path_factory.mktemp("run")
    curriculum = tiny_config(folder, bank).curriculum
    batches = Batches(Bank.open(bank), "train", 4, seed=1)
    with CopyFeed(batches, curriculum, 1, 6, folder=folder / "copies", num_batches=2) as feed:
        feed.prepare()
        yield [list(feed.at(step)) for step in range(6)]


def test_what_is_shown_is_the_truth_where_it_is_known_alone(steps: list[list[Tensor]]) -> None:
    for images, masks, shown in steps:
        known = (masks == 0).expand_as(images)
        assert torch.equal(images[known], shown[known])
        copied = [one for one in range(4) if (shown * masks)[one].any()]
        assert all(((images - shown) * masks)[one].abs().max() > 0.02 for one in copied)
    without = sum(int(not (s * m)[i].any()) for _, m, s in steps for i in range(4))
    assert 0 < without < 12


def test_steps_mix_what_was_drawn_for_the_first_ones(
    steps: list[list[Tensor]], bank: Path, tmp_path: Path
) -> None:
    batches = Batches(Bank.open(bank), "train", 4, seed=1)
    feed = Feed(batches, tiny_config(tmp_path, bank).curriculum, 1, 6)
    drawn = {hole.tobytes() for n in (0, 1) for hole in feed.at(n)[1].numpy()}
    drawn |= {hole.flip(-1).numpy().tobytes() for n in (0, 1) for hole in feed.at(n)[1]}
    seen = [{hole.tobytes() for hole in masks.numpy()} for _, masks, _ in steps]
    assert all(holes <= drawn for holes in seen)
    assert len({frozenset(holes) for holes in seen}) > 2


@pytest.mark.slow
def test_two_runs_are_the_same_though_one_lost_its_copies(bank: Path, tmp_path: Path) -> None:
    config = tiny_config(tmp_path, bank, *GUIDED)
    for name in ("one", "other"):
        train_here(config, tmp_path / name)
    assert_same_run(tmp_path / "one", tmp_path / "other")
    copies = tmp_path / "other" / "copies"
    (copies / "00000.npz").unlink()
    longer = tiny_config(tmp_path, bank, *GUIDED, "training.epochs=3")
    for name in ("one", "other"):
        train_here(longer, tmp_path / name, resume=True)
    assert_same_run(tmp_path / "one", tmp_path / "other")
    assert sorted(path.name for path in copies.iterdir()) == ["00000.npz", "00001.npz"]


@pytest.mark.parametrize("settings", [("data.copied_batches=2",), ("model.name=unet_guided",)])
def test_copies_and_networks_that_see_them_go_together(
    settings: tuple[str, ...], bank: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"data.copied_batches is \d, but must be"):
        train_here(tiny_config(tmp_path, bank, *settings), tmp_path / "run")


def test_without_a_copy_it_is_a_unet() -> None:
    guided, plain = MODELS.create("unet_guided").eval(), MODELS.create("unet").eval()
    weights = guided.state_dict()
    plain.load_state_dict({name: weights[name] for name in plain.state_dict()})
    rng = torch.Generator().manual_seed(0)
    image = torch.rand(2, 3, 32, 48, generator=rng)
    mask = torch.zeros(2, 1, 32, 48)
    mask[:, :, 8:20, 10:30] = 1
    with torch.no_grad():
        expected = plain(image, mask)
        torch.testing.assert_close(guided(image * (1 - mask), mask), expected)
        assert (guided(image, mask) - expected)[0].abs().max() > 0.01
