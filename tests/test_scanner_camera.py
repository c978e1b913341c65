"""Codes from frames: when a value is believed, and cameras that are really opened: films, pictures, MJPEG over HTTP."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from scanner_pictures import Gray, bars, film, nothing, photo, qr

from devices.scanner.camera import BLIND_AFTER, STUCK_AFTER, CameraScanner
from devices.scanner.cascade import Looks, Picture
from devices.scanner.reading import Health, Reading, Symbology
from devices.scanner.watch import AGREE_WITHIN, GONE, Watch

TICKET = "T.JR1-A001.T64CSG.vXLzph7RCwzPfuShimh8kw"
EAN, OTHER_EAN = "6901234567892", "4006381333931"
FRAME = 1 / 15


def ticket(seed: int = 1) -> Gray:
    return photo(qr(TICKET), pixels=4, seed=seed)


def product(seed: int = 1, text: str = EAN) -> Gray:
    return photo(bars("ean13", text), pixels=2.5, seed=seed)


class Shown:
    """Frames shown to a `Watch`, one after the other."""

    def __init__(self, looks: Looks | None = None) -> None:
        self.watch = Watch(looks)
        self.now = 100.0

    def __call__(self, *frames: Gray, every: float = FRAME) -> list[str]:
        read = []
        for frame in frames:
            self.now += every
            if (reading := self.watch.feed(frame, self.now)) is not None:
                read.append(reading.text)
        return read


# --- when a value is believed --------------------------------------------------------------------------------------


def test_a_qr_code_is_believed_at_once_and_given_once() -> None:
    shown = Shown()
    assert shown(ticket()) == [TICKET]
    assert shown(*(ticket(seed) for seed in range(2, 20))) == []


def test_a_code_taken_away_and_shown_again_is_given_again() -> None:
    shown = Shown()
    assert shown(ticket()) == [TICKET]
    assert shown(*(nothing(seed=seed) for seed in range(int(GONE / FRAME) + 2))) == []
    assert shown(ticket(2)) == [TICKET]


def test_bars_are_believed_when_two_frames_agree() -> None:
    shown = Shown()
    assert shown(nothing(), product(1)) == []
    assert shown(*(product(seed) for seed in range(2, 12))) == [EAN]


class Saying(Looks):
    """Looks that say of each frame what is written in its corner."""

    def __init__(self) -> None:
        super().__init__()
        self.fast = lambda picture: ()
        self.turns = {"corner": self._corner}
        self.taken = 0

    def _corner(self, picture: Picture) -> list[Reading]:
        self.taken += 1
        return [Reading(symbology=Symbology.EAN13, data=b"%d" % n) for n in picture.gray[0, :2] if n]


def frame(*said: int, seed: int = 0) -> Gray:
    gray = np.full((64, 64), 100, np.uint8)
    gray[-1, -1] = seed
    gray[0, :2] = (*said, 0, 0)[:2]
    return gray


def test_a_misreading_between_two_frames_makes_them_start_again() -> None:
    shown = Shown(Saying())
    assert shown(frame(1, seed=1), frame(2, seed=2), frame(1, seed=3)) == []
    assert shown(frame(1, seed=4)) == ["1"]


def test_frames_too_far_apart_do_not_bear_each_other_out() -> None:
    shown = Shown(Saying())
    assert shown(frame(1, seed=1)) == []
    assert shown(frame(1, seed=2), every=AGREE_WITHIN + 0.1) == []
    assert shown(frame(1, seed=3)) == ["1"]


def test_a_frame_with_two_values_is_refused_and_is_no_witness() -> None:
    shown = Shown(Saying())
    assert shown(frame(1, seed=1), frame(1, 2, seed=2), frame(1, seed=3)) == []
    assert shown(frame(1, seed=4)) == ["1"]


def test_the_same_frame_again_is_no_second_witness_and_is_not_looked_at_twice() -> None:
    looks = Saying()
    shown = Shown(looks)
    assert shown(*[frame(1, seed=1)] * 10) == []
    assert looks.taken == 1


def test_a_picture_that_stands_still_is_read_like_a_photo() -> None:
    assert Shown()(*[product()] * 10) == [EAN]


def test_while_the_picture_moves_the_dear_looks_are_saved() -> None:
    looks = Saying()
    shown = Shown(looks)
    shown(*(np.full((64, 64), level, np.uint8) for level in (0, 60, 120, 180)))
    assert looks.taken == 1  # the first frame: nothing is known to move yet


def test_a_frame_costs_the_fast_look_and_one_other() -> None:
    looks = Looks()
    taken: list[str] = []
    for name, look in list(looks.turns.items()):
        looks.turns[name] = lambda picture, name=name, look=look: taken.append(name) or look(picture)
    frames = [nothing() for _ in looks.turns]
    for number, gray in enumerate(frames):
        gray[0, 0] = number
    Shown(looks)(*frames)
    assert taken == list(looks.turns)


def test_two_codes_held_up_together_give_nothing() -> None:
    both = [np.hstack([ticket(seed), photo(qr("another"), pixels=4, seed=seed)]) for seed in range(12)]
    assert Shown()(*both) == []


def test_glare_over_a_part_of_the_bars_does_not_hide_them() -> None:
    y, x = np.mgrid[0:480, 0:640]
    glare = 230 * np.exp(-((x - 320) ** 2 + (y - 215) ** 2) / (2 * 26.0**2))
    frames = [np.clip(product(seed) + glare, 0, 255).astype(np.uint8) for seed in range(20)]
    assert Shown()(*frames) == [EAN]


def test_what_was_shown_before_it_was_forgotten_does_not_count() -> None:
    shown = Shown()
    assert shown(ticket()) == [TICKET]
    shown.watch.forget()
    assert shown(ticket(2)) == [TICKET]


# --- real cameras --------------------------------------------------------------------------------------------------


@contextmanager
def camera(source: str | Path) -> Iterator[CameraScanner]:
    scanner = CameraScanner(str(source))
    try:
        yield scanner
    finally:
        scanner.close()


def test_a_film_is_read_as_a_camera(tmp_path: Path) -> None:
    frames = [*(nothing(seed=seed) for seed in range(3)), *(ticket(seed) for seed in range(6))]
    with camera(film(tmp_path / "desk.avi", frames)) as scanner:
        assert scanner.health is Health.UNKNOWN
        scanner.begin()
        reading = scanner.scan(30)
        assert reading == Reading(symbology=Symbology.QR, data=TICKET.encode())
        assert scanner.health is Health.READY
        scanner.end()
    assert scanner.health is Health.UNKNOWN


def test_pictures_in_a_folder_are_read_as_a_camera_and_bars_too(tmp_path: Path) -> None:
    for number in range(6):
        cv2.imwrite(str(tmp_path / f"frame_{number:03}.png"), product(number))
    with camera(tmp_path / "frame_%03d.png") as scanner:
        scanner.begin()
        assert scanner.scan(30) == Reading(symbology=Symbology.EAN13, data=EAN.encode())


def test_a_frame_wider_than_needed_is_reduced_and_read(tmp_path: Path) -> None:
    wide = photo(qr(TICKET), pixels=9, shape=(1080, 1920))
    with camera(film(tmp_path / "wide.avi", [wide] * 3)) as scanner:
        scanner.begin()
        reading = scanner.scan(30)
        assert reading is not None
        assert reading.text == TICKET


def test_a_film_without_a_code_says_nothing_for_as_long_as_asked(tmp_path: Path) -> None:
    with camera(film(tmp_path / "hall.avi", [nothing(seed=seed) for seed in range(5)])) as scanner:
        scanner.begin()
        began = time.monotonic()
        assert scanner.scan(0.8) is None
        assert time.monotonic() - began >= 0.8


@pytest.mark.parametrize(
    "source", ["/dev/video99", "99", "no-such-film.avi", "no-such-frame-%03d.png", "http://127.0.0.1:9/"]
)
def test_a_camera_that_is_not_there_is_unplugged_and_nothing_raises(source: str) -> None:
    with camera(source) as scanner:
        assert scanner.check() is Health.UNPLUGGED
        scanner.begin()
        assert scanner.scan(0.2) is None
        scanner.end()


def test_what_is_no_film_is_unplugged(tmp_path: Path) -> None:
    (tmp_path / "text.avi").write_text("this is no film\n" * 100)
    with camera(tmp_path / "text.avi") as scanner:
        assert scanner.check() is Health.UNPLUGGED


class Clock:
    """Time that only goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("level", "after", "health"),
    [(2, BLIND_AFTER, Health.BLIND), (252, BLIND_AFTER, Health.BLIND), (None, STUCK_AFTER, Health.STUCK)],
    ids=["covered", "dazzled", "stuck"],
)
def test_a_camera_that_sees_nothing_or_always_the_same_says_so(
    tmp_path: Path, level: int | None, after: float, health: Health
) -> None:
    random = np.random.default_rng(1)
    noise = [random.integers(0, 3, (480, 640)).astype(np.uint8) for _ in range(6)]
    frames = [nothing()] * 6 if level is None else [np.asarray(level + one, np.uint8) for one in noise]
    clock = Clock()
    scanner = CameraScanner(str(film(tmp_path / "f.avi", frames)), clock=clock, sleep=clock.sleep)
    first = scanner.check()
    clock.now += after + 0.1
    assert (first, scanner.check()) == (Health.UNKNOWN if level is not None else Health.READY, health)
    scanner.close()


