"""What past days teach is worked out from the journal, kept beside it, and made again if it is lost or damaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from queue_server.backtest.city_hall import Laws, laws, live
from queue_server.domain import events as e
from queue_server.forecast.history import Imported
from queue_server.forecast.learned import Day, learn, observe
from queue_server.forecaster import imported
from queue_server.forecaster.present import Following, Present
from queue_server.forecaster.requests import REQUESTS
from queue_server.forecaster.service import answer
from queue_server.forecaster.wire import Asked, Learning
from queue_server.journal.replica import Replica
from queue_server.journal.store import SqliteStore

CODE = "SIM"


@dataclass(frozen=True)
class Old:
    """A hall with four days behind it and a fifth begun."""

    law: Laws
    days: list[tuple[e.Event, ...]]
    data: Path


@pytest.fixture(scope="module")
def lived() -> tuple[Laws, list[tuple[e.Event, ...]]]:
    law = laws(6, windows=5, queues=2, visitors=100)
    start = learn(law.configuration, [])
    return law, [live(law, start, number, 6, 0.0).facts for number in range(5)]


def journal(data: Path, days: Sequence[Sequence[e.Event]]) -> None:
    store = SqliteStore(data / f"{CODE}.sqlite")
    writer = Replica(store, CODE)
    for facts in days:
        writer.write(facts, "lived")
    store.close()


@pytest.fixture(scope="module")
def old(lived: tuple[Laws, list[tuple[e.Event, ...]]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    law, days = lived
    data = tmp_path_factory.mktemp("data")
    keeper = SqliteStore(data / f"{CODE}.sqlite")  # as a server would: a journal at rest cannot be followed
    journal_of = Replica(keeper, CODE)
    for facts in (*days[:4], days[4][: len(days[4]) // 2]):
        journal_of.write(facts, "lived")
    yield Old(law, days, data)
    keeper.close()


def studied(old: Old) -> Following:
    """A forecaster that has learned all there is."""
    following = Following(old.data, CODE)
    while following.studies:
        following.step()
    return following


def kept(old: Old) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((old.data / "forecast" / CODE).iterdir())}


def learning(following: Following, at: int = 0) -> Learning:
    return following.refresh(at or 1).learning


def test_the_days_of_the_journal_teach_and_tell_how_often_ranges_held(old: Old) -> None:
    following = Following(old.data, CODE)
    now = old.days[4][len(old.days[4]) // 2].at
    fresh = following.refresh(now)
    assert fresh.learning.studying  # it speaks before it has learned
    assert fresh.forecast.days == 0
    assert not any(wait.calibrated for wait in fresh.forecast.tickets.values())
    while following.studies:
        following.step()
    well = following.refresh(now)
    assert (well.learning.days, well.learning.studying, well.forecast.days) == (4, False, 4)
    assert well.learning.calibrated
    assert well.learning.coverage is not None
    assert 0.7 < well.learning.coverage <= 1.0  # of three days of a small hall
    assert well.learning.waits > 100
    assert well.forecast.queues
    assert all(wait.calibrated for wait in well.forecast.queues.values())
    own = [day for facts in old.days[:4] for day in observe(facts, old.law.configuration)]
    assert following.present(now).learned.durations.mean() == pytest.approx(
        learn(old.law.configuration, own).durations.mean(), rel=1e-3
    )


def test_what_was_worked_out_is_read_again_and_what_is_lost_or_damaged_is_made_again(old: Old) -> None:
    first = learning(studied(old))
    files = kept(old)
    assert list(files) == [f"2026-03-0{day}.json" for day in (2, 3, 4, 5)]
    folder = old.data / "forecast" / CODE
    before = {name: (folder / name).stat().st_mtime_ns for name in files}
    (folder / "2026-03-02.json").write_bytes(files["2026-03-02.json"].replace(b'"hash":"', b'"hash":"0'))  # of another
    (folder / "2026-03-03.json").unlink()
    (folder / "2026-03-04.json").write_bytes(files["2026-03-04.json"].replace(b'"told"', b'"sold"')[:-300])
    (folder / "2020-01-01.json").write_text("{}")  # of a day the journal does not have
    assert learning(studied(old)) == first
    assert kept(old) == files
    assert (folder / "2026-03-05.json").stat().st_mtime_ns == before["2026-03-05.json"]


def test_an_old_log_is_learned_from_at_once_until_the_hall_has_days_enough(old: Old) -> None:
    following = studied(old)
    more = [Day(day=f"2026-02-{day:02}", cycles=(("Q0", "1", 99.0),) * 50) for day in range(1, 4)]
    file = imported.keep(
        old.data, CODE, Path("old.csv"), Imported(days=tuple(more), unknown_queues=(), unknown_classes=())
    )
    following.catch_up()
    assert following.studies
    while following.studies:
        following.step()
    assert (learning(following).days, learning(following).imported) == (4, 3)
    assert following.present(1).learned.durations.mean()[0] > 30
    file.write_bytes(file.read_bytes().replace(b"99.0", b"9.0"))
    assert [fault for fault in imported.find(old.data, CODE).faults if "is not what was stored" in fault]
    assert "Import its log again" in learning(studied(old)).faults[0]
    file.unlink()
    assert learning(studied(old)).imported == 0


def test_own_days_go_before_imported_ones_and_enough_of_them_stand_alone() -> None:
    own = [Day(day=f"2026-03-{day:02}") for day in range(1, 1 + imported.ENOUGH)]
    theirs = [Day(day="2026-02-28", cycles=(("Q0", "1", 9.0),)), Day(day="2026-03-01", cycles=(("Q0", "1", 9.0),))]
    assert imported.together(own, theirs) == own
    assert imported.together(own[:2], theirs) == [theirs[0], *own[:2]]
    assert imported.together([], theirs) == theirs


def test_a_day_that_was_closed_teaches_at_once(old: Old, tmp_path: Path) -> None:
    keeper = SqliteStore(tmp_path / f"{CODE}.sqlite")
    writer = Replica(keeper, CODE)
    writer.write(old.days[0], "lived")
    hall = Old(old.law, old.days, tmp_path)
    following = studied(hall)
    assert learning(following).days == 0
    last = old.days[0][-1].at
    writer.write([e.DayClosed(at=last, day="2026-03-02")], "close")
    following.catch_up()
    while following.studies:
        following.step()
    assert learning(following).days == 1
    keeper.close()


def test_a_request_is_answered_by_its_name_and_what_fails_is_told_and_costs_nothing_else(
    old: Old, caplog: pytest.LogCaptureFixture
) -> None:
    def number_of_windows(now: Present, given: object) -> dict[str, object]:
        if given == "wrong":
            raise ZeroDivisionError
        return {"windows": len(now.hall.windows), "given": given}

    following = Following(old.data, CODE)
    REQUESTS["number_of_windows"] = number_of_windows
    try:
        well = answer(following, Asked(id=7, hall=CODE, at=1, name="number_of_windows", given=[1]))
        wrong = answer(following, Asked(id=8, hall=CODE, at=1, name="number_of_windows", given="wrong"))
    finally:
        del REQUESTS["number_of_windows"]
    assert (well.id, bytes(well.answer), well.cannot) == (7, b'{"windows":5,"given":[1]}', None)
    assert (wrong.id, wrong.cannot) == (8, "This could not be computed. The log of the hall server says why.")
    assert "ZeroDivisionError" in caplog.text
    unknown = answer(following, Asked(id=9, hall=CODE, at=1, name="horoscope"))
    assert unknown.cannot == "Nobody here knows how to answer 'horoscope'."
