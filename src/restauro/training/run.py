"""Sets a training run up, or takes it up again, and hands it to the loop."""

from __future__ import annotations

import dataclasses
import gc
import json
import platform
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from lightning.fabric import Fabric
from lightning.fabric.loggers.tensorboard import TensorBoardLogger
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from restauro import __version__
from restauro.data.bank import Bank
from restauro.data.batches import Batches
from restauro.errors import ConfigError, MissingExtraError
from restauro.images import Size
from restauro.interrupt import StopRequest
from restauro.losses import LOSSES
from restauro.models import MODELS, WithLosses
from restauro.training.adversary import Adversary
from restauro.training.best import load_weights_into
from restauro.training.checkpoint import load_checkpoint
from restauro.training.config import Config, config_from_dict, config_to_dict, dump_toml
from restauro.training.feed import Feed
from restauro.training.history import forget_after
from restauro.training.loop import Run, fit
from restauro.training.memory import keep_freed_memory
from restauro.training.optimizers import make_optimizer
from restauro.training.validation import Validation


def train(
    config: Config,
    path: Path,
    *,
    resume: bool = False,
    accelerator: str = "auto",
    devices: int = 1,
    num_nodes: int = 1,
    tensorboard: bool = False,
) -> Run:
    """Trains `config` in the run folder `path`; returns the run where it stopped.

    Raises:
        ConfigError: The folder holds another run, or one that `resume` was not asked for.
        BadDataError: The bank cannot be used.
    """
    precision = choose_precision(config.training.precision, accelerator)
    fabric = Fabric(
        accelerator=accelerator,
        devices=devices,
        num_nodes=num_nodes,
        strategy="ddp" if devices * num_nodes > 1 else "auto",
        precision=precision,
        loggers=_tensorboard_logger(path) if tensorboard else None,
    )
    fabric.launch()
    bank = Bank.open(Path(config.data.bank))
    config = with_size(config, bank.size)
    state = _state_to_resume(config, path, resume=resume)
    more_banks, closer_banks = (
        [Bank.open(Path(path)) for path in paths]
        for paths in (config.data.more_banks, config.data.closer_banks)
    )
    batches = Batches(
        bank,
        "train",
        config.training.global_batch_size,
        seed=config.training.seed,
        more_banks=more_banks,
        closer_banks=closer_banks,
        flip_probability=config.data.flip_probability,
        augmentation=config.data.augmentation,
        tone_exponent=config.data.tone_exponent,
        epoch_share=config.training.epoch_share,
        rank=fabric.global_rank,
        num_processes=fabric.world_size,
        device=fabric.device,
    )
    run = build_run(fabric, config, path, batches)
    if state is None:
        _describe_run(run, precision)
    else:
        run.load_state(state)
        if fabric.is_global_zero:
            forget_after(path / "history.jsonl", run.step)
    _check_agreement(run)
    validation = make_validation(fabric, config, bank, run.criterion)
    feed = Feed(batches, config.curriculum, config.training.seed, run.num_steps)
    with StopRequest() as stop, feed:
        fit(run, feed, validation, stop)
    if dist.is_initialized():
        _leave_the_others(run)
    return run


def with_size(config: Config, size: Size) -> Config:
    """`config`, whose network is made for pictures of `size` if it takes a size and is given none.

    It then names that size, so that it builds the network without the bank.
    """
    arguments = config.model.arguments
    default = MODELS.default(config.model.name, "size")
    if "size" in arguments or default is None or default == size:
        return config
    model = dataclasses.replace(config.model, arguments={**arguments, "size": list(size)})
    return dataclasses.replace(config, model=model)


def choose_precision(asked: str, accelerator: str) -> Any:
    """Resolves `auto`: bf16 where the hardware multiplies it natively, else 32 bits."""
    if asked != "auto":
        return asked
    if accelerator != "cpu" and torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"
    has_bf16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16-mixed" if has_bf16 else "32-true"


def make_validation(
    fabric: Fabric, config: Config, bank: Bank, criterion: torch.nn.Module
) -> Validation:
    """The pictures and holes by which all weights of `config` are scored."""
    return Validation(
        fabric,
        bank,
        config.curriculum.end,
        criterion,
        seed=config.training.seed,
        max_images=config.data.max_validation_images,
    )


