"""Writes the pages of rules and actions, `docs/rules/<name>.md` and `docs/actions/<name>.md`, and their indexes.

python tools/generate_docs.py            write the pages
python tools/generate_docs.py --check    write nothing; exit with 1 if a page is old
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "rules"
ACTION_PAGES = ROOT / "docs" / "actions"

# As tests and installed copies do, but without either.
sys.path[:0] = [str(ROOT / "analyzers"), str(ROOT / "codeactions")]

from celery_analyzers.documentation import index, page  # noqa: E402
from celery_analyzers.registry import all_rules  # noqa: E402
from celery_codeactions import action_documentation  # noqa: E402
from celery_codeactions.registry import all_actions  # noqa: E402


def pages() -> dict[Path, str]:
    """Every page with its text."""
    written = {PAGES / f"{rule.name()}.md": page(rule) for rule in all_rules()}
    written[PAGES / "README.md"] = index()
    written |= {ACTION_PAGES / f"{action.name()}.md": action_documentation.page(action) for action in all_actions()}
    written[ACTION_PAGES / "README.md"] = action_documentation.index()
    return written


def stale() -> list[Path]:
    """The pages that are missing, old, or about what is gone."""
    wanted = pages()
    return sorted(
        [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
        + [path for folder in (PAGES, ACTION_PAGES) for path in folder.glob("*.md") if path not in wanted]
    )


def main() -> int:
    """Write the pages, or say which are old."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is old")
    arguments = parser.parse_args()
    old = stale()
    if arguments.check:
        for path in old:
            print(f"{path.relative_to(ROOT)} is old: run tools/generate_docs.py", file=sys.stderr)
        return int(bool(old))
    for folder in (PAGES, ACTION_PAGES):
        folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for path in old:
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
        else:
            path.unlink()
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
