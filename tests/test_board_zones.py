"""Zones and notices: what a board shows of its part of the hall, and what stands beside the calls. Pure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hall_stories import HALL, Story, text
from PIL import Image
from servers import CITY
from servers import HALL as HALL_CODE

from display.board import Board, board, changes_at
from display.calls import Calls, Part
from display.media import Media
from display.notices import WAITS, pictures, scheduled, texts
from display.stage import Scene
from queue_server.config import ConfigurationError, load
from queue_server.domain.configuration import BoardNotice, Configuration, Opening, Zone

EAST = Zone(code="east", name=text("东区"), windows=("1",))
WEST = Zone(code="west", name=text("西区"), windows=("2", "3"))
ZONED = replace(HALL, zones=(EAST, WEST))


def notice(said: str, **when: object) -> BoardNotice:
    return BoardNotice(text=text(said), **when)  # type: ignore[arg-type]


def seen(story: Story, zone: Zone | None, *notices: BoardNotice) -> Board:
    calls = Calls()
    for fact in story.facts:
        calls.apply(fact, story.hall)
    part = Part(calls)
    part.read(zone.windows if zone else None)
    shown = board(
        story.hall, part.scene, story.now, waits={}, heard_at=story.now, zone=zone, notices=notices
    )  # fmt: skip
    assert shown is not None
    return shown


def test_a_zones_board_shows_the_calls_of_its_windows_and_no_others() -> None:
    story = Story(ZONED).at("09:00")
    for queue, window in (("A", "1"), ("B", "2"), ("C", "3")):
        story.issue(queue)
        story.call(window)
    assert [call.label for call in seen(story, EAST).calls] == ["A001"]
    assert {call.label for call in seen(story, WEST).calls} == {"B001", "C001"}
    assert {call.label for call in seen(story, None).calls} == {"A001", "B001", "C001"}


def test_a_zones_board_shows_the_queues_its_windows_serve_as_their_own() -> None:
    story = Story(ZONED).at("09:00")
    assert [queue.letter for queue in seen(story, EAST).queues] == ["A"]
    assert [queue.letter for queue in seen(story, WEST).queues] == ["A", "B", "C"], "3 has A as its own, 2 only helps"
    assert seen(story, EAST).zone == EAST.name
    assert seen(story, None).zone is None


def test_a_window_that_changes_its_zone_takes_its_calls_with_it() -> None:
    story = Story(ZONED).at("09:00")
    story.issue("A")
    story.call("1")
    calls = Calls()
    for fact in story.facts:
        calls.apply(fact, story.hall)
    part = Part(calls)
    assert [call.label for call in part.read(WEST.windows)] == []
    assert [call.label for call in part.read(("1", "2", "3"))] == ["A001"]
    assert part.read(("1", "2", "3")) == [], "and gives them once"


@pytest.mark.parametrize(
    ("when", "clock", "is_shown"),
    [
        ({}, "09:00", True),
        ({"since": "2026-03-03"}, "09:00", False),
        ({"since": "2026-03-02", "until": "2026-03-02"}, "23:59", True),
        ({"until": "2026-03-01"}, "00:00", False),
        ({"hours": Opening(opens="08:30", closes="12:00")}, "08:29", False),
        ({"hours": Opening(opens="08:30", closes="12:00")}, "08:30", True),
        ({"hours": Opening(opens="08:30", closes="12:00")}, "12:00", False),
        ({"weekdays": (2, 3)}, "09:00", False),
        ({"weekdays": (1,)}, "09:00", True),
    ],
)
def test_a_notice_is_shown_on_its_days_and_in_its_hours(when: dict[str, object], clock: str, is_shown: bool) -> None:
    now = Story().at(clock).now  # a Monday
    assert bool(scheduled([notice("甲", **when)], None, HALL.timezone, now)) is is_shown


def test_a_notice_of_a_zone_is_shown_there_and_on_the_board_of_the_whole_hall() -> None:
    story = Story(ZONED).at("09:00")
    told = notice("甲", zones=("east",))
    assert seen(story, EAST, told).notice == text("甲")
    assert seen(story, None, told).notice == text("甲")
    assert seen(story, WEST, told).notice is None


def test_notices_take_turns_by_the_halls_clock_so_that_boards_side_by_side_agree() -> None:
    line = texts([notice("甲", seconds=4), notice("乙", seconds=6)])
    shown = "".join(entry.text.zh for s in range(20) if (entry := line.now(s * 1000)) and entry.text)
    assert shown == "甲甲甲甲乙乙乙乙乙乙" * 2
    assert line.changes_at(3_999) == 4_000
    assert texts([notice("甲")]).changes_at(0) is None, "one alone stays"


def test_the_waits_are_seen_between_any_two_pictures() -> None:
    shown = pictures([BoardNotice(file="a.png", seconds=5), BoardNotice(file="b.mp4", seconds=5)])
    turns = [entry.file if (entry := shown.now(at)) else None for at in range(0, 2 * (WAITS + 5_000), 1000)]
    waits = WAITS // 1000
    assert turns == [None] * waits + ["a.png"] * 5 + [None] * waits + ["b.mp4"] * 5


def test_a_board_says_when_its_notices_will_change() -> None:
    story = Story(ZONED).at("09:00")
    told = (
        notice("甲", seconds=7),
        notice("乙", seconds=5),
        notice("丙", hours=Opening(opens="09:01", closes="10:00")),
    )
    now = story.now
    for _ in range(30):
        then = changes_at(story.hall, Scene(), now, heard_at=now, notices=told)
        assert then > now
        shown = [
            board(story.hall, Scene(), at, waits={}, heard_at=at, notices=told)
            for at in (now, (now + then) // 2, then - 1)
        ]
        assert shown[0] == shown[1] == shown[2]
        now = then


def test_a_file_that_cannot_be_shown_is_passed_over_and_told(tmp_path: Path) -> None:
    Image.effect_noise((64, 64), 60).save(tmp_path / "good.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:2000])
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    (tmp_path / "no.webm").write_bytes(b"what is this")
    files = ["good.png", "cut.png", "film.mp4", "no.webm", "lost.jpg"]
    notices = [BoardNotice(file=name) for name in files] + [notice("甲")]
    media = Media(tmp_path)
    assert [n.file for n in media.usable(notices)] == [None], "nothing is shown before it has been looked at"
    assert media.look(notices)
    assert [n.file for n in media.usable(notices)] == ["good.png", "film.mp4", None]
    assert media.faults.keys() == {"cut.png", "no.webm", "lost.jpg"}
    assert not media.look(notices)
    (tmp_path / "lost.jpg").write_bytes((tmp_path / "good.png").read_bytes())
    assert media.look(notices), "a file that came later is noticed"
    assert "lost.jpg" not in media.faults


WRONG = [
    ('zones: [{code: east, name: {zh: 东}, windows: ["1", "99"]}]', "zones[0].windows: there is no window '99'"),
    ('zones: [{code: 东区, name: {zh: 东}, windows: ["1"]}]', "zones[0].code: '东区' is part of an address"),
    ('zones: [{code: changes, name: {zh: 东}, windows: ["1"]}]', "zones[0].code: 'changes'"),
    ("zones: [{code: east, name: {zh: 东}, windows: []}]", "zones[0].windows: a zone has at least one window"),
    ('zones: [{code: e, name: {zh: 东}, windows: ["1"], voice: {languages: [fr]}}]', "no voice speaks 'fr'"),
    ('zones: [{code: e, name: {zh: 东}, windows: ["1"], voice: {readings: 0}}]', "must be at least 1"),
    ("board_notices: [{text: {zh: 甲}, file: a.png}]", "either a text or a file"),
    ("board_notices: [{}]", "either a text or a file"),
    ("board_notices: [{file: ../a.png}]", "must lie in the folder of media"),
    ("board_notices: [{file: a.exe}]", "boards show"),
    ('board_notices: [{text: {zh: 甲}, since: "2026-2-1"}]', "is not a date"),
    ('board_notices: [{text: {zh: 甲}, hours: {opens: "12:00", closes: "08:30"}}]', "must be like"),
    ("board_notices: [{text: {zh: 甲}, zones: [north]}]", "there is no zone 'north'"),
    ("board_notices: [{text: {zh: 甲}, seconds: 0}]", "at least 2"),
    ("board_notices: [{text: {zh: 甲}, weekdays: [0]}]", "days are 1 (Monday)"),
]


@pytest.mark.parametrize(("line", "message"), WRONG)
def test_mistakes_in_zones_and_notices_are_told_with_their_place(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "city.yaml"
    path.write_text(f"{CITY}    {line}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert message in str(caught.value)


def test_zones_duties_and_notices_reach_the_halls_configuration(tmp_path: Path) -> None:
    path = tmp_path / "city.yaml"
    more = '    zones: [{code: east, name: {zh: 东}, windows: ["1"], silent: true}]\n'
    more += "    board_notices: [{file: a/b.png}]\n"
    path.write_text(CITY + more, encoding="utf-8")
    hall: Configuration = load(path).configuration(HALL_CODE)
    assert hall.zone["east"].silent
    assert hall.board_notices[0].file == "a/b.png"
