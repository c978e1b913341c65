"""A log of days gone by: what is read, what is refused, and that nobody looks ahead."""

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from queue_server.backtest.reading import LogError, read, read_lines
from queue_server.backtest.run import first_day
from queue_server.cli import main
from queue_server.forecast.rows import describe, remember
from queue_server.forecast.walk import LAST, OURS, POSITION, TEN, predictors, score, walk

HEADER = "hall,queue,number,issued_at,called_at"


def days_of(count, *, seed=5, tickets=60, halls=("H1", "H2"), windows=True):
    """Lines of a CSV: halls of two queues whose windows serve in a lognormal time, first come, first served."""
    random = np.random.default_rng(seed)
    rows = []
    for day in range(count):
        for hall in halls:
            for queue, minutes in (("A", 6.0), ("B", 9.0)):
                midnight = datetime(2026, 1, 5) + timedelta(days=day)
                free = np.full(2, 480.0)
                for number, at in enumerate(np.sort(random.uniform(480, 480 + tickets * minutes / 2.1, tickets)), 1):
                    window = free.argmin()
                    called = max(at, free[window])
                    free[window] = called + random.lognormal(np.log(minutes) - 0.2, 0.6)
                    times = [(midnight + timedelta(minutes=m)).isoformat(timespec="seconds") for m in (at, called)]
                    rows.append(f"{hall},{queue},{number},{times[0]},{times[1]}" + (",2" if windows else ""))
    return [HEADER + (",windows_open" if windows else ""), *rows]


def log_of(lines):
    return read_lines(lines, name="log.csv").log


@pytest.fixture(scope="module")
def week():
    return log_of(days_of(7))


def test_a_log_is_read_plain_and_packed_alike(tmp_path: Path):
    text = "\n".join(days_of(2, tickets=5))
    (tmp_path / "log.csv").write_text(text)
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(text.encode()))
    plain, packed = read(tmp_path / "log.csv").log, read(tmp_path / "log.csv.gz").log
    assert len(plain) == len(packed) == 2 * 2 * 2 * 5
    assert np.array_equal(plain.wait, packed.wait)
    assert plain.days == ("2026-01-05", "2026-01-06")


def test_an_empty_cell_stays_unknown():
    log = log_of(
        [
            f"{HEADER},windows_open,finished_at",
            "H,A,1,2026-01-05T09:00,,,",
            "H,A,2,2026-01-05T09:01,2026-01-05T09:05,3,",
        ]
    )
    assert np.isnan(log.called[0])
    assert np.isnan(log.open[0])
    assert log.open[1] == 3
    assert np.isnan(log.finished).all()


def test_times_with_an_offset_are_taken_to_that_of_the_issue():
    log = log_of([HEADER, "H,A,1,2026-01-05T09:00+08:00,2026-01-05T01:12Z"])
    assert log.issued[0] == 540
    assert log.wait[0] == pytest.approx(12)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("H,A,1,2026-01-05T09:00,2026-01-05T08:50", "called_at is before issued_at"),
        ("H,A,1,gestern,2026-01-05T08:50", "issued_at 'gestern' is not a time"),
        ("H,A,1,,2026-01-05T08:50", "issued_at is empty"),
        (",A,1,2026-01-05T09:00,", "hall is empty"),
        ("H,A,1,2026-01-05T09:00,2026-02-05T09:00", "more than a day after"),
        ("H,A,1,2026-01-05T09:00,2026-01-05T09:10+01:00", "some times have an offset"),
        ("H,A,1,2026-01-05T09:00,2026-01-05T09:10,zu", "more cells than columns"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_what_to_do(row, says):
    with pytest.raises(LogError, match=rf"log\.csv:3: .*{says}"):
        read_lines([HEADER, "H,A,9,2026-01-05T09:00,2026-01-05T09:03", row], name="log.csv")


def test_windows_are_counted_however_a_spreadsheet_wrote_them():
    rows = [f"H,A,{n},2026-01-05T09:00,,{cell}" for n, cell in enumerate(("2", "2.0", ""))]
    assert np.array_equal(log_of([HEADER + ",windows_open", *rows]).open, [2.0, 2.0, np.nan], equal_nan=True)
    with pytest.raises(LogError, match="windows_open 'two' is not a number"):
        log_of([HEADER + ",windows_open", "H,A,1,2026-01-05T09:00,,two"])


def test_a_ticket_given_twice_is_named():
    row = "H,A,1,2026-01-05T09:00,2026-01-05T09:03"
    with pytest.raises(LogError, match=r"log\.csv:3: the same ticket as in line 2"):
        read_lines([HEADER, row, row], name="log.csv")


def test_bad_rows_are_left_out_when_asked_and_told():
    found = read_lines([HEADER, "H,A,1,2026-01-05T09:00,x", "H,A,2,2026-01-05T09:00,"], name="log.csv", skip_bad=True)
    assert len(found.log) == 1
    assert found.bad == ("log.csv:2: called_at 'x' is not a time: write it like 2020-01-07T08:24",)


def test_a_file_without_a_needed_column_says_which(tmp_path: Path):
    (tmp_path / "log.csv").write_text("hall,queue,number,issued_at\nH,A,1,2026-01-05T09:00\n")
    answer = CliRunner().invoke(main, ["backtest", str(tmp_path / "log.csv")])
    assert answer.exit_code == 1
    assert "log.csv:1: column called_at is missing" in answer.output


def test_a_file_that_is_not_text_is_refused(tmp_path: Path):
    (tmp_path / "log.csv").write_bytes(HEADER.encode() + b"\n\xff\xfe\x00")
    with pytest.raises(LogError, match="not UTF-8"):
        read(tmp_path / "log.csv")
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(b"hall")[:10])
    with pytest.raises(LogError, match="cut off"):
        read(tmp_path / "log.csv.gz")


