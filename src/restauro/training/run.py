"""Sets a training run up, or takes it up again, and hands it to the loop."""

from __future__ import annotations

import ctypes
import dataclasses
import gc
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from lightning_fabric import Fabric
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from restauro import __version__
from restauro.data.bank import Bank
from restauro.data.batches import Batches
from restauro.errors import ConfigError, OutputExistsError, TrainingError, needed
from restauro.imports import imported
from restauro.interrupt import StopRequest
from restauro.losses import LOSSES
from restauro.models import MODELS, WithLosses
from restauro.picture.types import Size
from restauro.training.adversary import Adversary
from restauro.training.config import Config, load_config
from restauro.training.copying import CopyFeed, CopyValidation
from restauro.training.feed import Feed
from restauro.training.finding import DamageFeed, DamageValidation
from restauro.training.loop import Run, fit
from restauro.training.optimizers import OPTIMIZERS
from restauro.training.resuming import changed_settings, checkpoint_in, take_up
from restauro.training.run_folder import RunFolder
from restauro.training.validation import Validation
from restauro.training.weights import load_weights_into

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # from glibc's malloc.h


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
        OutputExistsError: Another run is training in the folder.
        BadDataError: The bank cannot be used.
        TrainingError: The disk is full, or the loss is no number any more.
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
    folder = RunFolder(path)
    with _in_one_sentence(folder), _only_run_in(folder, fabric), _without_denormals():
        return _train(config, folder, fabric, precision, resume=resume)


@contextmanager
def _only_run_in(folder: RunFolder, fabric: Fabric) -> Iterator[None]:
    """The first process holds the lock of the folder; without it all processes fail alike."""
    with ExitStack() as stack:
        refusal = None
        if fabric.is_global_zero:
            try:
                stack.enter_context(folder.locked())
            except (OutputExistsError, OSError) as error:
                refusal = error
        refusal = fabric.broadcast(refusal)
        if refusal is not None:
            raise refusal
        yield


