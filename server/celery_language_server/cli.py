"""The command `celeryls`: picks the subcommand and ends it well, whatever happens to its pipes.

Imports nothing that the subcommand does not use: start-up is most of a run that finds nothing changed.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from celery_language_server import __version__
from celery_language_server.arguments import Help, UsageError, suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

USAGE_ERROR = 2
INTERRUPTED = 130
BROKEN_PIPE = 141
COMMANDS = {
    "check": "Say what is wrong with Celery code, and fix it",
    "rule": "Explain a rule, or list all of them",
    "serve": "Start the language server",
    "version": "Print the version",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A file may hold any character, and a terminal or pipe take few.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it ends, into the same broken pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _run(arguments: list[str]) -> int:
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command in ("-V", "--version", "version"):
        sys.stdout.write(f"celeryls {__version__}\n")
        return 0
    if command in ("-h", "--help", "help"):
        if rest and rest[0] in COMMANDS:
            return _run([rest[0], "--help"])
        sys.stdout.write(_help())
        return 0
    if command == "serve":
        from celery_language_server.serve import main as serve

        return serve(rest)
    if command == "check":
        from celery_language_server.check import help_page, run
    elif command == "rule":
        from celery_language_server.rule_command import help_page, run
    else:
        return _explain_commands(command)
    return _guarded(command, rest, run, help_page)


def _guarded(
    command: str,
    arguments: list[str],
    run: Callable[[Sequence[str]], int],
    help_page: Callable[[], str],
) -> int:
    """Run a subcommand, and say what was wrong with the call or the configuration."""
    from celery_language_server.configuration_file import ConfigurationError

    try:
        return run(arguments)
    except Help:
        sys.stdout.write(help_page())
        return 0
    except UsageError as error:
        sys.stderr.write(f"celeryls {command}: {error}\nTry `celeryls {command} --help`.\n")
    except ConfigurationError as error:
        sys.stderr.write(f"celeryls: {error}\n")
    return USAGE_ERROR


def _explain_commands(command: str) -> int:
    if not command:
        sys.stderr.write(_help())
    else:
        kind = "option" if command.startswith("-") else "command"
        hint = suggestion(command, list(COMMANDS))
        sys.stderr.write(f"celeryls: unknown {kind} `{command}`{hint}\nTry `celeryls --help`.\n")
    return USAGE_ERROR


def _help() -> str:
    lines = ["A linter and language server for Celery.", "", "Usage: celeryls COMMAND [OPTIONS]", ""]
    lines += ["Commands:", *(f"  {name:<10}{about}" for name, about in COMMANDS.items()), ""]
    lines += [
        "Options:",
        "  -h, --help     Print help, also of a command",
        "  -V, --version  Print the version",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
