"""Completion: what may be written at a place, in the order in which it is likely meant.

Decides who has something to offer. Must not know how any offer is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from celery_analyzers.assist.callees import is_path
from celery_analyzers.assist.offered_members import offered_members
from celery_analyzers.assist.offered_names import offered_names
from celery_analyzers.assist.offered_tasks import offered_names_of_tasks, offered_signatures
from celery_analyzers.assist.offered_values import offered_values
from celery_analyzers.assist.offers import Completion, Offer, placed
from celery_analyzers.assist.slots import Slot, slot_at
from celery_analyzers.assist.spot import Spot
from celery_analyzers.findings import Span
from celery_analyzers.operations import written
from celery_analyzers.registry import all_rules
from celery_analyzers.symbols import App

_NOTHING: Final = Completion()
_DIRECTIVE: Final = re.compile(r"#\s*celeryls:\s*(?P<word>[\w-]*)\Z")
_NAMES: Final = re.compile(r"#\s*celeryls:\s*ignore(?:-file)?\[(?P<names>[^\]]*)\Z|#\s*noqa:\s*(?P<codes>[\w, ]*)\Z")
_DIRECTIVES: Final = {
    "ignore": "Silence findings on this line.",
    "ignore-file": "Silence findings in the whole file.",
    "idempotent": "Declare that the task may run twice.",
}
_NAMED_BY: Final = frozenset({("beat", "task"), ("periodic", "sig"), ("call", "task")})
"""What is given a task by its name."""
_CHAINED: Final = re.compile(r"(?:\.si?\([^\r\n]*\)|\))[ \t]*\|[ \t]*\Z")
_APP_NAME: Final = re.compile(r"app|celery", re.IGNORECASE)
"""What names of apps hold: to follow all names would take too long."""
_PATCHES: Final = re.compile(r"(?:\w+\.)*(?:patch|setattr|send_task|apply_async|s|signature)\Z")


def complete(spot: Spot) -> Completion:
    """What may be written at a place."""
    if spot.is_foreign:
        return _NOTHING
    reading = spot.reading
    if reading.comment is not None:
        return Completion(tuple(_comment(spot)))
    if reading.receiver is not None and reading.in_code:
        members = placed(offered_members(spot), reading.word)
        if members:
            return Completion(members, spot.has_index)
    if reading.in_code and reading.text.startswith("@", reading.statement) and not reading.brackets:
        return Completion(placed(_decorators(spot), reading.word)) if reading.receiver is None else _NOTHING
    slot = slot_at(spot)
    if slot is None and _CHAINED.search(spot.own_text, reading.statement, reading.word.start):
        return Completion(placed(offered_signatures(spot), reading.word), spot.has_index)
    if slot is None and not spot.has_index and reading.is_first:
        # What the module is to an app may be known in a moment.
        return Completion((), is_complete=False)
    if slot is None:
        return _patched(spot)
    return _in_slot(spot, slot)


def _in_slot(spot: Spot, slot: Slot) -> Completion:
    if (named := _tasks(spot, slot)) is not None:
        return named
    offers: list[Offer] = []
    if slot.name is None or slot.either:
        offers += offered_names(slot, spot)
    if slot.name is not None or slot.shelf == "canvas":
        # Of a bare word in a call the keyword is more likely meant than a value.
        by = 100 if slot.either and slot.shelf != "canvas" else 0
        offers += (replace(offer, rank=offer.rank + by) for offer in offered_values(slot, spot))
    needs_index = slot.shelf in ("setting", "argument") or slot.name in ("queue", "task")
    return Completion(placed(offers, slot.span), spot.has_index or not needs_index)


def _tasks(spot: Spot, slot: Slot) -> Completion | None:
    """The names of tasks, where a string names one; None where it does not."""
    in_string = spot.reading.string is not None
    by_name = (slot.shelf, slot.name) in _NAMED_BY and (slot.shelf != "periodic")
    as_key = slot.shelf in ("routes", "annotations", "tasks") and slot.name is None
    if not (by_name or as_key) or (slot.callee is not None and slot.callee.method == "set"):
        return None
    if slot.either and not in_string and not slot.item:
        return None
    offers, complete_ = offered_names_of_tasks(spot, spot.reading.typed)
    extra = [Offer("*", "value", "*", detail="all tasks", rank=90)] if slot.shelf == "annotations" else []
    if slot.shelf == "routes":
        extra += _patterns(offers)
    offers += extra
    if not in_string:
        offers = [_with_quotes(offer, ": " if as_key and slot.shelf != "tasks" else "") for offer in offers]
    return Completion(placed(offers, slot.span), complete_ and spot.has_index)


def _with_quotes(offer: Offer, end: str) -> Offer:
    plain = f'"{offer.plain}"'
    return replace(offer, label=plain, plain=plain + end)


def _patterns(offers: Iterable[Offer]) -> list[Offer]:
    """Patterns that match all tasks of a module."""
    modules = dict.fromkeys(offer.plain.rpartition(".")[0] for offer in offers)
    return [Offer(f"{m}.*", "value", f"{m}.*", detail="all tasks of the module", rank=30) for m in modules if m]


def _patched(spot: Spot) -> Completion:
    """A string in a test that names what is replaced: `mocker.patch("shop.tasks.send.delay")`."""
    reading = spot.reading
    bracket = reading.bracket
    if reading.string is None or bracket is None or bracket.callee is None or bracket.active != 0:
        return _NOTHING
    if not is_path(bracket.callee) or not _PATCHES.match(bracket.callee):
        return _NOTHING
    offers, complete_ = offered_names_of_tasks(spot, reading.typed)
    return Completion(placed(offers, reading.string.span), complete_)


def _decorators(spot: Spot) -> Iterator[Offer]:
    """What may stand behind the `@` of a decorator: what makes tasks here."""
    for rank, name in enumerate(name for name in spot.analysis.scope.names if _APP_NAME.search(name)):
        if isinstance(spot.meaning(name), App):
            path = f"{name}.task"
            yield Offer(path, "method", path, snippet=f"{path}($0)", detail="a task of this app", rank=10 + rank)
    found = written("celery.shared_task", spot.scope)
    if found is not None:
        imports = () if found[1] is None else (found[1],)
        yield Offer(
            found[0],
            "method",
            found[0],
            snippet=f"{found[0]}($0)",
            detail="a task of whatever app there is",
            rank=1,
            imports=imports,
        )


def _comment(spot: Spot) -> Iterator[Offer]:
    """The directives of comments, and the rules that they name."""
    comment = spot.reading.comment
    assert comment is not None
    before = spot.own_text[comment.start : spot.offset]
    if match := _NAMES.search(before):
        typed = re.split(r"[\s,]+", match["names"] if match["names"] is not None else match["codes"])[-1]
        span = Span(spot.offset - len(typed), _word_end(spot.own_text, spot.offset))
        by_code = match["codes"] is not None
        for rule in all_rules():
            label = rule.code if by_code else rule.name()
            beside = f"{rule.name()}: " if by_code else f"{rule.code}: "
            yield Offer(label, "rule", label, span, detail=beside + rule.summary(), topic=("rule", rule.name()))
    elif match := _DIRECTIVE.search(before):
        span = Span(spot.offset - len(match["word"]), _word_end(spot.own_text, spot.offset))
        for rank, (name, text) in enumerate(_DIRECTIVES.items()):
            snippet = f"{name}[$1]" if name == "ignore" else None
            yield Offer(name, "rule", name, span, snippet=snippet, detail=text, rank=rank)


def _word_end(text: str, offset: int) -> int:
    match = re.compile(r"[\w-]*").match(text, offset)
    return match.end() if match else offset
