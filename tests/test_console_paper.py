"""At the console: the paper of a dead kiosk is scanned, a declared class is confirmed or refused, a visit goes on."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import PATIENCE_MS, Pages
from consoles import console, press, showing
from playwright.sync_api import Page, expect
from servers import CITY, HALL, Client, Server

from queue_server.domain.codes import TicketCode
from queue_server.journal.ids import uuid7
from queue_server.journal.replica import clock

expect.set_options(timeout=PATIENCE_MS)

EVIDENCE = CITY.replace("target_minutes: 5, strict: true}", "target_minutes: 5, strict: true, evidence: 军人证}")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    config = tmp_path / "evidence.yaml"
    config.write_text(EVIDENCE, encoding="utf-8")
    with Server(tmp_path, config=config) as server:
        yield server


def paper(at: Client, **more: Any) -> str:
    """What the QR code on a ticket of a kiosk says that the hall has not heard of."""
    key = base64.urlsafe_b64decode(at.get("/keys").json["code_key"] + "=")
    taken = clock() // 1000 * 1000 - 300_000
    told: dict[str, Any] = {"label": "A901", "taken_at": taken, "hall": HALL, "kiosk": "K1", "klass": "ordinary"}
    return TicketCode(**{**told, "ticket": uuid7(), "service": "licence", **more}).text(key)


def scan(page: Page, code: str) -> None:
    """As a scanner does that is a keyboard: wherever the focus is, much faster than anybody, Shift for capitals."""
    page.evaluate(
        """code => {
            let at = performance.now();
            const down = (key) => {
                const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
                Object.defineProperty(event, "timeStamp", { value: (at += 2) });  // however busy this machine is
                (document.activeElement ?? document.body).dispatchEvent(event);
            };
            for (const key of code) {
                if (/[A-Z]/.test(key)) down("Shift");
                down(key);
            }
            down("Enter");
        }""",
        code,
    )


def test_a_scanned_paper_waits_with_the_others_and_what_happened_is_said(
    server: Server, hall: Client, pages: Pages
) -> None:
    page, code = console(pages, server), paper(hall)
    page.locator("#scan input").fill(code)
    page.locator("#scan input").press("Enter")
    expect(page.locator("#message")).to_have_text("A901 已补进等候名单。")
    expect(page.locator('#waiting tr[data-label="A901"]')).to_contain_text("执照")
    expect(page.locator("#scan input")).to_have_value("")
    scan(page, code)
    expect(page.locator("#message")).to_have_text("A901 大厅早已知道，现在等候中。")


def test_a_scanner_may_speak_wherever_the_focus_is_and_presses_no_button(
    server: Server, hall: Client, pages: Pages
) -> None:
    """What is read has the letters that transfer, finish, pause and close: once in an address, once alone."""
    hall.do("1", "open")
    ticket = hall.issue("B")
    hall.do("1", "call-next")
    page = console(pages, server)
    for focus in ("body", "dialog", "button"):
        if focus == "dialog":
            press(page, "t")
            expect(page.locator("dialog#queues")).to_be_visible()
        if focus == "button":
            page.locator("#start").focus()
        label = {"body": "A901", "dialog": "A902", "button": "A903"}[focus]
        code = paper(hall, label=label)
        scan(page, code if focus == "dialog" else f"http://192.0.2.7:8081/t/{code}")
        expect(page.locator("#message")).to_have_text(f"{label} 已补进等候名单。")
        if focus == "dialog":
            press(page, "Escape")
            expect(page.locator("dialog#queues")).to_be_hidden()
    page.locator("#start").blur()
    press(page, "Enter")  # and then the keys are keys again
    showing(page, "serving")
    server.stop()
    kinds = [entry.kind for entry in server.entries() if entry.kind.startswith(("Ticket", "Window"))]
    assert kinds == ["WindowOpened", "TicketIssued", "TicketCalled", *["TicketIssued"] * 3, "TicketStarted"]
    assert ticket


@pytest.mark.parametrize("wrong", ["forged", "nonsense", "other hall"])
def test_a_paper_that_is_not_ours_is_refused_in_plain_words(
    server: Server, hall: Client, pages: Pages, wrong: str
) -> None:
    page = console(pages, server)
    code = {"forged": paper(hall)[:-1] + "_", "nonsense": "Https://example", "other hall": paper(hall, hall="H2")}
    scan(page, code[wrong])
    expect(page.locator("#message")).to_have_text("这个二维码不是本大厅的号票，或已过期。")
    expect(page.locator("#waiting")).to_contain_text("无人等候")


def test_half_a_code_is_forgotten_and_the_keys_are_keys_again(server: Server, hall: Client, pages: Pages) -> None:
    hall.do("1", "open")
    page = console(pages, server)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.evaluate("for (const key of 'cxb') dispatchEvent(new KeyboardEvent('keydown', {key}))")
    expect(page.locator("body")).not_to_have_attribute("data-pressing", "")
    expect(page.locator("#scan input")).to_have_value("")
    press(page, "b")
    showing(page, "paused")
    assert [url.rpartition("/")[2] for url in sent] == ["pause"]


def test_the_class_that_was_declared_is_shown_with_its_evidence_and_confirmed_or_refused(
    server: Server, hall: Client, pages: Pages
) -> None:
    hall.do("1", "open")
    for _ in range(2):
        hall.issue("A", **{"class": "military"})
    hall.do("1", "call-next")
    page = console(pages, server)
    declared = page.locator("#state .declared")
    expect(declared).to_contain_text("优先凭证： 军人证")
    press(page, "y")
    expect(declared).to_contain_text("已确认")
    expect(declared.locator("button")).to_have_count(1)
    press(page, "x")
    showing(page, "idle")
    press(page, "n")
    declared.get_by_role("button", name="不符").click()
    expect(declared).to_have_text("优先未获确认，按普通办理")
    expect(page.locator("#state em")).to_have_count(0)
    server.stop()
    confirmed = [entry for entry in server.entries() if entry.kind == "ClassConfirmed"]
    assert [b'"confirmed":true' in entry.data for entry in confirmed] == [True, False]


def test_where_nothing_was_declared_there_is_nothing_to_confirm(server: Server, hall: Client, pages: Pages) -> None:
    hall.do("1", "open")
    hall.issue("A")
    hall.do("1", "call-next")
    page = console(pages, server)
    showing(page, "called")
    assert page.locator("#state .declared").count() == 0


def test_a_console_tells_what_comes_next_in_a_visit_and_finishing_sends_it_on(
    server: Server, hall: Client, pages: Pages
) -> None:
    hall.do("1", "open")
    hall.post("/tickets", {"service": "licence", "then": ["tax"]})
    hall.do("1", "call-next")
    page = console(pages, server)
    expect(page.locator("#state .then")).to_have_text("接着还要办： 税务")
    press(page, "Enter")
    showing(page, "serving")
    press(page, "1")
    showing(page, "idle")
    expect(page.locator('#waiting tr[data-label="A001"]')).to_contain_text("税务")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_all_of_it_still_fits_a_small_screen(server: Server, hall: Client, pages: Pages, language: str) -> None:
    hall.do("1", "open")
    hall.post("/tickets", {"service": "licence", "then": ["tax"], "class": "military"})
    hall.do("1", "call-next")
    page = console(pages, server, language=language)
    expect(page.locator("#state .declared")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in page.locator("#state button, #buttons button, #outcomes button, #scan input").all():
        expect(button).to_be_in_viewport(ratio=1)
    boxes = [box for button in page.locator("#outcomes button").all() if (box := button.bounding_box())]
    section = page.locator("#outcomes").bounding_box()
    assert section is not None
    assert all(box["y"] + box["height"] <= section["y"] + section["height"] for box in boxes), "nothing sticks out"
