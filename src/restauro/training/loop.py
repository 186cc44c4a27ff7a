"""The training loop, written out: no callbacks, no trainer.

Everything random comes from (seed, step), and the state of a run is what `Run.state` lists, so a
run that was killed at any moment goes on as if nothing had happened.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from restauro.data.batches import Batches
from restauro.errors import BadModelError, TrainingError
from restauro.interrupt import StopRequest
from restauro.models import TaskModel
from restauro.progress import progress_bar
from restauro.seeds import seed_of
from restauro.training.adversary import Adversary
from restauro.training.config import Config, config_to_dict
from restauro.training.feed import Feed
from restauro.training.reading import NOTHING_READ, read
from restauro.training.run_folder import RunFolder
from restauro.training.validation import Validation
from restauro.training.weights import save_checkpoint, save_weights

GRADIENT_NORM = "gradient_norm"
COUNTERS = ("step", "best", "epochs_since_best", "loss_sums", "seconds")
"""Of a run: where it stands, in plain values."""


@dataclass
class Run:
    """A training run: what is trained, where it stands and where it is kept."""

    fabric: Fabric
    config: Config
    folder: RunFolder
    bare_model: TaskModel
    """The network itself, without wrappers."""
    model: Any
    """The same network as `WithLosses`, wrapped by the compiler and by Fabric."""
    averaged: AveragedModel | None
    optimizer: torch.optim.Optimizer
    criterion: nn.Module
    num_steps: int
    """Optimizer steps of the whole run."""
    adversary: Adversary | None = None
    """The discriminator that learns beside the network, if there is one."""
    banks: dict[str, list[str]] = field(default_factory=dict)
    """Checksums of the banks, by their keys in `[data]`."""
    step: int = 0
    """Optimizer steps done."""
    best: float = float("inf")
    """Lowest validation loss so far."""
    epochs_since_best: int = 0
    """Epochs that have ended since then."""
    loss_sums: dict[str, float] = field(default_factory=dict)
    """By name, the sum of a loss over the epoch's steps so far."""
    seconds: float = 0.0
    """Time spent in training steps, over all sessions of the run."""

    @property
    def is_finished(self) -> bool:
        """Whether every step is done, or the run has ended early."""
        return self.step >= self.num_steps or self.is_out_of_patience

    @property
    def is_out_of_patience(self) -> bool:
        """Whether the validation loss has not fallen for as many epochs as `patience` allows."""
        return 0 < self.config.training.patience <= self.epochs_since_best

    @property
    def progress(self) -> float:
        """Share of the steps that are done, in [0, 1]."""
        return self.step / self.num_steps

    @property
    def network(self) -> TaskModel:
        """The network that is validated and released: the average, if there is one."""
        network = self.averaged.module if self.averaged else self.bare_model
        assert isinstance(network, TaskModel)
        return network

    def state(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "model": self.bare_model.state_dict(),
            "averaged": self.averaged.state_dict() if self.averaged else {},
            "optimizer": self.optimizer.state_dict(),
            "adversary": self.adversary.state() if self.adversary else {},
            "config": config_to_dict(self.config),
            "banks": self.banks,
            **{name: getattr(self, name) for name in COUNTERS},
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continues where `state` was taken.

        Raises:
            BadModelError: It is that of another version of restauro.
        """
        if missing := [name for name in COUNTERS if name not in state]:
            raise BadModelError(
                f"{self.folder.checkpoint} is of another version of restauro: it does not tell "
                f"{', '.join(missing)}; go on with that version, or train again in another --run"
            )
        self.bare_model.load_state_dict(state["model"])
        if self.averaged:
            self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.adversary:
            self.adversary.load_state(state["adversary"])
        for name in COUNTERS:
            setattr(self, name, state[name])

    def save(self, ended_epoch: int | None = None) -> None:
        """Writes the checkpoint, and once more for an epoch that ended, if such are kept.

        The first process alone does. A kept one that has become too old goes when all is written.

        Raises:
            TrainingError: A weight is no number; the checkpoint before stays.
        """
        weights = [w for w in self.bare_model.state_dict().values() if w.is_floating_point()]
        largest = torch.stack([weight.abs().max() for weight in weights]).max()  # keeps a NaN
        _check_is_finite("largest weight", largest.item(), self.step)
        if not self.fabric.is_global_zero:
            return
        num_kept = self.config.training.keep_checkpoints
        if ended_epoch and num_kept:
            save_checkpoint(self.folder.checkpoint_of(ended_epoch), self.state())
        save_checkpoint(self.folder.checkpoint, self.state())
        if ended_epoch and num_kept:
            self.folder.drop_checkpoints_to(ended_epoch - num_kept)


def fit(run: Run, feed: Feed, validation: Validation, stop: StopRequest) -> None:
    """Trains from `run.step` to the end, or until `stop` is asked for; saves in both cases.

    What the processes do together depends on the step and on what they agreed on, and never on a
    clock of their own: else one would wait for another for ever.
    """
    checkpoint_seconds = 60 * run.config.training.checkpoint_minutes
    steps_per_epoch = feed.batches.steps_per_epoch
    saved_at = time.monotonic()
    reading, seconds_per_step = NOTHING_READ, math.inf
    run.model.train()
    with progress_bar(
        run.num_steps,
        "step",
        is_shown=run.fabric.is_global_zero,
        initial=run.step,
        desc=run.config.name,
    ) as bar:
        while not (run.is_finished or reading.should_stop):
            started, epoch = time.monotonic(), run.step // steps_per_epoch
            num_steps = reading.steps_to_the_next(most_seconds=checkpoint_seconds)
            end = min(run.step + num_steps, (epoch + 1) * steps_per_epoch, run.num_steps)
            losses = train_steps(run, feed, end, stop)
            reading = read(
                run.fabric,
                losses,
                wants_stop=stop.is_requested,
                wants_save=time.monotonic() - saved_at > checkpoint_seconds,
                seconds_per_step=seconds_per_step,
            )
            add_losses(run, reading.losses)
            _show(bar, reading.losses, run.config.training.global_batch_size)
            seconds = time.monotonic() - started
            run.seconds += seconds
            seconds_per_step = seconds / len(losses)

            is_epoch_end = run.step % steps_per_epoch == 0 or run.is_finished
            if is_epoch_end:
                finish_epoch(run, feed.batches, validation, epoch)
            if is_epoch_end or reading.should_stop or reading.should_save:
                run.save(epoch + 1 if is_epoch_end else None)
                saved_at = time.monotonic()
    for logger in run.fabric.loggers:
        logger.finalize("success")  # else what it has not written yet is lost


def train_steps(run: Run, feed: Feed, end: int, stop: StopRequest) -> list[dict[str, Tensor]]:
    """Trains until `end` steps are done; returns the losses of each.

    A process that is alone stops at once, others when all have agreed to.
    """
    losses = []
    while run.step < end:
        losses.append(train_step(run, *feed.at(run.step)))
        run.step += 1
        if stop.is_requested and run.fabric.world_size == 1:
            break
    return losses


def train_step(
    run: Run, images: Tensor, masks: Tensor, shown: Tensor | None = None
) -> dict[str, Tensor]:
    """One optimizer step; returns its losses, which stay on the device: nothing waits for them.

    `shown` is what the network is shown, if that is not `images` themselves.

    Among them is the norm of the gradients, before it is clipped, where that or a log needs it.
    """
    fabric, config = run.fabric, run.config.training
    torch.manual_seed(seed_of(config.seed, run.step, "dropout", fabric.global_rank))
    for group in run.optimizer.param_groups:
        group["lr"] = config.rate_at(run.step, run.num_steps)
    values = (images, masks, images if shown is None else shown)
    micro_batches = list(zip(*(one.chunk(config.accumulate) for one in values), strict=True))
    of_parts = [
        learn(run, *part, share=1 / len(micro_batches), is_last=part is micro_batches[-1])
        for part in micro_batches
    ]
    losses = {name: torch.stack([part[name] for part in of_parts]).mean() for name in of_parts[0]}
    if config.max_gradient_norm or fabric.loggers:
        norm = fabric.clip_gradients(
            run.model,
            run.optimizer,
            max_norm=config.max_gradient_norm or math.inf,
            error_if_nonfinite=False,  # to know that it would wait; `add_losses` checks it later
        )
        assert norm is not None
        losses[GRADIENT_NORM] = norm
    run.optimizer.step()
    run.optimizer.zero_grad()
    if run.averaged:
        run.averaged.update_parameters(run.bare_model)
    return losses


def learn(
    run: Run, images: Tensor, masks: Tensor, shown: Tensor, *, share: float, is_last: bool
) -> dict[str, Tensor]:
    """Adds the gradients of a micro-batch, `share` of the step's pictures; returns its losses.

    Gradients are averaged over the processes with the last one of the step.
    """
    with run.fabric.no_backward_sync(run.model, enabled=not is_last):
        prediction, terms = run.model(shown, masks, images.new_full((), run.progress))
        compared = prediction[: len(images)]  # without fills that stand for no truth
        loss = sum(terms.values(), run.criterion(compared, images, masks)).mean()
        if run.adversary:
            loss = loss + run.adversary.loss(prediction, images, masks)
        run.fabric.backward(share * loss)
    losses = {"training_loss": loss.detach()}
    losses |= {f"training_{name}": term.detach().mean() for name, term in terms.items()}
    if run.adversary:
        losses["discriminator_loss"] = run.adversary.learn(share=share, is_last=is_last)
    return losses


def add_losses(run: Run, losses: Sequence[dict[str, float]]) -> None:
    """Adds those of the last steps, the newest last, to the sums of the epoch, and logs them.

    Raises:
        TrainingError: One is no number; the message says which, and after which step.
    """
    for step, of_step in enumerate(losses, start=run.step - len(losses) + 1):
        for name, value in of_step.items():
            _check_is_finite(name.replace("_", " "), value, step)
            if name != GRADIENT_NORM:
                run.loss_sums[name] = run.loss_sums.get(name, 0.0) + value
        rate = run.config.training.rate_at(step - 1, run.num_steps)
        values = {"learning_rate": rate, **of_step}
        run.fabric.log_dict({f"step/{name}": value for name, value in values.items()}, step=step)


def finish_epoch(run: Run, batches: Batches, validation: Validation, epoch: int) -> None:
    """Scores the validation pictures, writes the record and keeps the best weights."""
    scores = validation.scores(run.network, run.progress)
    _check_is_finite("validation loss", scores["validation_loss"], run.step)
    steps_in_epoch = run.step - epoch * batches.steps_per_epoch
    record = {
        "epoch": epoch + 1,
        "step": run.step,
        "pictures": run.step * batches.global_batch_size,
        "seconds": round(run.seconds, 1),
        **{name: total / steps_in_epoch for name, total in run.loss_sums.items()},
        **scores,
    }
    if run.step % batches.steps_per_epoch == 0:  # one that ends within an epoch may get more
        run.loss_sums = {}
    has_fallen = scores["validation_loss"] < run.best
    run.best = min(run.best, scores["validation_loss"])
    run.epochs_since_best = 0 if has_fallen else run.epochs_since_best + 1
    # against an adversary the newest weights are the best: their loss may rise as they sharpen
    is_best = has_fallen or run.adversary is not None
    if run.fabric.is_global_zero:
        run.folder.append(record)
        path = run.folder.samples / f"epoch_{epoch + 1:03d}.png"
        picture = np.asarray(validation.write_sheet(run.network, path))
        for logger in run.fabric.loggers:
            assert isinstance(logger, TensorBoardLogger)
            logger.experiment.add_image("samples", picture, run.step, dataformats="HWC")
        if is_best:
            save_weights(run.folder.weights, run.network.state_dict())
    run.fabric.log_dict({k: v for k, v in record.items() if k != "step"}, step=run.step)
    run.model.train()


def _check_is_finite(name: str, value: float, step: int) -> None:
    if not math.isfinite(value):
        raise TrainingError(
            f"the {name} is {value} after step {step}, so nothing more can be learned; start again "
            "with a lower training.learning_rate or with training.max_gradient_norm"
        )


def _show(bar: Any, losses: Sequence[dict[str, float]], batch_size: int) -> None:
    rate = bar.format_dict["rate"]
    speed = f"{rate * batch_size:.0f}" if rate else "?"
    loss = fmean(of_step["training_loss"] for of_step in losses)
    bar.set_postfix_str(f"loss {loss:.4f}, {speed} pictures/s", refresh=False)
    bar.update(len(losses))
