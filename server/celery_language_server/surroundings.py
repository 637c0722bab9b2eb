"""Tells whether anything in a project changed, also what is no module: settings, compose files, requirements.

The engine asks some questions of a project as a whole, and then names the root as what its findings depend
on. Which files it reads to answer is its own business: here all that may matter are told apart by their
stamps.
"""

from __future__ import annotations

import os
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_SKIPPED = frozenset({"__pycache__", "build", "dist", "env", "node_modules", "site-packages", "venv"})
_MOST_ENTRIES = 30_000
_BESIDE_THE_POINT = (
    *(".css", ".csv", ".gif", ".gz", ".html", ".ico", ".jpg", ".js", ".json", ".jsx", ".map", ".md", ".mo"),
    *(".pdf", ".png", ".po", ".pyc", ".rst", ".scss", ".so", ".sql", ".svg", ".ts", ".tsx", ".xml", ".zip"),
)


def fingerprint(root: str, known: Mapping[str, str]) -> str:
    """Changes whenever a file under `root` does. `known` are stamps of files by their path relative to it."""
    lines: list[str] = []
    folders = [""]
    entries = 0
    while folders and entries < _MOST_ENTRIES:
        folder = folders.pop()
        try:
            with os.scandir(f"{root}/{folder}") as scanned:
                for entry in scanned:
                    entries += 1
                    name = entry.name
                    path = folder + name
                    stamp = known.get(path)
                    if stamp is not None:
                        lines += path, stamp
                    elif entry.is_dir(follow_symlinks=False):
                        if name[0] != "." and name not in _SKIPPED:
                            folders.append(f"{path}/")
                    elif not name.endswith(_BESIDE_THE_POINT):
                        status = entry.stat()
                        lines += path, f"{status.st_mtime_ns} {status.st_size}"
        except OSError:
            continue
    # Not sorted: should the order of a folder change for no reason, questions are asked again for none.
    data = "\n".join(lines).encode("utf-8", "surrogateescape")
    return f"{len(lines)} {zlib.crc32(data):08x}{zlib.adler32(data):08x}"
