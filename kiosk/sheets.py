"""What else the ticket printer prints: what to bring for a service, where to go with it, a test page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Set

from devices.printer.receipt import Align, Feed, Line, Part, QRCode, Receipt, Row, Rule
from kiosk.texts import Words
from queue_server.domain.calendar import local
from queue_server.domain.configuration import Configuration, Disclosures, Service, Terms
from queue_server.domain.events import Instant

EMPTY, TICKED = "□", "√"
"""Both are in every printer's Chinese set (GB 2312)."""
RARE = "䶮㛃𠮷"
"""Names have such characters (生僻字); a printer that lacks them gets a picture."""


def service_sheet(
    service: Service, configuration: Configuration, words: Words, *, terms: Terms, ticked: Set[int], advice: bool,
    at: Instant,
) -> Receipt:  # fmt: skip
    """One service's seven disclosures (七公开), what to bring first. `ticked`: indices of the materials at hand.

    `advice`: others decide on it (咨办), so it begins with where to go.
    """
    return Receipt(
        parts=(
            *_head(service, configuration, words, advice),
            *(_advice(service, configuration, words) if advice else ()),
            *_disclosed(service.disclosures, words, terms, ticked),
            Rule(),
            Line(words.of(terms.one_time_notice)),
            Rule(),
            *_foot(configuration, words, at),
        )
    )


def _head(service: Service, configuration: Configuration, words: Words, advice: bool) -> Iterator[Part]:
    yield Line(words.of(configuration.name), bold=True, align=Align.CENTER)
    yield Line(words("receipt.advice" if advice else "receipt.sheet"), align=Align.CENTER)
    yield Rule()
    yield Line(words.of(service.name), size=2, bold=True, align=Align.CENTER)
    if service.department and not advice:
        yield Line(words("receipt.department", department=service.department), align=Align.CENTER)
    yield Feed()


def _advice(service: Service, configuration: Configuration, words: Words) -> Iterator[Part]:
    if service.department:
        yield Line(words("receipt.advice_where", department=service.department), bold=True)
    if configuration.about.phone:
        yield Line(words("receipt.advice_ask", phone=configuration.about.phone))
    yield Feed()


def _disclosed(disclosures: Disclosures | None, words: Words, terms: Terms, ticked: Set[int]) -> Iterator[Part]:
    """A service that discloses nothing sends people to ask, it does not guess."""
    if disclosures is None:
        yield Line(words("read.ask"))
        return
    yield Line(words.of(terms.materials), bold=True)
    for index, material in enumerate(disclosures.materials):
        yield Line(f"{TICKED if index in ticked else EMPTY} {material}")
    process = words("receipt.step").join(disclosures.process)
    rest = (
        (terms.conditions, disclosures.conditions),
        (terms.process, process),
        (terms.time_limit, disclosures.time_limit),
        (terms.fee, disclosures.fee),
        (terms.completion, disclosures.completion),
        (terms.basis, disclosures.basis),
    )
    for heading, text in rest:
        yield Line(words.of(heading), bold=True)
        yield Line(text)


def _foot(configuration: Configuration, words: Words, at: Instant) -> Iterator[Part]:
    about = configuration.about
    if about.address is not None:
        yield Line(words("receipt.address", address=words.of(about.address)))
    if about.phone:
        yield Line(words("receipt.phone", phone=about.phone))
    yield Line(words("receipt.printed", time=f"{local(configuration.timezone, at):%Y-%m-%d %H:%M}"))


def check_page(
    configuration: Configuration, words: Words, *, kiosk: str, version: str, url: str, at: Instant
) -> Receipt:
    """Everything a ticket needs of a printer: every size, bold, Chinese and rare characters, both edges, a QR code."""
    printed = f"{local(configuration.timezone, at):%Y-%m-%d %H:%M:%S}"
    return Receipt(
        parts=(
            Line(words("receipt.test"), size=2, bold=True, align=Align.CENTER),
            Line(words.of(configuration.name), align=Align.CENTER),
            Row(words("receipt.machine", kiosk=kiosk), version),
            Line(printed),
            Rule(),
            *(Line(f"{size} {words('receipt.test_text')}", size=size) for size in range(1, 5)),
            Line("A0123456789", size=3, bold=True),
            Line(words("receipt.test_text"), bold=True),
            Line("ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz 0123456789 !#$%&()*+,-./:;<=>?@"),
            Line(f"{EMPTY} {TICKED} {RARE}"),
            Row(words("receipt.test_left"), words("receipt.test_right")),
            *(Line(words("receipt.test_text"), align=align) for align in Align),
            QRCode(url, module=5),
            Rule(),
        )
    )
