"""For the installer: the PIN, and how the machine is. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from kiosk import session as s
from kiosk.pages import Button, PinPage, ServicePage
from kiosk.session import ServiceAct, Servicing
from kiosk.surroundings import Machine, ServiceReport, Surroundings, clock
from kiosk.texts import Words

_KEYS = ("123", "456", "789")
LOW_DISK = 500
"""MB below which the disk is said to be nearly full."""


def pin(screen: s.EnteringPin, words: Words) -> PinPage:
    typed = screen.digits
    rows = [tuple(Button(tag=f"pin:{d}", words=d, touch=s.EnterPin(digits=typed + d)) for d in row) for row in _KEYS]
    last = (
        Button(tag="pin:delete", words=words("service_page.delete"), touch=s.EnterPin(digits=typed[:-1])),
        Button(tag="pin:0", words="0", touch=s.EnterPin(digits=typed + "0")),
        Button(
            tag="pin:enter",
            words=words("service_page.enter"),
            touch=s.EnterPin(digits=f"{typed}#"),
            enabled=bool(typed),
        ),
    )
    hint = words("service_page.checking") if screen.order else words("service_page.pin_hint")
    return PinPage(
        title=words("service_page.pin"), hint=words("service_page.wrong") if screen.wrong else hint,
        dots=len(typed), keys=(*rows, last),
    )  # fmt: skip


def service(screen: Servicing, around: Surroundings, words: Words) -> ServicePage:
    report = around.report
    out = around.machine is Machine.OUT_OF_SERVICE
    acts = [ServiceAct.TEST_PRINT, ServiceAct.REPRINT, ServiceAct.PAPER_CHANGED,
            ServiceAct.IN_SERVICE if out else ServiceAct.OUT_OF_SERVICE, ServiceAct.RESTART]  # fmt: skip
    return ServicePage(
        title=words("service_page.title"), said=_said(screen, words),
        facts=() if report is None else tuple(_facts(report, around, words)),
        log=() if report is None else report.log,
        acts=tuple(
            Button(
                tag=f"act:{act}", words=words(f"service_page.{act.value.replace('-', '_')}"),
                touch=s.Serve(act=act), enabled=not screen.running,
            )
            for act in acts
        ),
    )  # fmt: skip


def _said(screen: Servicing, words: Words) -> str:
    if screen.running:
        return words("service_page.running")
    if screen.worked is None:
        return ""
    return words("service_page.worked" if screen.worked else "service_page.failed")


def _facts(report: ServiceReport, around: Surroundings, words: Words) -> Iterator[tuple[str, str, bool]]:
    for device in report.devices:
        since = words("service_page.since", time=clock(around.configuration, device.since))
        health = words(f"health.{device.health.replace('-', '_')}")
        yield words(f"device.{device.name}"), f"{health} · {since}", device.well
    link = "service_page.connected" if around.connected else "service_page.cut_off"
    yield words("service_page.link"), words(link), around.connected
    yield words("service_page.unsent"), str(report.unsent), report.unsent == 0
    yield words("service_page.tickets"), str(report.tickets_today), True
    yield words("service_page.disk"), f"{report.disk_free} MB", report.disk_free > LOW_DISK
    yield words("service_page.version"), report.version, True
