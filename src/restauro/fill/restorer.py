"""Models as fillers: windows around the holes of any picture -> network -> pasted holes."""

from __future__ import annotations

from collections.abc import Sequence

from restauro.fill.compose import Damaged
from restauro.fill.filler import Filler, Painter
from restauro.fill.filling import Filling, fill, run_together, scale_for
from restauro.fill.gamut import one_coloured, within_gamut
from restauro.fill.line_art import MAX_SIDE, fill_line_art, line_art_on
from restauro.fill.model_file import ModelCard
from restauro.fill.network import Network
from restauro.fill.sessions import on_device
from restauro.fill.windows import WindowRule, hole_boxes


class Restorer(Filler):
    """Fills holes with the network of a model file, in pictures of any size."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.card: ModelCard = network.card
        self._rule = WindowRule(self.card.size, self.card.multiple)
        self.name, self.parameters = self.card.name, self.card.parameters
        self.files = (network.path,)

    @property
    def identity(self) -> str:
        """Name, version and weights of the model, and where it computes."""
        card = self.card
        device = on_device(self._network.device)
        return f"{card.name} {card.version} {card.checkpoint_sha256}{device}"

    def paint(self, pictures: Sequence[Damaged]) -> Sequence[Painter]:
        """Shows the network windows of all pictures together."""
        run_together([self._painting(picture) for picture in pictures], self._network)
        return [Painter(self.name)] * len(pictures)

    def _painting(self, picture: Damaged) -> Filling:
        """Fills each group of holes; what follows from the surroundings alone needs no network."""
        hole = picture.hole
        plain = list(one_coloured(picture))
        unclear = hole.copy()
        for part in plain:
            unclear[part.box.slices] = False
        for box in hole_boxes(unclear, self._rule.core(hole.shape)):
            scale = scale_for(hole, box, self._rule)
            window = self._rule.surroundings(box, hole.shape, scale)
            canvas = picture.canvas(box, window)
            art = line_art_on(canvas) if max(box.size) <= MAX_SIDE else None
            if art:
                fill_line_art(canvas, box.within(window), art)
            else:
                yield from fill(within_gamut(canvas), box.within(window), self._rule)
        for part in plain:
            part.paint(picture)
