"""Speed of training as ratios within one run: the loop, the bare step, and a plain script.

    python benchmarks/training.py [--model NAME] [--batch-size N] [--rounds N] [--steps N]

- *bare step*: forward, backward and optimizer step on one batch that stays in memory.
- *restauro*: the real `fit` on a bank, with the curriculum's holes. Same network, precision and
  memory layout; validation and checkpoints are left out.
- *plain script*: JPEG files of 178x218, decoded, cropped and resized by Pillow in a PyTorch
  DataLoader, and the same network in fp32.

Each round times all three, in an order that changes; a ratio is taken within each round, and its
median over the rounds is what counts. So a machine that is busy or slows down blurs the ratios,
but does not shift them.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import numpy as np
import PIL.Image
import torch
import torch.nn.functional as F
from lightning.fabric import Fabric
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, RandomSampler

from restauro.data.bank import Bank
from restauro.data.batches import Batches
from restauro.data.drawings import drawing, kind_of
from restauro.interrupt import StopRequest
from restauro.models import MODELS
from restauro.training.config import Config, load_config
from restauro.training.loop import Run, fit
from restauro.training.run import build_run, choose_precision
from restauro.training.validation import Validation

CONFIG = Path(__file__).parents[1] / "configs" / "reference_512.toml"
NUM_DRAWINGS = 128
JPEG_SIZE = (178, 218)
"""Width and height of a CelebA picture."""
BARS = {"bare step": 0.95, "plain script": 1.5}
"""The least that restauro's pictures a second must be, as a multiple of the other's."""

TimeSteps = Callable[[], float]


class UnsavedRun(Run):
    """A run that writes no checkpoint."""

    def save(self, ended_epoch: int | None = None) -> None:
        """Does nothing."""


class CountedBatches(Batches):
    """Batches that ask the loop to stop, as Ctrl-C does, with the batch of step `last_step`."""

    stop: StopRequest
    last_step: int

    def at(self, step: int) -> Tensor:
        """The pictures of step number `step`."""
        self.stop.is_requested = step >= self.last_step
        return super().at(step)


class JpegFiles(Dataset[tuple[Tensor, Tensor]]):
    """What a plain script does: picture (3, H, W) in [0, 1] from a file, mask with one box."""

    def __init__(self, paths: list[Path], size: tuple[int, int]) -> None:
        self.paths, self.size = paths, size

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        height, width = self.size
        with PIL.Image.open(self.paths[index]) as file:
            picture = file.convert("RGB").crop((0, 20, 178, 198))
        picture = picture.resize((width, height), PIL.Image.Resampling.LANCZOS)
        image = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
        if torch.rand(()) < 0.5:
            image = image.flip(2)
        mask = torch.zeros(1, height, width)
        top, left = int(torch.randint(height * 2 // 3, ())), int(torch.randint(width * 2 // 3, ()))
        mask[:, top : top + height // 3, left : left + width // 3] = 1
        return image, mask


def make_bank(folder: Path, num_images: int, size: tuple[int, int]) -> Bank:
    """A bank of `num_images` drawings, of which a few come again and again."""
    rng = np.random.default_rng(0)
    side = max(size)
    drawn = [drawing(kind_of(rng), side, rng)[: size[0], : size[1]] for _ in range(NUM_DRAWINGS)]
    images = np.lib.format.open_memmap(
        folder / "images.npy", mode="w+", dtype=np.uint8, shape=(num_images, *size, 3)
    )
    for i in range(num_images):
        images[i] = drawn[i % NUM_DRAWINGS]
    images.flush()
    rows = [f"{i},{'val' if i == 0 else 'train'}" for i in range(num_images)]
    (folder / "index.csv").write_text("\n".join(["name,split", *rows]) + "\n")
    (folder / "bank.json").write_text("{}")
    return Bank.open(folder)


def make_jpegs(folder: Path, bank: Bank) -> list[Path]:
    """Writes the drawings of a bank as JPEG files of CelebA's size and quality."""
    paths = [folder / f"{i}.jpg" for i in range(NUM_DRAWINGS)]
    for path, image in zip(paths, bank.images, strict=False):
        PIL.Image.fromarray(np.array(image)).resize(JPEG_SIZE).save(path, quality=90)
    return paths


def seconds_of(fabric: Fabric, work: Callable[[], object]) -> float:
    """Wall time of `work`, queued GPU work included."""
    started = time.perf_counter()
    work()
    if fabric.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def loop_and_bare_step(
    fabric: Fabric, config: Config, bank: Bank, num_steps: int
) -> tuple[TimeSteps, TimeSteps]:
    """Both time `num_steps` steps of one and the same network; the loop goes on each time."""
    batches = CountedBatches(
        bank, "train", config.training.global_batch_size, seed=0, device=fabric.device
    )
    run = UnsavedRun(**vars(build_run(fabric, config, Path(), batches)))
    validation = Validation(fabric, bank, config.curriculum.end, run.criterion)
    images = Batches.at(batches, 0)
    masks = config.curriculum.draw(
        0, len(images), bank.size, torch.Generator().manual_seed(0), fabric.device
    ).float()

    def loop() -> None:
        batches.stop, batches.last_step = StopRequest(), run.step + num_steps - 1
        with contextlib.redirect_stderr(io.StringIO()):  # the progress bar still does its work
            fit(run, batches, validation, batches.stop)

    def bare_step() -> None:
        run.model.train()
        for _ in range(num_steps):
            prediction, _ = run.model(images, masks, images.new_zeros(()))
            loss = run.criterion(prediction, images, masks).mean()
            fabric.backward(loss)
            run.optimizer.step()
            run.optimizer.zero_grad()

    return lambda: seconds_of(fabric, loop), lambda: seconds_of(fabric, bare_step)


