"""The rules' pages: how they are made, and that the committed ones are up to date."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from celery_analyzers.documentation import code, fix_availability, index, page
from celery_analyzers.findings import Severity
from celery_analyzers.registry import all_rules, find_rule
from celery_analyzers.rule import Rule

ROOT = Path(__file__).parents[2]


class Sample(Rule):
    """A sample.

    ## What it does

    Finds *samples*:

    - one
    - two

    ## Why is this bad

    It is not.

    ## Example

        x = 1
        #   ^ one

        if x:
            y = 2

    And then:

        z = 3

    ## Use instead

        x = 2

    ## Not flagged

    Nothing.

    ## Fix safety

    Safe.

    ## References

    None.
    """

    code = "CEL998"
    severity = Severity.WARNING


PAGE = """\
# sample (CEL998)

A sample.

Severity: **warning** · Fix: **none** · Since 0.1.0

## What it does

Finds *samples*:

- one
- two

## Why is this bad

It is not.

## Example

```python
x = 1
#   ^ one

if x:
    y = 2
```

And then:

```python
z = 3
```

## Use instead

```python
x = 2
```

## Not flagged

Nothing.

## Fix safety

Safe.

## References

None.
"""


def test_page_is_the_docstring_with_a_head_and_fences() -> None:
    assert page(Sample) == PAGE


def test_code_is_what_is_indented() -> None:
    example = code(Sample.sections()["Example"])
    assert example == "x = 1\n#   ^ one\n\nif x:\n    y = 2\n\n\n\nz = 3\n"


def test_fix_availability_is_that_of_the_example() -> None:
    names = {name: find_rule(name) for name in ("bind-without-self", "soft-limit-exceeds-hard")}
    assert {name: rule and fix_availability(rule) for name, rule in names.items()} == {
        "bind-without-self": "safe",
        "soft-limit-exceeds-hard": "unsafe",
    }


def test_index_has_a_row_for_each_rule() -> None:
    text = index()
    for rule in all_rules():
        assert f"| [{rule.name()}]({rule.name()}.md) | {rule.code} | {rule.summary()} |" in text


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name())
def test_page_has_no_code_outside_of_fences(rule: type[Rule]) -> None:
    fenced = False
    for line in page(rule).splitlines():
        if line.startswith("```"):
            fenced = not fenced
        assert fenced or not line.startswith("    "), line
    assert not fenced


def test_committed_pages_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "tools" / "generate_docs.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
