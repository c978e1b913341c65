"""QR codes on paper that curls, cloth that creases, bottles: found, but read beside the modules. Pure.

Decoders lay a flat grid through the finder patterns (three corners, a few alignment patterns). Between them the modules
may lie elsewhere. But their edges tell where: every edge lies between two modules. So the code is laid flat by its
corners, and around each module the edges' mean offset from the grid is measured as a phase (one module is a full turn).
The phases are unwrapped from the finder patterns on, which gives offsets of more than a module; the picture is bent by
them, and again. What it says is still read by a decoder, with its error correction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from devices.scanner.regions import Floats, Gray

QUIET = 2  # modules around the code, so that its border has edges on both sides
PITCH = 5  # pixels a module of the flat picture
NEAR = 2.0  # modules (sigma) over which edges are averaged
ROUNDS = 2

Corner = tuple[float, float]


def flattened(gray: Gray, corners: Sequence[Corner], modules: int) -> Iterator[Gray]:
    """The code between `corners` (x, y: top left, top right, bottom right, bottom left) of `modules` a side, flatter
    each time. The pictures are (modules + 2 QUIET) PITCH pixels square.
    """
    side = modules + 2 * QUIET
    inner = np.array([[0, 0], [modules, 0], [modules, modules], [0, modules]], np.float32) + QUIET
    back = np.asarray(cv2.getPerspectiveTransform(inner, np.array(corners, np.float32)), np.float64)
    middles = np.arange(side, dtype=np.float32) + 0.5
    x, y = np.meshgrid(middles, middles)  # where each module of the flat code is taken from
    flat = _taken(gray, back, x, y)
    for _ in range(ROUNDS):
        dx, dy = cv2.spatialGradient(flat)
        x = x + _offsets(np.abs(dx.astype(np.float32)))
        y = y + _offsets(np.abs(dy.astype(np.float32)).T).T
        flat = _taken(gray, back, x, y)
        yield flat


def _taken(gray: Gray, back: npt.NDArray[np.float64], x: Floats, y: Floats) -> Gray:
    size = (x.shape[0] * PITCH, x.shape[0] * PITCH)
    depth = back[2, 0] * x + back[2, 1] * y + back[2, 2]
    maps = [
        cv2.resize(
            ((row[0] * x + row[1] * y + row[2]) / depth - 0.5).astype(np.float32), size, interpolation=cv2.INTER_LINEAR
        )
        for row in back[:2]
    ]
    return np.asarray(cv2.remap(gray, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _offsets(edges: Floats) -> Floats:
    """How far right of the grid lines the edges lie around each module, in modules. (side PITCH)² -> side²."""
    side = edges.shape[0] // PITCH
    turn = (np.arange(edges.shape[0]) + 0.5) * (2 * np.pi / PITCH)
    real, imaginary = (
        cv2.GaussianBlur(
            cv2.resize(edges * wave.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA), (0, 0), NEAR
        )
        for wave in (np.cos(turn), np.sin(turn))
    )
    phase = np.unwrap(np.unwrap(np.arctan2(imaginary, real), axis=0), axis=1)
    return np.asarray(phase / (2 * np.pi), np.float32)
