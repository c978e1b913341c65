"""Keys of a day are destroyed with it; the city's key stays. And what becomes of an ID number."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.id_card.records import CardRecord, is_citizen_number, parse_record
from devices.id_card.seen import seen
from devices.id_card.simulator import CARDS
from queue_server.domain.holder import holder_of
from queue_server.keys import KEY_BYTES, KeyRing, KeysUnavailable

MONDAY, TUESDAY, WEDNESDAY = "2026-03-02", "2026-03-03", "2026-03-04"
NOBODYS = "321199196001010017"  # division code 321199 is unassigned
DAY_KEY = bytes(range(32))


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_key_is_made_when_it_is_first_asked_for_and_stays_the_same(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path / "keys")
    assert files(tmp_path) == []
    key = keys.day_key("H1", MONDAY)
    assert len(key) == KEY_BYTES
    assert keys.day_key("H1", MONDAY) == key == KeyRing(tmp_path / "keys").day_key("H1", MONDAY)
    assert keys.code_key() == KeyRing(tmp_path / "keys").code_key()


def test_every_hall_and_day_has_a_key_of_its_own(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    made = {keys.code_key(), *(keys.day_key(hall, day) for hall in ("H1", "H2") for day in (MONDAY, TUESDAY))}
    assert len(made) == 5


def test_nobody_else_may_read_a_key(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path / "keys")
    keys.day_key("H1", MONDAY)
    keys.code_key()
    for path in (tmp_path / "keys").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0


def test_keys_of_days_before_are_destroyed_and_no_other(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    kept = keys.day_key("H1", TUESDAY), keys.day_key("H1", WEDNESDAY), keys.day_key("H2", MONDAY), keys.code_key()
    gone = keys.day_key("H1", MONDAY)
    keys.forget("H1", TUESDAY)
    assert files(tmp_path) == [
        "codes.key", f"hall-H1/{TUESDAY}.key", f"hall-H1/{WEDNESDAY}.key", f"hall-H2/{MONDAY}.key"
    ]  # fmt: skip
    again = keys.day_key("H1", TUESDAY), keys.day_key("H1", WEDNESDAY), keys.day_key("H2", MONDAY), keys.code_key()
    assert again == kept
    assert keys.day_key("H1", MONDAY) != gone


def test_a_destroyed_key_was_written_over_before_it_was_removed(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    key = keys.day_key("H1", MONDAY)
    with (tmp_path / "hall-H1" / f"{MONDAY}.key").open("rb") as file:
        assert file.read() == key
        keys.forget("H1", TUESDAY)
        file.seek(0)
        assert file.read() == bytes(KEY_BYTES), "the disk still has what the name no longer leads to"


def test_what_was_left_of_a_key_in_the_making_is_destroyed_too(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    keys.day_key("H1", TUESDAY)
    (tmp_path / "hall-H1" / f"{MONDAY}.key.77-abcd").write_bytes(b"half a key")
    keys.forget("H1", TUESDAY)
    assert files(tmp_path) == [f"hall-H1/{TUESDAY}.key"]


def test_there_is_nothing_to_forget_where_no_key_was_made(tmp_path: Path) -> None:
    KeyRing(tmp_path / "keys").forget("H1", TUESDAY)
    assert files(tmp_path) == []


def test_all_who_ask_at_once_get_the_same_key(tmp_path: Path) -> None:
    for hall in map(str, range(10)):
        ready, got = threading.Barrier(8), []

        def ask(hall: str = hall, ready: threading.Barrier = ready, got: list[bytes] = got) -> None:
            ready.wait()
            got.append(KeyRing(tmp_path).day_key(hall, MONDAY))

        asking = [threading.Thread(target=ask) for _ in range(8)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        assert len(got) == 8
        assert len(set(got)) == 1
    assert len(files(tmp_path)) == 10


@pytest.mark.parametrize("content", [b"", b"short", b"k" * 33])
def test_a_damaged_key_is_said_to_be_damaged_and_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    keys = KeyRing(tmp_path)
    keys.code_key()
    (tmp_path / "codes.key").write_bytes(content)
    with pytest.raises(KeysUnavailable, match=r"codes\.key"):
        keys.code_key()
    assert (tmp_path / "codes.key").read_bytes() == content


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file, not a folder")
    keys = KeyRing(tmp_path / "keys")
    for ask in (keys.code_key, lambda: keys.day_key("H1", MONDAY), lambda: keys.forget("H1", TUESDAY)):
        with pytest.raises(KeysUnavailable):
            ask()


@pytest.mark.parametrize("day", ["", "monday", "20260302", "2026-02-30", "../2026-03-02"])
def test_what_is_no_day_has_no_key(tmp_path: Path, day: str) -> None:
    with pytest.raises(ValueError, match=r"date|isoformat|month|day"):
        KeyRing(tmp_path).day_key("H1", day)
    assert files(tmp_path) == []


# --- holders


def test_a_holder_is_what_a_kiosk_makes_of_the_same_card() -> None:
    record = parse_record(bytearray(CARDS["resident"].record))
    assert isinstance(record, CardRecord)
    card = seen(record, day_key=DAY_KEY, today=date(2026, 3, 2))
    assert card is not None
    assert holder_of(NOBODYS, DAY_KEY) == card.holder


def test_a_holder_depends_on_the_day_and_says_nothing_of_the_number() -> None:
    holder = holder_of(NOBODYS, DAY_KEY)
    assert holder is not None
    assert len(holder) == 64
    assert holder != holder_of(NOBODYS, DAY_KEY[::-1])
    assert NOBODYS[6:14] not in holder


def test_a_number_may_be_typed_with_a_small_x_and_spaces_around() -> None:
    bodies = [f"32119919600101{serial:03d}" for serial in range(100)]
    number = next(body + "X" for body in bodies if is_citizen_number((body + "X").encode()))
    assert holder_of(f" {number.lower()} ", DAY_KEY) == holder_of(number, DAY_KEY)
    assert holder_of(number, DAY_KEY) is not None


@given(body=st.from_regex(r"[0-9]{17}", fullmatch=True), last=st.sampled_from("0123456789X"))
def test_the_check_character_is_that_of_gb_11643(body: str, last: str) -> None:
    assert (holder_of(body + last, DAY_KEY) is not None) == is_citizen_number((body + last).encode())


@given(text=st.text(max_size=40))
def test_what_is_no_id_number_has_no_holder(text: str) -> None:
    assert holder_of(text, DAY_KEY) is None


def test_full_width_digits_are_no_digits() -> None:
    assert holder_of("３２１１９９１９６００１０１００１７", DAY_KEY) is None
