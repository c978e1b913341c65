"""A manager moves windows in a real browser: what is recommended, applied, undone, and tried before it is done."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from answers import fits, refused
from browser import DESK, PATIENCE_MS, Pages
from playwright.sync_api import Page, expect
from servers import CITY, HALL, Answer, Client, Server, stream, until
from test_accessible import AXE, RULES, violations

expect.set_options(timeout=PATIENCE_MS)

EVERYTHING = "serves: [{queue: A}, {queue: B}, {queue: C}]"
WAITING = 40
COMPUTED = 60
"""Seconds: the forecaster goes behind everything else that runs."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Eight windows, of which two serve the queue where everybody is, two another, and four wait for nobody."""
    folder = tmp_path_factory.mktemp("hall")
    parts = CITY.split(EVERYTHING)
    serves = ["A", "A", "B", "B", "C", "C", "C", "C"]
    rest = zip(serves, parts[1:], strict=True)
    config = folder / "own.yaml"
    config.write_text(parts[0] + "".join(f"serves: [{{queue: {q}}}]{part}" for q, part in rest), encoding="utf-8")
    with Server(folder, "--always-open", config=config, forecast=True) as running:
        hall = running.client()
        for window in map(str, range(1, 9)):
            hall.do(window, "open")
        for _ in range(WAITING):
            hall.issue("A")
        yield running
        assert '"level": "error"' not in running.log, running.log


@pytest.fixture
def pages(pages: Pages, hall: Client) -> Pages:
    """Pages of a hall whose forecaster is there."""
    until(lambda: hall.get("/forecast").json["at"] is not None, COMPUTED)
    return pages


def manager(pages: Pages, server: Server, language: str = "zh") -> Page:
    page = pages.open(f"{server.url}/halls/{HALL}/manage?lang={language}", DESK)
    expect(page.locator("body")).to_have_attribute("data-link", "up")
    return page


def serving(hall: Client) -> dict[str, list[str]]:
    return {window["code"]: [s["queue"] for s in window["serves"]] for window in hall.get().json["windows"]}


def recommendations(hall: Client) -> dict[str, Any]:
    return dict(hall.get("/recommendations").json)


def advised(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    return dict(answer.json["newest"])


def facts(hall: Client, server: Server, kind: str) -> list[dict[str, Any]]:
    """Of that kind, from the feed of the running server."""
    last = hall.seq
    with stream(server.port, Last_Event_ID="0") as feed:
        body = feed.read_until(lambda body: f"\nid: {last}\n".encode() in body and body.endswith(b"\n\n"))
    events = [dict(line.split(b": ", 1) for line in part.split(b"\n") if b": " in line) for part in body.split(b"\n\n")]
    return [json.loads(event[b"data"])["data"] for event in events if event.get(b"event") == kind.encode()]


def flaws(page: Page) -> list[str]:
    """What axe finds in the dialog that is open; the rest of the page is out of reach meanwhile."""
    page.evaluate(AXE)
    rules = {"runOnly": {"type": "tag", "values": RULES}}
    found = page.evaluate("rules => axe.run('#what-if', rules)", rules)
    assert "color-contrast" in {rule["id"] for rule in found["passes"]}
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]


def test_a_manager_computes_applies_and_undoes_while_another_looks_on(
    server: Server, hall: Client, pages: Pages, document: dict[str, Any]
) -> None:
    before = serving(hall)
    one, other = manager(pages, server), manager(pages, server, "en")
    expect(one.locator("#advice")).to_have_class(re.compile("never|offered"))
    one.locator("#compute").click()
    for page in (one, other):
        expect(page.locator("#advice")).to_have_class("offered", timeout=1000 * COMPUTED)
        expect(page.locator("#advice .effect tbody tr")).to_have_count(3)
        assert violations(page) == []
    expect(one.locator("#advice .turns li").first).to_contain_text("A 甲")
    expect(one.locator("#advice .turns li").first).to_contain_text(f"A 有 {WAITING} 人在等")
    expect(one.locator("#advice")).to_contain_text("新大厅还没有历史")
    told = fits(document, hall.get("/recommendations"), "Recommendations")["newest"]
    assert told["days"] == 0
    assert told["advice"]["effect"]["saved"]["mean"]["low"] > 0
    moves = {move["window"]: move for move in told["advice"]["moves"]}

    for page in (one, other):
        page.evaluate("document.getElementById('apply')?.click()")
    for page in (one, other):
        expect(page.locator("#advice")).to_have_class("applied")
        expect(page.locator("#advice .done li")).to_have_count(1)
        expect(page.locator("body")).not_to_have_attribute("data-pressing", "")
    after = serving(hall)
    assert {code for code in after if after[code] != before[code]} == set(moves)
    assert all(after[code] == [s["queue"] for s in move["after"]] for code, move in moves.items())
    refused(hall.post(f"/recommendations/{told['id']}/apply"), 409, "already-applied")
    expect(one.locator("#advice .done li")).to_contain_text("后可与实际对照")
    assert violations(one) == []

    one.locator("#advice .done button").click()
    for page, said in ((one, "已撤销"), (other, "Undone")):
        expect(page.locator("#advice .done li")).to_contain_text(said)
    assert serving(hall) == before
    refused(hall.post(f"/recommendations/{told['id']}/undo"), 409, "already-undone")

    (fact,) = facts(hall, server, "RecommendationApplied")
    assert {move["window"] for move in fact["moves"]} == set(moves)
    assert fact["effect"]["saved"] == told["advice"]["effect"]["saved"]
    assert (fact["recommendation"], fact["source"]) == (told["id"], "api")
    assert len(facts(hall, server, "RecommendationUndone")) == 1
    assert len(facts(hall, server, "QueuesAssigned")) == 2 * len(moves)


