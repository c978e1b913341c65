"""A camera as a scanner: opened, watched, opened again. No window is ever opened and no picture is kept.

`camera:/dev/v4l/by-id/usb-…-video-index0` or `camera:0` (V4L2), `camera:http://…` or `camera:rtsp://…` (a network
camera; MJPEG over HTTP is enough), `camera:film.avi` or `camera:frame_%03d.png` (a stand-in, played again and again).
"""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from devices.scanner.reading import Health, Reading
from devices.scanner.regions import Gray
from devices.scanner.watch import SAMPLE, Watch

log = logging.getLogger(__name__)

WIDEST = 1280  # pixels; a larger frame is reduced
FRAME_EVERY = 1 / 15  # seconds
BLIND_AFTER = 3.0  # seconds of nothing to see
CONTRAST = 3.0  # grey levels, standard deviation; a covered lens has only its noise, 1 or 2
STUCK_AFTER = 5.0  # seconds of the same picture to the last bit; a real sensor always has some noise
DAMAGED_FRAMES = 15  # in a row; single ones are usual on long USB cables
REOPEN_AFTER = 0.5  # seconds
OPEN_WITHIN = READ_WITHIN = 3.0  # seconds, for a network camera
BUFFERED = 8  # frames at most that a driver keeps from before; more than any V4L2 driver OpenCV asks


class _Kind(Enum):
    DEVICE = "device"
    NETWORK = "network"
    FILM = "film"


