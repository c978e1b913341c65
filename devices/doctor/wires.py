"""Why a device's port does not open, and which ports this machine has."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import socket
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from serial.tools.list_ports import comports
from serial.tools.list_ports_common import ListPortInfo

from devices.evdev import BY_ID, KeyboardTransport, find_input_device
from devices.transport import Reconnecting, open_transport

Why: TypeAlias = tuple[str, dict[str, str]]
"""A word of the chapter `wire` of the texts, and what is put into its sentence."""

SERIAL = Path("/dev/serial")
CAMERAS_BY_ID = Path("/dev/v4l/by-id")
USB_PRINTERS = "/dev/usb/lp"


def open_wire(url: str) -> Reconnecting:
    """The wire of a device that is no camera; not opened yet. ValueError says what is wrong with its line."""
    scheme, _, rest = url.partition(":")
    return Reconnecting(KeyboardTransport(rest) if scheme == "keyboard" and rest else open_transport(url))


def why(url: str, wire: Reconnecting) -> Why:
    """What the last fault of this wire means to an installer."""
    scheme, _, rest = url.partition(":")
    place = rest.partition("?")[0]
    fault = wire.fault or OSError(errno.EIO, os.strerror(errno.EIO))
    said = {"path": place, "error": _said(fault)}
    if wire.connections:
        gone = "hung-up" if scheme == "tcp" else "lost"
        return ("stopped" if isinstance(fault, TimeoutError) else gone), said
    if scheme == "tcp":
        return _tcp(fault), said
    path = place
    if scheme == "keyboard":
        if fault.errno == errno.EINVAL and "/" not in place:
            return "several", said
        try:
            path = find_input_device(place)
        except OSError:
            return "no-keyboard", {**said, "found": ", ".join(input_devices())}
    return why_file(path, fault, missing="no-keyboard" if scheme == "keyboard" else "missing")


def why_file(path: str, fault: OSError, *, missing: str) -> Why:
    """Why a file of /dev did not open. `missing` is the word if it is not there."""
    said = {"path": path, "error": _said(fault)}
    if not os.path.exists(path):
        return missing, {**said, "found": ", ".join(_instead(path, missing))}
    match fault.errno:
        case errno.EACCES | errno.EPERM:
            return _permission(path)
        case errno.EBUSY | errno.EAGAIN:  # EAGAIN: pyserial's lock is somebody else's
            return "busy", {**said, "found": ", ".join(holders(path)) or "?"}
        case None | errno.ENOTTY | errno.EISDIR | errno.ENODEV | errno.ENXIO | errno.EINVAL:
            return "not-a-port", said
        case _:
            return "other", said


def _instead(path: str, missing: str) -> list[str]:
    """What there is of the kind that was not found."""
    match missing:
        case "no-keyboard":
            return input_devices()
        case "no-camera":
            return cameras()
        case _:
            return usb_printers() if path.startswith(USB_PRINTERS) else serial_ports()


def _tcp(fault: OSError) -> str:
    match fault:
        case socket.gaierror():
            return "no-name"
        case ConnectionRefusedError():
            return "refused"
        case _:
            return "unreachable"


def _permission(path: str) -> Why:
    status = os.stat(path)
    said = {"path": path, "user": _named(pwd.getpwuid, os.geteuid())}
    group_may = status.st_mode & stat.S_IRGRP and status.st_mode & stat.S_IWGRP and status.st_gid != 0
    if not group_may:
        return "no-rule", said
    return "not-permitted", {**said, "group": _named(grp.getgrgid, status.st_gid)}


def _named(database: object, number: int) -> str:
    with suppress(KeyError):
        return str(database(number)[0])  # type: ignore[operator]
    return str(number)


def _said(fault: OSError) -> str:
    """What the system says, without pyserial's wrapping."""
    return os.strerror(fault.errno) if fault.errno is not None and fault.errno > 0 else str(fault)


def holders(path: str) -> list[str]:
    """The other programs that have this file open, as far as this user may see."""
    wanted = os.path.realpath(path)
    return [f"{_command(pid)} (pid {pid})" for pid in _pids() if pid != os.getpid() and wanted in _open_files(pid)]


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdecimal())


def _open_files(pid: int) -> set[str]:
    files: set[str] = set()
    with suppress(OSError):  # ended meanwhile, or somebody else's
        for fd in os.scandir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                files.add(os.readlink(fd.path))
    return files


def _command(pid: int) -> str:
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        return " ".join([os.path.basename(words[0]), *words[1:3]]).strip()
    return "?"


def serial_ports(folder: Path = SERIAL, plugged: Sequence[ListPortInfo] | None = None) -> list[str]:
    """The serial ports that are plugged in, by the name to write: the adapter's own, or the socket's.

    Adapters alike without serial numbers fight for one name by-id; only their sockets tell them apart.
    """
    plugged = list(comports()) if plugged is None else plugged
    models = Counter((port.vid, port.pid) for port in plugged if not port.serial_number)
    twins = {port.device for port in plugged if not port.serial_number and models[port.vid, port.pid] > 1}
    by_path, by_id = ({os.path.realpath(link): link for link in _listed(folder / way)} for way in ("by-path", "by-id"))
    named = by_path | {port: link for port, link in by_id.items() if port not in twins or port not in by_path}
    ports = sorted({*named, *(port.device for port in plugged)})
    return [f"{named[port]} ({os.path.basename(port)})" if port in named else port for port in ports]


def usb_printers() -> list[str]:
    """Printers on USB that are no serial ports."""
    return [path for path in _listed(Path(USB_PRINTERS).parent) if path.startswith(USB_PRINTERS)]


def input_devices(by_id: Path = BY_ID) -> list[str]:
    """Names of keyboard-like devices, as `keyboard:` takes them."""
    return [os.path.basename(link) for link in _listed(by_id) if link.endswith("-event-kbd")]


def cameras(by_id: Path = CAMERAS_BY_ID) -> list[str]:
    named = [link for link in _listed(by_id) if link.endswith("-video-index0")]
    return named or [f"/dev/{name}" for name in sorted(os.listdir("/dev")) if name.startswith("video")]


def _listed(folder: Path) -> list[str]:
    return sorted(str(entry) for entry in folder.iterdir()) if folder.is_dir() else []
