"""The training loop, written out: no callbacks, no trainer.

Everything random comes from (seed, step), and the state of a run is what `Run.state` lists, so a
run that was killed at any moment goes on as if nothing had happened.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from restauro.data.batches import Batches
from restauro.errors import TrainingError
from restauro.interrupt import StopRequest
from restauro.progress import progress_bar
from restauro.seeds import seed_of
from restauro.training.adversary import Adversary
from restauro.training.checkpoint import save_checkpoint, save_weights
from restauro.training.config import Config, config_to_dict
from restauro.training.history import append_record
from restauro.training.schedule import learning_rate
from restauro.training.validation import Validation


@dataclass
class Run:
    """A training run: what is trained, where it stands and where it is kept."""

    fabric: Fabric
    config: Config
    path: Path
    bare_model: nn.Module
    """The network itself, without Fabric's and the compiler's wrappers."""
    model: nn.Module
    """The same network, wrapped."""
    averaged: AveragedModel | None
    optimizer: torch.optim.Optimizer
    criterion: nn.Module
    num_steps: int
    """Optimizer steps of the whole run."""
    adversary: Adversary | None = None
    """The discriminator that learns beside the network, if there is one."""
    step: int = 0
    """Optimizer steps done."""
    best: float = float("inf")
    """Lowest validation loss so far."""
    loss_sum: float = 0.0
    """Sum of the training losses of the epoch's steps so far."""
    discriminator_loss_sum: float = 0.0
    """The same of the discriminator; 1.39 a step where it cannot tell, towards 0 where it can."""
    seconds: float = 0.0
    """Time spent in training steps, over all sessions of the run."""

    @property
    def is_finished(self) -> bool:
        """Whether every step is done."""
        return self.step >= self.num_steps

    @property
    def network(self) -> nn.Module:
        """The network that is validated and released: the average, if there is one."""
        return self.averaged.module if self.averaged else self.bare_model

    def state(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "model": self.bare_model.state_dict(),
            "averaged": self.averaged.state_dict() if self.averaged else {},
            "optimizer": self.optimizer.state_dict(),
            "adversary": self.adversary.state() if self.adversary else {},
            "config": config_to_dict(self.config),
            "step": self.step,
            "best": self.best,
            "loss_sum": self.loss_sum,
            "discriminator_loss_sum": self.discriminator_loss_sum,
            "seconds": self.seconds,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continues where `state` was taken."""
        self.bare_model.load_state_dict(state["model"])
        if self.averaged:
            self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.adversary:
            self.adversary.load_state(state["adversary"])
            self.discriminator_loss_sum = state["discriminator_loss_sum"]
        self.step, self.best = state["step"], state["best"]
        self.loss_sum, self.seconds = state["loss_sum"], state["seconds"]

    def save(self) -> None:
        """Writes the checkpoint `last.pt`; the first process alone does."""
        if self.fabric.is_global_zero:
            save_checkpoint(self.path / "last.pt", self.state())


def fit(run: Run, batches: Batches, validation: Validation, stop: StopRequest) -> None:
    """Trains from `run.step` to the end, or until `stop` is asked for; saves in both cases."""
    fabric, config = run.fabric, run.config.training
    bar = progress_bar(
        run.num_steps,
        "step",
        is_shown=fabric.is_global_zero,
        initial=run.step,
        desc=run.config.name,
    )
    saved_at = time.monotonic()
    run.model.train()
    while not run.is_finished:
        started = time.monotonic()
        step, epoch = run.step, run.step // batches.steps_per_epoch
        rng = torch.Generator().manual_seed(seed_of(config.seed, step, "holes"))
        torch.manual_seed(seed_of(config.seed, step, "dropout", fabric.global_rank))
        images = batches.at(step)  # (B, 3, H, W): this process's slice of the global batch
        masks = run.config.curriculum.draw(
            epoch, config.global_batch_size, batches.size, rng, fabric.device
        )[batches.slice_of_this_process].float()  # (B, 1, H, W), 1 = hole
        for group in run.optimizer.param_groups:
            group["lr"] = learning_rate(step, run.num_steps, config)
        prediction = run.model(images, masks)
        loss = run.criterion(prediction, images, masks).mean()
        if run.adversary:
            loss = loss + run.adversary.loss(prediction, images, masks).mean()
        fabric.backward(loss)
        if config.max_gradient_norm:
            fabric.clip_gradients(run.model, run.optimizer, max_norm=config.max_gradient_norm)
        run.optimizer.step()
        run.optimizer.zero_grad()
        if run.averaged:
            run.averaged.update_parameters(run.bare_model)
        discriminator_loss = run.adversary.learn() if run.adversary else torch.zeros_like(loss)
        run.step += 1
        losses = torch.stack([loss.detach(), discriminator_loss])
        (loss_value, discriminator_value), should_stop = _agree(fabric, losses, stop.is_requested)
        _check_is_finite("training loss", loss_value, run.step)
        run.loss_sum += loss_value
        run.discriminator_loss_sum += discriminator_value
        run.seconds += time.monotonic() - started
        _show(bar, loss_value, config.global_batch_size)

        is_epoch_end = run.step % batches.steps_per_epoch == 0 or run.is_finished
        if is_epoch_end:
            finish_epoch(run, batches, validation, epoch)
        if (
            is_epoch_end
            or should_stop
            or time.monotonic() - saved_at > 60 * config.checkpoint_minutes
        ):
            run.save()
            saved_at = time.monotonic()
        if should_stop:
            break
    bar.close()


def finish_epoch(run: Run, batches: Batches, validation: Validation, epoch: int) -> None:
    """Scores the validation pictures, writes the record and keeps the best weights."""
    scores = validation.scores(run.network)
    _check_is_finite("validation loss", scores["validation_loss"], run.step)
    steps_in_epoch = run.step - epoch * batches.steps_per_epoch
    record = {
        "epoch": epoch + 1,
        "step": run.step,
        "pictures": run.step * batches.global_batch_size,
        "seconds": round(run.seconds, 1),
        "training_loss": run.loss_sum / steps_in_epoch,
        **scores,
    }
    if run.adversary:
        record["discriminator_loss"] = run.discriminator_loss_sum / steps_in_epoch
    run.loss_sum = run.discriminator_loss_sum = 0.0
    # against an adversary the newest weights are the best: their loss may rise as they sharpen
    is_best = run.adversary is not None or scores["validation_loss"] < run.best
    run.best = min(run.best, scores["validation_loss"])
    if run.fabric.is_global_zero:
        append_record(run.path / "history.jsonl", record)
        validation.write_sheet(run.network, run.path / "samples" / f"epoch_{epoch + 1:03d}.png")
        if is_best:
            save_weights(run.path / "best.safetensors", run.network.state_dict())
    run.fabric.log_dict({k: v for k, v in record.items() if k != "step"}, step=run.step)
    run.model.train()


def _agree(fabric: Fabric, losses: Tensor, wants_stop: bool) -> tuple[list[float], bool]:
    """The mean losses over all processes, and whether any of them was asked to stop."""
    flag = torch.tensor([float(wants_stop)], device=losses.device)
    mean = fabric.all_reduce(torch.cat([losses.float(), flag]), reduce_op="mean")
    assert isinstance(mean, Tensor)
    *values, stops = mean.tolist()  # on a GPU this waits for the step to end
    return values, stops > 0


def _check_is_finite(name: str, value: float, step: int) -> None:
    if not math.isfinite(value):
        raise TrainingError(
            f"the {name} is {value} after step {step}, so nothing more can be learned; start again "
            "with a lower training.learning_rate or with training.max_gradient_norm"
        )


def _show(bar: Any, loss: float, batch_size: int) -> None:
    rate = bar.format_dict["rate"]
    speed = f"{rate * batch_size:.0f}" if rate else "?"
    bar.set_postfix_str(f"loss {loss:.4f}, {speed} pictures/s", refresh=False)
    bar.update()