def test_a_stale_recommendation_is_refused_in_plain_words(server: Server, hall: Client, pages: Pages) -> None:
    told = advised(hall.post("/recommendations", key="quarter-past"))
    assert advised(hall.post("/recommendations", key="quarter-past")) == told, "the same press again"
    move = told["advice"]["moves"][0]
    one, other = manager(pages, server), manager(pages, server)
    expect(other.locator("#advice")).to_have_class("offered")
    other.route("**/manage/fragment*", lambda route: route.abort())  # it does not see what happens next
    before = serving(hall)
    hall.put(f"/windows/{move['window']}/queues", {"serves": [{"queue": q} for q in "ABC"]})
    expect(one.locator("#apply")).to_have_attribute("aria-disabled", "true")
    expect(one.locator("#advice .refused")).to_contain_text("改办别的队列")
    assert violations(one) == []
    other.locator("#apply").click()
    expect(other.locator("#message")).to_have_text("其中有窗口刚才被改办别的队列了，请看现在的情况再决定。")
    refused(hall.post(f"/recommendations/{told['id']}/apply"), 409, "changed-meanwhile")
    assert serving(hall) == before | {move["window"]: ["A", "B", "C"]}
    hall.put(f"/windows/{move['window']}/queues", {"serves": [{"queue": s["queue"]} for s in move["before"]]})
    expect(one.locator("#apply")).not_to_have_attribute("aria-disabled", "true")
    one.locator("#decline").click()
    expect(one.locator("#advice")).to_have_class("declined")
    refused(hall.post("/recommendations/another/apply"), 404, "unknown-recommendation")
    refused(hall.post("/recommendations/another/decline"), 404, "unknown-recommendation")


def test_a_window_is_moved_in_thought_and_then_in_truth_by_keyboard_alone(
    server: Server, hall: Client, pages: Pages, document: dict[str, Any]
) -> None:
    page = manager(pages, server)
    page.locator("#seat-8").focus()
    hall.put("/windows/6/queues", {"serves": [{"queue": "C"}, {"queue": "B"}]})
    expect(page.locator("#seat-6")).to_contain_text("BC")
    expect(page.locator("#seat-8")).to_be_focused()  # though its section was drawn anew
    page.keyboard.press("Enter")
    dialog = page.locator("#what-if")
    expect(dialog).to_be_visible()
    expect(page.locator("#what-if-title")).to_contain_text("8号窗口")
    assert flaws(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#seat-8")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.locator("[name=queue-A][value=own]").focus()
    page.keyboard.press("Space")
    page.locator("[name=queue-C][value=own]").focus()
    page.keyboard.press("ArrowRight")  # to helper
    page.keyboard.press("Enter")
    expect(dialog.locator("#foreseen .effect")).to_have_count(2, timeout=1000 * COMPUTED)
    expect(dialog.locator("#foreseen .effect").last).to_contain_text("甲")
    assert serving(hall)["8"] == ["C"], "so far only in thought"
    assert flaws(page) == []
    expect(page.locator("#do-it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#seat-8")).to_contain_text("A 助 C")
    (eight,) = [window for window in hall.get().json["windows"] if window["code"] == "8"]
    assert eight["serves"] == [{"queue": "A", "helper_after": 0}, {"queue": "C", "helper_after": 5}]

    page.locator("#seat-7").click()
    page.locator("[name=state][value=closed]").check()
    page.locator("#what-if [type=submit]").click()
    page.locator("#do-it").click(timeout=1000 * COMPUTED)
    expect(page.locator("#seat-7")).to_have_class("closed")
    asked = {"changes": [{"window": "7", "serves": [{"queue": "A"}]}]}
    foreseen = fits(document, hall.post("/what-if", asked), "Foreseen")
    assert foreseen["hall"]["saved"]["mean"]["expected"] > 0, "one more window is a help"
    refused(hall.post("/what-if", {"changes": [{"window": "99", "serves": None}]}), 409, "cannot-foresee")
    refused(hall.post("/what-if", {"changes": [{"window": "1", "serves": [{"queue": "X"}]}]}), 409, "cannot-foresee")


def test_tomorrow_is_planned(server: Server, hall: Client, pages: Pages, document: dict[str, Any]) -> None:
    plan = fits(document, hall.get("/plan"), "Plan")
    assert plan["half_hours"][0]["queues"].keys() == {"A", "B", "C"}
    page = pages.open(f"{server.url}/halls/{HALL}/manage/plan", DESK)
    expect(page.locator("#plan tbody tr")).to_have_count(3)
    assert violations(page) == []
