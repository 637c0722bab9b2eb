"""The generated module is what the benchmark says it is. Nothing is timed here."""

import ast
import statistics

import pytest
from task_module import generate


def tasks(text: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.decorator_list
    ]


@pytest.mark.parametrize(("lines", "seed"), [(100, 0), (300, 0), (300, 1), (3000, 0), (3000, 1), (30000, 0)])
def test_it_is_valid_and_as_long_as_asked_for(lines: int, seed: int) -> None:
    text = generate(lines, seed)
    ast.parse(text, feature_version=(3, 10))
    assert abs(text.count("\n") - lines) <= 0.02 * lines


def test_the_same_seed_gives_the_same_text() -> None:
    assert generate(1000, 7) == generate(1000, 7)
    assert generate(1000, 7) != generate(1000, 8)


def test_tasks_are_as_long_and_as_annotated_as_real_ones() -> None:
    found = tasks(generate(30000, 3))
    lengths = sorted((task.end_lineno or 0) - task.body[0].lineno + 1 for task in found)
    assert statistics.median(lengths) == pytest.approx(18, abs=2)
    assert lengths[int(0.9 * len(lengths))] == pytest.approx(69, abs=7)
    assert sum(task.returns is not None for task in found) / len(found) == pytest.approx(0.345, abs=0.05)
    assert sum(ast.get_docstring(task) is not None for task in found) / len(found) == pytest.approx(0.4, abs=0.06)


@pytest.mark.parametrize(
    "mistake",
    [
        "async def ",
        "(Exception,)",
        "(self, ",
        "bind=True",
        "crontab(hour=",
        "ignore_results=True",
        '"10/min"',
        "raise self.retry(countdown=30)",
        "soft_time_limit=120, time_limit=60",
        "stripe.Charge.create(",
    ],
)
def test_every_mistake_is_made(mistake: str) -> None:
    assert mistake in generate(30000)
