"""Where a missing import goes, and what a fix resolves to."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celery_analyzers.findings import Edit, Fix, NeededImport, Span
from celery_codeactions.fixes import apply_edits, resolve
from celery_codeactions.imports import import_edits

NEEDED = NeededImport("datetime", "timedelta")

ADDED = {
    "an empty module": ("", "from datetime import timedelta\n"),
    "no import": ("x = 1\n", "from datetime import timedelta\n\nx = 1\n"),
    "a docstring": ('"""Doc."""\n\nx = 1\n', '"""Doc."""\n\nfrom datetime import timedelta\n\nx = 1\n'),
    "a docstring right above code": (
        '"""Doc."""\nx = 1\n',
        '"""Doc."""\n\nfrom datetime import timedelta\n\nx = 1\n',
    ),
    "a docstring over lines": (
        '"""Doc.\n\nx\n"""\n',
        '"""Doc.\n\nx\n"""\n\nfrom datetime import timedelta\n',
    ),
    "future": (
        "from __future__ import annotations\n\nx = 1\n",
        "from __future__ import annotations\n\nfrom datetime import timedelta\n\nx = 1\n",
    ),
    "future, then imports": (
        "from __future__ import annotations\n\nimport os\n\nx = 1\n",
        "from __future__ import annotations\n\nimport os\nfrom datetime import timedelta\n\nx = 1\n",
    ),
    "imports": (
        "import os\nimport re\n\nx = 1\n",
        "import os\nimport re\nfrom datetime import timedelta\n\nx = 1\n",
    ),
    "imports with comments": (
        "import os  # noqa\n# local\nimport re  # noqa\n",
        "import os  # noqa\n# local\nimport re  # noqa\nfrom datetime import timedelta\n",
    ),
    "imports on one line": (
        "import os; import re\nx = 1\n",
        "import os; import re\nfrom datetime import timedelta\nx = 1\n",
    ),
    "an import over lines": (
        "from os import (\n    path,\n)\n",
        "from datetime import timedelta\nfrom os import (\n    path,\n)\n",
    ),
    "in its place": (
        "import os\nfrom collections import deque\nfrom typing import Any\n",
        "import os\nfrom collections import deque\nfrom datetime import timedelta\nfrom typing import Any\n",
    ),
    "in its section": (
        "import os\n\nimport requests\n\nfrom .app import app\n",
        "import os\nfrom datetime import timedelta\n\nimport requests\n\nfrom .app import app\n",
    ),
    "in a new section": (
        "import requests\n\nfrom .app import app\n",
        "from datetime import timedelta\n\nimport requests\n\nfrom .app import app\n",
    ),
    "sorted by module alone": (
        "from collections import deque\nimport os\nfrom typing import Any\n",
        "from collections import deque\nfrom datetime import timedelta\nimport os\nfrom typing import Any\n",
    ),
    "sections that are not parted": (
        "import os\nimport requests\n",
        "import os\nimport requests\nfrom datetime import timedelta\n",
    ),
    "no order": (
        "import re\nimport ast\n",
        "import re\nimport ast\nfrom datetime import timedelta\n",
    ),
    "the first block of imports": (
        "import os\n\nos.environ['A'] = '1'\n\nimport re\n",
        "import os\nfrom datetime import timedelta\n\nos.environ['A'] = '1'\n\nimport re\n",
    ),
    "try among imports": (
        "try:\n    import a\nexcept OSError:\n    a = 0\nimport re\n",
        "try:\n    import a\nexcept OSError:\n    a = 0\nimport re\nfrom datetime import timedelta\n",
    ),
    "type checking": (
        "import os\n\nif TYPE_CHECKING:\n    from datetime import date\n",
        "import os\nfrom datetime import timedelta\n\nif TYPE_CHECKING:\n    from datetime import date\n",
    ),
    "only type checking": (
        "if TYPE_CHECKING:\n    import os\n",
        "from datetime import timedelta\n\nif TYPE_CHECKING:\n    import os\n",
    ),
    "shebang and coding": (
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nx = 1\n",
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nfrom datetime import timedelta\n\nx = 1\n",
    ),
    "a licence": (
        "# Copyright\n# All rights\n\nx = 1\n",
        "# Copyright\n# All rights\n\nfrom datetime import timedelta\n\nx = 1\n",
    ),
    "a comment of the first statement": (
        "# one\nx = 1\n",
        "from datetime import timedelta\n\n# one\nx = 1\n",
    ),
    "a byte order mark": ("\ufeffx = 1\n", "\ufefffrom datetime import timedelta\n\nx = 1\n"),
    "a byte order mark and imports": (
        "\ufeffimport os\n",
        "\ufeffimport os\nfrom datetime import timedelta\n",
    ),
    "windows": ("import os\r\nx = 1\r\n", "import os\r\nfrom datetime import timedelta\r\nx = 1\r\n"),
    "old mac": ("import os\rx = 1\r", "import os\rfrom datetime import timedelta\rx = 1\r"),
    "no final newline": ("import os", "import os\nfrom datetime import timedelta"),
    "merged": ("from datetime import datetime\n", "from datetime import datetime, timedelta\n"),
    "merged in order": (
        "from datetime import datetime, tzinfo\n",
        "from datetime import datetime, timedelta, tzinfo\n",
    ),
    "merged behind unsorted": (
        "from datetime import tzinfo, date\n",
        "from datetime import tzinfo, date, timedelta\n",
    ),
    "merged in front of a comment": (
        "from datetime import datetime  # noqa\n",
        "from datetime import datetime, timedelta  # noqa\n",
    ),
    "merged behind an alias": (
        "from datetime import datetime as dt\n",
        "from datetime import datetime as dt, timedelta\n",
    ),
    "merged in parentheses": (
        "from datetime import (date, time)\n",
        "from datetime import (date, time, timedelta)\n",
    ),
    "merged over lines": (
        "from datetime import (\n    date,\n    tzinfo,\n)\n",
        "from datetime import (\n    date,\n    timedelta,\n    tzinfo,\n)\n",
    ),
    "merged over lines, last": (
        "from datetime import (\n    date,\n    time,  # of day\n)\n",
        "from datetime import (\n    date,\n    time,  # of day\n    timedelta,\n)\n",
    ),
    "merged over lines, without a trailing comma": (
        "from datetime import (\n    date,\n    time  # of day\n)\n",
        "from datetime import (\n    date,\n    time,  # of day\n    timedelta,\n)\n",
    ),
    "merged over lines, without a comment": (
        "from datetime import (\n    date,\n    time\n)\n",
        "from datetime import (\n    date,\n    time,\n    timedelta,\n)\n",
    ),
    "merged, aligned": (
        "from datetime import (date,\n                      time)\n",
        "from datetime import (date,\n                      time,\n                      timedelta)\n",
    ),
    "merged behind a backslash": (
        "from datetime import date, \\\n    time\n",
        "from datetime import date, \\\n    time, timedelta\n",
    ),
    "not merged into a star": (
        "from datetime import *\n",
        "from datetime import *\nfrom datetime import timedelta\n",
    ),
    "not merged into a function's import": (
        "def f():\n    from datetime import date\n",
        "from datetime import timedelta\n\ndef f():\n    from datetime import date\n",
    ),
    "another alias": (
        "from datetime import timedelta as td\n",
        "from datetime import timedelta as td, timedelta\n",
    ),
    "already there": ("from datetime import timedelta\n", "from datetime import timedelta\n"),
    "already there, in try": (
        "try:\n    from datetime import timedelta\nexcept ImportError:\n    raise\n",
        "try:\n    from datetime import timedelta\nexcept ImportError:\n    raise\n",
    ),
    "a broken statement": (
        "import os\nx = (\nimport re\n",
        "import os\nfrom datetime import timedelta\nx = (\nimport re\n",
    ),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in ADDED.items()])
def test_import_is_added(case: tuple[str, str]) -> None:
    before, after = case

    made = import_edits([NEEDED], before)

    assert made is not None
    result = apply_edits(before, made)
    assert result == after
    assert import_edits([NEEDED], result) == ()


@pytest.mark.parametrize(
    "text",
    [
        "from other import timedelta\n",
        "import timedelta\n",
        "import pandas as timedelta\n",
        "timedelta = 1\n",
        "def timedelta(): ...\n",
        "if x:\n    class timedelta: ...\n",
    ],
)
def test_a_taken_name_is_left_alone(text: str) -> None:
    assert import_edits([NEEDED], text) is None


def test_several_imports_are_one_edit_a_module() -> None:
    text = "import os\nfrom celery import Celery, shared_task\n"
    wanted = [
        NeededImport("datetime", "timedelta"),
        NeededImport("celery", "Task"),
        NeededImport("datetime", "date", "day"),
        NeededImport("celery", "Task"),
        NeededImport(".app", "app"),
    ]

    made = import_edits(wanted, text)

    assert made is not None
    assert apply_edits(text, made) == (
        "import os\nfrom celery import Celery, Task, shared_task\n"
        "from .app import app\nfrom datetime import date as day, timedelta\n"
    )


def test_an_import_below_the_use_is_no_help() -> None:
    text = "import os\n\nx = 1\n\nfrom datetime import date\n"

    made = import_edits([NEEDED], text, before=text.index("x"))

    assert made is not None
    assert (
        apply_edits(text, made) == "import os\nfrom datetime import timedelta\n\nx = 1\n\nfrom datetime import date\n"
    )


def test_resolve_gives_the_edits_and_the_imports() -> None:
    text = "import os\n\nx = 1\n"
    span = Span(text.index("1"), text.index("1") + 1)
    fix = Fix("Use a timedelta", (Edit(span, "timedelta(1)"),), imports=(NEEDED,))

    result = apply_edits(text, resolve(fix, text))

    assert result == "import os\nfrom datetime import timedelta\n\nx = timedelta(1)\n"


def test_resolve_declines_when_the_name_is_taken() -> None:
    text = "timedelta = 1\nx = 1\n"
    fix = Fix("Use a timedelta", (Edit(Span(18, 19), "timedelta(1)"),), imports=(NEEDED,))

    assert resolve(fix, text) == ()


def test_overlapping_edits_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        apply_edits("abc", [Edit(Span(0, 2), "x"), Edit(Span(1, 3), "y")])


LINES = st.sampled_from(
    [
        "import os",
        "from datetime import date",
        "from datetime import (date, tzinfo)",
        "from datetime import (\n    date,  # c\n    tzinfo  # d\n)",
        "from os import path; import re",
        "# a comment",
        "",
        "x = 1",
        "try:\n    import a\nexcept ImportError:\n    pass",
        "if TYPE_CHECKING:\n    from datetime import timedelta",
        "def f():\n    return 1",
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["", "\ufeff"]),
    st.sampled_from(["", "#!/bin/python\n", '"""Doc."""\n', "'''Doc\n\n'''\nfrom __future__ import annotations\n"]),
    st.lists(LINES, max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_any_module_gets_the_import_and_keeps_the_rest(
    bom: str, head: str, lines: list[str], newline: str, final: bool
) -> None:
    text = (bom + head + "\n".join(lines) + ("\n" if final else "")).replace("\n", newline)
    made = import_edits([NEEDED], text)

    assert made is not None
    result = apply_edits(text, made)
    assert all(edit.span.start == edit.span.end for edit in made), "nothing is deleted"
    module = ast.parse(result.removeprefix("\ufeff"))
    assert result.startswith(bom)
    assert ast.get_docstring(module) == ast.get_docstring(ast.parse(text.removeprefix("\ufeff")))
    bound = [alias.name for node in module.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert bound.count("timedelta") == 1
    if newline in text:
        assert set(re.findall(r"\r\n|\r|\n", result)) == {newline}