class CameraScanner:
    """The camera named by `source` (what follows `camera:`), kept open from its first use on. For one thread.

    Takes up to about 7 ms of CPU time a frame. Nothing here raises for what a camera does; a call takes at most
    READ_WITHIN longer than asked (a network camera that stops sending).
    """

    def __init__(
        self,
        source: str,
        *,
        watch: Watch | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        _settle_opencv()
        self.name = f"camera:{source}"
        self._source, self._kind = source, _kind(source)
        self._watch = watch or Watch()
        self._clock, self._sleep = clock, sleep
        self._capture: cv2.VideoCapture | None = None
        self._health = Health.UNKNOWN
        self._next_try = self._next_frame = float("-inf")
        self._damaged = 0  # frames in a row that are no picture
        self._sample: Gray | None = None
        self._new_at = self._seeing_at = 0.0  # the last frame that was another one; the last with something in it

    @property
    def health(self) -> Health:
        return self._health

    def check(self) -> Health:
        self._frame()
        return self._health

    def begin(self) -> None:
        """What the camera, its driver or the network still hold from before is thrown away."""
        self._watch.forget()
        if self._kind is _Kind.NETWORK:
            self._release()
        elif self._kind is _Kind.DEVICE and self._capture is not None:
            with suppress(cv2.error):
                for _ in range(BUFFERED):
                    asked = self._clock()
                    if not self._capture.grab() or self._clock() - asked > 0.005:
                        break  # this one had to be waited for: it is new

    def scan(self, within: float) -> Reading | None:
        until = self._clock() + within
        while True:
            gray = self._frame()
            if gray is not None and (reading := self._watch.feed(gray, self._clock())) is not None:
                return reading
            left = until - self._clock()
            if left <= 0:
                return None
            self._sleep(min(left, max(0.0, (self._next_frame if gray is not None else self._next_try) - self._clock())))

    def end(self) -> None:
        if self._kind is _Kind.NETWORK:
            self._release()  # or its pictures pile up on the way

    def close(self) -> None:
        self._release()
        self._watch.forget()
        self._become(Health.UNKNOWN)

    def _frame(self) -> Gray | None:
        """The next frame, grey and at most WIDEST wide; None if there is none, and `health` says why."""
        try:
            if not self._grab():
                return None
            assert self._capture is not None
            whole, frame = self._capture.retrieve()
            gray = _grey(frame) if whole and frame is not None and frame.size else None
        except (OSError, cv2.error) as fault:
            self._lose(fault)
            return None
        now = self._clock()
        self._next_frame = max(now, self._next_frame + FRAME_EVERY)
        self._judge(gray, now)
        return gray

    def _grab(self) -> bool:
        """Take the next frame from the camera; False while it is too soon to open it again. OSError if none comes."""
        for _ in range(2):
            if self._open() is None:
                return False
            if self._capture is not None and self._capture.grab():
                return True
            if self._kind is not _Kind.FILM:
                break
            self._release()  # its end: from the beginning
        raise OSError(errno.EIO, "no picture comes", self.name)

    def _open(self) -> cv2.VideoCapture | None:
        if self._capture is not None:
            return self._capture
        if self._clock() < self._next_try:
            return None
        if self._kind is not _Kind.NETWORK and "%" not in self._source and not Path(_path(self._source)).exists():
            raise FileNotFoundError(errno.ENOENT, "there is no such camera", self.name)
        capture = _captured(self._source, self._kind)
        if not capture.isOpened():
            capture.release()
            raise OSError(errno.EIO, "the camera does not open", self.name)
        self._capture = capture
        self._sample = None
        self._damaged = 0
        self._seeing_at = self._new_at = self._clock()
        if self._health is Health.UNPLUGGED:
            self._become(Health.UNKNOWN)
        return capture

    def _release(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _lose(self, fault: Exception) -> None:
        log.debug("%s: %s", self.name, fault)
        self._release()
        self._next_try = self._clock() + REOPEN_AFTER
        self._become(Health.UNPLUGGED)

    def _judge(self, gray: Gray | None, now: float) -> None:
        self._damaged = self._damaged + 1 if gray is None else 0
        if gray is None:
            if self._damaged > DAMAGED_FRAMES:
                self._become(Health.GARBLED)
            return
        before, self._sample = self._sample, gray[::SAMPLE, ::SAMPLE].copy()
        if before is None or not np.array_equal(before, self._sample):
            self._new_at = now
        seeing = float(self._sample.std()) >= CONTRAST
        if seeing:
            self._seeing_at = now
        if now - self._new_at > STUCK_AFTER:
            self._become(Health.STUCK)
        elif now - self._seeing_at > BLIND_AFTER:
            self._become(Health.BLIND)
        elif seeing:
            self._become(Health.READY)

    def _become(self, health: Health) -> None:
        if health is not self._health:
            log.info("%s: %s -> %s", self.name, self._health, health)
            self._health = health


def _settle_opencv() -> None:
    """For this whole process. Frames this small gain nothing from a second thread, and a kiosk has few; a camera that
    is away would otherwise be a complaint in the log twice a second (`health` says it once)."""
    cv2.setNumThreads(1)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET


def _kind(source: str) -> _Kind:
    if "://" in source:
        return _Kind.NETWORK
    return _Kind.DEVICE if source.isdecimal() or source.startswith("/dev/") else _Kind.FILM


def _path(source: str) -> str:
    return f"/dev/video{source}" if source.isdecimal() else source


def _captured(source: str, kind: _Kind) -> cv2.VideoCapture:
    match kind:
        case _Kind.DEVICE:
            capture = cv2.VideoCapture(_path(source), cv2.CAP_V4L2)
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))  # 720p needs it over USB 2
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, 1280)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, 720)
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        case _Kind.NETWORK:
            limits = [
                *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(OPEN_WITHIN * 1000)),
                *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(READ_WITHIN * 1000)),
            ]
            capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
        case _Kind.FILM:
            capture = cv2.VideoCapture(source, cv2.CAP_IMAGES if "%" in source else cv2.CAP_FFMPEG)
    return capture


def _grey(frame: npt.NDArray[Any]) -> Gray:
    gray = frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    height, width = gray.shape[:2]
    if width > WIDEST:
        size = (WIDEST, round(height * WIDEST / width))
        gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    return np.asarray(gray, np.uint8)
