"""A made-up module of Celery tasks, as long as asked for and as mixed as real ones.

Knows the proportions: how long tasks are, which options they have, how many are annotated, and how often each
mistake is made. They follow what public projects do (4,200 tasks in 138 repositories): bodies of 18 lines in
the median and 69 at the 90th percentile, 44 % with a docstring, a third annotated, three in ten without a
parameter or an option. The words are in `task_words` and `task_text`. The same size and seed always give the
same text.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass, field
from statistics import NormalDist
from string import Template
from textwrap import indent
from typing import TYPE_CHECKING

import task_text as text
import task_words as words
from chance import Chance, evenly

if TYPE_CHECKING:
    from collections.abc import Iterator

MEDIAN_BODY, P90_BODY = 18, 69
SIGMA = math.log(P90_BODY / MEDIAN_BODY) / NormalDist().inv_cdf(0.9)
# Room that the shortest task and the longest helper are sure to fit into.
SHORTEST_TASK, LONGEST_HELPER = 26, 11

# Mistakes that celeryls finds, and the share of tasks that make each.
MISTAKES = {
    "async": 0.008,
    "bind without self": 0.012,
    "invalid rate": 0.01,
    "soft above hard": 0.01,
    "swallowed retry": 0.015,
    "unbound self": 0.01,
    "unknown option": 0.015,
}
# How a task deals with failure, where no mistake says so.
RETRYING = {"autoretry": 0.07, "broad autoretry": 0.04, "self.retry": 0.08}


@dataclass
class Task:
    """A task to be written."""

    name: str
    noun: str
    opener: str
    options: dict[str, str] = field(default_factory=dict)
    parameters: list[str] = field(default_factory=list)
    annotated: bool = False
    keyword: str = "def"
    # It can be sent with one argument.
    sendable: bool = False

    def head(self, decorator: str) -> Iterator[str]:
        """The decorator and the signature, broken over lines where they are long."""
        options = [f"{option}={value}" for option, value in self.options.items()]
        yield from _call(f"@{decorator}", options, "") if options else [f"@{decorator}"]
        yield from _call(
            f"{self.keyword} {self.name}", self.parameters, " -> dict[str, Any]:" if self.annotated else ":"
        )


def _call(head: str, arguments: list[str], tail: str) -> list[str]:
    line = f"{head}({', '.join(arguments)}){tail}"
    if len(line) <= 100:
        return [line]
    return [f"{head}(", *(f"    {argument}," for argument in arguments), f"){tail}"]


class Module:
    """The module while it is written. Its chunks stand two blank lines apart."""

    def __init__(self, seed: int) -> None:
        self.lines = text.PREAMBLE.splitlines()
        self._chance = Chance(seed)
        self._lengths = evenly(seed)
        self._decorator = "shared_task" if seed % 2 else "app.task"
        self._number = 0
        self._sendable: list[str] = []

    def add_task(self, room: int) -> None:
        """A task of at most `room` lines."""
        task = self._task()
        head = [*task.head(self._decorator)]
        quantile = min(max(next(self._lengths), 0.01), 0.995)
        length = max(3, round(MEDIAN_BODY * math.exp(SIGMA * NormalDist().inv_cdf(quantile))))
        body = self._body(task, min(length, room - len(head) - 2))
        self._append([*head, *(indent(line, "    ") for line in body)])
        if task.sendable:
            self._sendable.append(task.name)

    def add_helper(self) -> None:
        """Something that is no task: a function or a constant."""
        self._append(self._filled(self._chance.one(text.HELPERS), self._chance.one(words.NOUNS)))

    def add_beat_entry(self) -> None:
        """A beat entry for a task above. One in eight forgets the minute."""
        self._number += 1
        name, hour = self._chance.one(self._sendable or ["celery.backend_cleanup"]), self._number % 24
        minute = "" if self._chance.happens(0.125) else f"minute={hour * 2}, "
        entry = text.BEAT_ENTRY.replace("$name", name).replace("$hour", str(hour)).replace("$minute", minute)
        self._append(entry.splitlines())

    def add_rest(self, room: int) -> None:
        """Exactly `room` lines, too few for a task."""
        self.lines += [""] * min(room, 2) + ["# To be continued."] * (room - 2)

    def _append(self, chunk: list[str]) -> None:
        self.lines += ["", "", *chunk]

    def _filled(self, template: str, noun: str) -> list[str]:
        self._number += 1
        other = self._chance.one(self._sendable or ["app.tasks['celery.ping']"])
        fields = {
            "noun": noun,
            "nouns": noun + "s",
            "id": noun + "_id",
            "n": str(self._number),
            "other": other,
        }
        return Template(template).substitute(fields).splitlines()

    def _task(self) -> Task:
        chance = self._chance
        noun, verb = chance.one(words.NOUNS), chance.one(words.VERBS)
        self._number += 1
        task = Task(f"{verb}_{noun}{chance.one(words.QUALIFIERS)}_{self._number}", noun, chance.one(text.OPENERS))
        task.annotated = chance.happens(0.345)
        if chance.happens(0.7):
            chosen = [(f"{noun}_id", "int", ""), *(each for each in words.PARAMETERS if chance.happens(0.15))]
            task.parameters = [
                f"{name}: {kind} = {default}".removesuffix(" = ") if task.annotated
                else f"{name}={default}".removesuffix("=")
                for name, kind, default in chosen
            ]  # fmt: skip
        else:
            task.opener = text.OPENER_WITHOUT_PARAMETERS
        self._add_options(task)
        mistake = chance.named(MISTAKES)
        if mistake is not None:
            self._make_mistake(task, mistake)
        else:
            task.sendable = bool(task.parameters)
            self._add_retries(task)
        return task

    def _add_options(self, task: Task) -> None:
        chance = self._chance
        if chance.happens(0.45):
            return
        for option, probability in words.OPTIONS.items():
            if chance.happens(probability / 0.55):
                task.options[option] = chance.one(words.OPTION_VALUES[option]).replace("$name", task.name)
        if chance.happens(0.09):
            task.options |= {"soft_time_limit": "50", "time_limit": "60"}

    def _add_retries(self, task: Task) -> None:
        kind = self._chance.named(RETRYING)
        if kind is None:
            return
        task.options["max_retries"] = "5"
        if kind == "self.retry":
            _bind(task)
            if len(task.parameters) > 1:
                task.opener = text.RETRYING_OPENER
        else:
            broad = kind == "broad autoretry"
            task.options["autoretry_for"] = "(Exception,)" if broad else "(requests.ConnectionError, TimeoutError)"
            task.options["retry_backoff"] = "True"

    def _make_mistake(self, task: Task, mistake: str) -> None:
        if mistake == "async":
            task.keyword = "async def"
        elif mistake == "bind without self":
            task.options["bind"] = "True"
        elif mistake == "invalid rate":
            task.options["rate_limit"] = self._chance.one(('"10/min"', '"100/hour"', '"5 / s"'))
        elif mistake == "soft above hard":
            task.options |= {"soft_time_limit": "120", "time_limit": "60"}
        elif mistake == "swallowed retry":
            _bind(task)
            task.parameters[1:] = task.parameters[1:] or [f"{task.noun}_id"]
            task.opener = text.SWALLOWED_RETRY_OPENER
        elif mistake == "unbound self":
            task.parameters.insert(0, "self")
        else:
            task.options |= self._chance.one(({"ignore_results": "True"}, {"max_retry": "3"}, {"soft_timelimit": "60"}))

    def _body(self, task: Task, length: int) -> list[str]:
        """`length` lines, or what the opener takes if that is more."""
        chance = self._chance
        body = []
        if chance.happens(0.47) and length > 6:
            body += self._filled(chance.one(text.DOCSTRINGS), task.noun)
        body += self._filled(task.opener, task.noun)
        while (room := length - 1 - len(body)) > 0:
            statement = self._filled(self._statement(room), task.noun)
            if len(statement) <= room:
                body += statement
        return [*body, f'return {{"{task.noun}": {task.noun}["id"], "lines": len(rows)}}']

    def _statement(self, room: int) -> str:
        """Mostly a block of a few lines; where only a line or two are left, a line."""
        kinds = {"slip": 0.025, "side effect": 0.04, "dispatch": 0.1, "line": 1.0 if room < 3 else 0.15}
        pools = {
            "slip": text.SLIPS,
            "side effect": text.SIDE_EFFECTS,
            "dispatch": text.DISPATCHES,
            "line": text.LINES,
        }
        kind = self._chance.named(kinds)
        return self._chance.one(pools[kind] if kind else text.BLOCKS)


def _bind(task: Task) -> None:
    task.options = {"bind": "True", **task.options}
    task.parameters.insert(0, "self")


def generate(lines: int, seed: int = 0) -> str:
    """A module of `lines` lines (at least 100)."""
    module = Module(seed)
    turn = 0
    while (room := lines - len(module.lines) - 2) >= LONGEST_HELPER:
        turn += 1
        if turn % 8 == 1 or room < SHORTEST_TASK:
            module.add_helper()
        elif turn % 8 == 5:
            module.add_beat_entry()
        else:
            module.add_task(room)
    module.add_rest(lines - len(module.lines))
    return "\n".join(module.lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sys.stdout.write(generate(options.lines, options.seed))


if __name__ == "__main__":
    main()
