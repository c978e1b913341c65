"""The console of a window, the start page and the services, in a real browser, from a real hall server."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import DESK, PATIENCE_MS, Pages
from consoles import console, press, showing
from PIL import Image
from playwright.sync_api import Request, Route, expect
from servers import HALL, Client, Server, stream

from queue_server.journal.entry import event_of

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as server:
        yield server


def calls(server: Server) -> list[str]:
    """The tickets called so far, from the journal. Ends the server."""
    server.stop()
    return [event_of(entry).ticket for entry in server.entries() if entry.kind == "TicketCalled"]


def test_a_double_click_on_call_next_calls_one_ticket(server: Server, hall: Client, pages: Pages) -> None:
    hall.do("1", "open")
    first, _ = hall.issue("A"), hall.issue("A")
    page = console(pages, server)
    page.locator("button.call-next").dblclick()
    expect(page.locator("#state .number")).to_have_text("A001")
    showing(page, "called")
    assert calls(server) == [first]


def test_a_key_held_down_presses_once(server: Server, hall: Client, pages: Pages) -> None:
    hall.do("1", "open")
    tickets = [hall.issue("A") for _ in range(3)]
    page = console(pages, server)
    for _ in range(10):
        page.keyboard.down("n")
    page.keyboard.up("n")
    showing(page, "called")
    for _ in range(10):
        page.keyboard.down("Enter")
    showing(page, "serving")
    assert calls(server) == tickets[:1]


def test_who_sees_the_call_need_not_wait_for_the_answer_to_the_press(
    server: Server, hall: Client, pages: Pages
) -> None:
    hall.do("1", "open")
    ticket = hall.issue("A")
    page = console(pages, server)
    held = []

    def hold(route: Route) -> None:
        held.append((route, route.fetch()))  # the hall has called; the page is not told so

    page.route("**/call-next", hold)
    page.keyboard.press("n")
    showing(page, "called")
    page.keyboard.press("Enter")
    showing(page, "serving")
    for route, answer in held:
        route.fulfill(response=answer)
    page.keyboard.press("1")
    showing(page, "idle")
    expect(page.locator("#message")).to_be_hidden()
    assert calls(server) == [ticket]


def test_of_two_pages_of_a_window_that_press_at_once_one_does_something(
    server: Server, hall: Client, pages: Pages
) -> None:
    hall.do("1", "open")
    tickets = [hall.issue("A") for _ in range(4)]
    one, other = console(pages, server), console(pages, server)
    done = 0
    for key, state in (("n", "called"), ("Enter", "serving"), ("n", "called")):
        for page in (one, other):  # both send what they saw; neither waits for the other
            page.evaluate("key => dispatchEvent(new KeyboardEvent('keydown', {key}))", key)
        showing(one, state)
        showing(other, state)
        done += 1
    for page in (one, other):
        expect(page.locator("#state .number")).to_have_text("A002")
        expect(page.locator("body")).not_to_have_attribute("data-pressing", "")
    assert done == 3
    assert calls(server) == tickets[:2]


def test_a_press_on_what_another_page_has_changed_is_refused_in_plain_words(
    server: Server, hall: Client, pages: Pages
) -> None:
    hall.do("1", "open")
    hall.issue("A")
    page = console(pages, server)
    page.route("**/fragment?*", lambda route: route.abort())  # this page does not learn what follows
    hall.do("1", "call-next")
    hall.do("1", "no-show")
    hall.issue("A")
    hall.do("1", "call-next")
    press(page, "n")
    expect(page.locator("#message")).to_have_text("本窗口的号还没有办结。")
    page.unroute("**/fragment?*")
    showing(page, "called")


def test_a_press_that_would_be_refused_is_not_sent_but_explained(server: Server, hall: Client, pages: Pages) -> None:
    hall.do("1", "open")
    hall.issue("A")
    page = console(pages, server)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    press(page, "f")
    expect(page.locator("#message")).to_have_text("本窗口现在没有号。")
    press(page, "n")
    showing(page, "called")
    expect(page.locator("#message")).to_be_hidden()
    press(page, "r")
    expect(page.locator("#message")).to_have_text("刚刚呼叫过，请给群众一点时间再重呼。")
    assert [url.rpartition("/")[2] for url in sent] == ["call-next"]


def test_a_shift_can_be_worked_with_keys_alone(server: Server, hall: Client, pages: Pages) -> None:
    for _ in range(5):
        hall.issue("A")
    page = console(pages, server)
    number = page.locator("#state .number")
    showing(page, "closed")
    press(page, "o")
    showing(page, "idle")
    press(page, "n")
    expect(number).to_have_text("A001")
    press(page, "Enter")
    showing(page, "serving")
    press(page, "5")  # materials missing
    showing(page, "idle")
    press(page, " ")
    expect(number).to_have_text("A002")
    press(page, "x")
    showing(page, "idle")
    press(page, "n")
    expect(number).to_have_text("A003")
    press(page, "Enter")
    showing(page, "serving")
    press(page, "n")  # finishes and calls in one press
    expect(number).to_have_text("A004")
    showing(page, "called")
    press(page, "t")
    expect(page.locator("dialog#queues")).to_be_visible()
    press(page, "Escape")
    expect(page.locator("dialog#queues")).to_be_hidden()
    press(page, "t")
    press(page, "b")
    showing(page, "idle")
    expect(page.locator('#waiting tr[data-label="A004"]')).to_contain_text("乙")
    press(page, "n")
    press(page, "Enter")
    showing(page, "serving")
    press(page, "p")
    showing(page, "idle")
    press(page, "b")
    showing(page, "paused")
    press(page, "b")
    showing(page, "idle")
    press(page, "c")
    showing(page, "closed")

    tickets = {ticket["label"]: ticket for ticket in (hall.get(f"/tickets/{id_}").json for id_ in issued(server))}
    assert [(tickets[label]["state"], tickets[label]["outcome"]) for label in ("A001", "A002", "A003")] == [
        ("finished", "materials-missing"),
        ("no-show", None),
        ("finished", "done"),
    ]
    assert tickets["A004"]["queue"] == "B"


def issued(server: Server) -> list[str]:
    """Ids of all tickets, from the feed of the running server."""
    last = server.client().seq
    with stream(server.port, Last_Event_ID="0") as feed:
        body = feed.read_until(lambda body: f"\nid: {last}\n".encode() in body and body.endswith(b"\n\n"))
    events = [
        dict(line.split(b": ", 1) for line in event.split(b"\n") if b": " in line) for event in body.split(b"\n\n")
    ]
    return [json.loads(e[b"data"])["data"]["ticket"] for e in events if e.get(b"event") == b"TicketIssued"]


def test_a_click_is_not_lost_when_the_list_changes_under_it(server: Server, hall: Client, pages: Pages) -> None:
    hall.do("1", "open")
    hall.issue("A")
    page = console(pages, server)
    box = page.locator("button.call-next").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    hall.issue("B")
    expect(page.locator('#waiting tr[data-label="B001"]')).to_be_visible()
    page.mouse.up()
    expect(page.locator("#state .number")).to_have_text("A001")


def test_a_press_tells_what_it_is_about_under_the_key_its_page_was_drawn_with(
    server: Server, hall: Client, pages: Pages
) -> None:
    hall.do("1", "open")
    ticket = hall.issue("A")
    page = console(pages, server)
    keys: list[str] = []
    bodies: list[object] = []

    def sent(request: Request) -> None:
        if request.method == "POST":
            keys.append(request.headers["idempotency-key"])
            bodies.append(request.post_data_json)

    page.on("request", sent)
    for key, state in (("n", "called"), ("Enter", "serving"), ("n", "idle")):
        press(page, key)
        showing(page, state)
    assert bodies == [{}, {"ticket": ticket}, {"ticket": ticket, "outcome": "done"}]
    server.stop()
    kinds = {"TicketCalled", "TicketStarted", "TicketFinished"}
    assert [entry.cause for entry in server.entries() if entry.kind in kinds] == keys
    assert len(set(keys)) == 3, "every drawing has a key of its own"


def test_a_console_whose_server_dies_says_so_and_goes_on_when_it_is_back(
    server: Server, hall: Client, pages: Pages
) -> None:
    hall.do("1", "open")
    ticket = hall.issue("A")
    page = console(pages, server)
    server.kill()
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#lost")).to_contain_text("与服务器断开 0:0")
    press(page, "n")
    expect(page.locator("#message")).to_have_text("与服务器断开，这次按键没有送出。")
    showing(page, "idle")
    server.start()
    expect(page.locator("#lost")).to_be_hidden()
    press(page, "n")
    showing(page, "called")
    assert calls(server) == [ticket]


def test_a_console_whose_server_falls_silent_says_so_too(server: Server, hall: Client, pages: Pages) -> None:
    page = console(pages, server)
    os.kill(server.pid, signal.SIGSTOP)  # the line stays up, as with a pulled cable
    try:
        expect(page.locator("#lost")).to_be_visible()
    finally:
        os.kill(server.pid, signal.SIGCONT)
    expect(page.locator("#lost")).to_be_hidden()


def test_the_list_shows_service_class_promise_and_what_is_new(server: Server, hall: Client, pages: Pages) -> None:
    page = console(pages, server)
    expect(page.locator("#waiting")).to_contain_text("无人等候")
    hall.post("/tickets", {"service": "licence", "class": "military"})
    row = page.locator('#waiting tr[data-label="A001"]')
    expect(row).to_contain_text("执照")
    expect(row.locator("em")).to_have_text("军人")
    expect(row.locator("[data-time]")).to_have_text(re.compile(r"^1[0-9]:\d\d$"))  # it is about noon there
    expect(page.locator('.counts [data-queue="A"] strong')).to_have_text("1")


def test_everything_fits_a_small_screen(server: Server, hall: Client, pages: Pages) -> None:
    hall.do("1", "open")
    for _ in range(40):
        hall.issue("A")
    hall.do("1", "call-next")
    for language in ("zh", "en"):
        page = console(pages, server, language=language)
        showing(page, "called")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert all(key.strip() for key in page.locator("kbd").all_inner_texts()), "every button tells its key"
        for button in page.locator("#buttons button, #outcomes button").all():
            expect(button).to_be_in_viewport(ratio=1)


def test_the_start_page_leads_to_every_window_and_the_services(server: Server, pages: Pages) -> None:
    page = pages.open(f"{server.url}/", DESK)
    assert page.locator(".windows a").count() == 8
    page.locator(".windows a").first.click()
    expect(page.locator("h1")).to_contain_text("1号窗口")
    page.goto(f"{server.url}/?lang=en")
    page.get_by_role("link", name="Services (seven disclosures)").click()
    expect(page.locator("article.service h3").first).to_have_text("Licence")
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_start_page_shows_the_receipts_of_the_demo(tmp_path: Path, pages: Pages) -> None:
    receipts = tmp_path / "receipts"
    receipts.mkdir()
    Image.new("1", (8, 8), 1).save(receipts / "one.png")
    (tmp_path / "secret.png").write_bytes(b"no")
    links = f'{{"receipts": "{receipts}", "board": "http://127.0.0.1:9/board"}}'
    with Server(tmp_path / "hall", "--links", links) as server:
        page = pages.open(f"{server.url}/", DESK)
        expect(page.locator(".receipts img")).to_have_count(1)
        assert page.evaluate("document.querySelector('.receipts img').decode().then(() => true)")
        assert page.locator('.cards a[href="http://127.0.0.1:9/board"]').count() == 1
        for name in ("../secret.png", "..%2Fsecret.png", "nothing.png"):
            assert page.request.get(f"{server.url}/receipts/{name}").status == 404


def test_an_unknown_window_or_hall_is_told_not_thrown(server: Server, hall: Client) -> None:
    assert hall.get(f"//halls/{HALL}/windows/99").reason == "unknown-window"
    assert hall.get("//halls/NOWHERE/windows/1").reason == "unknown-hall"
    assert hall.get("//halls/NOWHERE/services").reason == "unknown-hall"
