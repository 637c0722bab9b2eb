"""The literate cases: what a rule says of real-world code, and what its fixes make of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from literate import Block, Case, read_cases
from rule_examples import Mark, analyse, complaint_about, findings_of, fixed, mark_of, read_marks

from celery_analyzers.indexing import index_of
from celery_analyzers.project import Project
from celery_codeactions.fixes import apply_edits, resolve

if TYPE_CHECKING:
    from celery_analyzers.analysis import FileAnalysis

CASES = [case for path in sorted((Path(__file__).parent / "cases").glob("*.md")) for case in read_cases(path)]


def analyses(case: Case, root: Path) -> list[tuple[Block, tuple[Mark, ...], FileAnalysis]]:
    """Each module of a case with its marks and its analysis."""
    marked = [read_marks(block.text) for block in case.blocks]
    texts = [block.written(one.code) for block, one in zip(case.blocks, marked, strict=True)]
    for block, text in zip(case.blocks, texts, strict=True):
        if block.path is not None:
            path = root / block.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
    project = Project(root, index_of(root))
    return [
        (block, one.marks, analyse(text, project, root / (block.path or "tasks.py")))
        for block, one, text in zip(case.blocks, marked, texts, strict=True)
        if block.is_python
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_findings_are_those_marked(case: Case, tmp_path: Path) -> None:
    for block, marks, analysis in analyses(case, tmp_path):
        assert "unfinished" in block.flags or analysis.problems() == []
        findings = findings_of(analysis, case.file)
        found = [mark_of(finding, analysis) for finding in findings]
        assert [(m.line, m.start, m.end) for m in found] == [(m.line, m.start, m.end) for m in marks], found
        for finding, mark in zip(findings, marks, strict=True):
            rule, _, message = mark.message.partition(": ")
            name, _, severity = rule.partition(" ")
            assert name == case.file
            assert severity in ("", f"({finding.severity.label})")
            assert message in finding.message


@pytest.mark.parametrize("case", [c for c in CASES if any(block.fixed for block in c.blocks)], ids=str)
def test_fixes_make_what_is_said(case: Case, tmp_path: Path) -> None:
    for block, _, analysis in analyses(case, tmp_path):
        findings = findings_of(analysis, case.file)
        for title, wanted in block.fixed.items():
            if title is None:
                chosen = [fix for finding in findings for fix in finding.fixes[:1]]
            else:
                chosen = [fix for finding in findings for fix in finding.fixes if fix.title == title]
            assert chosen, [fix.title for finding in findings for fix in finding.fixes]
            edits = [edit for fix in chosen for edit in resolve(fix, analysis.text)]
            assert apply_edits(analysis.text, edits) == block.written(wanted)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_fixes_break_nothing(case: Case, tmp_path: Path) -> None:
    for block, marks, analysis in analyses(case, tmp_path):
        if not marks or "unfinished" in block.flags:
            continue
        project, path = Project(tmp_path, index_of(tmp_path)), tmp_path / (block.path or "tasks.py")
        for finding in findings_of(analysis, case.file):
            for fix in finding.fixes:
                again = analyse(fixed(analysis.text, fix), project, path)
                assert complaint_about(fix, finding, analysis, again) is None, fix.title


def test_there_are_cases() -> None:
    assert CASES
