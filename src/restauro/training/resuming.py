"""What a run may change when it goes on from its checkpoint, and what it may not."""

from __future__ import annotations

from typing import Any

from restauro.errors import ConfigError
from restauro.training.config import Config, config_from_dict, config_to_dict, differences
from restauro.training.loop import Run
from restauro.training.run_folder import RunFolder
from restauro.training.weights import load_checkpoint

NOTED = ("training.epochs", "training.cycles")
"""Settings that may change on resume, with a note in the history: the end, and the schedule."""
MAY_CHANGE = {
    *NOTED,
    *("training.checkpoint_minutes", "training.keep_checkpoints", "training.patience"),
    *("data.bank", "data.more_banks", "data.closer_banks"),  # their pictures may not
    "imports",
}


def checkpoint_in(folder: RunFolder, *, resume: bool) -> dict[str, Any] | None:
    """The checkpoint to go on from, or None for a new run.

    Raises:
        ConfigError: There is a run, which `resume` was not asked for.
    """
    has_checkpoint = folder.checkpoint.exists()
    if not resume and (has_checkpoint or folder.weights.exists()):
        raise ConfigError(
            f"{folder.path} holds a run already; continue it with --resume, or choose another --run"
        )
    # with --resume, too, a run that was killed before its first checkpoint starts again
    return load_checkpoint(folder.checkpoint) if has_checkpoint else None


def changed_settings(
    state: dict[str, Any], config: Config, folder: RunFolder
) -> dict[str, list[Any]]:
    """What differs from the settings of the checkpoint, of those that are `NOTED`.

    Raises:
        ConfigError: One differs that may not.
    """
    before = config_to_dict(config_from_dict(state["config"]))
    changed = differences(before, config_to_dict(config))
    refused = [
        f"{key} is {there!r} there and {here!r} here"
        for key, (there, here) in changed.items()
        if key not in MAY_CHANGE
    ]
    if refused:
        raise ConfigError(
            f"{folder.path} was trained with other settings ({', '.join(refused)}); resume it with "
            f"{folder.config} as the run wrote it, or choose another --run"
        )
    return {key: values for key, values in changed.items() if key in NOTED}


def take_up(
    run: Run, state: dict[str, Any], steps_per_epoch: int, changes: dict[str, list[Any]]
) -> None:
    """Brings the run to where the checkpoint left it.

    Raises:
        ConfigError: The banks are not those of the checkpoint, wherever they lie now; or the end of
            the run is past, or within an epoch that has no scores yet.
    """
    paths, paths_before = run.config.data.banks(), config_from_dict(state["config"]).data.banks()
    # a checkpoint from before they were noted says nothing of them
    for key, checksums in state.get("banks", run.banks).items():
        if checksums != run.banks[key]:
            raise ConfigError(
                f"data.{key} has other pictures in {', '.join(paths[key]) or 'no bank'} than "
                f"{run.folder.path} was trained with, then in "
                f"{', '.join(paths_before[key]) or 'no bank'}; "
                "give it those, wherever they lie now, or choose another --run"
            )
    run.load_state(state)
    is_unscored = bool(changes) and run.step % steps_per_epoch > 0
    if run.num_steps < run.step or (is_unscored and run.is_finished):
        raise ConfigError(
            f"training.epochs is {run.config.training.epochs:g}, but {run.folder.path} has done "
            f"{run.step / steps_per_epoch:.4g} already; ask for more"
        )
