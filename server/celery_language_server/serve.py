"""The command `celery-language-server`: speaks LSP over stdio, or over TCP.

Knows the command line. Must not import what a session needs before the session has begun: an editor is
waiting.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from celery_language_server import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve one client, and return the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    address = parse(arguments) if list(arguments) not in ([], ["--stdio"]) else None
    return serve(address)


def parse(arguments: Sequence[str]) -> tuple[str, int] | None:
    """The address to listen on, or None for stdio. Ends the process for --help, --version and mistakes."""
    from argparse import SUPPRESS, ArgumentParser

    parser = ArgumentParser("celery-language-server", description="A language server for Celery.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--stdio", action="store_true", help="talk over stdin and stdout (the default)")
    where.add_argument(
        "--tcp", metavar="HOST:PORT", help="wait for one client at this address, and end with it (port 0: any free one)"
    )
    # Some clients add it to whatever they start; the `initialize` request says the same.
    parser.add_argument("--clientProcessId", help=SUPPRESS)
    tcp: str | None = parser.parse_args(arguments).tcp
    if tcp is None:
        return None
    host, _, port = tcp.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        parser.error(f"--tcp must be HOST:PORT, as in 127.0.0.1:2087, not {tcp!r}")
    return host.strip("[]"), int(port)


def serve(address: tuple[str, int] | None) -> int:
    """Serve one client over stdio, or over TCP where there is an `address`."""
    from celery_language_server.transport import Disconnected, Transport, stdio, tcp

    try:
        # First of all: what is imported from here on cannot write to the client any more.
        connection = stdio() if address is None else tcp(*address, announce=announce)

        from celery_language_server import log
        from celery_language_server.protocol import Peer
        from celery_language_server.server import Server

        log.configure()
        transport = Transport(connection)
        transport.start()
        server = Server(Peer(transport))
        try:
            return server.run()
        finally:
            server.close()
    except Disconnected:
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        sys.stderr.write(f"celery-language-server: {error}\n")
        return 1


def announce(host: str, port: int) -> None:
    """Say where a client can connect; editors and tests wait for this line."""
    sys.stderr.write(f"celery-language-server listens on {host}:{port}\n")
    sys.stderr.flush()
