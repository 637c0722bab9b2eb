"""The invariants of ARCHITECTURE.md that can be read off the code or off a running process."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import celery_analyzers
import celery_codeactions
import celery_language_server
from celery_analyzers import app_facts, call_facts, findings, import_facts, schedule_facts, task_facts

PACKAGES = {
    package.__name__: Path(package.__path__[0]) for package in (celery_analyzers, celery_codeactions, celery_language_server)
}  # fmt: skip
LSP = {"pygls", "lsprotocol"}
FORBIDDEN_IMPORTS = {
    "celery_analyzers": LSP | {"celery_codeactions", "celery_language_server"},
    "celery_codeactions": LSP | {"celery_language_server"},
    "celery_language_server": {"server", "analyzers", "codeactions"},
}


def sources(package: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGES[package].rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_layers_point_one_way(package: str) -> None:
    for path, tree in sources(package):
        assert not set(imported(tree)) & FORBIDDEN_IMPORTS[package], path


@pytest.mark.parametrize("package", PACKAGES)
def test_user_code_is_never_imported_or_run(package: str) -> None:
    for path, tree in sources(package):
        assert not set(imported(tree)) & {"runpy", "code", "codeop"}, path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in {"exec", "eval", "compile", "__import__"}, path
                assert not called.endswith("import_module") or path.name == "registry.py", path


@pytest.mark.parametrize("package", PACKAGES)
def test_lines_are_counted_in_one_file(package: str) -> None:
    for path, tree in sources(package):
        attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert "splitlines" not in attributes, path


def test_positions_are_converted_in_one_file() -> None:
    holding = [
        path.name for path, _ in sources("celery_language_server") if "utf-16-le" in path.read_text(encoding="utf-8")
    ]
    assert holding in ([], ["positions.py"])


@pytest.mark.parametrize("module", [app_facts, call_facts, findings, import_facts, schedule_facts, task_facts])
def test_facts_and_findings_are_frozen_and_hold_no_trees(module: object) -> None:
    classes = [value for value in vars(module).values() if dataclasses.is_dataclass(value) and isinstance(value, type)]
    assert len(classes) >= 2
    for value in classes:
        assert value.__dataclass_params__.frozen, value  # type: ignore[attr-defined]
        assert "__slots__" in vars(value), value
        for field in dataclasses.fields(value):
            assert "ast." not in str(field.type), (value, field.name)


def test_no_handler_runs_in_a_thread_pool() -> None:
    for path, tree in sources("celery_language_server"):
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not names & {"thread", "thread_pool"}, path


def modules_of_check(folder: Path, cache: Path) -> set[str]:
    program = (
        "import sys, runpy\n"
        "from celery_language_server.cli import main\n"
        "try:\n    main(['check', sys.argv[1], '--exit-zero'])\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sorted(sys.modules)), file=sys.stderr)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        capture_output=True,
        text=True,
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path), "CELERYLS_CACHE_DIR": str(cache)},
        check=True,
    )
    return set(result.stderr.split())


def test_check_imports_only_what_it_uses(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "tasks.py").write_text("from celery import shared_task\n@shared_task(bind=True)\ndef f(): pass\n")
    cold = modules_of_check(folder, tmp_path / "cache")
    assert not cold & LSP
    assert "libcst" not in cold
    warm = modules_of_check(folder, tmp_path / "cache")
    assert not warm & (LSP | {"libcst", "pydantic", "rich", "celery"})


def test_all_modules_can_be_imported_alone() -> None:
    for name, root in PACKAGES.items():
        for module in pkgutil.walk_packages([str(root)], f"{name}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
