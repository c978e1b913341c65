"""Names for arrays. The shape of each is said where it is used."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]
Bins: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.str_]