def test_the_last_third_of_the_days_is_judged_unless_told_otherwise(week):
    assert first_day(week, None) == 5
    assert first_day(week, "2026-01-08") == 3
    with pytest.raises(LogError, match="No day to learn from"):
        first_day(week, "2026-01-05")
    with pytest.raises(LogError, match="No day to judge"):
        first_day(week, "2027-01-01")
    with pytest.raises(LogError, match="not a date"):
        first_day(week, "tomorrow")


def test_nothing_that_happens_after_an_issue_changes_what_was_seen_at_it(week):
    """Every call later than noon of the last day is moved: whatever was issued before noon sees the same."""
    last, noon = len(week.days) - 1, 600.0
    later = (week.day == last) & (week.called >= noon)
    assert later.sum() > 20
    moved = np.where(later, week.called + 37.0, week.called)
    changed = type(week)(**{name: getattr(week, name) for name in week.__dataclass_fields__} | {"called": moved})
    before = (week.day < last) | (week.issued <= noon)
    assert np.array_equal(describe(week).columns[before], describe(changed).columns[before], equal_nan=True)


@pytest.mark.parametrize("name", [OURS, POSITION, LAST, TEN])
def test_no_predictor_knows_its_own_day_or_a_later_one(week, name):
    """From ten o'clock of the judged day on, that day and all later ones go otherwise: what was said before stands."""
    day, ten = 4, 600.0
    later = (week.day > day) | ((week.day == day) & (week.called >= ten))
    moved = np.where(later, week.called + 60.0, week.called)
    changed = type(week)(**{key: getattr(week, key) for key in week.__dataclass_fields__} | {"called": moved})
    before = week.issued[week.day == day] <= ten
    said = []
    for log in (week, changed):
        rows = describe(log)
        said.append(predictors(log, rows, remember(log, rows.ahead))[name](day).mid[before])
    assert before.sum() > 50
    assert np.array_equal(said[0], said[1])


def test_what_is_learned_beats_the_rules_in_use_and_its_ranges_hold(week):
    judged = {one.name: score(one.said, week.wait, week.day >= 5) for one in walk(week, 5)}
    assert judged[OURS].mae < 0.8 * judged[LAST].mae
    assert judged[OURS].mae < judged[TEN].mae
    assert 0.85 <= judged[OURS].coverage <= 0.99
    assert judged[OURS].answered == judged[OURS].ranged == 1.0


def test_a_hall_never_seen_before_is_predicted_without_its_history():
    new = [line.replace("H1", "H9") for line in days_of(5, seed=8, halls=("H1",)) if "2026-01-09" in line]
    log = log_of([*days_of(5), *new])
    judged = {one.name: one.said for one in walk(log, 4)}
    stranger = (log.day == 4) & (log.hall_of_line[log.line] == log.halls.index("H9"))
    ours = score(judged[OURS], log.wait, stranger)
    assert ours.answered == ours.ranged == 1.0
    assert ours.mae < score(judged[LAST], log.wait, stranger).mae


def test_without_the_windows_a_log_is_judged_all_the_same():
    log = log_of(days_of(4, windows=False))
    for one in walk(log, 3):
        assert score(one.said, log.wait, log.day >= 3).answered == 1.0


def test_tickets_never_called_are_not_judged_and_not_waited_for_for_ever():
    lines = [HEADER, *(line for line in days_of(5, windows=False)[1:])]
    lines = [line.rsplit(",", 1)[0] + "," if n % 9 == 0 and n else line for n, line in enumerate(lines)]
    log = log_of(lines)
    rows = describe(log)
    assert np.isnan(log.wait).sum() > 100
    assert rows.ahead.max() < 40
    ours = next(iter(walk(log, 4)))
    assert score(ours.said, log.wait, log.day >= 4).tickets == int(np.isfinite(log.wait[log.day >= 4]).sum())


def test_one_thin_day_of_history_gives_a_prediction_and_says_that_it_has_no_range():
    log = log_of(days_of(2, tickets=30))
    scored = score(next(iter(walk(log, 1))).said, log.wait, log.day == 1)
    assert scored.answered == 1.0
    assert scored.ranged == 0.0
    assert np.isnan(scored.coverage)


def test_the_command_prints_a_table_and_writes_the_same_as_json(tmp_path: Path):
    (tmp_path / "log.csv").write_text("\n".join(days_of(4)))
    out = tmp_path / "out.json"
    answer = CliRunner().invoke(
        main, ["backtest", str(tmp_path / "log.csv"), "--test-from", "2026-01-08", "--json", str(out)]
    )
    assert answer.exit_code == 0, answer.output
    found = json.loads(out.read_text())
    assert found["days"]["tested"] == ["2026-01-08"]
    assert [one["name"] for one in found["predictors"]] == [OURS, POSITION, LAST, TEN]
    for one in found["predictors"]:
        assert {"mae", "within_5", "coverage", "width"} <= one.keys()
        assert f"{one['mae']:.2f}" in answer.output
        early, later = one["parts"]["line"]["has not called yet today"], one["parts"]["line"]["has called today"]
        assert early["tickets"] + later["tickets"] == found["tickets"]["tested_with_known_wait"]
    assert "before their line's first call of the day" in answer.output
