"""Where in a picture a code may be, and that part made easy to read. Pure: arrays in, arrays out.

A picture is first reduced to cells of CELL x CELL pixels, each with the structure tensor of its gradients (Förstner
and Gülch 1987; Bigün and Granlund 1987): how much edge there is, how much of it points one way, and which. Bars all
point one way; the modules of a QR code point both ways; most of a hall does neither. Slow decoders then look at those
parts only, enlarged, so that their price depends on the code and not on the camera.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Gray: TypeAlias = npt.NDArray[np.uint8]  # (height, width), 0 is black
Floats: TypeAlias = npt.NDArray[np.float32]

CELL = 8  # pixels of the searched picture
SEARCHED = 400_000  # pixels; a larger picture is searched at half its size
BANDS = 8
WIDEST = 1000  # pixels of a row
SHARPENINGS = ((1.5, 2.0), (2.5, 3.0), (4.0, 3.0), (6.0, 3.0))  # sigma in pixels of a row, amount
ASTRAY = 0.3  # 99 of 100 readable codes had 0.16 or less, three quarters of what was not a code more than 0.5
LIKE = 0.8  # 99 of 100 readable codes had 0.86 or more, half of what was not a code less than 0.55
EDGES = 16  # EAN-13 has 60, the shortest Code 128 with one character 25
LARGE = 450  # pixels
FLOOR = 300.0  # edge energy of a cell (grey levels per pixel, squared, Sobel's sum of weights 8) that is only noise


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Mean gradient products of each cell, smoothed over 3 x 3 cells. `pitch`: picture pixels a cell spans."""

    xx: Floats
    yy: Floats
    xy: Floats
    pitch: float

    @property
    def energy(self) -> Floats:
        return self.xx + self.yy


@dataclass(frozen=True, kw_only=True)
class Bars:
    """A part full of parallel bars. Pixels of the picture; `angle` (radians) points across the bars."""

    x: float
    y: float
    angle: float
    length: float  # across the bars, from the first to the last
    height: float  # along the bars, less than all of it
    lean: float = 0.0  # pixels the middle bar moves across, for each pixel along
    fan: float = 0.0  # how much more the bars lean for each pixel across (seen at a slant they are not parallel)


@dataclass(frozen=True, kw_only=True)
class Patch:
    """An upright rectangle with edges in all directions. Pixels of the picture."""

    left: int
    top: int
    right: int
    bottom: int