def test_a_camera_is_back_after_it_was_unplugged(tmp_path: Path) -> None:
    path = film(tmp_path / "desk.avi", [ticket(seed) for seed in range(3)])
    with camera(path) as scanner:
        scanner.begin()
        assert scanner.scan(30) is not None
        path.rename(tmp_path / "away.avi")
        deadline = time.monotonic() + 30
        while scanner.health is not Health.UNPLUGGED:
            assert time.monotonic() < deadline
            scanner.scan(0.1)
        (tmp_path / "away.avi").rename(path)
        scanner.begin()
        assert scanner.scan(30) is not None
        assert scanner.health is Health.READY


class Webcam(http.server.BaseHTTPRequestHandler):
    """MJPEG over HTTP, as network cameras and phones send it."""

    frames: list[bytes] = []  # noqa: RUF012  set by each server's own subclass
    stop: threading.Event

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        number = 0
        while not self.stop.wait(0.03):
            picture = self.frames[number % len(self.frames)]
            number += 1
            part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n"
            try:
                self.wfile.write(part % (len(picture), picture))
            except OSError:
                return

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def webcam(frames: list[Gray], port: int = 0) -> Iterator[int]:
    pictures = [cv2.imencode(".jpg", frame)[1].tobytes() for frame in frames]
    stop = threading.Event()
    handler = type("ThisWebcam", (Webcam,), {"frames": pictures, "stop": stop})
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            stop.set()
            server.shutdown()
            thread.join()


def test_a_network_camera_is_read_and_found_again_after_it_was_away() -> None:
    with webcam([ticket(seed) for seed in range(8)]) as port, camera(f"http://127.0.0.1:{port}/") as scanner:
        scanner.begin()
        reading = scanner.scan(30)
        assert reading is not None
        assert reading.text == TICKET
    with camera(f"http://127.0.0.1:{port}/") as scanner:
        assert scanner.check() is Health.UNPLUGGED
        with webcam([product(seed) for seed in range(8)], port):
            scanner.begin()
            reading = scanner.scan(30)
            assert reading is not None
            assert reading.text == EAN
            scanner.end()
