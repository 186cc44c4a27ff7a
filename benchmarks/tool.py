"""Speed and size of the tool as a Markdown table; each line is a ratio or a bar within one run.

    python benchmarks/tool.py [--rounds N] [--pictures N] [--install]

- *command*: `restauro inpaint` on a 128x128 picture, whole process: processor seconds and peak
  memory, from the resource usage of the child; once more with imports only, for comparison.
- *call*: `restorer(image, mask)` at 128x128 against ONNX Runtime alone on prepared arrays, and what
  the latter takes with two threads, in wall time: an absolute figure, so only of a quiet machine.
- *photo*: a 12-megapixel photo with a 200x200 hole against its own window, cut out beforehand.
  Both are arrays in memory: decoding and encoding a photo cost the same with every tool.
- *folder*: many small pictures with `--jobs 2` against `--jobs 1`, whole command. The interpreter's
  start is in it, so few pictures understate the ratio.
- *install* (`--install`, network): what `pip install --dry-run` would fetch into an empty
  environment, for restauro's core and for two peers.

Each round times both sides one after the other, and the median of the ratios counts: a busy
machine blurs it, but does not shift it. One command, one call and the photo are counted in
processor seconds, the folder in wall time: two jobs need two free cores.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import PIL.Image

import restauro
from restauro.fill.catalogue import FACES, model_path
from restauro.picture.types import Image, Mask

ROOT = Path(__file__).parents[1]
PEERS = ("iopaint", "simple-lama-inpainting")
SIDE = 128
PHOTO_SIZE = (3000, 4000)
HOLE_PX = 200
PIP_SECONDS = 1200  # it reads the metadata of more than a hundred distributions
CONTEXT = 2
"""Side of the window around the photo's hole, as a multiple of the hole's."""


class Line(NamedTuple):
    """A row of the table."""

    what: str
    value: str
    bar: str
    is_reached: bool | None = None


def example(size: tuple[int, int], hole_px: int) -> tuple[Image, Mask]:
    """A smooth image with some noise, and a square hole in its middle."""
    height, width = size
    rng = np.random.default_rng(0)
    coarse = PIL.Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), PIL.Image.Resampling.BICUBIC))
    image = smooth // 2 + rng.integers(0, 20, (height, width, 3), dtype=np.uint8)
    mask = np.zeros(size, dtype=bool)
    top, left = (height - hole_px) // 2, (width - hole_px) // 2
    mask[top : top + hole_px, left : left + hole_px] = True
    return image, mask


def seconds_of(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """What `clock` says that `work` took."""
    started = clock()
    work()
    return clock() - started


def median_ratio(
    numerator: Callable[[], object],
    denominator: Callable[[], object],
    rounds: int,
    clock: Callable[[], float],
) -> float:
    """Median over the rounds of the ratio of two times, after one round to warm up."""
    ratios = []
    for number in range(rounds + 1):
        pair = [numerator, denominator]
        times = {work: seconds_of(work, clock) for work in (pair if number % 2 else reversed(pair))}
        if number:
            ratios.append(times[numerator] / times[denominator])
    return statistics.median(ratios)


def inpaint(*arguments: str | Path) -> None:
    """`restauro inpaint` as users call it, in a process of its own."""
    command = [sys.executable, "-m", "restauro", "inpaint", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def command_line(folder: Path, rounds: int) -> list[Line]:
    """Processor seconds and peak memory of the whole command."""
    image, mask = example((SIDE, SIDE), SIDE // 3)
    paths = [folder / name for name in ("in.png", "mask.png", "out.png")]
    PIL.Image.fromarray(image).save(paths[0])
    PIL.Image.fromarray(mask).save(paths[1])
    seconds = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        inpaint(*paths, "--force")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    used, peak = statistics.median(seconds), peak_megabytes(folder, paths)
    return [
        Line("whole command, 128x128", f"{used:.2f} s of processor time", "0.6 s", used <= 0.6),
        Line("whole command, 128x128", f"{peak:.0f} MB at its peak", "150 MB", peak <= 150),
    ]


def peak_megabytes(folder: Path, paths: list[Path]) -> float:
    """Peak memory of one call: a small process starts it, whose only child it is."""
    watch = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    arguments = ["-m", "restauro", "inpaint", *map(str, paths), "--force"]
    command = [sys.executable, "-c", watch, sys.executable, *arguments]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout
    kibibyte = 1024 if sys.platform == "linux" else 1  # macOS counts in bytes
    return int(printed) * kibibyte / 1e6


def one_call(rounds: int) -> list[Line]:
    """The tool's call against ONNX Runtime alone, with one thread each; then that with two."""
    restorer = restauro.load(FACES, threads=1)
    image, mask = example((SIDE, SIDE), SIDE // 3)
    hole = mask.astype(np.float32)[None, None]
    visible = (image / np.float32(255)).transpose(2, 0, 1)[None].astype(np.float32) * (1 - hole)
    inputs = {"image": visible, "mask": hole}
    bare, bare_with_two = bare_session(1), bare_session(2)
    ratio = median_ratio(
        lambda: restorer(image, mask),
        lambda: bare.run(None, inputs),
        10 * rounds,
        time.process_time,
    )
    taken = [
        seconds_of(lambda: bare_with_two.run(None, inputs), time.perf_counter)
        for _ in range(100 * rounds)
    ]
    ms = 1000 * statistics.median(taken)
    return [
        Line("one 128x128 call / ONNX Runtime alone", f"{ratio:.2f}", "1.3", ratio <= 1.3),
        Line("128x128 in ONNX Runtime, two threads", f"{ms:.1f} ms", "15 ms", ms <= 15),
    ]


def bare_session(threads: int) -> Any:
    """The default model in ONNX Runtime without anything around it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(
        model_path(FACES), options, providers=["CPUExecutionProvider"]
    )


def photo(rounds: int) -> Line:
    """A large photo with a small hole against the window around the hole."""
    restorer = restauro.load(FACES, threads=1)
    image, mask = example(PHOTO_SIZE, HOLE_PX)
    height, width = PHOTO_SIZE
    side = CONTEXT * HOLE_PX
    top, left = (height - side) // 2, (width - side) // 2
    window = np.s_[top : top + side, left : left + side]
    small_image, small_mask = image[window].copy(), mask[window].copy()
    ratio = median_ratio(
        lambda: restorer(image, mask),
        lambda: restorer(small_image, small_mask),
        rounds,
        time.process_time,
    )
    what = "12-megapixel photo with a 200x200 hole / its window"
    return Line(what, f"{ratio:.2f}", "3", ratio <= 3)


def folder_job(folder: Path, num_pictures: int, rounds: int) -> Line:
    """Two processes against one, whole command."""
    image, mask = example((SIDE, SIDE), SIDE // 3)
    pictures, output = folder / "pictures", folder / "output"
    pictures.mkdir()
    for number in range(num_pictures):
        PIL.Image.fromarray(np.roll(image, number, axis=1)).save(pictures / f"{number}.png")
    PIL.Image.fromarray(mask).save(folder / "one_mask.png")

    def job(count: int) -> None:
        shutil.rmtree(output, ignore_errors=True)
        mask_path = folder / "one_mask.png"
        inpaint(pictures, "--mask", mask_path, "--output", output, "--jobs", str(count))

    ratio = median_ratio(lambda: job(1), lambda: job(2), rounds, time.perf_counter)
    what = f"folder of {num_pictures} pictures, rate of `--jobs 2` / `--jobs 1`"
    return Line(what, f"{ratio:.2f}", "1.7", ratio >= 1.7)


def install_size(folder: Path) -> list[Line]:
    """Distributions and download bytes of restauro's core and of its peers."""
    lines = []
    for what in (str(ROOT), *PEERS):
        report = folder / "report.json"
        pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        options = ["--quiet", "--report", str(report), what]
        name = "restauro" if what == str(ROOT) else what
        try:
            subprocess.run([*pip, *options], capture_output=True, check=True, timeout=PIP_SECONDS)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            lines.append(Line(f"install {name}", f"no answer: {type(error).__name__}", ""))
            continue
        items = json.loads(report.read_text())["install"]
        sizes = [download_bytes(item["download_info"]["url"]) for item in items]
        value = f"{len(items)} distributions, {sum(filter(None, sizes)) / 1e6:.0f} MB"
        if None in sizes:
            value += f" and {sizes.count(None)} of unknown size"
        lines.append(Line(f"install {name}", value, ""))
    return lines


def download_bytes(url: str) -> int | None:
    """What a file has, on a server or in a mirror's folder; None if the server does not say."""
    address = urllib.parse.urlparse(url)
    if address.scheme == "file":
        path = Path(urllib.request.url2pathname(address.path))
        return path.stat().st_size if path.is_file() else wheel_bytes(path)
    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.headers["Content-Length"])
    except (OSError, TypeError):
        return None