@contextmanager
def _without_denormals() -> Iterator[None]:
    """Takes numbers below 1e-38 for 0, in this thread and those that it starts.

    The gradients of a network that has learned are full of them, and a processor takes many times
    as long for each: a step that goes on from `faces` takes a fifth of its time so (docs/log.md).
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _feed(run: Run, batches: Batches) -> Feed:
    """What the steps of the run see, ready to be asked."""
    config = run.config
    arguments = batches, config.curriculum, config.training.seed, run.num_steps
    if config.task == "find":
        return DamageFeed(*arguments)
    if not config.data.copied_batches:
        return Feed(*arguments)
    feed = CopyFeed(*arguments, folder=run.folder.copies, num_batches=config.data.copied_batches)
    feed.prepare()
    return feed


@contextmanager
def _in_one_sentence(folder: RunFolder) -> Iterator[None]:
    """Turns what ends a training from outside into errors that a user can mend."""
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"{error.filename or folder.path} cannot be written ({error.strerror or error}); make "
            "room or mend its rights, then go on with --resume"
        ) from error
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and "/gloo/" not in str(error):
            raise
        raise TrainingError(
            f"another process of the run in {folder.path} has ended; see what it says, then go on "
            "with --resume"
        ) from error


def _train(
    config: Config, folder: RunFolder, fabric: Fabric, precision: str, *, resume: bool
) -> Run:
    banks = {
        key: [Bank.open(Path(path)) for path in paths] for key, paths in config.data.banks().items()
    }
    (bank,) = banks["bank"]
    if resume and folder.config.exists():
        load_config(folder.config)  # imports again what the run did: the command need not say it
    config = dataclasses.replace(config, imports=imported())
    config = with_size(config, bank.size)
    state = checkpoint_in(folder, resume=resume)
    changes = changed_settings(state, config, folder) if state else {}
    batches = Batches(
        bank,
        "train",
        config.training.global_batch_size,
        seed=config.training.seed,
        more_banks=banks["more_banks"],
        closer_banks=banks["closer_banks"],
        flip_probability=config.data.flip_probability,
        augmentation=config.data.augmentation,
        tone_exponent=config.data.tone_exponent,
        epoch_share=config.training.epoch_share,
        rank=fabric.global_rank,
        num_processes=fabric.world_size,
        device=fabric.device,
    )
    run = build_run(fabric, config, folder.path, batches)
    run.banks = {key: [bank.checksum() for bank in opened] for key, opened in banks.items()}
    if state:
        take_up(run, state, batches.steps_per_epoch, changes)
    _check_agreement(run)
    validation = make_validation(fabric, config, bank, run.criterion)
    if fabric.is_global_zero:
        _describe(run, precision, changes)
    feed = _feed(run, batches)
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
    kind = DamageValidation if config.task == "find" else Validation
    if config.data.copied_batches:
        kind = CopyValidation
    return kind(
        fabric,
        bank,
        config.curriculum.end,
        criterion,
        seed=config.training.seed,
        max_images=config.data.max_validation_images,
    )


def build_run(fabric: Fabric, config: Config, path: Path, batches: Batches) -> Run:
    """A new run: network, optimizer and loss as `config` says, the same in every process."""
    _keep_freed_memory()
    training = config.training
    num_parts = fabric.world_size * training.accumulate
    if training.global_batch_size % num_parts:
        raise ConfigError(
            f"training.global_batch_size is {training.global_batch_size}, but must be a multiple "
            f"of {num_parts}: of training.accumulate times the processes; correct one"
        )
    torch.manual_seed(training.seed)
    bare_model = MODELS.create(config.model.name, **config.model.arguments)
    if bare_model.task != config.task:
        raise ConfigError(
            f"the model {config.model.name!r} is for the task {bare_model.task!r}, but the config "
            f"says {config.task!r}; correct model.name or task"
        )
    bare_model.check_size(batches.size)
    if config.data.copied_batches and fabric.world_size > 1:
        raise ConfigError(
            f"data.copied_batches is {config.data.copied_batches}, but copies are drawn for one "
            f"process, not {fabric.world_size}; train with --devices 1"
        )
    if bool(config.data.copied_batches) != getattr(bare_model, "sees_copies", False):
        raise ConfigError(
            f"data.copied_batches is {config.data.copied_batches}, but must be above 0 for a model "
            "that is shown copies, and 0 for any other; correct it, or model.name"
        )
    if config.model.initial_weights:
        load_weights_into(
            bare_model,
            config.model.initial_weights,
            name=type(bare_model).__name__,
            remedy="correct model.initial_weights",
            is_smaller=True,
        )
    bare_model = bare_model.to(fabric.device)
    bare_model = bare_model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = None
    if training.average_decay:
        average = get_ema_multi_avg_fn(training.average_decay)  # type: ignore[no-untyped-call]
        averaged = AveragedModel(bare_model, multi_avg_fn=average)
    make_optimizer = OPTIMIZERS[training.optimizer]
    optimizer = make_optimizer(bare_model, training.learning_rate, training.weight_decay)
    network: Any = WithLosses(bare_model)
    if training.compile:
        network = torch.compile(network)
    model, optimizer = fabric.setup(network, optimizer)
    return Run(
        fabric=fabric,
        config=config,
        folder=RunFolder(path),
        bare_model=bare_model,
        model=model,
        averaged=averaged,
        optimizer=optimizer,
        criterion=LOSSES.create(config.loss.name, **config.loss.arguments).to(fabric.device),
        num_steps=max(1, round(training.epochs * batches.steps_per_epoch)),
        adversary=Adversary(fabric, config.adversary) if config.adversary else None,
    )


def _keep_freed_memory() -> None:
    """Tells glibc's allocator to reuse large blocks; elsewhere does nothing.

    A training step frees and takes the same gigabytes again. By default every large block comes
    fresh from the system, which clears it page by page: on two shared cores that took more than
    half of the processor time of the report's model (docs/log.md, 2026-11-23).
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return  # another C library, such as musl
    mallopt(_M_MMAP_MAX, 0)
    mallopt(_M_TRIM_THRESHOLD, -1)


def _check_agreement(run: Run) -> None:
    """Waits for all processes, and checks that they stand at the same step."""
    steps = run.fabric.all_gather(torch.tensor(run.step))
    assert isinstance(steps, torch.Tensor)
    if steps.min() != steps.max():
        raise ConfigError(
            f"{run.folder.path} holds step {steps.max()} on one machine and step {steps.min()} on "
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


def _describe(run: Run, precision: str, changes: dict[str, list[Any]]) -> None:
    """Brings all that explains the run to where it stands, before it goes on."""
    run.folder.forget_after(run.step)
    if changes:
        run.folder.append({"changed": changes, "step": run.step})
    run.folder.describe(run.config)
    if run.is_finished:
        return
    run.folder.add_session(
        {
            "restauro": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "device": str(run.fabric.device),
            "threads": torch.get_num_threads(),
            "processes": run.fabric.world_size,
            "precision": precision,
            "parameters": sum(p.numel() for p in run.bare_model.parameters()),
            "banks": run.banks,
            "step": run.step,
            "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        }
    )


def _tensorboard_logger(path: Path) -> Any:
    with needed("--tensorboard needs the tensorboard package", "'restauro[tensorboard]'"):
        return TensorBoardLogger(path.parent, name=path.name, version="tensorboard")