def cells(gray: Gray) -> Cells:
    pitch = float(CELL)
    if gray.size > SEARCHED:
        gray = _as_gray(cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
        pitch *= 2
    rows, columns = max(1, gray.shape[0] // CELL), max(1, gray.shape[1] // CELL)
    dx, dy = cv2.spatialGradient(np.ascontiguousarray(gray))
    used = np.s_[: rows * CELL : 2, : columns * CELL : 2]  # every other pixel says as much about a cell
    x, y = dx[used].astype(np.float32), dy[used].astype(np.float32)

    def mean(product: npt.NDArray[np.float32]) -> Floats:
        small = cv2.resize(product, (columns, rows), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.blur(small, (3, 3)), np.float32)

    return Cells(xx=mean(x * x), yy=mean(y * y), xy=mean(x * y), pitch=pitch)


def _peak(energy: Floats) -> float:
    """What the strongest hundredth of the cells has at least: one glaring edge does not count."""
    return float(np.partition(energy, -1 - energy.size // 100, axis=None)[-1 - energy.size // 100])


def find_bars(found: Cells, most: int = 2) -> list[Bars]:
    """Parts whose edges agree on one direction, the strongest first."""
    energy = found.energy
    along_x, along_y = found.xx - found.yy, 2 * found.xy  # the gradient's direction, its angle doubled
    agreed = np.hypot(along_x, along_y)
    strong = (energy > max(0.15 * _peak(energy), FLOOR)) & (agreed > 0.5 * energy)
    direction = np.arctan2(along_y, along_x)
    parts: list[tuple[float, float, npt.NDArray[np.intp]]] = []
    for quarter in np.arange(4) * (np.pi / 2):  # overlapping, so that one direction is never cut in two
        like = (strong & (np.cos(direction - quarter) > 0.5)).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(like, connectivity=8)
        largest = sorted(range(1, count), key=lambda i: -int(stats[i, cv2.CC_STAT_AREA]))[: most + 1]
        for label in largest:
            if stats[label, cv2.CC_STAT_AREA] < 6:
                continue
            where = labels == label
            x, y = float(along_x[where].sum()), float(along_y[where].sum())
            parts.append((float(np.hypot(x, y)), float(np.arctan2(y, x)) / 2, np.argwhere(where)))
    parts.sort(key=lambda part: -part[0])
    bars: list[Bars] = []
    for _, angle, where in parts:
        part = _bars(where, angle, found.pitch)
        if part.length >= 30 and not any(_same(part, other) for other in bars):
            bars.append(part)
            if len(bars) == most:
                break
    return bars


def _bars(where: npt.NDArray[np.intp], angle: float, pitch: float) -> Bars:
    points = (where[:, ::-1] + 0.5) * pitch
    u = np.array([np.cos(angle), np.sin(angle)])
    v = np.array([-u[1], u[0]])
    across, along = points @ u, points @ v
    first, last = across.min() - pitch, across.max() + pitch
    low, high = np.sort(along)[[len(along) // 10, -1 - len(along) // 10]]
    x, y = u * (first + last) / 2 + v * (low + high) / 2
    return Bars(x=float(x), y=float(y), angle=angle, length=float(last - first), height=float(high - low) + pitch)


def _same(one: Bars, other: Bars) -> bool:
    return float(np.hypot(one.x - other.x, one.y - other.y)) < 0.3 * min(one.length, other.length)


def profiles(gray: Gray, bars: Bars) -> tuple[Gray, ...]:
    """The bars laid level, cut into bands, each averaged along the bars into one row; then the same rows sharpened.

    Averaging removes noise without blurring across the bars, and what is left is cheap to treat in one dimension:
    light and contrast are made even along the row, then blur is undone in several strengths. The bands are separate
    witnesses: glare or a crease spoils some of them. Returns the upper and the lower half of the bars, each
    (35, at most WIDEST) pixels: 4 bands and 3 overlaps of two bands, in 5 strengths; or nothing, if the bands show
    different things (cloth, gratings, print) or fewer edges than a code has.
    """
    straight = _straightened(bars, _level(gray, bars, 1.0))
    if straight is None:
        return ()
    bars = straight
    level = _level(gray, bars, min(3.0, WIDEST / bars.length))
    height = level.shape[0] // BANDS * BANDS
    rows = level[:height].reshape(BANDS, height // BANDS, -1).mean(axis=1, dtype=np.float32)
    rows = _even(rows)
    if _likeness(rows) < LIKE or np.count_nonzero(np.diff(rows.mean(axis=0) > 127)) < EDGES:
        return ()
    return tuple(_versions(half) for half in np.split(rows, 2))


def _likeness(rows: Floats) -> float:
    """How alike neighbouring rows are: the median of their correlations."""
    level = rows - rows.mean(axis=1, keepdims=True)
    level /= np.sqrt((level * level).sum(axis=1, keepdims=True)) + 1e-6
    return float(np.sort((level[:-1] * level[1:]).sum(axis=1))[len(rows) // 2 - 1])


def _versions(rows: Floats) -> Gray:
    rows = np.vstack([rows, (rows[:-1] + rows[1:]) / 2])
    versions = [rows, *(rows + amount * (rows - _soft(rows, sigma)) for sigma, amount in SHARPENINGS)]
    return _as_gray(np.clip(np.vstack(versions), 0, 255).astype(np.uint8))


def _even(rows: Floats) -> Floats:
    """Every stretch of an eighth of the row brought to the full range from black (0) to white (255)."""
    near = np.ones((1, rows.shape[1] // 8 | 1), np.uint8)
    low = cv2.blur(cv2.erode(rows, near), near.shape[::-1])
    high = cv2.blur(cv2.dilate(rows, near), near.shape[::-1])
    return np.asarray((rows - low) * (255 / np.maximum(high - low, 8)), np.float32)


def _soft(rows: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(rows, (int(6 * sigma) | 1, 1), sigma, sigmaY=0.01), np.float32)


def _level(gray: Gray, bars: Bars, scale: float) -> Gray:
    """Cut the bars out so that they stand upright, with 6 % beside them on each side for the quiet zones."""
    length = 1.12 * bars.length
    width = max(1, int(length * scale))
    height = min(max(2 * BANDS, int(bars.height)), 5 * BANDS)
    u = np.array([np.cos(bars.angle), np.sin(bars.angle)])
    v = np.array([-u[1], u[0]])
    corners = [
        np.array([bars.x, bars.y]) + u * (across + (bars.lean + bars.fan * across) * along) + v * along
        for across, along in np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [length / 2, bars.height / 2]
    ]
    upright = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    back = cv2.getPerspectiveTransform(upright, np.array(corners, np.float32))
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return _as_gray(cv2.warpPerspective(gray, back, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE))


def _straightened(bars: Bars, level: Gray) -> Bars | None:
    """The lean of the bars and how it changes from the first to the last, from all pixels instead of cells: over 60
    rows one degree is a whole bar. None if the edges do not follow it.

    Along a bar gx dx + gy dy = 0; so gy + gx (lean + fan x) = 0 in least squares.
    """
    dx, dy = cv2.spatialGradient(level)
    gx, gy = dx.astype(np.float32), dy.astype(np.float32)
    weight, product = (gx * gx).sum(axis=0, dtype=np.float64), (gx * gy).sum(axis=0, dtype=np.float64)
    x = np.arange(level.shape[1]) - level.shape[1] / 2
    normal = np.array([[weight.sum(), weight @ x], [weight @ x, weight @ (x * x)]])
    if np.linalg.det(normal) < 1.0:
        return None
    lean, fan = np.linalg.solve(normal, [-product.sum(), -(product @ x)])
    slope = lean + fan * x
    astray = float((gy * gy).sum()) + 2 * float(slope @ product) + float((slope * slope) @ weight)
    if astray > ASTRAY * float(weight.sum()):
        return None
    rows = level.shape[0] / bars.height
    return replace(bars, lean=float(lean * rows), fan=float(fan * rows))


def find_patches(found: Cells, shape: tuple[int, ...], most: int = 1) -> list[Patch]:
    """Parts with edges in all directions, about as high as wide: QR codes look so. The strongest first."""
    energy = found.energy
    strong = (energy > max(0.12 * _peak(energy), FLOOR)).astype(np.uint8)
    strong = np.asarray(cv2.morphologyEx(strong, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(strong, connectivity=4)
    largest = sorted(range(1, count), key=lambda i: -int(stats[i, cv2.CC_STAT_AREA]))[: most + 3]
    patches: list[tuple[float, Patch]] = []
    for label in largest:
        x, y, w, h, _ = (int(n) for n in stats[label])
        if min(w, h) < 3 or max(w, h) > 3 * min(w, h):
            continue
        where = labels == label
        total = float(energy[where].sum())
        if np.hypot((found.xx - found.yy)[where].sum(), 2 * found.xy[where].sum()) > 0.5 * total:
            continue  # bars
        edges = (np.array([x - 1, y - 1, x + w + 1, y + h + 1]) * found.pitch).astype(int)
        left, top, right, bottom = (int(n) for n in edges)
        patch = Patch(left=max(0, left), top=max(0, top), right=min(shape[1], right), bottom=min(shape[0], bottom))
        patches.append((total, patch))
    patches.sort(key=lambda pair: -pair[0])
    return [patch for _, patch in patches[:most]]


def fitted(gray: Gray, patch: Patch, side: int) -> Gray:
    """The patch alone, enlarged (at most 4 times) or reduced so that its longer side is `side` pixels.

    A patch that is larger than LARGE was seen well enough by a look at the whole picture, or is no code but the
    texture of a wall: it is reduced further, which helps against grain and costs little.
    """
    part = gray[patch.top : patch.bottom, patch.left : patch.right]
    longest = max(part.shape)
    factor = min(4.0, side / longest) if longest <= LARGE else min(side, LARGE / 2) / longest
    how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    return _as_gray(cv2.resize(part, None, fx=factor, fy=factor, interpolation=how))


def sharpened(gray: Gray, reach: int, amount: float) -> Gray:
    """Unsharp mask: what differs from the mean of (2 reach + 1) squared pixels, made stronger."""
    width = 2 * reach + 1
    return _as_gray(cv2.addWeighted(gray, 1 + amount, cv2.blur(gray, (width, width)), -amount, 0))


def _as_gray(image: npt.NDArray[np.generic] | cv2.Mat) -> Gray:
    return np.asarray(image, np.uint8)