def wheel_bytes(source: Path) -> int:
    """What the wheel of a source folder has."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder]
        subprocess.run([*pip, str(source)], check=True, capture_output=True)
        return sum(path.stat().st_size for path in Path(folder).iterdir())


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Rounds of each comparison.")
@click.option(
    "--pictures", default=1000, show_default=True, help="Pictures of the folder; 0 leaves it out."
)
@click.option("--install", is_flag=True, help="Ask pip what it would fetch: slow, needs a network.")
def main(rounds: int, pictures: int, install: bool) -> None:
    """Measures the tool and prints a Markdown table; exit status 1 if a bar is not reached."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [*command_line(folder, rounds), *one_call(rounds), photo(rounds)]
        if pictures:
            lines.append(folder_job(folder, pictures, max(1, rounds // 2)))
        if install:
            lines += install_size(folder)
    cores, load = os.cpu_count(), os.getloadavg()[0]
    click.echo(f"{cores} cores, load {load:.1f}, {rounds} rounds\n")
    click.echo("| what | measured | bar | reached |\n| --- | --- | --- | --- |")
    verdicts = {True: "yes", False: "**no**", None: ""}
    for line in lines:
        click.echo(f"| {line.what} | {line.value} | {line.bar} | {verdicts[line.is_reached]} |")
    sys.exit(int(any(line.is_reached is False for line in lines)))


if __name__ == "__main__":
    main()
