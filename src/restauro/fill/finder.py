"""Where a picture is damaged, as a small network sees it, window by window."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from restauro.errors import BadImageError, BadModelError, UnknownNameError, first_line
from restauro.fill.model_file import ModelCard, read_card
from restauro.fill.sessions import CPU, Device, open_session
from restauro.fill.text_finder import load_text_finder
from restauro.fill.windows import Box
from restauro.picture.holes import DamageOptions, grown
from restauro.picture.masks import check_size
from restauro.picture.modes import check_mode, to_rgb, value_range
from restauro.picture.types import Mask
from restauro.typed import nearest

SHIPPED = Path(__file__).parents[1] / "weights" / "finders" / "damage.onnx"
SPAN = 0.6
"""Of likelihoods, from the least to the greatest strength: half of it marks few sound pixels."""
TEXT = "text"
"""A kind that another finder marks, letter by letter, where it is asked for."""
CORE, MARGIN = 832, 96
"""Side of what a window tells about, and what it sees more of on each side; in pixels."""


class DamageFinder:
    """Marks what is damaged in pictures of any size; may be called from several threads."""

    def __init__(
        self, path: Path = SHIPPED, threads: int | None = None, device: Device = CPU
    ) -> None:
        self.card: ModelCard = read_card(path)
        if not self.card.kinds or self.card.multiple is None:
            raise BadModelError(f"{path} fills holes and finds no damage; use one that does")
        self._session, self._threads = open_session(path, threads, device), threads

    @property
    def identity(self) -> str:
        """Changes when what it finds does."""
        return f"{self.card.name} {self.card.version} {self.card.checkpoint_sha256}"

    def find(
        self, shown: PIL.Image.Image, strength: float = 0.5, kinds: Sequence[str] = ()
    ) -> Mask:
        """What is damaged (H, W) in an upright picture of any mode.

        Args:
            shown: The picture.
            strength: 0 to 1: pixels count that are damaged by a likelihood of 1 - 0.6 * strength.
            kinds: Names of `card.kinds`, and `text`, which needs the extra `text`; none means all
                of the card's.

        Raises:
            BadImageError: The strength is no share, or the picture has another mode.
            UnknownNameError: There is no such kind.
            MissingExtraError: Text is asked for without its extra.
            BadModelError: The network fails.
        """
        least = min(255 * (1 - SPAN * checked_strength(strength)), 251)
        own_kinds = [kind for kind in kinds if kind != TEXT]
        if TEXT not in kinds:
            return self.likelihood(shown, kinds) > least
        check_mode(shown)
        whole = np.ones((shown.height, shown.width), dtype=bool)
        image = to_rgb(_bare(shown), value_range(shown, whole))
        letters = load_text_finder(self._threads).letters(image, strength)
        return letters | (self.likelihood(shown, own_kinds) > least) if own_kinds else letters

    def likelihood(self, shown: PIL.Image.Image, kinds: Sequence[str] = ()) -> NDArray[np.uint8]:
        """How likely each pixel is damaged by one of the `kinds`: (H, W), 255 = surely."""
        channels = [self._channel(kind) for kind in kinds] or list(range(len(self.card.kinds)))
        check_mode(shown)
        whole = np.ones((shown.height, shown.width), dtype=bool)
        limits = value_range(shown, whole)
        found = np.empty((shown.height, shown.width), dtype=np.uint8)
        tops, lefts = range(0, shown.height, CORE), range(0, shown.width, CORE)
        for top, left in itertools.product(tops, lefts):
            core = Box(top, left, top + CORE, left + CORE).clipped(Box(0, 0, *found.shape))
            window = core.grown(MARGIN).clipped(Box(0, 0, *found.shape))
            image = to_rgb(_bare(shown.crop(window.corners)), limits)
            shares = self._run(image)[channels].sum(axis=0)  # (H, W)
            found[core.slices] = np.rint(255 * shares.clip(0, 1))[core.within(window).slices]
        return found

    def _channel(self, kind: str) -> int:
        if kind not in self.card.kinds:
            known = (*self.card.kinds, TEXT)
            raise UnknownNameError(f"there is no kind of damage {kind!r} ({nearest(kind, known)})")
        return self.card.kinds.index(kind)

    def _run(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(kinds, H, W) in [0, 1] for an image (H, W, 3) of any size."""
        height, width = image.shape[:2]
        step = self.card.multiple or 1
        padded = np.pad(image, ((0, -height % step), (0, -width % step), (0, 0)), mode="symmetric")
        tensor = padded.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255)
        try:
            (shares,) = self._session.run(None, {"image": tensor})  # (1, kinds, H, W)
        except Exception as error:  # ONNX Runtime's errors share no other base
            raise BadModelError(f"model {self.card.name!r} failed ({first_line(error)})") from error
        if shares.shape != (1, len(self.card.kinds), *padded.shape[:2]):
            raise BadModelError(f"model {self.card.name!r} gave another shape; export it again")
        return np.asarray(shares[0, :, :height, :width])


@functools.cache
def load_finder(threads: int | None = None) -> DamageFinder:
    """The shipped one."""
    return DamageFinder(threads=threads)


def damaged_part(
    shown: PIL.Image.Image,
    options: DamageOptions,
    finder: DamageFinder,
    *,
    grow_px: int,
    more: Mask | None = None,
    keep: Mask | None = None,
) -> Mask:
    """What is to be repainted of an upright picture (H, W): damage, grown, and what else is marked.

    `more` is damaged too, and `keep` is not, whatever the finder says.

    Raises:
        BadImageError: It is more than `options.most_share`, or a mask has another size; or as of
            `DamageFinder.find`.
    """
    found = finder.find(shown, options.strength, options.kinds)
    for mask in (more, keep):
        if mask is not None:
            check_size(mask, found.shape)
    hole = grown(found if more is None else found | more, grow_px)
    if keep is not None:
        hole &= ~keep
    share = float(hole.mean())
    if share > options.most_share and not options.mask_only:
        raise BadImageError(
            f"{share:.0%} of the picture look damaged, more than the {options.most_share:.0%} that "
            "may be repainted; lower the strength, choose kinds of damage or allow more"
        )
    return hole


def checked_strength(strength: float) -> float:
    """The strength, if it is a share.

    Raises:
        BadImageError: It is none.
    """
    if isinstance(strength, bool) or not 0 <= strength <= 1:
        raise BadImageError(f"strength is {strength!r}; give a number from 0 to 1")
    return strength


def _bare(crop: PIL.Image.Image) -> PIL.Image.Image:
    crop.info = {key: crop.info[key] for key in ("transparency",) if key in crop.info}
    return crop