def plain_script(
    fabric: Fabric, config: Config, paths: list[Path], size: tuple[int, int], num_steps: int
) -> TimeSteps:
    """Times `num_steps` steps in fp32 with PyTorch's defaults; the loader's workers go on."""
    model = MODELS.create(config.model.name, **config.model.arguments).to(fabric.device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=1e-2)
    files = JpegFiles(paths, size)
    loader = DataLoader(
        files,
        batch_size=config.training.global_batch_size,
        sampler=RandomSampler(files, replacement=True, num_samples=10**7),
        num_workers=os.cpu_count() or 1,
    )
    batches: Iterator[list[Tensor]] = iter(loader)

    def script() -> None:
        for _ in range(num_steps):
            images, masks = (part.to(fabric.device) for part in next(batches))
            loss = F.mse_loss(model(images, masks), images)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            loss.item()

    def timed() -> float:
        seconds = seconds_of(fabric, script)
        time.sleep(1)  # the workers fill their queues now, not while others are timed
        return seconds

    return timed


def measure(contestants: dict[str, TimeSteps], num_rounds: int) -> dict[str, list[float]]:
    """Seconds of each contestant in every round, after one round to warm up."""
    names = list(contestants)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(num_rounds + 1):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            value = contestants[name]()
            if number:
                seconds[name].append(value)
        click.echo(f"round {number} of {num_rounds}", err=True)
    return seconds


def spread(values: list[float], digits: int) -> str:
    """Median with the 10th and 90th percentile."""
    low, middle, high = np.percentile(values, [10, 50, 90])
    return f"{middle:8.{digits}f}  ({low:.{digits}f} to {high:.{digits}f})"


def report(seconds: dict[str, list[float]], pictures: int) -> bool:
    """Prints rates and ratios; tells whether every bar is reached."""
    for name, values in seconds.items():
        click.echo(f"{name:<32}{spread([pictures / s for s in values], 1)} pictures/s")
    is_reached = True
    for other, bar in BARS.items():
        pairs = zip(seconds["restauro"], seconds[other], strict=True)
        ratios = [theirs / ours for ours, theirs in pairs]
        reaches = float(np.median(ratios)) >= bar
        is_reached &= reaches
        verdict = "reached" if reaches else "NOT reached"
        name = f"restauro / {other}"
        click.echo(f"{name:<32}{spread(ratios, 3)}, at least {bar} asked: {verdict}")
    return is_reached


@click.command()
@click.option("--model", default="conv_autoencoder_512", show_default=True)
@click.option("--batch-size", default=64, show_default=True, help="Pictures a step.")
@click.option("--rounds", default=10, show_default=True, help="Rounds after the warm-up.")
@click.option("--steps", default=3, show_default=True, help="Steps of each contestant a round.")
@click.option("--accelerator", default="auto", show_default=True)
@click.option(
    "--jpegs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of CelebA's own files, instead of drawings.",
)
def main(
    model: str, batch_size: int, rounds: int, steps: int, accelerator: str, jpegs: Path | None
) -> None:
    """Compares training with the bare step and with a plain script."""
    settings = [f"model.name={model}", f"training.global_batch_size={batch_size}"]
    config = load_config(CONFIG, settings)
    precision = choose_precision("auto", accelerator)
    fabric = Fabric(accelerator=accelerator, devices=1, precision=precision)
    click.echo(
        f"{model}, batches of {batch_size}, {precision} on {fabric.device.type}, "
        f"{torch.get_num_threads()} threads, {rounds} rounds of {steps} steps"
    )
    with tempfile.TemporaryDirectory() as folder:
        num_images = 1 + batch_size * (steps * (rounds + 1) + 1)  # no epoch ends in between
        size = MODELS.create(model).size
        bank = make_bank(Path(folder), num_images, size)
        paths = sorted(jpegs.glob("*.jpg")) if jpegs else make_jpegs(Path(folder), bank)
        loop, bare_step = loop_and_bare_step(fabric, config, bank, steps)
        script = plain_script(fabric, config, paths, size, steps)
        contestants = {"bare step": bare_step, "restauro": loop, "plain script": script}
        seconds = measure(contestants, rounds)
    sys.exit(0 if report(seconds, batch_size * steps) else 1)


if __name__ == "__main__":
    main()
