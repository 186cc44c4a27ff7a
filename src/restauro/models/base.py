"""What every network that fills a hole has in common, and what finds it by name."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn

from restauro.errors import BadImageError, ConfigError
from restauro.picture.types import Size


class TaskModel(nn.Module):
    """A network that learns one of the trainer's tasks from pictures and masks."""

    task: str
    """`fill` or `find`, as `Config.task` has it."""
    multiple: int | None = None
    """H and W may be any multiple of this; None where only `size` fits."""
    training_parts: tuple[str, ...] = ()
    """Modules that help it learn alone; what is released does without."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size

    def forward_with_losses(
        self, image: Tensor, mask: Tensor, progress: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the prediction, and loss terms of the network's own by name, (B,) each.

        Training and validation call this, and add the terms as they are to the loss; every one is
        in the history under its name. A network that has terms, such as the divergence of its code,
        overrides this. It may look at all of `image` then, but in evaluation mode must predict as
        `forward` does. In training it may give more than B predictions: those behind are other
        fills of the first pictures, which a discriminator alone judges.

        `progress`, a scalar in [0, 1], is the share of the training that is done, for a term that
        changes with it.
        """
        return self(image, mask), {}

    def count_parameters(self) -> int:
        """How many weights are released."""
        return sum(
            weight.numel()
            for name, weight in self.named_parameters()
            if name.partition(".")[0] not in self.training_parts
        )

    def check_size(self, size: Size) -> None:
        """Checks that pictures of `size` (height, width) can go through.

        Raises:
            BadImageError: They cannot; the message says which can.
        """
        if self.multiple is None:
            fits, rule = size == self.size, f"{self.size[1]}x{self.size[0]}"
        else:
            fits = all(side % self.multiple == 0 for side in size)
            rule = f"sides that are multiples of {self.multiple}"
        if not fits:
            raise BadImageError(
                f"pictures of {size[1]}x{size[0]} do not fit {type(self).__name__}, which takes "
                f"{rule}; make a bank of such a size with `restauro prepare --size`"
            )


class InpaintingModel(TaskModel):
    """Predicts a whole picture from the known part of one.

    The hidden pixels are removed here, before any layer sees them, so that no architecture can
    leak them; the exported file keeps this step.

    Shape: image (B, 3, H, W) in [0, 1] and mask (B, 1, H, W), 1 = hole -> prediction
    (B, 3, H, W) in [0, 1].
    """

    task = "fill"
    sees_copies = False
    """Whether `image` shows in the hole what patches of the known part make of it."""
    noise_dim = 0
    """Numbers of the noise (B, noise_dim) that `forward` takes as well: it tells which of several
    fills to draw. 0: there is one fill."""

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """Returns the prediction; the pixels of `image` under the hole have no influence."""
        return self.restore(image * (1 - mask), mask)

    @abstractmethod
    def restore(self, masked_image: Tensor, mask: Tensor) -> Tensor:
        """The network itself: masked_image (B, 3, H, W), 0 in the hole, mask (B, 1, H, W)."""


class CodeModel(InpaintingModel):
    """A network whose pictures go through a code: a vector of `latent_dim` numbers.

    It is not told where the hole is, and sees what is known as it sees a whole picture.
    """

    latent_dim: int

    @abstractmethod
    def encode(self, image: Tensor) -> Tensor:
        """The codes (B, latent_dim) of pictures (B, 3, H, W) in [0, 1], whole or damaged.

        Of a network that gives each picture a distribution of codes, the means.
        """

    @abstractmethod
    def decode(self, code: Tensor) -> Tensor:
        """The pictures (B, 3, H, W) in [0, 1] that codes (B, latent_dim) stand for."""

    def restore(self, masked_image: Tensor, mask: Tensor) -> Tensor:
        """Encodes the damaged picture and decodes a whole one; `mask` is not used."""
        return self.decode(self.encode(masked_image))


class WithLosses(nn.Module):
    """A network as training calls it, so that wrappers of it see all that is made in a pass.

    The progress is a tensor, as the compiler makes a program of its own for every other number.

    Shape: image (B, 3, H, W) in [0, 1], mask (B, 1, H, W), 1 = hole, and progress () in [0, 1] ->
    the prediction (B, 3, H, W) in [0, 1], and the network's own loss terms, (B,) each.
    """

    def __init__(self, network: TaskModel) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, image: Tensor, mask: Tensor, progress: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the prediction and the terms."""
        prediction, terms = self.network.forward_with_losses(image, mask, progress)
        assert all(term.shape == image.shape[:1] for term in terms.values()), "one a picture"
        return prediction, terms


def checked_size(size: int | Sequence[int], *, multiple: int = 1) -> Size:
    """(height, width) from what a config may give: both, or one number for a square.

    Raises:
        ConfigError: It is neither, or a side is not a positive multiple of `multiple`.
    """
    sides = tuple(size) if isinstance(size, Sequence) else (size, size)
    is_size = len(sides) == 2 and all(isinstance(side, int) and side > 0 for side in sides)
    if not is_size or any(side % multiple for side in sides):
        raise ConfigError(
            f"the network's size is {size!r}, but must be one number or [height, width], multiples "
            f"of {multiple}; correct model.arguments.size, or prepare the bank with another --size"
        )
    return sides[0], sides[1]
