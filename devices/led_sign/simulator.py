"""LED window signs on one bus, simulated from the maker's description (BX-5K/6K 通讯协议用户版本 1.4).

Written apart from `protocol.py` and never importing it: a mistake there must not be repeated here. Each card
keeps its dynamic areas, forgets them when its power fails, lets them go stale, and draws its panel as dots.

    python -m devices.led_sign.simulator --tcp 5005 --signs 1:8,2:12 --out signs
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

import click
from PIL import Image, ImageDraw, ImageFont

from devices.desk import live, placed
from devices.simulation import Running

RED, GREEN, YELLOW = (255, 48, 32), (48, 230, 64), (255, 190, 32)
_LIGHTS = {"1": RED, "2": GREEN, "3": YELLOW}
_OUT = (38, 26, 24)  # a dot that is off
_PITCH, _DOT = 6, 5  # pixels from dot to dot, and across one
_FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
)
BOOT_TEXT = "LED"  # the programme stored in the card, seen after power on and when nothing dynamic is left


@dataclass(kw_only=True)
class Area:
    """One dynamic area as it was sent: place and size in dots, what it says, when it goes dark."""

    x: int
    y: int
    width: int
    height: int
    align: int
    moves: bool
    light: tuple[int, int, int]
    text: str
    dark_at: float | None


@dataclass(kw_only=True)
class Card:
    """One control card and its panel of two lines. Set the public attributes to make it fail."""

    address: int
    columns: int
    deaf: bool = False  # hears nothing: a broken wire to this one card
    mute: int = 0  # answers to swallow although the command was obeyed
    refuses: int | None = None  # answers every command with NACK and this error
    areas: dict[int, Area] = field(default_factory=dict)
    powered: bool = True
    changed: bool = True
    brightness: int = 16

    def power(self, on: bool) -> None:
        """Off: dark and deaf. On again: everything dynamic is forgotten."""
        self.areas.clear()
        self.powered, self.changed = on, True

    @property
    def lines(self) -> tuple[str, str]:
        """What a person reads on the two lines now; the stored programme if no area is alive."""
        if not self.powered:
            return ("", "")
        if not self.areas:
            return (BOOT_TEXT, "")
        upper, lower = ("".join(area.text for _, area in sorted(self.areas.items()) if area.y == y) for y in (0, 16))
        return (upper.strip(), lower.strip())

    def age(self, now: float) -> None:
        for number in [n for n, area in self.areas.items() if area.dark_at is not None and area.dark_at <= now]:
            del self.areas[number]
            self.changed = True

    def picture(self) -> Image.Image:
        """The panel as a photo of its dots. OSError if the machine has no Chinese font."""
        panel = Image.new("RGB", (16 * self.columns, 32))
        areas = list(self.areas.values())
        if self.powered and not areas:
            areas = [
                Area(
                    x=0,
                    y=0,
                    width=panel.width,
                    height=16,
                    align=0,
                    moves=False,
                    light=RED,
                    text=BOOT_TEXT,
                    dark_at=None,
                )
            ]
        for area in areas if self.powered else []:
            panel.paste(_draw_area(area), (area.x, area.y))
        photo = Image.new("RGB", (_PITCH * panel.width + 12, _PITCH * panel.height + 12), (16, 16, 18))
        draw = ImageDraw.Draw(photo)
        for y in range(panel.height):
            for x in range(panel.width):
                at = (6 + _PITCH * x, 6 + _PITCH * y)
                light = panel.getpixel((x, y))
                draw.ellipse((*at, at[0] + _DOT - 1, at[1] + _DOT - 1), light if any(light) else _OUT)  # type: ignore[arg-type]
        return photo


def _draw_area(area: Area) -> Image.Image:
    image = Image.new("RGB", (area.width, area.height))
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1"  # dots are on or off
    length = sum(_dots(char) for char in area.text)
    x = max(0, (area.width - length) // 2) if area.align & 0b11 == 0b10 else 0
    for char in area.text:
        draw.text((x + _dots(char) // 2, 8), char, area.light, _font(), anchor="mm")
        x += _dots(char)
    return image


def _dots(char: str) -> int:
    return 8 if ord(char) < 0x80 else 16


@cache
def _font() -> ImageFont.FreeTypeFont:
    for path in _FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, 15)
    raise FileNotFoundError("no Chinese font; apt install fonts-wqy-microhei")


class SimulatedSigns:
    """All cards of one bus. `cards[address]` to read what a panel shows and to make it fail.

    `noise` comes before every answer; `echo` sends the host's own bytes back, as many RS-485 adapters do.
    With `out`, each change of a panel is written there as sign-001.txt and sign-001.png.
    """

    def __init__(self, columns: Mapping[int, int], *, out: Path | None = None) -> None:
        self.cards = {address: Card(address=address, columns=n) for address, n in columns.items()}
        self.noise = b""
        self.echo = False
        self.heard: list[tuple[int, bytes]] = []  # (address, data) of the last 1000 whole frames
        self._out = out
        self._now = time.monotonic()
        self._frame: bytearray | None = None

    def receive(self, data: bytes) -> bytes:
        said = data if self.echo else b""
        for byte in data:
            if byte == 0xA5:
                self._frame = bytearray()
            elif byte == 0x5A and self._frame is not None:
                said += self._obey(bytes(self._frame))
                self._frame = None
            elif self._frame is not None and len(self._frame) < 8192:
                self._frame.append(byte)
        return said

    def tick(self, now: float) -> bytes:
        self._now = now
        for card in self.cards.values():
            card.age(now)
            if card.changed and self._out is not None:
                self._write(card, self._out)
            card.changed = False
        return b""

    def _obey(self, escaped: bytes) -> bytes:
        plain = bytes(_unescape(escaped))
        if len(plain) < 16 or _remainder(plain) != 0:
            return b""
        to, host = (int.from_bytes(plain[i : i + 2], "little") for i in (0, 2))
        data = plain[14:-2]
        if len(data) != int.from_bytes(plain[12:14], "little") or len(data) < 5 or host < 0x8000:
            return b""
        self.heard = [*self.heard[-999:], (to, data)]
        said = b""
        for card in self._addressed(to):
            if card.deaf or not card.powered:
                continue
            good = card.refuses is None and self._act(card, data)
            if data[2] == 0x01 and to != 0xFFFF:  # an answer is wanted, and only one card was asked
                if card.mute:
                    card.mute -= 1
                    continue
                error = 0 if good else (card.refuses or 1)
                reply = bytes([0xA0, 0 if good else 1, error, 0, 0])
                said += self.noise + _wire(host.to_bytes(2, "little") + plain[0:2], reply)
        return said

    def _addressed(self, to: int) -> Iterator[Card]:
        for address, card in self.cards.items():
            if to in (address, 0xFFFF) or (to == 0xFFFE and len(self.cards) == 1):
                yield card

    def _act(self, card: Card, data: bytes) -> bool:
        match data[:2]:
            case b"\xa2\x00":
                return True
            case b"\xa3\x10":
                card.areas.clear()
            case b"\xa3\x06":
                try:
                    gone, fresh = _areas(data, self._now)
                except (IndexError, ValueError):
                    return False
                for number in list(card.areas) if gone is None else gone:
                    card.areas.pop(number, None)
                card.areas.update(fresh)
            case b"\xa3\x02" if len(data) > 6:
                card.brightness = data[6]
            case _:
                return False
        card.changed = True
        return True

    def _write(self, card: Card, folder: Path) -> None:
        name = f"sign-{card.address:03d}"
        (folder / f"{name}.txt").write_text("\n".join(card.lines) + "\n", encoding="utf-8")
        card.picture().save(folder / f"{name}.new.png")
        (folder / f"{name}.new.png").replace(folder / f"{name}.png")


def _areas(data: bytes, now: float) -> tuple[list[int] | None, dict[int, Area]]:
    """A3 06: what to delete (None: all) and the areas to show. ValueError or IndexError if it is cut short."""
    deletes = data[5]
    at = 6 if deletes in (0, 0xFF) else 6 + deletes
    gone = None if deletes == 0xFF else list(data[6:at])
    fresh: dict[int, Area] = {}
    count, at = data[at], at + 1
    for _ in range(count):
        size, at = _u16(data, at), at + 2
        number, area = _area(data[at : at + size], now)
        fresh[number] = area
        at += size
    if at != len(data):
        raise ValueError("the areas do not fill the data")
    return gone, fresh


def _area(part: bytes, now: float) -> tuple[int, Area]:
    x, y, width, height = (_u16(part, at) for at in (1, 3, 5, 7))
    number, mode, timeout = part[9], part[11], _u16(part, 12)
    if part[14] or part[15]:
        raise ValueError("voice and extensions are not simulated")
    size = int.from_bytes(part[23:27], "little")
    if len(part) != 27 + size or part[0] != 0:
        raise ValueError("not an area of text")
    light, text = _text(part[27:])
    return number, Area(
        x=_in_dots(x),
        y=y,
        width=_in_dots(width),
        height=height,
        align=part[16],
        moves=part[19] == 3,
        light=light,
        text=text,
        dark_at=now + timeout if mode == 2 else None,
    )


def _u16(data: bytes, at: int) -> int:
    return data[at] + 256 * data[at + 1]


def _in_dots(value: int) -> int:
    return value & 0x7FFF if value & 0x8000 else 8 * value


def _text(coded: bytes) -> tuple[tuple[int, int, int], str]:
    """The card's own commands begin with a backslash; of them only the colour matters here."""
    light = RED
    text = coded.decode("gb2312", errors="replace").translate({0x30FB: "·", 0x2015: "—"})  # as GBK names A1A4, A1AA
    for digit, colour in _LIGHTS.items():
        if rf"\C{digit}" in text:
            light = colour
            text = text.replace(rf"\C{digit}", "")
    return light, text


