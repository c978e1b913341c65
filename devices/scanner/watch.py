"""Codes out of a stream of frames: which frame is looked at how, and when a value is believed. Pure.

Every frame gets the fast look for QR codes and one of the dearer looks in turn, so that a frame has a bounded price.
"""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np

from devices.scanner.cascade import Looks, Picture
from devices.scanner.reading import Once, Reading, Symbology
from devices.scanner.regions import Gray

AGREE_WITHIN = 1.5  # seconds between two frames that bear each other out
GONE = 1.5  # seconds out of sight, and a code shown again is a new one
MOVING = 16.0  # mean grey levels between two frames: what is before the camera is still being put there
SAMPLE = 16  # every so many pixels each way are compared for it


class Watch:
    """Frames in, codes out. Time is an argument (seconds of any clock that only goes forward). Not thread-safe.

    A frame with two different values is refused. A QR code counts at once (its error correction checks it); bars
    count when two different frames agree and none in between says otherwise. The look that has just read something
    goes first on the next frame, so that agreement does not wait for its turn. While the picture moves, the dear
    looks are saved. A frame that is the same to the last bit is no second witness: it only gets the looks it has not
    had yet, and its bars count when two looks, or both halves of the bars, agree.
    """

    def __init__(self, looks: Looks | None = None) -> None:
        looks = looks or Looks()
        self._fast = looks.fast
        self._turns = list(looks.turns.values())
        self._turn = 0
        self._again = False  # the look whose turn it is has just read something
        self._once = Once(GONE)
        self._gray: Gray | None = None
        self._picture: Picture | None = None
        self._left = 0  # dear looks this picture has not had
        self._votes: Counter[Reading] = Counter()
        self._waiting: tuple[Reading, float] | None = None  # bars in an earlier picture, and when

    def forget(self) -> None:
        """What has been shown so far does not count."""
        self._once.forget()
        self._gray = self._picture = self._waiting = None
        self._votes.clear()

    def feed(self, gray: Gray, at: float) -> Reading | None:
        """Look at a frame (height, width). Gives a code once for each time it is shown."""
        before, self._gray = self._gray, gray
        still = self._picture is not None and before is not None and np.array_equal(before, gray)
        if self._picture is None or not still:
            moving = before is not None and before.shape == gray.shape and _difference(before, gray) > MOVING
            self._picture, self._left = Picture(gray), 0 if moving else len(self._turns)
            self._votes = Counter(self._fast(self._picture))
        if self._left and not any(_settled(reading, votes) for reading, votes in self._votes.items()):
            self._look(self._picture)
        if len(self._votes) > 1:
            self._waiting = None  # refused
            return None
        for reading, votes in self._votes.items():
            if self._sure(reading, votes, still, at) and self._once.passes(reading, at):
                return reading
        return None

    def _look(self, picture: Picture) -> None:
        self._left -= 1
        found = self._turns[self._turn](picture)
        self._votes.update(found)
        self._again = bool(found) and not self._again
        if not self._again:
            self._turn = (self._turn + 1) % len(self._turns)

    def _sure(self, reading: Reading, votes: int, still: bool, at: float) -> bool:
        if still or reading.symbology is Symbology.QR:
            return _settled(reading, votes)
        waiting, self._waiting = self._waiting, (reading, at)
        return waiting is not None and waiting[0] == reading and at - waiting[1] <= AGREE_WITHIN


def _settled(reading: Reading, votes: int) -> bool:
    """One picture cannot say it more clearly."""
    return reading.symbology is Symbology.QR or votes > 1


def _difference(before: Gray, gray: Gray) -> float:
    return float(cv2.absdiff(before[::SAMPLE, ::SAMPLE], gray[::SAMPLE, ::SAMPLE]).mean())
