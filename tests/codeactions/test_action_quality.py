"""What holds of every action wherever it is offered: applied at every task and call of many texts, it keeps what is not
its business, and leaves code that parses, is laid out as it was, and has no new finding."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from action_examples import RULES, Example, examples, write
from action_quality import apply_all

from celery_analyzers.indexing import index_of
from celery_analyzers.project import Project
from celery_codeactions.registry import all_actions

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "analyzers" / "sample_module.py.txt"
GENERATOR = ROOT / "bench" / "task_module.py"
EXAMPLES = [
    pytest.param(example, id=f"{action.name()}-{number}")
    for action in all_actions()
    for number, example in enumerate(examples(action.sections()["Examples"]), start=1)
]


def tabbed(text: str) -> str:
    lines = text.split("\n")
    return "\n".join("\t" * ((len(line) - len(line.lstrip(" "))) // 4) + line.lstrip(" ") for line in lines)


LAYOUTS = {
    "as it is": lambda text: text,
    "windows": lambda text: text.replace("\n", "\r\n"),
    "tabs": tabbed,
    "single quotes": lambda text: text.replace('"', "'") if '"""' not in text and "'" not in text else text,
    "wide characters": lambda text: "\ufeff# 字 😀\n" + text,
    "no final newline": lambda text: text.rstrip("\n"),
    "a comment on every line": lambda text: "\n".join(f"{line}  # {n}" if line.endswith(",") else line for n, line in enumerate(text.split("\n"))),
}  # fmt: skip


def complaints(texts: dict[str, str], root: Path, name: str, *, formats: bool) -> tuple[int, list[str]]:
    """How many actions were applied in a file of a project, and what is wrong with the results."""
    write(root, texts)
    project = Project(root, index_of(root))
    applied = list(apply_all(texts[name], root / name, project, RULES, formats=formats))
    return len(applied), [f"{one.title}: {one.complaint}\n{one.after}" for one in applied if one.complaint]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_action_at_every_example(example: Example, tmp_path: Path) -> None:
    count, wrong = complaints(example.texts, tmp_path, example.file, formats=True)
    assert count > 0
    assert wrong == []


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "as it is"])
@pytest.mark.parametrize("example", EXAMPLES[::5])
def test_every_action_at_every_example_in_another_layout(example: Example, layout: str, tmp_path: Path) -> None:
    texts = {name: LAYOUTS[layout](text) for name, text in example.texts.items()}
    ast.parse(texts[example.file].removeprefix("\ufeff"))
    count, wrong = complaints(texts, tmp_path, example.file, formats=False)
    assert count > 0
    assert wrong == []


def test_every_action_at_every_task_of_a_sample(tmp_path: Path) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    count, wrong = complaints({"shop/tasks.py": text}, tmp_path, "shop/tasks.py", formats=False)
    assert count > 20
    assert wrong == []


def test_every_action_at_every_task_of_a_made_up_module(tmp_path: Path) -> None:
    text = subprocess.run([sys.executable, GENERATOR, "120"], capture_output=True, text=True, check=True).stdout
    count, wrong = complaints({"shop/tasks.py": text}, tmp_path, "shop/tasks.py", formats=False)
    assert count > 20
    assert wrong == []
