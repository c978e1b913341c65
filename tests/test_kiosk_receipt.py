"""The paper a resident takes home, as the printer's lines and as bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hall_stories import HALL, MONDAY

from devices.printer import PROFILES, Line, QRCode, Receipt, Row
from devices.printer.protocol import Bitmap, encode
from kiosk.papers import HandedOut
from kiosk.receipt import receipt, ticket_url
from kiosk.texts import load
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import Text

LANGUAGES = load()
TICKET = HandedOut(
    ticket="018f2c3a-7b1d-7c4e-9f10-2a3b4c5d6e7f", label="A017", queue="A", service="licence",
    at=instant(HALL.timezone, MONDAY, "09:41"), ahead=3, wait=(8, 15), windows=("1", "2", "3", "5"),
)  # fmt: skip
URL = ticket_url("http://192.168.10.5:8081/", TICKET.ticket)
REAL = replace(
    HALL,
    name=Text(zh="句容市政务服务中心", en="Jurong City Government Service Centre"),
    services=(replace(HALL.services[0], name=Text(zh="居民身份证换领、补领", en="ID card renewal or replacement")),),
)


def paper(ticket: HandedOut = TICKET, language: str = "zh") -> Receipt:
    return receipt(ticket, REAL, LANGUAGES[language], kiosk="K1", url=URL)


def lines(printed: Receipt) -> list[str]:
    return [part.text for part in printed.parts if isinstance(part, Line)]


def test_the_paper_says_all_a_resident_needs() -> None:
    assert lines(paper()) == [
        "句容市政务服务中心",
        "排队号",
        "A017",
        "居民身份证换领、补领",
        "您前面还有 3 人",
        "预计等候约 8–15 分钟",
        "请留意 1–3、5 号窗口",
        "扫码看排队进度",
        "温馨提示：当日有效。连续呼叫三次未到视为过号，请到取号机或导服台办理过号恢复。",
    ]
    assert Row("取号时间 2026-03-02 09:41", "K1 号机") in paper().parts


def test_the_number_is_by_far_the_largest() -> None:
    sizes = {part.text: part.size for part in paper().parts if isinstance(part, Line)}
    assert sizes.pop("A017") >= 2 * max(sizes.values())


def test_a_plain_ticket_says_nothing_of_what_it_has_not() -> None:
    said = "".join(lines(paper()))
    for word in ("优先", "预约", "接着办", "取号人", "重打"):
        assert word not in said


def test_the_window_finds_on_the_paper_what_it_has_to_check() -> None:
    first = replace(HALL.classes[1], name=Text(zh="60周岁以上老年人", en="Aged 60 and over"), evidence="身份证")
    hall = replace(REAL, classes=(HALL.classes[0], first, *HALL.classes[2:]))
    declared = replace(TICKET, klass="elder", holder_name="欧阳**")
    said = [
        part.text
        for part in receipt(declared, hall, LANGUAGES["zh"], kiosk="K1", url=URL).parts
        if isinstance(part, Line)
    ]
    assert {"优先：60周岁以上老年人", "窗口核对：身份证", "取号人 欧阳**"} <= set(said)
    assert "Priority: Aged 60 and over" in [
        part.text
        for part in receipt(declared, hall, LANGUAGES["en"], kiosk="K1", url=URL).parts
        if isinstance(part, Line)
    ]


def test_an_appointments_paper_has_its_time_and_claims_no_other_priority() -> None:
    said = lines(paper(replace(TICKET, klass="appointment", slot=instant(HALL.timezone, MONDAY, "10:30"))))
    assert "预约时间 10:30" in said
    assert "优先" not in "".join(said)


def test_the_further_services_of_a_visit_are_numbered_in_their_order() -> None:
    hall = replace(REAL, services=(*REAL.services, *HALL.services[1:]))
    visit = receipt(replace(TICKET, then=("tax", "pension")), hall, LANGUAGES["zh"], kiosk="K1", url=URL)
    assert [line for line in lines(visit) if "接着办" in line] == ["2. 接着办 tax", "3. 接着办 pension"]


def test_a_paper_printed_again_says_so() -> None:
    again = receipt(TICKET, REAL, LANGUAGES["zh"], kiosk="K1", url=URL, again=True)
    assert "排队号（重打）" in lines(again)
    assert "排队号" not in lines(again)


def test_what_is_not_known_is_left_out() -> None:
    said = "".join(lines(paper(replace(TICKET, ahead=None, wait=None, windows=()))))
    assert "前面" not in said
    assert "预计" not in said
    assert "窗口" not in said


@pytest.mark.parametrize(
    ("wait", "said"), [((0, 5), "预计等候 5 分钟以内"), ((10, 10), "预计等候约 10 分钟"), ((0, 0), None)]
)
def test_a_wait_is_said_as_people_say_it(wait: tuple[int, int], said: str | None) -> None:
    waits = [line for line in lines(paper(replace(TICKET, wait=wait))) if "等候" in line]
    assert waits == ([] if said is None else [said])


def test_the_code_leads_to_the_tickets_own_page() -> None:
    (code,) = [part for part in paper().parts if isinstance(part, QRCode)]
    assert code.text == "http://192.168.10.5:8081/t/018f2c3a-7b1d-7c4e-9f10-2a3b4c5d6e7f"


def test_without_a_service_the_paper_names_the_queue() -> None:
    assert "A" in lines(paper(replace(TICKET, service=None)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", PROFILES)
def test_a_ticket_is_less_than_a_kilobyte_of_text(language: str, width: str) -> None:
    def never(text: str, size: int, bold: bool) -> Bitmap:
        raise AssertionError(f"{text!r} would be printed as a picture")

    assert len(encode(paper(language=language), PROFILES[width], never).data) < 1000
