"""A file of the cache: rows of fields between NULs, which neither paths nor JSON contain.

To read JSON would take longer than the rest of a run that finds nothing changed, and pickle would run what a stranger
put there. A file that is damaged, half written or of another version counts as none. Must not know what fields mean.
"""

from __future__ import annotations

import os
import zlib

from celery_language_server import __version__
from celery_language_server.cache_keys import hash_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MAGIC = "celeryls 2"
FOLDER = ".celeryls_cache"
ENVIRONMENT = "CELERYLS_CACHE_DIR"
_MOST_FILES = 8
"""Files of one kind that are kept for one project: each set of settings has its own."""


class CacheFile:
    """One file, of a `kind` that begins its name. `key` is one line that tells whether its content is to be believed,
    of which `name` is the part that does not change with the code that reads it."""

    __slots__ = ("_key", "_path", "_prefix", "_top")

    def __init__(self, root: str, kind: str, name: str, key: str) -> None:
        self._top = os.environ.get(ENVIRONMENT) or os.path.join(root, FOLDER)
        self._prefix = f"{kind}-{hash_of(os.fsencode(root))}-"
        own = f"{self._prefix}{hash_of(name.encode('utf-8', 'surrogateescape'))}"
        self._path = os.path.join(self._top, __version__, own)
        self._key = f"{root}\n{name}\n{key}"

    def read(self, tables: int) -> list[list[str]] | None:
        """So many tables, as they were written; None where there is nothing to be believed."""
        try:
            with open(self._path, "rb") as file:
                data = file.read()
        except OSError:
            return None
        head, _, body = data.partition(b"\n")
        if head != f"{MAGIC} {zlib.crc32(body):08x}".encode():
            return None
        fields = body.decode("utf-8", "surrogateescape").split("\0")
        if fields[0] != self._key or len(fields) < 2:
            return None
        sizes = [int(size) for size in fields[1].split()]
        if len(sizes) != tables or sum(sizes) + 2 != len(fields):
            return None
        found: list[list[str]] = []
        start = 2
        for size in sizes:
            found.append(fields[start : start + size])
            start += size
        return found

    def write(self, tables: Sequence[Sequence[str]]) -> None:
        """Put the tables in place of what there was, all at once. To fail does no harm."""
        sizes = " ".join(str(len(table)) for table in tables)
        fields = [self._key, sizes, *(field for table in tables for field in table)]
        try:
            self._replace("\0".join(fields).encode("utf-8", "surrogateescape"))
        except OSError:
            return

    def _replace(self, body: bytes) -> None:
        folder = os.path.dirname(self._path)
        os.makedirs(folder, exist_ok=True)
        _mark_as_cache(self._top)
        temporary = f"{self._path}.{os.getpid()}.tmp"
        try:
            with open(temporary, "wb") as file:
                file.write(f"{MAGIC} {zlib.crc32(body):08x}\n".encode() + body)
            os.replace(temporary, self._path)
        except OSError:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise
        self._discard_old(folder)

    def _discard_old(self, folder: str) -> None:
        """Delete the files of settings that were used longest ago, and what a crash has left half written."""
        with os.scandir(folder) as scanned:
            own = [entry for entry in scanned if entry.name.startswith(self._prefix)]
        own.sort(key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
        for entry in own[_MOST_FILES:]:
            os.unlink(entry.path)


def _mark_as_cache(folder: str) -> None:
    """Tell Git and backup programs that the folder is not worth keeping."""
    for name, content in (
        (".gitignore", "# Made by celeryls.\n*\n"),
        ("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# Made by celeryls.\n"),
    ):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
