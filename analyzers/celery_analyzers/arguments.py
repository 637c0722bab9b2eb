"""Whether the arguments of a call fit the parameters of a function, by Python's own rules.

Knows how Python binds arguments. Must not know Celery.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from celery_analyzers.bindings import ParameterBinding

Kind = Literal["missing", "extra", "unknown", "twice", "by-name"]


@dataclass(frozen=True, slots=True)
class Misfit:
    """One way in which arguments do not fit.

    `missing` names the parameters that get nothing, `extra` is one positional argument too many, by its `position`.
    `unknown` is a keyword that no parameter takes, `twice` one whose parameter has a positional argument already, and
    `by-name` one whose parameter takes positional arguments only.
    """

    kind: Kind
    names: tuple[str, ...] = ()
    position: int = 0


def misfits(
    parameters: Sequence[ParameterBinding], positional: int, keywords: Iterable[str], *, complete: bool
) -> list[Misfit]:
    """What does not fit in a call with so many positional arguments and these keywords.

    Of a call that is not `complete` there may be more of both, so that nothing is missing.
    """
    in_order = [p for p in parameters if p.kind in ("positional-only", "positional")]
    takes_any = any(p.kind == "*" for p in parameters)
    takes_any_name = any(p.kind == "**" for p in parameters)
    by_name = {p.name for p in parameters if p.kind in ("positional", "keyword-only")}
    filled = {p.name for p in in_order[:positional]}
    found = [Misfit("extra", position=i) for i in range(len(in_order), positional) if not takes_any]
    wrongly_named: set[str] = set()
    given: set[str] = set()
    for name in keywords:
        if name in by_name:
            given.add(name)
            if name in filled:
                found.append(Misfit("twice", (name,)))
        elif not takes_any_name:
            is_parameter = any(p.name == name for p in in_order)
            wrongly_named.add(name)
            found.append(Misfit("by-name" if is_parameter else "unknown", (name,)))
    missing = tuple(
        p.name
        for p in parameters
        if p.kind not in ("*", "**") and p.default is None and p.name not in filled | given | wrongly_named
    )
    if missing and complete:
        found.append(Misfit("missing", missing))
    return found