def build_run(fabric: Fabric, config: Config, path: Path, batches: Batches) -> Run:
    """A new run: network, optimizer and loss as `config` says, the same in every process."""
    keep_freed_memory()
    num_parts = fabric.world_size * config.training.accumulate
    if config.training.global_batch_size % num_parts:
        raise ConfigError(
            f"training.global_batch_size is {config.training.global_batch_size}, but must be a "
            f"multiple of {num_parts}: of training.accumulate times the processes; correct one"
        )
    torch.manual_seed(config.training.seed)
    bare_model = MODELS.create(config.model.name, **config.model.arguments)
    bare_model.check_size(batches.size)
    if config.model.initial_weights:
        load_weights_into(
            bare_model,
            config.model.initial_weights,
            name=type(bare_model).__name__,
            remedy="correct model.initial_weights",
        )
    bare_model = bare_model.to(fabric.device)
    bare_model = bare_model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = None
    if config.training.average_decay:
        average = get_ema_multi_avg_fn(  # type: ignore[no-untyped-call]
            config.training.average_decay
        )
        averaged = AveragedModel(bare_model, multi_avg_fn=average)
    optimizer = make_optimizer(
        config.training.optimizer,
        bare_model,
        config.training.learning_rate,
        config.training.weight_decay,
    )
    network: Any = WithLosses(bare_model)
    if config.training.compile:
        network = torch.compile(network)
    model, optimizer = fabric.setup(network, optimizer)
    criterion = LOSSES.create(config.loss.name, **config.loss.arguments).to(fabric.device)
    num_steps = max(1, round(config.training.epochs * batches.steps_per_epoch))
    adversary = Adversary(fabric, config.adversary) if config.adversary else None
    return Run(
        fabric,
        config,
        path,
        bare_model,
        model,
        averaged,
        optimizer,
        criterion,
        num_steps,
        adversary,
    )


def _check_agreement(run: Run) -> None:
    """Waits for all processes, and checks that they stand at the same step."""
    steps = run.fabric.all_gather(torch.tensor(run.step))
    assert isinstance(steps, torch.Tensor)
    if steps.min() != steps.max():
        raise ConfigError(
            f"{run.path} holds step {steps.max()} on one machine and step {steps.min()} on "
            "another; keep it on storage that all machines share"
        )


def _leave_the_others(run: Run) -> None:
    """Ends the talk between the processes, and the threads that led it.

    Gloo's threads may need the interpreter while it goes away at exit, and then abort the
    process. They end with the group, which the wrapped networks hold, too.
    """
    run.fabric.barrier()
    run.model, run.adversary = run.bare_model, None
    dist.destroy_process_group()
    gc.collect()


def _state_to_resume(config: Config, path: Path, *, resume: bool) -> dict[str, Any] | None:
    """The checkpoint to go on from, or None for a new run."""
    checkpoint = path / "last.pt"
    if not checkpoint.exists():
        return None  # also with --resume: a run killed before its first checkpoint starts again
    if not resume:
        raise ConfigError(
            f"{path} holds a run already; continue it with --resume, or choose another --run"
        )
    state = load_checkpoint(checkpoint)
    saved, asked = state["config"], config_to_dict(config)
    if _comparable(saved) != _comparable(asked):
        differing = ", ".join(_differences(saved, asked))
        raise ConfigError(
            f"{path} was trained with other settings ({differing}); resume it with "
            f"{path / 'config.toml'}, or choose another --run"
        )
    return state


def _comparable(values: dict[str, Any]) -> dict[str, Any]:
    """What must not change on resume: the bank may have moved, and what is kept may differ."""
    config = config_from_dict(values)
    plain = config_to_dict(config)
    plain["data"].pop("bank")
    for key in ("checkpoint_minutes", "keep_checkpoints", "patience"):
        plain["training"].pop(key)
    return plain


def _differences(one: dict[str, Any], other: dict[str, Any], where: str = "") -> list[str]:
    keys = sorted(one.keys() | other.keys())
    found = []
    for key in keys:
        a, b = one.get(key), other.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += _differences(a, b, f"{where}{key}.")
        elif a != b:
            found.append(f"{where}{key} is {a!r} there and {b!r} here")
    return found


def _describe_run(run: Run, precision: str) -> None:
    """Writes config and environment beside the run, so that it explains itself."""
    if not run.fabric.is_global_zero:
        return
    run.path.mkdir(parents=True, exist_ok=True)
    (run.path / "history.jsonl").unlink(missing_ok=True)  # of a run killed before its checkpoint
    (run.path / "config.toml").write_text(dump_toml(config_to_dict(run.config)), encoding="utf-8")
    environment = {
        "restauro": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "device": str(run.fabric.device),
        "threads": torch.get_num_threads(),
        "processes": run.fabric.world_size,
        "precision": precision,
        "parameters": sum(p.numel() for p in run.bare_model.parameters()),
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    (run.path / "environment.json").write_text(json.dumps(environment, indent=2) + "\n")


def _tensorboard_logger(path: Path) -> Any:
    try:
        return TensorBoardLogger(path.parent, name=path.name, version="tensorboard")
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "--tensorboard needs the tensorboard package; install it with "
            "`pip install 'restauro[tensorboard]'`"
        ) from error
