"""All measures of a run's codes on the pictures of a bank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restauro.data.bank import Bank
from restauro.latents import measures
from restauro.latents.coder import Coder

NUM_TRAIN, NUM_TEST = 10_000, 5_000
"""Pictures of the splits `train` and `test`, from their beginning; fewer where there are fewer."""
MOST_VALUES = 64
"""A column of the index with more, such as a file's name, is no factor."""


def measure(coder: Coder, bank: Bank, seed: int = 0) -> dict[str, float]:
    """Name of a measure -> its value.

    How exactly whole test pictures are reconstructed, how many of the code's numbers vary, how far
    these depend on each other, and, if the bank's index tells factors, how well they part them.

    Raises:
        BadImageError: The bank's pictures do not fit the network.
        BadDataError: The bank has no picture in `train` or `test`.
        MissingExtraError: There are factors, but scikit-learn is not installed.
    """
    names = factors_of(bank)
    if names:
        measures.require_predictors()
    rows, test_rows = bank.split("train")[:NUM_TRAIN], bank.split("test")[:NUM_TEST]
    codes, test_codes = coder.encode(bank.images[rows]), coder.encode(bank.images[test_rows])
    found = {
        "psnr": _psnr(coder.decode(test_codes), bank.images[test_rows]),
        "active": float((codes.std(axis=0) >= measures.LEAST_SPREAD).sum()),
        "total_correlation": measures.total_correlation(codes),
        "mutual_information": measures.mean_mutual_information(codes),
    }
    if not names:
        return found
    table = np.array([[row[name] for name in names] for row in bank.index])
    factors, test_factors = table[rows], table[test_rows]
    importance, accuracy = measures.importances(codes, factors, test_codes, test_factors)
    return found | {
        "mig": measures.mutual_information_gap(codes, factors),
        "sap": measures.separated_predictability(codes, factors, test_codes, test_factors),
        "dci_disentanglement": measures.disentanglement(importance),
        "dci_completeness": measures.completeness(importance),
        "dci_informativeness": accuracy,
        "factor_vae_score": measures.factor_vae_score(codes, factors, seed),
    }


def factors_of(bank: Bank) -> list[str]:
    """The columns of a bank's index that tell factors: of few values, but more than one."""
    columns = [name for name in bank.index[0] if name not in ("name", "split")]
    return [c for c in columns if 1 < len({row[c] for row in bank.index}) <= MOST_VALUES]


def _psnr(predictions: NDArray[np.uint8], images: NDArray[np.uint8]) -> float:
    """Mean over pictures of the peak signal-to-noise ratio, in dB."""
    error = predictions.astype(np.float32) - images
    return float(-10 * np.log10(np.square(error / 255).mean(axis=(1, 2, 3))).mean())
