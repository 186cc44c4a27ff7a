"""The processes of an evaluation, where the pool's own tests do not see them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lifelines import Lifeline
from restauro.errors import RestauroError
from restauro.evaluation.plan import find_methods
from restauro.evaluation.protocols import choose_protocols
from restauro.evaluation.score import Part, run_parts
from restauro.interrupt import StopRequest
from tinyfolders import textured, write_bank

TESTS = Path(__file__).parents[1]
WAITS = """
import multiprocessing
import threading
from pathlib import Path

from lifelines import hold
from restauro.plugins import method


@method("waits")
def waits(image, mask):
    if multiprocessing.parent_process():
        hold(Path(__file__).with_name("line"))
        threading.Event().wait()
    return image
"""
DIES = """
import os

from restauro.plugins import method


@method("dies")
def dies(image, mask):
    if image[0, 0, 0] == 7:
        os._exit(3)
    return image
"""


def test_processes_end_with_an_evaluation_that_is_killed(tmp_path: Path) -> None:
    bank = write_bank(tmp_path / "bank", textured(40))  # more than one part
    mine = tmp_path / "waits.py"
    mine.write_text(WAITS)
    command = [sys.executable, "-m", "restauro", "evaluate", "--jobs", "2"]
    command += ["--data", str(bank), "--methods", str(mine), "-o", str(tmp_path / "out")]
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    with (
        Lifeline(tmp_path / "line") as line,
        subprocess.Popen(
            command, stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": path}
        ) as evaluation,
    ):
        line.next_holder()
        line.next_holder()
        evaluation.send_signal(signal.SIGKILL)
        line.wait_for_end()


def test_pictures_that_end_their_process_are_named_when_the_others_are_done(
    tmp_path: Path,
) -> None:
    images = textured(12)
    images[4, 0, 0, 0] = 7
    bank = write_bank(tmp_path / "bank", images)
    mine = tmp_path / "dies.py"
    mine.write_text(DIES)
    (dies,) = find_methods([str(mine)])
    (box,) = choose_protocols(["box"])
    files = [tmp_path / f"{number}.npz" for number in range(3)]
    parts = [
        Part(box, rows, {dies: path})
        for rows, path in zip(np.split(np.arange(12), 3), files, strict=True)
    ]
    done: list[int] = []
    sentence = "box ended its process twice, at 4 pictures from position 4 on and by dies, perhaps"
    with pytest.raises(RestauroError, match=sentence):
        done.extend(run_parts(bank, parts, ["hole_psnr"], 0, 2, StopRequest()))
    assert done == [4, 4]
    assert [path.exists() for path in files] == [True, False, True]
