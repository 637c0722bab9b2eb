"""The commands in a YAML file: what a container, a job or a chart is told to run.

Not a YAML parser: templates are no YAML either. It knows keys, items, and the five ways to write a string, and looks
at the keys whose names speak of running something. Where a container has several of `command`, `args` and
`entrypoint`, they are put together as Kubernetes and Compose do. Must not know which commands are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from celery_analyzers.shell_words import FILLER, Word, folded, simple_commands, word

_LINE = re.compile(
    r"""(?P<indent>[ ]*)(?P<dashes>(?:-[ ]+)*)(?:(?P<key>[\w./-]+|"[^"\n]*"|'[^'\n]*')[ ]*:(?=\s|\Z))?[ \t]*"""
    r"(?:[&!][^\s]*[ \t]+)?(?P<value>[^\n]*)"
)
_RUNS = re.compile(
    r"command|cmd|(?<![a-z])(?:args|arguments|entrypoint|script|run|exec|start|process|worker|beat|celery|scheduler)",
    re.IGNORECASE,
)
_ITEM = re.compile(r"(?P<indent>[ ]*)-[ ]+(?P<value>[^\n]*)")
_BLOCK = re.compile(r"[|>][+-]?\d?[+-]?[ \t]*(?:#.*)?\r?\Z")
_STRING = re.compile(r"""'(?:[^']|''){0,20000}'|"(?:[^"\\]|\\.){0,20000}\"""", re.DOTALL)
_FLOW_ITEM = re.compile(r"""[\s,]*(?:(?P<quoted>'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")|(?P<plain>[^\s,\]][^,\]\n]*))""")
_FLOW = re.compile(r"""\[(?:[^\]"']|'[^']{0,4000}'|"(?:[^"\\]|\\.){0,4000}"){0,4000}\]""", re.DOTALL)
_LONGEST_FLOW = 10_000
_REMARK = re.compile(r"[ \t]#[^\n]*|\r")
_NEST = 200
"""Mappings that stand in each other at most; more is not a file that somebody wrote."""

Words = tuple[Word, ...]


def yaml_commands(text: str) -> Iterator[Words]:
    """The words of each command that the file gives, with offsets in the text."""
    mappings: list[tuple[int, dict[str, Words]]] = []
    position = 0
    while position < len(text):
        line = _LINE.match(text, position)
        assert line is not None  # All its parts may be empty.
        position = line.end() + 1
        key = line["key"]
        if (not line["value"].strip() and key is None) or (line["value"].startswith("#") and key is None):
            continue
        column = len(line["indent"]) + len(line["dashes"])
        while mappings and (mappings[-1][0] > column or (mappings[-1][0] == column and line["dashes"])):
            yield from _joined(mappings.pop()[1])
        if key is None or len(mappings) > _NEST:
            continue
        if not mappings or mappings[-1][0] < column:
            mappings.append((column, {}))
        commands, position = _value(text, line, column)
        name = key.strip("\"'")
        if not _RUNS.search(name):
            continue
        if len(commands) == 1 and name in {"command", "args", "entrypoint"}:
            mappings[-1][1][name] = commands[0]
        else:
            yield from commands
    for _, parts in mappings:
        yield from _joined(parts)


def _joined(parts: dict[str, Words]) -> Iterator[Words]:
    """The command that a mapping comes to: Kubernetes adds `args` to `command`, Compose `command` to `entrypoint`."""
    names = ("command", "args") if "args" in parts else ("entrypoint", "command")
    words = tuple(word for name in names for word in parts.get(name, ()))
    if words:
        yield words


def _value(text: str, line: re.Match[str], column: int) -> tuple[list[Words], int]:
    """The commands that a key's value is, and the offset of the line after it."""
    start, value, after = line.start("value"), line["value"], line.end() + 1
    if not value.strip() or value.startswith("#"):
        return _sequence(text, after, column)
    if value.startswith("["):
        flow = _FLOW.match(text, start) if text.find("]", start, start + _LONGEST_FLOW) > 0 else None
        if flow is None:
            return [], after
        return _of_items(_flow_items(flow[0], start)), _next_line(text, flow.end())
    script, start, after = _scalar(text, start, value, column)
    return list(simple_commands(script, start)), after


def _scalar(text: str, start: int, value: str, column: int) -> tuple[str, int, int]:
    """A string at an offset: its text, that begins at another, and the offset of the line after it.

    The text is as long as it is in the file, so that offsets in it stay what they are.
    """
    after = _next_line(text, start)
    if _BLOCK.match(value):
        end = _deeper(text, after, column)
        block = text[after:end]
        return (folded(block) if value.startswith(">") else block), after, end
    string = _STRING.match(text, start)
    if string is not None:
        return folded(_unquoted(string[0])), start + 1, _next_line(text, string.end())
    end = _deeper(text, after, column)
    return folded(_REMARK.sub(_blank, text[start:end])), start, end


def _sequence(text: str, start: int, column: int) -> tuple[list[Words], int]:
    """The commands of a list in lines, and where it ends; none if it is not a list of strings."""
    items: list[Word] = []
    position, indent = start, -1
    while position < len(text):
        item = _ITEM.match(text, position)
        end_of_line = _next_line(text, position)
        if item is None:
            line = text[position:end_of_line].strip()
            if line and not line.startswith(("#", "{{")):
                break
            position = end_of_line
            continue
        if indent < 0:
            indent = len(item["indent"])
        mapping = _LINE.match(text, position)
        if len(item["indent"]) != indent or indent < column or (mapping is not None and mapping["key"] is not None):
            break
        script, offset, position = _scalar(text, item.start("value"), item["value"], indent)
        items.append(word(script.strip(), offset + len(script) - len(script.lstrip())))
    return (_of_items(items), position) if items else ([], start)


def _of_items(items: list[Word]) -> list[Words]:
    """The commands that a list is: one, whose words are the items, or a script in each item."""
    if items and all(" " in item.text.strip() for item in items):
        return [command for item in items for command in simple_commands(item.text, item.offset)]
    return [tuple(items)] if items else []


def _flow_items(flow: str, base: int) -> list[Word]:
    items: list[Word] = []
    for item in _FLOW_ITEM.finditer(flow, 1, len(flow) - 1):
        if item["quoted"] is not None:
            items.append(word(_unquoted(item["quoted"]), base + item.start("quoted") + 1))
        else:
            items.append(word(item["plain"].strip(), base + item.start("plain")))
    return items


def _next_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def _deeper(text: str, position: int, column: int) -> int:
    """Where the lines end that are indented by more than a column."""
    while position < len(text):
        end = _next_line(text, position)
        line = text[position:end]
        if line.strip() and len(line) - len(line.lstrip(" ")) <= column:
            break
        position = end
    return position


def _unquoted(string: str) -> str:
    """What a string says, as long as it is in the file."""
    inner = string[1:-1]
    return inner.replace("''", FILLER + "'") if string[0] == "'" else re.sub(r'\\(["\\])', FILLER + r"\1", inner)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])
