"""What is said of a task whose helper waits follows the helper as it is typed in, here and in another file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import analyse, write

from celery_analyzers.indexing import index_of
from celery_analyzers.module_names import segment_names
from celery_analyzers.project import Project
from celery_analyzers.segmented_text import SegmentedText

if TYPE_CHECKING:
    from pathlib import Path

    from celery_analyzers.analysis import FileAnalysis

HELPER = "import requests\n\n\ndef fetch(url):\n    return requests.get(url)\n"
TASK = "\n\n@shared_task\ndef sync(url):\n    return fetch(url)\n"


def messages(analysis: FileAnalysis) -> list[str]:
    return [f.message.split(":")[0] for f in analysis.findings() if f.rule == "io-without-timeout"]


def test_typing_in_a_helper_of_the_same_module() -> None:
    text = "from celery import shared_task\n" + HELPER + TASK
    said = ["`fetch` calls `requests.get` without a timeout"]
    analysis = analyse(text)
    assert messages(analysis) == said

    analysis.edit((5, 27), (5, 27), ", timeout=5")
    assert messages(analysis) == []

    analysis.edit((5, 27), (5, 38), "")
    assert messages(analysis) == said

    analysis.edit((0, 0), (0, 0), "# A line above.\n")
    assert analysis.findings() == analyse(analysis.text).findings()


def test_a_line_above_a_helper_in_another_file(tmp_path: Path) -> None:
    write(tmp_path, {"shop/http.py": HELPER, "shop/tasks.py": ""})
    path = tmp_path / "shop/tasks.py"
    text = "from celery import shared_task\nfrom shop.http import fetch\n" + TASK
    analysis = analyse(text, root=tmp_path, path=path)
    assert analysis.findings() == analyse(text, root=tmp_path, path=path).findings()
    (first,) = [f.message for f in analysis.findings() if f.rule == "io-without-timeout"]
    assert "(shop/http.py:5)" in first

    project = Project(tmp_path, index_of(tmp_path))
    project.set_overlay(tmp_path / "shop/http.py", f"# A line above.\n{HELPER}")
    analysis.refresh(project=project)

    (second,) = [f.message for f in analysis.findings() if f.rule == "io-without-timeout"]
    assert second == first.replace(":5)", ":6)")


def test_other_keys_in_a_helper_leave_the_tasks_alone() -> None:
    analysis = analyse(
        "from celery import shared_task\n" + HELPER.replace("    return", "    x = 1\n    return") + TASK
    )
    before = analysis.segments[-1].findings

    analysis.edit((5, 9), (5, 9), "2")

    assert analysis.segments[-1].findings is before
    assert len(messages(analysis)) == 1


def test_only_functions_that_speak_of_a_client_are_looked_into() -> None:
    quiet = HELPER.replace("requests.get", "session.get")
    waits = [
        binding
        for text in (HELPER, quiet, HELPER.replace("return", "return ("))
        for segment in SegmentedText(text).segments
        for _, binding in segment_names(segment).bound
        if getattr(binding, "waits", ())
    ]
    assert len(waits) == 1
