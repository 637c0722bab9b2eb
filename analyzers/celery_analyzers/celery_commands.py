"""Celery's command line: what the words of a command start, and with which options.

The options are those of `celery worker --help` and `celery beat --help` of Celery 5.7; a test compares. Must not know
files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from celery_analyzers.shell_words import Word, simple_commands

Words = tuple[Word, ...]
Kind = Literal["worker", "beat"]


@dataclass(frozen=True, slots=True)
class WorkerCommand:
    """A command that starts a worker or a beat.

    `line` counts from 0. `app` is what `-A` says; None if it says nothing that can be told. `options` have the names
    of the long options with underscores, in the order in which they are written, those before the subcommand too. A
    value is None where it depends on a variable or a template; a flag's is the empty text.
    """

    path: Path
    line: int
    app: str | None
    kind: Kind
    options: tuple[tuple[str, str | None], ...]
    is_complete: bool = True
    """Whether these are all options: a word such as `$OPTIONS` may stand for more."""

    def has(self, name: str) -> bool:
        """Whether an option is given."""
        return any(option == name for option, _ in self.options)

    def value(self, name: str) -> str | None:
        """An option's value, the last one counts; None if the option is not given, or its value is not known."""
        return next((value for option, value in reversed(self.options) if option == name), None)

    def values(self, name: str) -> tuple[str | None, ...]:
        """All values of an option: `celery multi` may give each worker another."""
        return tuple(value for option, value in self.options if option == name)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a command: what is written -> the name; and which of the names are flags."""

    names: dict[str, str]
    flags: frozenset[str]


_COMMON = {
    "-A": "app",
    "-b": "broker",
    "-C": "no_color",
    "-q": "quiet",
    **{f"--{name}": name for name in ("app", "broker", "loader", "config", "workdir", "quiet", "version")},
    "--result-backend": "result_backend",
    "--no-color": "no_color",
    "--skip-checks": "skip_checks",
}
_SHARED = {
    "-n": "hostname",
    "-l": "loglevel",
    "-f": "logfile",
    **{f"--{name}": name for name in ("hostname", "loglevel", "logfile", "pidfile", "uid", "gid", "umask")},
    "--executable": "executable",
    "--detach": "detach",
}
_FLAGS = frozenset({"no_color", "quiet", "version", "skip_checks", "detach"})
OPTIONS: dict[Kind, Options] = {
    "worker": Options(
        {
            **_COMMON,
            **_SHARED,
            "-D": "detach",
            "-S": "statedb",
            "-O": "optimization",
            "-c": "concurrency",
            "-P": "pool",
            "-E": "task_events",
            "--events": "task_events",
            "--discard": "purge",
            "-Q": "queues",
            "-X": "exclude_queues",
            "-I": "include",
            "-B": "beat",
            "-s": "schedule_filename",
            "--schedule": "schedule_filename",
            **{
                f"--{name.replace('_', '-')}": name
                for name in (
                    *("statedb", "optimization", "prefetch_multiplier", "disable_prefetch", "concurrency", "pool"),
                    *("task_events", "time_limit", "soft_time_limit", "max_tasks_per_child", "pool_start_method"),
                    *("max_memory_per_child", "purge", "queues", "exclude_queues", "include", "without_gossip"),
                    *("without_mingle", "without_heartbeat", "heartbeat_interval", "autoscale", "beat"),
                    *("schedule_filename", "scheduler"),
                )
            },
        },
        _FLAGS
        | {"disable_prefetch", "task_events", "purge", "beat"}
        | {"without_gossip", "without_mingle", "without_heartbeat"},
    ),
    "beat": Options(
        {
            **_COMMON,
            **_SHARED,
            "-s": "schedule",
            "--schedule": "schedule",
            "-S": "scheduler",
            "--scheduler": "scheduler",
            "--max-interval": "max_interval",
            "--enable-remote-control": "remote_control",
            "--no-enable-remote-control": "no_remote_control",
        },
        _FLAGS | {"remote_control", "no_remote_control"},
    ),
}
"""The long names of options, those of both before the subcommand and after it."""

_MAIN = "celery.__main__.main"
# Make prints no command after an at sign, and goes on after one that begins with a dash.
_PROGRAM = re.compile(r"[@+]*-?[@+]*(?:(?:\S*/)?celery(?:\.exe)?|\$\{?CELERY_BIN\}?|celery\.__main__\.main)")
_NO_RUNNER = re.compile(
    r"echo|printf|cat|log|[ef]?grep|pgrep|pkill|killall|kill|pip3?|apt|apt-get|apk|systemctl|service|supervisorctl"
    r"|useradd|adduser|groupadd|chown|chmod|mkdir|rm|ls|cd|export|airflow"
)
"""Programs whose arguments are no commands."""
_NO_COMPOSE = frozenset(
    {"build", "create", "down", "kill", "logs", "ps", "pull", "push", "restart", "rm", "scale", "start", "stop", "up"}
)
_NESTING = re.compile(r"-[a-zA-Z]*c|--command")
_RUNNERS_OF_TEXT = frozenset({"watchfiles", "watchmedo", "concurrently", "hupper", "nodemon", "entr"})
_DEPTH = 5
_SPECIFIER = re.compile(r"%[a-zA-Z]")
_NODE_NAMES = frozenset({"hostname", "logfile", "pidfile", "statedb", "schedule", "schedule_filename"})
"""Options in whose values Celery itself replaces `%n`, `%h` and the like; elsewhere it is systemd that does."""


def worker_commands(path: Path, text: str, words: Sequence[Word], depth: int = 0) -> Iterator[WorkerCommand]:
    """What a simple command starts, itself or by a script that it is given as an argument."""
    words = [each for each in words if each.text]
    runner = next((_program(each) for each in words if not re.match(r"\w+=", each.text)), "")
    if _NO_RUNNER.fullmatch(runner):
        return
    for index, word in enumerate(words):
        if _PROGRAM.fullmatch(word.text):
            found = None
            if not _is_no_runner([_program(each) for each in words[:index]]):
                found = _invocation(path, text.count("\n", 0, word.offset), _arguments(words, index))
            if found is not None:
                yield found
                return
        elif depth < _DEPTH and word.script is not None and _is_run(word.script, words[:index]):
            for inner in simple_commands(word.script, word.offset):
                yield from worker_commands(path, text, inner, depth + 1)


def _arguments(words: Sequence[Word], index: int) -> Sequence[Word]:
    """What the program at an index is called with."""
    after = words[index + 1 :]
    if words[index].text != _MAIN:
        return after
    # watchfiles celery.__main__.main --args '-A shop worker'
    scripts = (each for each in after if each.script is not None and " " in each.script)
    return next((words for each in scripts for words in simple_commands(each.script or "", each.offset)), ())


def _is_run(script: str, before: Sequence[Word]) -> bool:
    """Whether an argument is a command itself, by the words in front of it."""
    if " " not in script.strip() or not before:
        return False
    programs = {_program(each) for each in before}
    return _NESTING.fullmatch(before[-1].text) is not None or not _RUNNERS_OF_TEXT.isdisjoint(programs)


def _program(word: Word) -> str:
    return word.text.lstrip("@+-").rpartition("/")[2]


def _is_no_runner(before: list[str]) -> bool:
    """Whether words in front of `celery` say that it is a name there: a service's, a user's."""
    if before and _NO_RUNNER.fullmatch(before[-1]):
        return True
    return any("docker" in name or "podman" in name for name in before) and not _NO_COMPOSE.isdisjoint(before)


def _invocation(path: Path, line: int, words: Sequence[Word]) -> WorkerCommand | None:
    """What `celery` starts when it is called with these words; None if it is no worker and no beat."""
    before, kind, after = _subcommand(words)
    if kind is None:
        return None
    multi = kind == "multi"
    if multi:
        if not after or after[0].text not in {"start", "restart"}:
            return None
        kind, after = "worker", after[1:]
    known = OPTIONS["beat" if kind == "beat" else "worker"]
    options: list[tuple[str, str | None]] = []
    complete = _read(before, known, options, multi=multi)
    complete = _read(after, known, options, multi=multi) and complete
    apps = [value for name, value in options if name == "app"]
    return WorkerCommand(
        path=path,
        line=line,
        app=apps[-1] if apps else None,
        kind="beat" if kind == "beat" else "worker",
        options=tuple(option for option in options if option[0] != "app"),
        is_complete=complete,
    )


def _subcommand(words: Sequence[Word]) -> tuple[Sequence[Word], str | None, Sequence[Word]]:
    """The options of `celery` itself, its subcommand if it starts something, and what comes after that."""
    known = OPTIONS["worker"]
    takes_value = False
    for index, word in enumerate(words):
        if takes_value:
            takes_value = False
        elif word.text.startswith("-"):
            name = known.names.get(word.text)
            takes_value = name is not None and name not in known.flags
        elif word.text in {"worker", "beat", "multi"}:
            return words[:index], word.text, words[index + 1 :]
        elif word.is_known:
            break
    return words, None, ()


def _read(words: Sequence[Word], known: Options, options: list[tuple[str, str | None]], *, multi: bool) -> bool:
    """Add the options in these words; whether that can be all of them."""
    complete, index = True, 0
    while index < len(words):
        word = words[index]
        index += 1
        if word.text == "--":
            break
        if not word.text.startswith("-") or word.text == "-":
            complete = complete and word.is_known
            continue
        for name, value in _named(word, known, multi=multi):
            if value is None and name not in known.flags and index < len(words):
                following = words[index]
                # An option that we do not know may be a flag.
                if name in known.names.values() or not following.text.startswith("-"):
                    options.append((name, _told(name, following.text, following.is_known)))
                    index += 1
                    continue
            options.append((name, "" if value is None else _told(name, value, word.is_known)))
    return complete


def _named(word: Word, known: Options, *, multi: bool) -> Iterator[tuple[str, str | None]]:
    """The options in a word, with the value that stands in it too."""
    text = word.text
    if text.startswith("--"):
        name, equals, value = text.partition("=")
        if multi:
            name = name.partition(":")[0]
        yield known.names.get(name, name[2:].replace("-", "_")), value if equals else None
        return
    if multi and text[2:3] == ":":
        # -Q:1-3 images,video
        yield known.names.get(text[:2], text[1:2]), None
        return
    for position, letter in enumerate(text[1:], start=2):
        name = known.names.get(f"-{letter}", letter)
        if name in known.flags:
            yield name, None
        else:
            yield name, text[position:].removeprefix("=") or None
            return


def _told(name: str, value: str, is_known: bool) -> str | None:
    if not is_known or (_SPECIFIER.search(value) and name not in _NODE_NAMES):
        return None
    return value
