"""The workers and beats that a project's deployment files start, with the options that they give.

Read are Procfiles, Dockerfiles, Compose files, Kubernetes manifests and charts, systemd units, supervisor's
configuration, Makefiles and shell scripts. Knows where in such files commands stand, and Celery's command line as
`celery worker --help` tells it. Must not know rules, nor what an option means.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from celery_analyzers.celery_commands import Words, WorkerCommand, worker_commands
from celery_analyzers.shell_words import Word, folded, simple_commands, word
from celery_analyzers.yaml_commands import yaml_commands

LARGEST_FILE = 500_000
"""Bytes above which a file is not read: nobody writes such a script."""
_MOST_ENTRIES = 30_000
_MOST_FILES = 3_000
"""Directory entries and deployment files that a search looks at, at most."""
_SKIPPED = frozenset(
    {"node_modules", "venv", "env", "site-packages", "__pycache__", "build", "dist", "vendor", "third_party"}
    | {"doc", "docs", "documentation", "test", "tests", "locale", "static", "migrations"}
)
_NAMES = re.compile(
    r"(?:.*[-_.])?(?:procfile|dockerfile|containerfile)(?:[-_.].*)?|(?:gnu)?makefile(?:\..*)?|justfile"
    r"|.*\.(?:sh|bash|ya?ml|service|conf|ini|mk)",
    re.IGNORECASE,
)
_SCRIPT_NAMES = re.compile(r"(?:.*[-_])?(?:entrypoint|start|run|worker|beat|celery|celeryd|celerybeat)(?:[-_].*)?")
_SCRIPT_FOLDERS = frozenset(
    {"bin", "compose", "deploy", "deployment", "docker", "etc", "init.d", "ops", "script", "scripts", "services"}
    | {"supervisor", "supervisord", "sv"}
)
_UNIT_KEY = re.compile(r"^[ \t]*(?:ExecStart\w*|command)[ \t]*=[ \t]*[-@:+!]*", re.MULTILINE)
_UNIT_VALUE = re.compile(r"(?:\\\r?\n|\\.|[^\\\n])*(?:\n[ \t]+(?![ \t;#])(?:\\\r?\n|\\.|[^\\\n])*)*", re.DOTALL)
_INSTRUCTION = re.compile(
    r"^[ \t]*(FROM|CMD|ENTRYPOINT|RUN|HEALTHCHECK)\b[ \t]*((?:\\\r?\n|\\.|[^\\\n])*)", re.MULTILINE | re.DOTALL
)


def is_deployment_file(relative_path: str) -> bool:
    """Whether a file of this path, below the project's root, is one that may start a worker."""
    path = PurePosixPath(relative_path.replace("\\", "/"))
    if any(_is_skipped(part) for part in path.parts[:-1]):
        return False
    if _NAMES.fullmatch(path.name):
        return True
    return "." not in path.name and (
        _SCRIPT_NAMES.fullmatch(path.name) is not None or not _SCRIPT_FOLDERS.isdisjoint(path.parts[:-1])
    )


def commands_in(path: Path, data: bytes) -> tuple[WorkerCommand, ...]:
    """The workers and beats that a file starts, in the order in which it names them."""
    if b"celery" not in data.lower() or b"\0" in data or len(data) > LARGEST_FILE:
        return ()
    text = data.decode("utf-8-sig", "replace")
    return tuple(
        command for words in _commands(path.name.lower(), text) for command in worker_commands(path, text, words)
    )


def find_commands(root: Path) -> tuple[WorkerCommand, ...]:
    """The workers and beats that the deployment files below `root` start."""
    found: list[WorkerCommand] = []
    for path in _deployment_files(root):
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST_FILE + 1)
        except (OSError, ValueError):
            continue
        found += commands_in(path, data)
    return tuple(found)


def _deployment_files(root: Path) -> Iterator[Path]:
    entries = files = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not _is_skipped(name))
        entries += len(names)
        if entries > _MOST_ENTRIES:
            return
        for name in sorted(names):
            path = Path(folder, name)
            if is_deployment_file(path.relative_to(root).as_posix()) and path.is_file():
                files += 1
                if files > _MOST_FILES:
                    return
                yield path


def _is_skipped(folder: str) -> bool:
    return folder in _SKIPPED or (folder.startswith(".") and folder not in {".", ".."})


def _commands(name: str, text: str) -> Iterator[Words]:
    """The words of each command in a file, as its name says how to read it."""
    if name.endswith((".yml", ".yaml")):
        yield from yaml_commands(text)
    elif name.endswith((".service", ".conf", ".ini")):
        for key in _UNIT_KEY.finditer(text):
            value = _UNIT_VALUE.match(text, key.end())
            assert value is not None  # It may be empty.
            yield from simple_commands(folded(value[0]), key.end())
    elif "dockerfile" in name or "containerfile" in name:
        yield from _instructions(text)
    elif not re.match(r"#!.*(?:python|perl|ruby|node)", text):
        yield from simple_commands(text)


def _instructions(text: str) -> Iterator[Words]:
    """The commands of a Dockerfile; the arguments in CMD are those of ENTRYPOINT."""
    entrypoint: Words = ()
    command: Words = ()
    for instruction in _INSTRUCTION.finditer(text):
        name, value, offset = instruction[1].upper(), instruction[2], instruction.start(2)
        if name == "FROM":
            yield (*entrypoint, *command)
            entrypoint = command = ()
            continue
        if name == "HEALTHCHECK":
            continue
        listed = _listed(value, offset)
        commands = [listed] if listed is not None else list(simple_commands(value, offset))
        if name == "RUN" or len(commands) != 1:
            yield from commands
        elif name == "CMD":
            command = commands[0]
        else:
            entrypoint, command = commands[0], ()
    yield (*entrypoint, *command)


def _listed(value: str, offset: int) -> Words | None:
    """The words of an instruction that is written as a list in JSON."""
    if not value.startswith("["):
        return None
    try:
        items: object = json.loads(re.sub(r"\\\r?\n", " ", value))
    except (ValueError, RecursionError):
        return None
    words: list[Word] = []
    position = 0
    for item in items if isinstance(items, list) else []:  # pyright: ignore[reportUnknownVariableType]
        text = str(item)  # pyright: ignore[reportUnknownArgumentType]
        position = max(position, value.find(text, position))
        words.append(word(text, offset + position))
    return tuple(words)
