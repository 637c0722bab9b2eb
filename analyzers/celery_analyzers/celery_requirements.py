"""What one file says about the version of Celery that a project wants: text in, ranges out.

The files are lock files, lists of requirements, and the places where packaging tools keep dependencies. They are read
with regular expressions, as nearly all of a file is about other packages. Knows the files' forms:

- https://packaging.python.org/en/latest/specifications/dependency-specifiers/ and .../version-specifiers/
- https://pip.pypa.io/en/stable/reference/requirements-file-format/
- https://python-poetry.org/docs/dependency-specification/ and https://pipenv.pypa.io/en/latest/pipfile.html
- https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html#package-match-specifications

Must not know where the files stand.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import islice

Version = tuple[int, ...]
_MOST_PLACES = 100
_LONGEST_VALUE = 2_000
"""Places in a file, and characters of a TOML value, that are looked at: no file that somebody wrote has more."""


class Kind(Enum):
    """What a file is to its project."""

    LOCK = "lock"
    REQUIREMENTS = "requirements"
    CONSTRAINTS = "constraints"


@dataclass(frozen=True, slots=True)
class Requirement:
    """Versions that are allowed: from `lowest` to `highest`, both among them; None is no limit.

    `highest` stands for all versions that begin with it: `<5.5` is up to 5.4, 5.4.9 too. `line` counts from 0.
    """

    lowest: Version | None
    highest: Version | None
    line: int | None = None

    @property
    def is_exact(self) -> bool:
        """Whether one version is meant, or one release."""
        return self.lowest is not None and self.lowest == self.highest


FIXED_NAMES = {
    **dict.fromkeys(("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock"), Kind.LOCK),
    **dict.fromkeys(("pyproject.toml", "Pipfile", "setup.cfg", "setup.py"), Kind.REQUIREMENTS),
    **dict.fromkeys(("environment.yml", "environment.yaml"), Kind.REQUIREMENTS),
    **dict.fromkeys(("requirements.txt", "requirements.in"), Kind.REQUIREMENTS),
    "constraints.txt": Kind.CONSTRAINTS,
}
"""Names of files that are looked for in every folder."""
_OTHER_NAMES = (
    (re.compile(r"pylock\.[^.]+\.toml"), Kind.LOCK),
    (re.compile(r".*constraints?.*\.(?:txt|in)", re.IGNORECASE), Kind.CONSTRAINTS),
    (re.compile(r"(?:.*[-_.])?req(?:uirement)?s?(?:[-_.].*)?\.(?:txt|in|pip)", re.IGNORECASE), Kind.REQUIREMENTS),
    (re.compile(r"(?:conda|environment)[-_.].*\.ya?ml|conda\.ya?ml"), Kind.REQUIREMENTS),
)

_NAME = r"celery(?![\w.-])\s*(?:\[[^\]\n]*\]\s*)?"
_CLAUSES = r"(?P<spec>(?:(?:===|==|~=|!=|<=|>=|<|>)\s*[\w.*+!-]+[ \t]*,?[ \t]*)*)"
_LISTED = re.compile(rf"^[ \t]*{_NAME}\(?[ \t]*{_CLAUSES}", re.IGNORECASE | re.MULTILINE)
_QUOTED = re.compile(rf"""["']{_NAME}\(?[ \t]*{_CLAUSES}""", re.IGNORECASE)
_INLINE = re.compile(rf"^[^#\n]*?(?<![\w.-]){_NAME}{_CLAUSES}", re.IGNORECASE | re.MULTILINE)
_LOCKED = re.compile(r'^name = "celery"\r?\n(?:(?!\r?\n|\[|name).*\n){0,5}?version = "(?P<spec>[^"\n]+)"', re.MULTILINE)
_LOCKED_JSON = re.compile(r'"celery"\s*:\s*\{[^{}]*?"version"\s*:\s*"(?P<spec>[^"\n]+)"')
_CONDA = re.compile(
    r"""^[ \t]*-[ \t]*["']?(?:[\w./-]+::)?celery(?![\w.-])(?:\[[^\]\n]*\])?[ \t]*"""
    r"""(?P<spec>[^\s"'#;\n]*(?:,[^"'#;\n]*)?)""",
    re.IGNORECASE | re.MULTILINE,
)
_SECTION = re.compile(r"^[ \t]*\[+[ \t]*(?P<name>[^\]\n]+?)[ \t]*\]+", re.MULTILINE)
_POETRY_SECTION = re.compile(r"tool\.poetry\.(?:.*\.)?(?:dev-)?dependencies|packages|dev-packages")
_KEY = re.compile(r"""^[ \t]*["']?celery["']?[ \t]*=[ \t]*""", re.IGNORECASE | re.MULTILINE)
_VERSION_KEY = re.compile(r"""(?<![\w-])version[ \t]*=[ \t]*(["'])(?P<spec>[^"'\n]*)\1""")
_STRING = re.compile(r"""(["'])(?P<spec>[^"'\n]*)\1""")
_INCLUDE = re.compile(r"^[ \t]*(-r|-c|--requirement|--constraint)[ \t=]*([^\s#]+)", re.MULTILINE)
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>|\^|~|=)?\s*v?(\d+(?:\.\d+)*)[^\s,|]*")


def kind_of(name: str) -> Kind | None:
    """What a file of this name is to its project; None if it says nothing about versions."""
    if name in FIXED_NAMES:
        return FIXED_NAMES[name]
    return next((kind for pattern, kind in _OTHER_NAMES if pattern.fullmatch(name)), None)


