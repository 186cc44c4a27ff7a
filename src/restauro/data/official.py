"""Where the official data sets lie, their checksums and their terms: one table."""

from __future__ import annotations

from dataclasses import dataclass

from restauro.registry import Registry


@dataclass(frozen=True)
class OfficialFile:
    """One file of a data set."""

    name: str
    url: str
    md5: str
    page: str
    """Where a person can fetch it with a browser."""


@dataclass(frozen=True)
class OfficialSet:
    """A data set with its terms."""

    title: str
    terms: str
    files: tuple[OfficialFile, ...]


DATA_SETS: Registry[OfficialSet] = Registry("data set")


@DATA_SETS.register("celeba")
def celeba() -> OfficialSet:
    """CelebA; identifiers and checksums as in torchvision's `datasets/celeba.py`."""
    return OfficialSet(
        title="CelebA, aligned and cropped (Liu et al. 2015), 202,599 pictures",
        terms=(
            "non-commercial research only; no copies of the pictures to others; "
            "see https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
        ),
        files=(
            _on_google_drive(
                "list_eval_partition.txt",
                "0B7EVK8r0v71pY0NSMzRuSXJEVkk",
                "d32c9cbf5e040fd4025c592c306e6668",
            ),
            _on_google_drive(
                "img_align_celeba.zip",
                "0B7EVK8r0v71pZjFTYXZWM3FlRnM",
                "00d2c5bc6d35e252742224ab0c1e8fcb",
            ),
        ),
    )


@DATA_SETS.register("fgvc-aircraft")
def fgvc_aircraft() -> OfficialSet:
    """FGVC-Aircraft; address as in torchvision's `datasets/fgvc_aircraft.py`."""
    page = "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/"
    archive = "fgvc-aircraft-2013b.tar.gz"
    return OfficialSet(
        title="FGVC-Aircraft 2013b (Maji et al. 2013), 10,000 photographs, 2.75 GB",
        terms=(
            "non-commercial research only; the photographers keep their copyright and are to be "
            f"asked for any other use; see {page}"
        ),
        files=(
            OfficialFile(
                archive, f"{page}archives/{archive}", "d4acdd33327262359767eeaa97a4f732", page
            ),
        ),
    )


def _on_google_drive(name: str, number: str, md5: str) -> OfficialFile:
    return OfficialFile(
        name,
        # `confirm=t` answers the question that is asked before large files
        f"https://drive.usercontent.google.com/download?id={number}&export=download&confirm=t",
        md5,
        f"https://drive.google.com/file/d/{number}/view",
    )
