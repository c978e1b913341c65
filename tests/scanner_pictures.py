"""Codes drawn and "photographed": encoders that share nothing with the decoders, then light, blur and noise."""

from __future__ import annotations

from pathlib import Path

import barcode
import cv2
import numpy as np
import segno
from numpy.typing import NDArray

Gray = NDArray[np.uint8]


def qr(text: str | bytes, *, error: str = "M") -> Gray:
    """One pixel a module, with its quiet zone."""
    code = segno.make(text, error=error, micro=False, boost_error=False)
    return np.pad(np.where(np.array(code.matrix, bool), 0, 255).astype(np.uint8), 4, constant_values=255)


def bars(kind: str, text: str) -> Gray:
    """`kind` is ean13 or code128; one pixel a module, as high as 40 of them, with its quiet zones."""
    (row,) = barcode.get_barcode_class(kind)(text).build()
    level = np.pad([0 if module == "1" else 255 for module in row], 12, constant_values=255)
    return np.pad(np.repeat(level[None].astype(np.uint8), 40, axis=0), ((4, 4), (0, 0)), constant_values=255)


def photo(
    code: Gray,
    *,
    pixels: float = 3.0,
    shape: tuple[int, int] = (480, 640),
    angle: float = 5.0,
    at: tuple[float, float] = (0.5, 0.5),
    blur: float = 0.8,
    noise: float = 3.0,
    light: tuple[int, int] = (40, 200),
    seed: int = 1,
) -> Gray:
    """The code on a grey table: `pixels` a module, turned by `angle` degrees about its middle `at` (0..1)."""
    scale = 8
    large = cv2.resize(code, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    height, width = large.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, pixels / scale)
    turn[:, 2] += [at[0] * shape[1] - width / 2, at[1] * shape[0] - height / 2]
    soft = cv2.GaussianBlur(large, (0, 0), scale / pixels / 2)
    dark, bright = light
    table = np.full(shape, 110.0, np.float32)
    paper = cv2.warpAffine(soft, turn, shape[::-1], flags=cv2.INTER_LINEAR)
    there = cv2.warpAffine(np.full_like(large, 255), turn, shape[::-1], flags=cv2.INTER_LINEAR) / 255.0
    picture = table * (1 - there) + there * dark + paper / 255.0 * (bright - dark)
    if blur:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    picture = picture + np.random.default_rng(seed).normal(0, noise, shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def nothing(shape: tuple[int, int] = (480, 640), *, seed: int = 1, noise: float = 3.0) -> Gray:
    """A hall: large soft things and noise, no code."""
    random = np.random.default_rng(seed)
    soft = cv2.resize(random.uniform(60, 200, (6, 8)), shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(soft + random.normal(0, noise, shape), 0, 255).astype(np.uint8)


def film(path: Path, frames: list[Gray]) -> Path:
    """A film of the frames, in the format USB cameras send."""
    height, width = frames[0].shape
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path
