"""The names under which Celery knows a task: the one that it is given, or those that Celery may generate for it.

Which folder Python finds a module from is decided when it runs. So a task without a name of its own has several that
are possible: `shop.tasks.send`, and `src.shop.tasks.send` where `src` is on the path as well. Knows files and packages.
Must not know rules.
"""

from __future__ import annotations

from pathlib import Path

_ROOT_FILES = ("manage.py", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile", "Procfile")
"""Files of a folder that Python is started in, so that modules in it have names that begin there."""


def module_names_of(path: Path, root: Path | None) -> tuple[str, ...]:
    """The dotted names under which the module at `path` may be imported, the likeliest first."""
    parts = [path.stem] if path.stem != "__init__" else []
    likely: list[str] = []
    others: list[str] = []
    folder = path.parent
    in_package = True
    while True:
        in_package = in_package and (folder / "__init__.py").is_file()
        if parts:
            name = ".".join(parts)
            if not in_package and not likely:
                likely.append(name)
            elif not (folder / "__init__.py").is_file() or is_started_in(folder):
                others.append(name)
        if root is None or folder == root or folder == folder.parent:
            break
        parts.insert(0, folder.name)
        folder = folder.parent
    found = [*likely, *others] or [".".join(parts)]
    return tuple(dict.fromkeys(name for name in found if name))


def is_started_in(folder: Path) -> bool:
    """Whether Python may be started in a folder, so that the names of modules begin there."""
    return any((folder / name).is_file() for name in _ROOT_FILES)


def generated_names(function: str, modules: tuple[str, ...]) -> tuple[str, ...]:
    """The names that Celery may generate for the task of a function, given its module's names."""
    return tuple(f"{module}.{function}" for module in modules)
