"""Reads a command's arguments by a table of its options.

`argparse` takes as long to import as a whole run of `celeryls check` on unchanged files takes. Must not know
what the options mean.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class UsageError(Exception):
    """The command was called in a way that it does not understand."""


class Help(Exception):  # noqa: N818 - no error, but a way out
    """The user asked for the command's help."""


class Option:
    """One option: a `flag` takes no value, others take any or one of `choices`; `many` collects them."""

    __slots__ = ("choices", "flag", "help", "many", "metavar", "name")

    def __init__(
        self,
        name: str,
        help: str,  # noqa: A002 - as argparse calls it
        *,
        metavar: str = "",
        choices: tuple[str, ...] = (),
        many: bool = False,
    ) -> None:
        self.name = name
        self.help = help
        self.metavar = metavar or "|".join(choices)
        self.choices = choices
        self.many = many
        self.flag = not self.metavar


class Arguments:
    """What was given: the positional arguments, and the options' values by their names."""

    __slots__ = ("flags", "lists", "paths", "values")

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.flags: set[str] = set()
        self.values: dict[str, str] = {}
        self.lists: dict[str, tuple[str, ...]] = {}


def parse(arguments: Sequence[str], options: Sequence[Option]) -> Arguments:
    """Understand `arguments`. Raises UsageError, or Help."""
    known = {option.name: option for option in options}
    given = Arguments()
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            given.paths.extend(rest)
            break
        if not argument.startswith("-") or argument == "-":
            given.paths.append(argument)
            continue
        name, equals, value = argument.partition("=")
        if name in ("-h", "--help"):
            raise Help
        option = known.get(name)
        if option is None:
            raise UsageError(f"unknown option `{name}`{suggestion(name, known)}")
        if option.flag:
            if equals:
                raise UsageError(f"`{name}` takes no value")
            given.flags.add(name)
            continue
        if not equals:
            found = next(rest, None)
            if found is None:
                raise UsageError(f"`{name}` expects {option.metavar}")
            value = found
        if option.many:
            parts = tuple(part.strip() for part in value.split(",") if part.strip())
            given.lists[name] = given.lists.get(name, ()) + parts
            continue
        if option.choices and value not in option.choices:
            raise UsageError(f"`{name}` expects one of {', '.join(option.choices)}, not `{value}`")
        given.values[name] = value
    return given


def suggestion(word: str, known: Sequence[str] | dict[str, Option]) -> str:
    """A hint at the word that was meant, as the end of a sentence."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


def help_text(usage: str, about: str, options: Sequence[Option]) -> str:
    """The text that `--help` prints."""
    heads = [f"{option.name} {option.metavar}".rstrip() for option in options]
    heads.append("-h, --help")
    helps = [*(option.help for option in options), "Print this help"]
    lines = [about, "", f"Usage: {usage}", "", "Options:"]
    for head, text in zip(heads, helps, strict=True):
        lines += [f"  {head:<28}{text}"] if len(head) < 27 else [f"  {head}", f"{'':30}{text}"]
    return "\n".join(lines) + "\n"
