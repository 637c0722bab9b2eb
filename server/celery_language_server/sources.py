"""Reads Python files as Python does, and writes them back byte for byte but for the edits.

Knows encodings and files. Must not know what is in them. Imports little, since excerpts need it on every run
that finds something.
"""

from __future__ import annotations

import os

_PASSED_OVER = ("_cache", "__pycache__", ".py", ".pyc", ".md", ".rst", ".swp", ".tmp", "~")
"""Ends of names that come and go in a folder and tell nothing of what is asked of one: which Celery it installs."""
_BOM = b"\xef\xbb\xbf"


class UnreadableError(Exception):
    """A file cannot be read, decoded or written. The text says why."""


class UndecodableError(UnreadableError):
    """A file's bytes are no text, which they stay until the file changes."""


class Source:
    """The text of a file without its byte order mark, and what it takes to write it back."""

    __slots__ = ("_bom", "encoding", "text")

    def __init__(self, text: str, encoding: str, bom: bytes = b"") -> None:
        self.text = text
        self.encoding = encoding
        self._bom = bom

    def encoded(self, text: str) -> bytes:
        """`text` in the file's own encoding. Raises UnreadableError where that has no room for it."""
        try:
            return self._bom + text.encode(self.encoding)
        except UnicodeError as error:
            raise UnreadableError(f"cannot be written as {self.encoding}: {_reason(error)}") from None


def decode(data: bytes) -> Source:
    """The text of a file's bytes, its line ends as they are. Raises UndecodableError."""
    encoding, bom = "utf-8", b""
    if data.startswith(_BOM):
        data, bom = data[3:], _BOM
    # Only a comment in the first two lines can name the encoding, and next to none does.
    if any(b"coding" in line for line in data.split(b"\n", 2)[:2]):
        encoding = _declared_encoding(bom + data)
    try:
        return Source(data.decode(encoding), encoding, bom)
    except UnicodeError as error:
        raise UndecodableError(f"is not {encoding}: {_reason(error)}") from None


def read(path: str) -> bytes:
    """The bytes of a file. Raises UnreadableError."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UnreadableError(f"could not be read: {error.strerror or error}") from None


def write(path: str, data: bytes) -> None:
    """Replace a file's content at once, and keep its permissions. Raises UnreadableError."""
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.tmp")
    try:
        mode = os.stat(target).st_mode
        try:
            with open(temporary, "wb") as file:
                file.write(data)
            os.chmod(temporary, mode & 0o7777)
            os.replace(temporary, target)
        except OSError:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise UnreadableError(f"could not be written: {error.strerror or error}") from None


def create(path: str, data: bytes) -> None:
    """Write a file that is not there yet. Raises UnreadableError, also where it is there by now."""
    try:
        with open(path, "xb") as file:
            file.write(data)
    except OSError as error:
        raise UnreadableError(f"could not be created: {error.strerror or error}") from None


def digest(data: bytes) -> str:
    """Tells contents apart."""
    from hashlib import blake2b

    return blake2b(data, digest_size=16).hexdigest()


def digest_of(path: str) -> str:
    """The digest of a file, or of which files a folder has; empty where there is neither."""
    try:
        if os.path.isdir(path):
            names = sorted(name for name in os.listdir(path) if not name.endswith(_PASSED_OVER))
            return digest("\0".join(names).encode("utf-8", "surrogateescape"))
        return digest(read(path))
    except (OSError, UnreadableError, ValueError):
        return ""


def _declared_encoding(data: bytes) -> str:
    import io
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        raise UndecodableError(f"could not be decoded: {error.msg}") from None
    return encoding.removesuffix("-sig")


def _reason(error: UnicodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        line = error.object.count(b"\n", 0, error.start) + 1
        return f"invalid byte in line {line}"
    if isinstance(error, UnicodeEncodeError):
        return f"no such character as U+{ord(error.object[error.start]):04X}"
    return str(error)
