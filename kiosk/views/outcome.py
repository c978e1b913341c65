"""How it ends or stands: a ticket, an appointment, a ticket asked after, a message, an apology. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from kiosk import session as s
from kiosk.pages import Button, Figure, MessagePage, SlipPage
from kiosk.papers import Arrival, CodeFlaw, HandedOut
from kiosk.session import Doing, Failure
from kiosk.surroundings import Surroundings, clock
from kiosk.texts import Words
from kiosk.views.phrases import name_of, notice, wait, windows
from queue_server.domain.calendar import instant, local
from queue_server.domain.configuration import APPOINTMENT, ORDINARY
from queue_server.domain.life import State


def _done(words: Words, seconds: int) -> Button:
    return Button(
        tag="home", words=words("buttons.done"), small=words("ticket.closes", seconds=seconds), touch=s.Home()
    )


def _home(words: Words) -> Button:
    return Button(tag="home", words=words("buttons.home"), touch=s.Home())


def ticket(given: HandedOut, around: Surroundings, words: Words, seconds: int) -> SlipPage:
    figures = []
    if given.ahead is not None:
        figures.append(Figure(name=words("read.ahead"), value=words("read.ahead_value", count=given.ahead)))
    if given.wait is not None:
        figures.append(Figure(name=words("read.expected"), value=wait(words, "read", given.wait)))
    return SlipPage(
        title=words("ticket.title") if given.on_paper else words("ticket.unsure_title"),
        caption=words("ticket.yours"), label=given.label,
        what=name_of(words, around.configuration, given.queue, given.service),
        lines=tuple(_what_now(given, around, words)), figures=tuple(figures), buttons=(_done(words, seconds),),
    )  # fmt: skip


def _what_now(given: HandedOut, around: Surroundings, words: Words) -> Iterator[str]:
    yield words("ticket.take") if given.on_paper else words("ticket.unsure")
    yield words("ticket.listen")
    if given.windows:
        yield words("ticket.call", windows=words.windows(given.windows))
    known = around.configuration.resident_class.get(given.klass)
    if known is not None and known.code not in (ORDINARY, APPOINTMENT):
        yield words("ticket.evidence", evidence=known.evidence or words.of(known.name))
    if given.then:
        yield words("ticket.then", count=len(given.then) + 1)


def checking_in(screen: s.CheckingIn, around: Surroundings, words: Words) -> SlipPage:
    booking, configuration = screen.booking, around.configuration
    day = local(configuration.timezone, instant(configuration.timezone, booking.day, "12:00"))
    there = around.halls.get(booking.hall)
    said = words(
        f"arrival.{screen.arrival.value.replace('-', '_')}",
        time=clock(configuration, booking.slot), month=day.month, day=day.day,
        label=booking.ticket or "", hall=words.of(there) if there is not None else booking.hall,
    )  # fmt: skip
    closed = notice(around, words) if screen.arrival.accepted else None
    lines = (said,) if closed is None else (said, *closed.lines)
    ordinary = Button(tag="ordinary", words=words("arrival.ordinary"), touch=s.TakeOrdinary())
    confirm = Button(tag="confirm", words=words("arrival.confirm"), touch=s.Confirm(), enabled=closed is None)
    can_be_served = booking.service in configuration.service and screen.arrival is not Arrival.USED
    return SlipPage(
        title=words("arrival.title") if screen.arrival.accepted else words("arrival.not_now"),
        caption=words("arrival.caption"), label=clock(configuration, booking.slot),
        what=name_of(words, configuration, "", booking.service),
        lines=lines, figures=(),
        buttons=(confirm,) if screen.arrival.accepted else (ordinary,) if can_be_served else (_home(words),),
        sorry=not screen.arrival.accepted,
    )  # fmt: skip


_OVER = (State.FINISHED, State.VOIDED, State.EXPIRED)


def asking_after(screen: s.AskingAfter, around: Surroundings, words: Words, seconds: int) -> SlipPage:
    held = screen.ticket
    figures = []
    if held.state is State.WAITING:
        ahead = words("read.unknown") if held.ahead is None else words("read.ahead_value", count=held.ahead)
        expected = wait(words, "read", held.wait) or words("read.unknown")
        figures = [
            Figure(name=words("read.ahead"), value=ahead, known=held.ahead is not None),
            Figure(name=words("read.expected"), value=expected, known=held.wait is not None),
            *windows(held.windows, words),
        ]
    elif held.window is not None and held.state in (State.CALLED, State.SERVING):
        figures = list(windows((held.window,), words))
    key = "restored" if screen.restored else "duplicate" if screen.duplicate else held.state.value.replace("-", "_")
    lines = [words(f"asked.{key}")]
    if held.state is State.NO_SHOW:
        lines.append(words("asked.may_restore" if held.restorable else "asked.take_new"))
    if not around.connected and held.state is State.WAITING:
        lines.append(words("asked.cut_off"))
    return SlipPage(
        title=words("asked.title_duplicate") if screen.duplicate else words("asked.title"),
        caption=words("ticket.yours"), label=held.label,
        what=name_of(words, around.configuration, held.queue, held.service),
        lines=tuple(lines), figures=tuple(figures), buttons=tuple(_asked_buttons(screen, around, words, seconds)),
        sorry=held.state is State.NO_SHOW,
    )  # fmt: skip


def _asked_buttons(screen: s.AskingAfter, around: Surroundings, words: Words, seconds: int) -> Iterator[Button]:
    held = screen.ticket
    if held.restorable:
        yield Button(tag="confirm", words=words("asked.restore"), touch=s.Confirm(), enabled=around.connected)
    elif held.state in (*_OVER, State.NO_SHOW) and held.service in around.configuration.service:
        yield Button(tag="ordinary", words=words("asked.new"), touch=s.TakeOrdinary())
    yield _done(words, seconds)


# --- messages


def busy(screen: s.Busy, words: Words) -> MessagePage:
    part = {Doing.TICKET: "issuing", Doing.SHEET: "printing", Doing.RESTORE: "restoring"}[screen.doing]
    return MessagePage(title=words(f"{part}.title"), lines=(words(f"{part}.advice"),))


def code_refused(why: CodeFlaw, words: Words) -> MessagePage:
    return MessagePage(
        title=words("code.title"), sorry=True,
        lines=(words(f"code.{why.value.replace('-', '_')}"), words("code.where")),
        buttons=(
            Button(tag="browse", words=words("code.without"), touch=s.Browse()),
            Button(tag="present", words=words("code.again"), touch=s.Present()),
        ),
    )  # fmt: skip


def sheet_given(screen: s.SheetGiven, around: Surroundings, words: Words, seconds: int) -> MessagePage:
    return MessagePage(
        title=words("sheet.title"),
        lines=(name_of(words, around.configuration, "", screen.service), words("sheet.take")),
        buttons=(_done(words, seconds),),
    )


_NO_TICKET = (Failure.SHEET, Failure.RESTORE_CUT_OFF, Failure.RESTORE_TOO_OFTEN)


def apology(why: Failure, words: Words) -> MessagePage:
    title = words("failed.title_other") if why in _NO_TICKET else words("failed.title")
    lines = (words(f"failed.{why.value.replace('-', '_')}"), words("failed.where"))
    return MessagePage(title=title, lines=lines, sorry=True, buttons=(_home(words),))
