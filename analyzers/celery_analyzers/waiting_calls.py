"""What a function waits for without a timeout, as others see it: the calls of known clients in it, as frozen values.

Knows how the calls of clients are written. Must not know what a name means; that is `resolution`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.expressions import dotted_path
from celery_analyzers.trees import children

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLIENTS = (
    *("requests.", "httpx.", "smtplib.", "ftplib.", "imaplib.", "poplib.", "socket.create_connection("),
    *("urlopen(", "urlretrieve(", "HTTPConnection(", "HTTPSConnection("),
)
OWN_WAYS = (".mount(", "setdefaulttimeout", "partial(", "setitimer", "alarm(", "Timeout(")
"""What may bound the wait in a way that the call does not show."""
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class WaitingCall:
    """A call that is given no timeout by its name.

    `positional` is how many arguments it has that could be one, `line` how many lines below its function's first it
    stands. Where `unbounded`, it says `timeout=None`.
    """

    callee: str
    positional: int
    unbounded: bool
    line: int


def may_wait(text: str) -> bool:
    """Whether the text of a function speaks of a client that may wait: to be asked before what costs more."""
    return any(client in text for client in _CLIENTS) and not any(way in text for way in OWN_WAYS)


def waiting_calls(function: ast.FunctionDef) -> tuple[WaitingCall, ...]:
    """The calls of a function's own body that are given no timeout, in the order in which they stand."""
    return tuple(_waiting_calls(function, function))


def _waiting_calls(function: ast.FunctionDef, node: ast.AST) -> Iterator[WaitingCall]:
    for child in children(node):
        if isinstance(child, _INNER):
            continue
        if isinstance(child, ast.Call) and (callee := dotted_path(child.func)) is not None and _is_told(child):
            timeouts = [keyword.value for keyword in child.keywords if keyword.arg == "timeout"]
            if all(isinstance(value, ast.Constant) and value.value is None for value in timeouts):
                below = child.func.lineno - function.lineno
                yield WaitingCall(callee, len(child.args), bool(timeouts), below)
        yield from _waiting_calls(function, child)


def _is_told(call: ast.Call) -> bool:
    """Whether all arguments of a call are written in it."""
    return all(keyword.arg for keyword in call.keywords) and not any(isinstance(a, ast.Starred) for a in call.args)