def _unescape(escaped: bytes) -> Iterator[int]:
    """A6 02 is A5, A6 01 is A6, 5B 02 is 5A, 5B 01 is 5B."""
    rest = iter(escaped)
    for byte in rest:
        second = next(rest, 0) if byte in (0xA6, 0x5B) else 1
        yield byte - 1 if second == 2 else byte


def _remainder(data: bytes) -> int:
    """CRC-16/ARC by its polynomial x^16 + x^15 + x^2 + 1; data followed by its CRC leaves 0."""
    register = 0
    for byte in data:
        for bit in range(8):
            out = register ^ (byte >> bit)
            register >>= 1
            if out & 1:
                register ^= 0xA001
    return register


def _wire(addresses: bytes, data: bytes) -> bytes:
    plain = addresses + bytes(6) + b"\xfe\x02" + len(data).to_bytes(2, "little") + data
    plain += _remainder(plain).to_bytes(2, "little")
    for byte, pair in ((0xA6, b"\xa6\x01"), (0xA5, b"\xa6\x02"), (0x5B, b"\x5b\x01"), (0x5A, b"\x5b\x02")):
        plain = plain.replace(bytes([byte]), pair)  # A6 and 5B first, or their pairs would be escaped again
    return b"\xa5" * 8 + plain + b"\x5a"


