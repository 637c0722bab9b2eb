"""Fix-all: passes, overlaps, cycles, fixes that break the module, and imports that several fixes share."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Finding, Fix, NeededImport, Severity, Span
from celery_codeactions.fix_all import apply

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery_analyzers.findings import Safety


@dataclass
class Replacing:
    """An engine whose rules each replace a word by another."""

    words: dict[str, str]
    safety: Safety = "safe"
    imports: tuple[NeededImport, ...] = ()
    texts: list[str] = field(default_factory=list[str])

    def __call__(self, text: str) -> Found:
        self.texts.append(text)
        findings = [
            Finding(
                f"no-{word}",
                f"`{word}` is wrong",
                Span(match.start(), match.end()),
                Severity.WARNING,
                (Fix("Replace", (Edit(Span(*match.span()), new),), self.safety, imports=self.imports),),
            )
            for word, new in self.words.items()
            for match in re.finditer(rf"\b{word}\b", text)
        ]
        return Found(sorted(findings, key=lambda finding: finding.span), text)


@dataclass
class Found:
    found: list[Finding]
    text: str

    def findings(self) -> list[Finding]:
        return self.found

    def problems(self) -> list[object]:
        try:
            ast.parse(self.text)
        except SyntaxError as error:
            return [error]
        return []


def test_all_at_once() -> None:
    engine = Replacing({"a": "x", "b": "y"})

    result = apply(engine, "a + b + a\n", unsafe=False)

    assert result.text == "x + y + x\n"
    assert result.fixed == {"no-a": 2, "no-b": 1}
    assert result.remaining == ()
    assert len(engine.texts) == 2


def test_touching_fixes_take_turns() -> None:
    def analyse(text: str) -> Found:
        found = [
            Finding("one", "m", Span(i, i + 1), Severity.HINT, (Fix("f", (Edit(Span(i, i + 1), "x"),), "safe"),))
            for i, char in enumerate(text)
            if char == "a"
        ]
        return Found(found, text)

    assert apply(analyse, "aaa = 1\n", unsafe=False).text == "xxx = 1\n"


def test_a_fix_that_leads_to_another() -> None:
    result = apply(Replacing({"a": "b", "b": "c"}), "a\n", unsafe=False)

    assert result.text == "c\n"
    assert result.fixed == {"no-a": 1, "no-b": 1}


def test_fixes_that_go_round_in_circles_end() -> None:
    result = apply(Replacing({"a": "b", "b": "a", "c": "d"}), "a, c\n", unsafe=False)

    assert result.text in ("b, d\n", "a, d\n")
    assert result.fixed["no-c"] == 1
    assert len(result.remaining) == 1


def test_a_fix_without_end_is_stopped() -> None:
    result = apply(Replacing({"a": "a + b"}), "a\n", unsafe=False)

    assert result.text.startswith("a + b + b")


def test_a_fix_that_breaks_the_module_is_left_out() -> None:
    result = apply(Replacing({"a": "x", "b": ")", "c": "z"}), "(a, b, c, a)\n", unsafe=False)

    assert result.text == "(x, b, z, x)\n"
    assert [finding.rule for finding in result.remaining] == ["no-b"]


def test_a_broken_module_is_fixed_as_well() -> None:
    result = apply(Replacing({"a": "x"}), "(a\n", unsafe=False)

    assert result.text == "(x\n"


def test_unsafe_fixes_are_asked_for() -> None:
    engine = Replacing({"a": "x"}, safety="unsafe")

    assert apply(engine, "a\n", unsafe=False).text == "a\n"
    assert apply(engine, "a\n", unsafe=True).text == "x\n"


def test_only_the_rules_that_are_asked_for() -> None:
    result = apply(Replacing({"a": "x", "b": "y"}), "a + b\n", unsafe=False, rules=["no-b"])

    assert result.text == "a + y\n"
    assert [finding.rule for finding in result.remaining] == ["no-a"]


def offering(*fixes: Fix) -> Callable[[str], Found]:
    def analyse(text: str) -> Found:
        found = [Finding("one", "m", Span(0, 1), Severity.HINT, fixes)] if text.startswith("a") else []
        return Found(found, text)

    return analyse


def replacing(new: str, safety: Safety, preferred: bool = False) -> Fix:
    return Fix(new, (Edit(Span(0, 1), new),), safety, preferred)


def test_the_preferred_fix_wins_then_the_first() -> None:
    first, second = replacing("x", "safe"), replacing("y", "safe")
    preferred = replacing("z", "safe", preferred=True)
    unsafe = replacing("u", "unsafe", preferred=True)

    assert apply(offering(first, second), "a\n", unsafe=False).text == "x\n"
    assert apply(offering(first, preferred), "a\n", unsafe=False).text == "z\n"
    assert apply(offering(unsafe, first), "a\n", unsafe=False).text == "x\n"
    assert apply(offering(unsafe, first), "a\n", unsafe=True).text == "u\n"


def test_a_finding_without_edits_stays() -> None:
    result = apply(offering(Fix("Nothing", (), "safe")), "a\n", unsafe=False)

    assert result.text == "a\n"
    assert len(result.remaining) == 1


def test_fixes_share_an_import() -> None:
    engine = Replacing({"a": "timedelta(1)"}, imports=(NeededImport("datetime", "timedelta"),))

    result = apply(engine, "import os\n\nx = a\ny = a\n", unsafe=False)

    assert result.text == ("import os\nfrom datetime import timedelta\n\nx = timedelta(1)\ny = timedelta(1)\n")
    assert len(engine.texts) == 2


def test_a_fix_whose_import_is_taken_is_left_out() -> None:
    engine = Replacing({"a": "timedelta(1)"}, imports=(NeededImport("datetime", "timedelta"),))

    result = apply(engine, "timedelta = 1\nx = a\n", unsafe=False)

    assert result.text == "timedelta = 1\nx = a\n"


def test_many_fixes_with_a_broken_one_among_them() -> None:
    text = "[" + ", ".join(["a"] * 50 + ["b"] + ["a"] * 50) + "]\n"

    result = apply(Replacing({"a": "x", "b": "]"}), text, unsafe=False)

    assert result.text == text.replace("a", "x")
