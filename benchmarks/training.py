"""Speed of training as ratios within one run: the loop, the bare step, and a plain script.

    python benchmarks/training.py [--case NAME]... [--batch-size N] [--rounds N] [--steps N]

Cases are the report's largest network, the shipped network with L1, and the same against the
discriminator, each as its config in `configs/` says. Contestants:

- *bare step*: all arithmetic of a step, on one batch that stays in memory.
- *loop*: the real `fit` on a bank, with crops, light and growing holes. Same network, precision and
  memory layout; validation and checkpoints are left out.
- *plain script*, for the report's network: JPEG files of 178x218, decoded, cropped and resized by
  Pillow in a PyTorch DataLoader, and the same network in fp32.

Each round times all of them, in an order that changes; a ratio is taken within each round, and its
median over the rounds is what counts. So a machine that is busy or slows down blurs the ratios,
but does not shift them. Of the loop's time it is also printed which part of a step took it.
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
from unittest import mock

import click
import numpy as np
import PIL.Image
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule, _FabricOptimizer
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader, Dataset, RandomSampler

from restauro.data.bank import Bank
from restauro.data.batches import Batches
from restauro.data.drawings import drawing, kind_of
from restauro.interrupt import StopRequest
from restauro.models import MODELS
from restauro.training.adversary import Adversary
from restauro.training.config import Config, load_config
from restauro.training.feed import Feed
from restauro.training.loop import Run, fit
from restauro.training.run import build_run, choose_precision
from restauro.training.validation import Validation

CONFIGS = Path(__file__).parents[1] / "configs"
CASES = {
    "conv_autoencoder_512": "reference_512",
    "unet with L1": "faces_structure",
    "unet against the discriminator": "faces",
}
"""Name -> config."""
SCRIPTED = "conv_autoencoder_512"
"""The case that the plain script trains, too."""
NUM_DRAWINGS = 128
JPEG_SIZE = (178, 218)
"""Width and height of a CelebA picture."""
BARS = {"bare step": 0.95, "plain script": 1.5}
"""The least that the loop's pictures a second must be, as a multiple of the other's; of the plain
script only where the loop computes in bf16, which is what it gains."""
TimeSteps = Callable[[], float]


class UnsavedRun(Run):
    """A run that writes no checkpoint."""

    def save(self, ended_epoch: int | None = None) -> None:
        """Does nothing."""


class StopAfter(StopRequest):
    """Asks the loop to stop, as Ctrl-C does, once `run` has done `step` steps."""

    def __init__(self, run: Run, step: int) -> None:
        self.run, self.step = run, step

    @property
    def is_requested(self) -> bool:  # type: ignore[override]
        """Whether they are done."""
        return self.run.step >= self.step


class Criterion(nn.Module):
    """A loss that can be told from other modules."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """What the loss gives: (B,)."""
        value: Tensor = self.loss(prediction, target, mask)
        return value


PARTS: dict[str, tuple[type, str]] = {
    "waiting for pictures and holes": (Feed, "at"),
    "network": (_FabricModule, "forward"),
    "loss": (Criterion, "forward"),
    "loss against the discriminator": (Adversary, "loss"),
    "gradients": (Fabric, "backward"),
    "limit of the gradients": (Fabric, "clip_gradients"),
    "optimizer": (_FabricOptimizer, "step"),
    "average of the weights": (AveragedModel, "update_parameters"),
    "discriminator": (Adversary, "learn"),
}
"""Part of a step -> the method in which it takes place; what is in none of them is the loop's."""


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
    images = bank.images[:NUM_DRAWINGS]
    paths = [folder / f"{i}.jpg" for i in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        PIL.Image.fromarray(np.array(image)).resize(JPEG_SIZE).save(path, quality=90)
    return paths


def seconds_of(fabric: Fabric, work: Callable[[], object]) -> float:
    """Wall time of `work`, queued GPU work included."""
    started = time.perf_counter()
    work()
    if fabric.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


class Clock:
    """Seconds that were spent in each of `PARTS`, while it is running."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self._is_inside = False

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Times the parts meanwhile; one that another calls counts as that other's."""
        with contextlib.ExitStack() as stack:
            for name, (owner, method) in PARTS.items():
                timed = self._timed(name, getattr(owner, method))
                stack.enter_context(mock.patch.object(owner, method, timed))
            yield

    def _timed(self, name: str, method: Callable[..., object]) -> Callable[..., object]:
        def timed(*arguments: object, **options: object) -> object:
            if self._is_inside:
                return method(*arguments, **options)
            self._is_inside = True
            started = time.perf_counter()
            try:
                return method(*arguments, **options)
            finally:
                if self.device.type == "cuda":
                    torch.cuda.synchronize()
                self._is_inside = False
                self.seconds[name] += time.perf_counter() - started

        return timed


class Case:
    """A network in training, whose loop and bare step can be timed in turn."""

    def __init__(self, fabric: Fabric, config: Config, bank: Bank, num_steps: int) -> None:
        self.fabric, self.config, self.num_steps = fabric, config, num_steps
        self.batches = Batches(
            bank,
            "train",
            config.training.global_batch_size,
            seed=0,
            augmentation=config.data.augmentation,
            device=fabric.device,
        )
        self.run = UnsavedRun(**vars(build_run(fabric, config, Path(), self.batches)))
        self.run.criterion = Criterion(self.run.criterion)
        self.validation = Validation(fabric, bank, config.curriculum.end, self.run.criterion)
        with Feed(self.batches, config.curriculum, 0, num_steps=1) as feed:
            self.images, self.masks = feed.at(0)

    def loop(self) -> float:
        """Seconds of the next steps in the real loop."""
        run, training = self.run, self.config.training
        stop = StopAfter(run, run.step + self.num_steps)
        with (
            Feed(self.batches, self.config.curriculum, training.seed, stop.step) as feed,
            contextlib.redirect_stderr(io.StringIO()),  # the progress bar still does its work
        ):
            return seconds_of(self.fabric, lambda: fit(run, feed, self.validation, stop))

    def bare_step(self) -> float:
        """Seconds of as many steps of nothing but arithmetic."""
        self.run.model.train()

        def steps() -> None:
            for _ in range(self.num_steps):
                self._step()

        return seconds_of(self.fabric, steps)

    def _step(self) -> None:
        run, images, masks = self.run, self.images, self.masks
        prediction, _ = run.model(images, masks, run.progress)
        loss = run.criterion(prediction, images, masks).mean()
        if run.adversary:
            loss = loss + run.adversary.loss(prediction, images, masks).mean()
        self.fabric.backward(loss)
        if norm := self.config.training.max_gradient_norm:
            self.fabric.clip_gradients(run.model, run.optimizer, max_norm=norm)
        run.optimizer.step()
        run.optimizer.zero_grad()
        if run.averaged:
            run.averaged.update_parameters(run.bare_model)
        if run.adversary:
            run.adversary.learn()


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


def report(seconds: dict[str, list[float]], pictures: int, precision: str) -> bool:
    """Prints rates and ratios; tells whether every bar is reached."""
    for name, values in seconds.items():
        click.echo(f"{name:<32}{spread([pictures / s for s in values], 1)} pictures/s")
    is_reached = True
    for other in seconds.keys() - {"loop"}:
        pairs = zip(seconds["loop"], seconds[other], strict=True)
        ratios = [theirs / ours for ours, theirs in pairs]
        line = f"{f'loop / {other}':<32}{spread(ratios, 3)}"
        if other != "plain script" or precision == "bf16-mixed":
            reaches = float(np.median(ratios)) >= BARS[other]
            is_reached &= reaches
            line += f", at least {BARS[other]} asked: {'reached' if reaches else 'NOT reached'}"
        click.echo(line)
    return is_reached


def report_parts(case: Case) -> None:
    """Prints how long each part of some further steps of the loop takes, and what share of them."""
    clock = Clock(case.fabric.device)
    with clock.running():
        whole = case.loop()
    rest = whole - sum(clock.seconds.values())
    for name, seconds in {**clock.seconds, "the rest of the loop": rest}.items():
        if seconds:
            milliseconds = 1000 * seconds / case.num_steps
            click.echo(f"  {name:<32}{milliseconds:8.1f} ms {seconds / whole:6.1%}")


@click.command()
@click.option(
    "--case", "cases", multiple=True, type=click.Choice(list(CASES)), help="[default: all]"
)
@click.option("--batch-size", type=int, help="Pictures a step.  [default: as configured]")
@click.option("--rounds", default=5, show_default=True, help="Rounds after the warm-up.")
@click.option("--steps", default=3, show_default=True, help="Steps of each contestant a round.")
@click.option("--accelerator", default="auto", show_default=True)
@click.option(
    "--jpegs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of CelebA's own files, instead of drawings.",
)
def main(
    cases: tuple[str, ...],
    batch_size: int | None,
    rounds: int,
    steps: int,
    accelerator: str,
    jpegs: Path | None,
) -> None:
    """Compares training with the bare step and with a plain script, and tells a step's parts."""
    precision = choose_precision("auto", accelerator)
    fabric = Fabric(accelerator=accelerator, devices=1, precision=precision)
    is_reached = True
    for name in cases or CASES:
        changes = ["model.initial_weights=", "data.more_banks=[]", "data.closer_banks=[]"]
        changes += [f"training.global_batch_size={batch_size}"] if batch_size else []
        config = load_config(CONFIGS / f"{CASES[name]}.toml", changes)
        pictures = config.training.global_batch_size
        click.echo(
            f"\n{name}, batches of {pictures}, {precision} on {fabric.device.type}, "
            f"{torch.get_num_threads()} threads, {rounds} rounds of {steps} steps"
        )
        with tempfile.TemporaryDirectory() as folder:
            num_images = 1 + pictures * (steps * (rounds + 2) + 1)  # no epoch ends in between
            bank = make_bank(Path(folder), num_images, MODELS.create(config.model.name).size)
            case = Case(fabric, config, bank, steps)
            contestants: dict[str, TimeSteps] = {"bare step": case.bare_step, "loop": case.loop}
            if name == SCRIPTED:
                paths = sorted(jpegs.glob("*.jpg")) if jpegs else make_jpegs(Path(folder), bank)
                contestants["plain script"] = plain_script(fabric, config, paths, bank.size, steps)
            is_reached &= report(measure(contestants, rounds), pictures * steps, precision)
            report_parts(case)
    sys.exit(0 if is_reached else 1)


if __name__ == "__main__":
    main()
