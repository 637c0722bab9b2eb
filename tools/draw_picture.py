"""Draws the README's picture: what `celeryls check` says of the example project, as SVG.

usage: python tools/draw_picture.py [--check]
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "check.svg"
COMMAND = ["check", "examples/shop/shop/celery.py", "examples/shop/shop/checkout.py"]
WIDTH = 110


def draw() -> str:
    """The picture of the command with its output, in colour."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    result = subprocess.run(
        [sys.executable, "-m", "celery_language_server.cli", *COMMAND],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text("$ celeryls " + " ".join(COMMAND), style="bold"))
        console.print(Text.from_ansi(result.stdout))
        return console.export_svg(title="celeryls", unique_id="celeryls")


if __name__ == "__main__":
    picture = draw()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if PICTURE.read_text(encoding="utf-8") == picture else f"{PICTURE} is not up to date")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(picture, encoding="utf-8")
