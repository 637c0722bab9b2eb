"""What a code action is: one class in one file, whose docstring is its documentation, its examples and its test.

Knows an action's form. Must not know any single action, nor editors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from celery_analyzers.documented import Documented
from celery_analyzers.findings import Edit, NeededImport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place

Kind = Literal["refactor.rewrite", "refactor.extract", "refactor.inline"]
SECTIONS = ("What it does", "Examples", "Not offered", "What it leaves to you", "References")


@dataclass(frozen=True, slots=True)
class FileChanges:
    """Edits of another file, whose spans count from its start, and what it must import for them. `content` is all that
    a file holds which does not exist yet."""

    path: Path
    edits: tuple[Edit, ...] = ()
    imports: tuple[NeededImport, ...] = ()
    content: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What an action does: edits whose spans count from the start of the segment that the cursor is in, what the module
    must import for them, and the changes of other files. `drops` are names whose imports go where nothing else uses
    them. No edits mean that it cannot be done."""

    edits: tuple[Edit, ...] = ()
    imports: tuple[NeededImport, ...] = ()
    drops: tuple[str, ...] = ()
    files: tuple[FileChanges, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that an action can do at a place. `title` says what will change.

    `changes` is called when the offer is chosen, perhaps on another `Place` of the same text: so `variant` tells the
    offers of an action apart. `preferred` marks the one that an expert would choose. `creates_file` tells that it is
    for editors only that can create files.
    """

    title: str
    changes: Callable[[], Changes]
    variant: str = ""
    preferred: bool = False
    creates_file: bool = False


class Action(Documented):
    """One kind of change.

    A subclass stands alone in `actions/<name_with_underscores>.py` and documents itself in its docstring: a summary
    line, then the `SECTIONS` in their order. Code under *Examples* comes in pairs of whole modules: before, with `$0`
    where the cursor stands, and after, with the title of the offer in bold in front of it. Code under *Not offered* has
    a `$0` where nothing is offered. A line with a file's name, as in `` `shop/tasks.py`: ``, begins one of several
    files.
    """

    kind: ClassVar[Kind] = "refactor.rewrite"

    @classmethod
    def leaf_kind(cls) -> str:
        """The kind by which editors know this action from all others: `refactor.rewrite.celery.bindTask`."""
        return f"{cls.kind}.celery.{cls.__name__[0].lower()}{cls.__name__[1:]}"

    def offers(self, place: Place) -> Iterator[Offer]:
        """What the action can do at a place. It must say at once where it can do nothing: it is asked at every move of
        the cursor. What costs belongs in `Offer.changes`."""
        raise NotImplementedError
