"""What files asked of the index of the workspace, and what tells its answers apart, as text that a cache can hold.

Must not know what is asked.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from celery_analyzers.index import ProjectIndex
from celery_analyzers.index_records import FileRecord
from celery_language_server.cache_keys import hash_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from celery_analyzers.analysis import FileAnalysis


def index_from(
    root: str, records: Mapping[str, str], files: Iterable[str], test_files: tuple[str, ...]
) -> ProjectIndex:
    """The index of a workspace, whose records are given as JSON, by their paths relative to the root."""
    parsed = {f"{root}/{path}": FileRecord.from_json(json.loads(record)) for path, record in records.items()}
    return ProjectIndex.of(parsed, [f"{root}/{path}" for path in files], root, test_files)


def meaning_of(index: ProjectIndex) -> str:
    """Tells an index from others, as far as findings can depend on it."""
    return hash_of(repr(index.meaning()).encode("utf-8", "surrogateescape"))


def asked_by(analysis: FileAnalysis) -> tuple[tuple[str, str], ...]:
    """The questions that an analysis asked, with what tells the answers from others."""
    asked = sorted(analysis.asked().items(), key=lambda each: each[0])
    return tuple((json.dumps(question, separators=(",", ":")), _told(answer)) for question, answer in asked)


def answer_of(index: ProjectIndex, question: str) -> str:
    """What tells the answer that an index gives from others; empty where it does not know the question."""
    name, arguments = json.loads(question)
    method: Any = getattr(index, name, None)
    return "" if method is None else _told(method(*arguments))


def _told(answer: object) -> str:
    # The order of a set is another one in each process.
    shown = repr(sorted(answer, key=repr) if isinstance(answer, (set, frozenset)) else answer)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return hash_of(shown.encode("utf-8", "surrogateescape"))
