"""Classes whose docstring is their documentation: a summary line, then sections with titles.

Must not know which sections there are, nor what they are about.
"""

from __future__ import annotations

import inspect
import re


class Documented:
    """A class that is known by its name in kebab case, and documents itself in its docstring."""

    @classmethod
    def name(cls) -> str:
        """The class name in kebab case."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def summary(cls) -> str:
        """The docstring's first line."""
        return inspect.cleandoc(cls.__doc__ or "").split("\n", 1)[0]

    @classmethod
    def sections(cls) -> dict[str, str]:
        """The docstring's sections in order: title -> Markdown text."""
        parts = re.split(r"^## (.+)$", inspect.cleandoc(cls.__doc__ or ""), flags=re.MULTILINE)
        return {title.strip(): body.strip("\n") for title, body in zip(parts[1::2], parts[2::2], strict=True)}
