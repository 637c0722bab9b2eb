"""What tells caches apart: the settings, the code that makes results, and Python.

Must not know what is kept in them.
"""

from __future__ import annotations

import os
import sys
import zlib

from celery_language_server import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = ("celery_analyzers", "celery_codeactions", "celery_language_server")


def settings_key(configuration: bytes, chosen: Sequence[tuple[str, object]] = ()) -> str:
    """Tells sets of settings apart without understanding them, and the Pythons that they are read by. `chosen` are the
    options that a command was given."""
    shown = repr(chosen) if chosen else ""
    return f"{sys.implementation.cache_tag} {len(configuration)} {hash_of(configuration)} {shown}"


def hash_of(data: bytes) -> str:
    """Tells contents apart that nobody means to confuse."""
    return f"{zlib.crc32(data):08x}{zlib.adler32(data):08x}"


def engine_key() -> str:
    """Changes whenever the code that makes results does, be it not released."""
    import celery_analyzers

    site = os.path.dirname(os.path.dirname(celery_analyzers.__file__))
    here = os.path.dirname(os.path.dirname(__file__))
    versions = [__version__]
    folders = {os.path.join(base, package) for base in (site, here) for package in PACKAGES}
    folders.add(os.path.join(site, "celery_analyzers", "rules"))
    for folder in sorted(folders):
        try:
            with os.scandir(folder) as scanned:
                files = [(entry.name, entry.stat()) for entry in scanned if entry.name.endswith(".py")]
        except OSError:
            continue
        versions += sorted(f"{name} {status.st_mtime_ns} {status.st_size}" for name, status in files)
    return hash_of("\n".join(versions).encode())