def commands(signs: SimulatedSigns, running: Running) -> dict[str, Callable[[], object]]:
    """The faults one can type: `deaf 1`, `power-off 2`, `refuse 1`, `noise`, `unplug` …, and `show`."""

    def change(card: Card, **attributes: object) -> None:
        for name, value in attributes.items():
            setattr(card, name, value)

    found: dict[str, Callable[[], object]] = {
        "unplug": running.unplug,
        "plug": running.plug,
        "noise": partial(setattr, signs, "noise", b"\xa5\x00\x5a\xff\x5b"),
        "no-noise": partial(setattr, signs, "noise", b""),
        "echo": partial(setattr, signs, "echo", True),
        "show": lambda: "\n".join(f"{a}: {' | '.join(card.lines)}" for a, card in signs.cards.items()),
    }
    for address, card in signs.cards.items():
        found |= {
            f"deaf {address}": partial(change, card, deaf=True),
            f"hear {address}": partial(change, card, deaf=False),
            f"refuse {address}": partial(change, card, refuses=1),
            f"obey {address}": partial(change, card, refuses=None),
            f"power-off {address}": partial(card.power, False),
            f"power-on {address}": partial(card.power, True),
        }
    return found


@click.command()
@placed
@click.option("--signs", default="1:8", show_default=True, metavar="ADDRESS:COLUMNS,…", help="The signs of the bus.")
@click.option("--out", type=click.Path(path_type=Path), help="Write what each panel shows into this folder.")
def main(port: int | None, link: Path | None, signs: str, out: Path | None) -> None:
    """Simulated LED window signs on one bus. Commands come on standard input, one a line."""
    try:
        columns = {int(a): int(n) for a, _, n in (sign.partition(":") for sign in signs.split(","))}
    except ValueError:
        raise click.BadParameter("written like 1:8,2:12", param_hint="--signs") from None
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    bus = SimulatedSigns(columns, out=out)
    said = f"LED signs {', '.join(map(str, columns))} at {{url}}"
    live(bus, port, link, said=said, commands=partial(commands, bus))


if __name__ == "__main__":
    main()
