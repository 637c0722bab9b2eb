"""The rules' pages: how they are made, and that the committed ones are up to date."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from celery_analyzers.documentation import about, code, fix_availability, index, page
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

    code = "CEL898"
    severity = Severity.WARNING
    preset = "strict"
    celery = ">=5.5"


PAGE = """\
# sample (CEL898)

A sample.

Group: **configuration** · Preset: **strict** · Severity: **warning** · Fix: **none** · Celery: **>=5.5** · Since 0.1.0

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
        row = f"| [{rule.name()}]({rule.name()}.md) | {rule.code} | {rule.summary()} | {rule.preset} |"
        assert row in text.partition(f"`{rule.group().name}`")[2].partition("\n## ")[0]
    headings = [line for line in text.split("\n") if line.startswith("## ")]
    assert headings == list(dict.fromkeys(headings))


def test_a_page_says_of_which_releases_it_speaks_only_where_these_are_bounded() -> None:
    bounded = find_rule("model-without-pydantic")
    every = find_rule("bind-without-self")
    assert bounded is not None
    assert every is not None
    assert "· Celery: **>=5.5** ·" in page(bounded)
    assert "Celery: **" not in page(every)
    assert (about(bounded)["celery"], about(every)["celery"]) == (">=5.5", "")


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
