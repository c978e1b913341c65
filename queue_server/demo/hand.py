"""What a visitor of the demo holds in hand: cards to lay on the reader, codes to hold under the scanner.

A page of the demo itself, on this machine only: it types at the simulated devices what a person would do with them.
"""

from __future__ import annotations

import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import zxingcpp
from flask import Flask, Response, abort, request, send_from_directory
from PIL import Image
from werkzeug.serving import BaseWSGIServer, make_server

CARDS = ("resident", "long-term", "expired", "j", "i", "y", "wrong")
"""Cards of the simulated reader worth trying: a resident, one born in 1940, an expired one, …"""
RECEIPTS = 8
LOCAL = ("127.0.0.1", "localhost")

Say = Callable[[str], None]
"""Types one line at a simulated device."""


class Hand:
    """The page. `reader` and `scanner` type at the devices, `receipts` is where tickets are printed to."""

    def __init__(self, *, reader: Say, scanner: Say, receipts: Path, api: str, port: int) -> None:
        """`api` is the hall's: an appointment is made there. Port 0 takes any."""
        self._reader, self._scanner, self._receipts, self._api = reader, scanner, receipts, api
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # one line a request is nobody's business
        self._server: BaseWSGIServer = make_server("127.0.0.1", port, self._app(), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, name="hand", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()

    def _app(self) -> Flask:
        app = Flask(__name__)
        page = Path(__file__).with_name("hand.html").read_text(encoding="utf-8")

        @app.before_request
        def only_here() -> None:
            """No other site may reach it through a browser's own address."""
            if request.host.rpartition(":")[0] not in LOCAL:
                abort(403)
            if request.method == "POST" and not request.is_json:
                abort(415)

        @app.get("/")
        def show() -> Response:
            return Response(page, content_type="text/html; charset=utf-8")

        @app.get("/receipts")
        def receipts() -> list[str]:
            found = sorted(self._receipts.glob("*.png"), key=lambda path: path.stat().st_mtime, reverse=True)
            return [path.name for path in found[:RECEIPTS]]

        @app.get("/receipts/<name>")
        def receipt(name: str) -> Response:
            return send_from_directory(self._receipts.absolute(), name)

        @app.post("/card")
        def card() -> tuple[dict[str, str], int]:
            wanted = request.json["card"]
            if wanted not in (*CARDS, None):
                abort(422)
            self._reader(f"place {wanted}" if wanted else "lift")
            return {}, 200

        @app.post("/receipt")
        def hold() -> tuple[dict[str, str], int]:
            code = self._code_on(request.json["name"])
            if code is None:
                return {"error": "no code"}, 422
            return self._scan(code)

        @app.post("/appointment")
        def appointment() -> tuple[dict[str, str], int]:
            code = self._book(minutes=float(request.json["minutes"]))
            if code is None:
                return {"error": "not booked"}, 409
            return self._scan(code)

        @app.post("/code")
        def code() -> tuple[dict[str, str], int]:
            return self._scan(request.json["text"])

        return app

    def _scan(self, text: str) -> tuple[dict[str, str], int]:
        line = " ".join(str(text).split())[:500]
        if not line:
            return {"error": "no code"}, 422
        self._scanner(f"scan {line}")
        return {"scanned": line}, 200

    def _code_on(self, name: str) -> str | None:
        """What the code on a printed ticket says, read from its picture as a scanner would."""
        path = self._receipts / Path(str(name)).name
        if not path.is_file():
            return None
        with Image.open(path) as picture:
            found = zxingcpp.read_barcodes(picture.convert("L"))
        return found[0].text if found else None

    def _book(self, *, minutes: float) -> str | None:
        """An appointment so many minutes from now, for the hall's first service; its code."""
        hall = self._ask(self._api)
        if not hall or not hall["services"]:
            return None
        slot = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds")
        booked = self._ask(f"{self._api}/appointments", {"service": hall["services"][0]["code"], "slot": slot})
        return str(booked["code"]) if booked else None

    @staticmethod
    def _ask(url: str, body: Mapping[str, object] | None = None) -> dict[str, Any] | None:
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own server
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310
                content: dict[str, Any] = json.load(answer)
                return content
        except (urllib.error.URLError, ValueError):
            return None