def requirements_in(name: str, data: bytes) -> tuple[Requirement, ...]:
    """The versions of Celery that a file allows, once for each place where it names Celery."""
    text = _decoded(data)
    if text is None or "celery" not in text.lower():
        return ()
    return tuple(
        Requirement(*bounds, line=text.count("\n", 0, offset))
        for offset, spec in _specifiers(name, text)
        if (bounds := _bounds(spec)) is not None
    )


def includes_in(data: bytes) -> tuple[tuple[str, Kind], ...]:
    """The files that a list of requirements includes, as they are written there."""
    text = _decoded(data)
    return tuple(
        (path.replace("\\", "/"), Kind.CONSTRAINTS if option in {"-c", "--constraint"} else Kind.REQUIREMENTS)
        for option, path in _INCLUDE.findall(text or "")
    )


def union(requirements: Iterable[Requirement]) -> tuple[Version | None, Version | None]:
    """The range from the lowest to the highest version that any of them allows."""
    listed = list(requirements)
    lowest = [each.lowest for each in listed if each.lowest is not None]
    highest = [each.highest for each in listed if each.highest is not None]
    return (
        min(lowest, default=None) if len(lowest) == len(listed) else None,
        max(highest, key=_upper, default=None) if len(highest) == len(listed) else None,
    )


def intersection(
    lowest: Iterable[Version | None], highest: Iterable[Version | None]
) -> tuple[Version | None, Version | None]:
    """The range that all limits leave."""
    return (
        max((version for version in lowest if version is not None), default=None),
        min((version for version in highest if version is not None), key=_upper, default=None),
    )


def _upper(version: Version) -> tuple[float, ...]:
    return (*version, math.inf)


def _decoded(data: bytes) -> str | None:
    # PowerShell writes `pip freeze > requirements.txt` in UTF-16.
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    return None if b"\0" in data else data.decode("utf-8-sig", "replace")


def _specifiers(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Where a file names Celery, and what stands there about its version."""
    lowered = name.lower()
    if lowered == "pipfile.lock":
        yield from _matches(_LOCKED_JSON, text)
    elif kind_of(name) is Kind.LOCK:
        yield from _matches(_LOCKED, text)
    elif lowered.endswith((".yml", ".yaml")):
        yield from _matches(_CONDA, text)
    elif lowered in {"pyproject.toml", "pipfile"}:
        # A bare "celery" may be a keyword or a module's name just as well.
        yield from _matches(_QUOTED, text, bare=False)
        yield from _keyed(text)
    elif lowered == "setup.py":
        yield from _matches(_QUOTED, text, bare=False)
    elif lowered == "setup.cfg":
        yield from _matches(_INLINE, text, bare=False)
    else:
        yield from _matches(_LISTED, text)


def _matches(pattern: re.Pattern[str], text: str, *, bare: bool = True) -> Iterator[tuple[int, str]]:
    found = (match for match in pattern.finditer(text) if match["spec"] or bare)
    for match in islice(found, _MOST_PLACES):
        line = text.rfind("\n", 0, match.start()) + 1
        if text.find("#", line, match.start()) < 0:
            yield match.start(), match["spec"]


def _keyed(text: str) -> Iterator[tuple[int, str]]:
    """Where a table of dependencies has the key `celery`, or is Celery's own."""
    sections = list(_SECTION.finditer(text))
    ends = [section.start() for section in sections[1:]]
    for section, end in zip(sections, [*ends, len(text)], strict=False):
        name = section["name"].lower()
        if _POETRY_SECTION.fullmatch(name):
            for key in islice(_KEY.finditer(text, section.end(), end), _MOST_PLACES):
                value = text[key.end() : min(end, key.end() + _LONGEST_VALUE)]
                yield from ((key.start(), spec) for spec in _value_specifiers(value))
        elif name.endswith(".celery") and _POETRY_SECTION.fullmatch(name.removesuffix(".celery")):
            for match in islice(_VERSION_KEY.finditer(text, section.end(), end), _MOST_PLACES):
                yield match.start(), match["spec"]


def _value_specifiers(value: str) -> list[str]:
    """The specifiers in a key's value: a string, a table with a version, or a list of such tables."""
    if value.startswith(("{", "[")):
        closing = re.search(r"\]" if value.startswith("[") else r"\}", re.sub(r"\[[^\[\]{}]*\]", _blank, value[1:]))
        return [match["spec"] for match in _VERSION_KEY.finditer(value[: closing.end() + 1 if closing else None])]
    string = _STRING.match(value)
    return [string["spec"]] if string else []


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _bounds(spec: str) -> tuple[Version | None, Version | None] | None:
    """The range that a specifier allows; None if it cannot be read."""
    alternatives = [_alternative(part) for part in spec.split("||")]
    return union(Requirement(lowest, highest) for lowest, highest in alternatives)


def _alternative(spec: str) -> tuple[Version | None, Version | None]:
    lowest: list[Version | None] = []
    highest: list[Version | None] = []
    for operator, number in _CLAUSE.findall(spec):
        version = _version(number)
        if operator in {"", "=", "==", "==="}:
            lowest.append(version)
            highest.append(version)
        elif operator in {"^", "~", "~="}:
            lowest.append(version)
            kept = {"^": 1, "~": min(2, len(version)), "~=": max(1, len(version) - 1)}[operator]
            highest.append(version[:kept])
        elif operator in {">", ">="}:
            lowest.append(version)
        elif operator == "<=":
            highest.append(version)
        elif operator == "<":
            highest.append(_before(version))
    return intersection(lowest, highest)


def _version(number: str) -> Version:
    # Nobody's version has a part of more than nine digits.
    return tuple(int(part[:9]) for part in number.split("."))


def _before(version: Version) -> Version | None:
    """What the versions begin with that are just below: 5.4 for 5.5, 5 for 6.0."""
    while version and version[-1] == 0:
        version = version[:-1]
    return (*version[:-1], version[-1] - 1) if version else None
