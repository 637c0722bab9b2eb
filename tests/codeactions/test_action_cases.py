"""Traps of single actions, found in public projects."""

from __future__ import annotations

from pathlib import Path

import pytest
from action_examples import analyse, offered, write

from celery_codeactions.registry import find_action

HEAD = "from celery import shared_task\n\n\n"
NOT_OFFERED = {
    "a module that no import can name": ("write-test", "api-v1/tasks.py", "@shared_task\ndef f$0():\n    return 1\n"),
    "a test of a test": ("write-test", "tests/test_it.py", "@shared_task\ndef f$0():\n    return 1\n"),
    "a loop whose name is read behind it": (
        "loop-to-group",
        "tasks.py",
        "@shared_task\ndef f(x):\n    return x\n\n\ndef g(xs):\n    for x in xs:\n        f.de$0lay(x)\n    return x\n",
    ),
    "a name that says nothing of what is done": (
        "guard-task",
        "tasks.py",
        "@shared_task\ndef f$0(body):\n    # celeryls: idempotent\n    return body\n",
    ),
    "a dict that is written to": (
        "model-from-dict",
        "tasks.py",
        '@shared_task\ndef f$0(order):\n    order["seen"] = order["number"]\n',
    ),
    "a key that is no name": (
        "model-from-dict",
        "tasks.py",
        '@shared_task\ndef f$0(order):\n    return order["a-b"]\n',
    ),
    "a base class that a library gives": (
        "extract-base-task",
        "tasks.py",
        "from lib import Base\n\n\n@shared_task(base=Base, max_retries=3, time_limit=5)\ndef f$0():\n    return 1\n",
    ),
    "options that cannot be told": (
        "time-limits",
        "tasks.py",
        "from lib import OPTIONS\n\n\n@shared_task(**OPTIONS)\ndef f$0():\n    return 1\n",
    ),
    "an instance that is used": (
        "unbind-task",
        "tasks.py",
        "@shared_task(bind=True)\ndef f$0(self):\n    return self\n",
    ),
    "a method": ("bind-task", "tasks.py", "class A:\n    @shared_task\n    def f$0(x):\n        return x\n"),
    "arguments that are unpacked": (
        "apply-async-to-delay",
        "tasks.py",
        "@shared_task\ndef f(x):\n    return x\n\n\ndef g(xs):\n    f.apply$0_async(xs)\n",
    ),
    "a result that is used": (
        "call-to-delay",
        "tasks.py",
        "@shared_task\ndef f(x):\n    return x\n\n\ndef g(xs):\n    y = f$0(xs)\n    return y\n",
    ),
}


@pytest.mark.parametrize("case", NOT_OFFERED.values(), ids=NOT_OFFERED)
def test_not_offered(case: tuple[str, str, str], tmp_path: Path) -> None:
    name, file, code = case
    text = HEAD + code
    action = find_action(name)
    assert action is not None
    write(tmp_path, {file: text.replace("$0", "")})
    analysis = analyse(tmp_path, file, text.replace("$0", ""))
    assert analysis.problems() == []
    assert [one.offer.title for one in offered(action, analysis, text.index("$0"))] == []


def test_idle_retries_are_not_woken(tmp_path: Path) -> None:
    text = HEAD + "@shared_task(autoretry_for=(Exception,), max_retries=0)\ndef f():\n    return 1\n"
    write(tmp_path, {"tasks.py": text})
    action = find_action("retry-strategy")
    assert action is not None
    offers = offered(action, analyse(tmp_path, "tasks.py", text), text.index("def f") + 4)
    assert [one.offer.title for one in offers] == ["Do not retry `f`"]


def test_every_name_that_is_possible_is_offered(tmp_path: Path) -> None:
    text = HEAD + "@shared_task\ndef f():\n    return 1\n"
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "__init__.py").touch()
    (tmp_path / "src" / "shop" / "tasks.py").write_text(text)
    action = find_action("keep-task-name")
    assert action is not None
    offers = offered(action, analyse(tmp_path, "src/shop/tasks.py", text), text.index("def f") + 4)
    titles = [one.offer.title for one in offers]
    assert titles[0] == "Write down the name `shop.tasks.f`"
    assert len({one.offer.variant for one in offers}) == len(offers)
