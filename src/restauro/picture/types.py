"""What pictures are as arrays, in all of restauro."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) RGB."""
Mask: TypeAlias = NDArray[np.bool_]
"""(H, W), True = hole."""
Size: TypeAlias = tuple[int, int]
"""(height, width) in pixels."""
Inpaint: TypeAlias = Callable[[Image, Mask], Image]
"""A function that fills a hole; known pixels of what it returns do not count."""
