"""`python -m display --server URL --hall CODE`: boards and phone pages of a hall, and the equipment at its windows."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()  # before anything opens a socket: following and serving share this thread

import gc  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import click  # noqa: E402
import gevent  # noqa: E402
from gevent.event import Event  # noqa: E402

from display.app import create_app  # noqa: E402
from display.equipment import Equipment  # noqa: E402
from display.mouths import CardSpeaker  # noqa: E402
from display.speaker import Speakers  # noqa: E402
from display.voice.pack import NoPack, Pack  # noqa: E402
from display.watch import SCREENS, WHOLE, Watch  # noqa: E402
from queue_server.config import ConfigurationError, load  # noqa: E402
from queue_server.journal.replica import Replica  # noqa: E402
from queue_server.journal.store import SqliteStore, StoreError  # noqa: E402
from queue_server.logs import log_to_stderr  # noqa: E402
from queue_server.serving import serve  # noqa: E402


@click.command()
@click.option("--server", default="http://127.0.0.1:8080", show_default=True, help="The hall server.")
@click.option("--hall", required=True, help="The hall's code.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8081, show_default=True, help="0 takes a free one.")
@click.option("--screens", default=SCREENS, show_default=True, help="Most screens connected at once.")
@click.option("--media", type=click.Path(path_type=Path), help="Folder of the boards' pictures and videos.")
@click.option("--voice", type=click.Path(path_type=Path), help="The clip pack the boards speak with.")
@click.option(
    "--speaker", is_flag=False, flag_value=WHOLE, metavar="[ZONE]",
    help="Speak on this machine's own sound card, for a zone or the whole hall; with --voice.",
)  # fmt: skip
@click.option("--config", type=click.Path(path_type=Path), help="The city's YAML: run the hall's signs and pads too.")
@click.option(
    "--data", "folder", type=click.Path(path_type=Path), default=Path("data/display"), show_default=True,
    help="With --config: where this program keeps its own journal.",
)  # fmt: skip
@click.option("--source", default="display-1", show_default=True, help="With --config: its name at the hall.")
@click.option("--log-level", default="warning", show_default=True)
def main(
    server: str, hall: str, host: str, port: int, screens: int, media: Path | None, voice: Path | None,
    speaker: str | None, config: Path | None, folder: Path, source: str, log_level: str,
) -> None:  # fmt: skip
    """Serve the boards of a hall to any number of screens. These pages only show; nothing can be changed here.

    One display program of a hall, and only one, also runs its signs, pads and speech boards: give it --config.
    """
    log_to_stderr(log_level)
    watch = Watch(server, hall, screens=screens, media=media)
    try:
        pack = None if voice is None else Pack.read(voice)
        speakers = Speakers(watch, pack)
        equipment = None if config is None else _equipment(config, hall, watch, speakers, server, source, folder)
        if speaker is not None:
            speakers.add(_card(speaker, watch, pack))
        listening = serve(create_app(watch, speakers), host, port)
    except (ConfigurationError, NoPack, StoreError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error}") from error
    gc.freeze()  # what is here now stays; and what a screen shows is no garbage, so look for it rarely
    gc.set_threshold(50_000, 20, 100)
    watch.start()
    if equipment is not None:
        equipment.start()
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stop.set)
    click.echo(f"http://{host}:{listening.server_port}/board")
    gevent.wait([stop, watch.broken], count=1)
    listening.stop(timeout=1)
    if equipment is not None:
        equipment.stop()
    speakers.stop()
    watch.stop()
    sys.exit(1 if watch.broken.is_set() else 0)


def _card(zone: str, watch: Watch, pack: Pack | None) -> CardSpeaker:
    if pack is None:
        raise NoPack("--speaker needs the clips to speak with: --voice FOLDER")
    return CardSpeaker(watch, zone, pack)


def _equipment(
    config: Path, hall: str, watch: Watch, speakers: Speakers, server: str, source: str, folder: Path
) -> Equipment:
    devices = load(config).hall(hall)
    own = Replica(SqliteStore(folder / f"{source}.db"), hall)
    return Equipment(devices, watch, speakers, server=server, source=source, own=own)


if __name__ == "__main__":
    main()
