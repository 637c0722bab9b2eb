"""Reads syntax that is newer than the Python that runs this: text in, the standard `ast`'s tree out.

LibCST parses it, whatever Python runs it, and its tree is converted. This is many times slower than `ast.parse`, and
importing it costs time too: import it only when `ast.parse` has refused a text that it may be too old for.

Must not know Celery, nor how a module is split into segments.
"""

from __future__ import annotations

import ast
import re
from functools import partial

import libcst as cst

from celery_analyzers.modern_syntax.places import Places
from celery_analyzers.modern_syntax.stack import with_stack
from celery_analyzers.modern_syntax.statements import statements
from celery_analyzers.nesting import too_deep

_LONGEST = 2_000
"""What LibCST bears of `nesting.LONGEST`: its parser's memory grows with the square of a chain, to 250 MB here."""
_STACK_SIZE = 64 << 20
"""Bytes of stack that hold three times what LibCST's parser needs for what is not too deep.

An indented block takes it 26 kB, of which it accepts 100 itself, a `lambda` 15 kB, an open bracket 11 kB, and any
other character of code 1 kB, all at most.
"""

_NEWLINE = re.compile(r"\r\n?")
_POSITION = re.compile(r"parser error: error at (\d+):(\d+).*", re.DOTALL)


def parse(text: str) -> ast.Module:
    """The tree that `ast.parse` of a Python that knows all of the syntax would give, positions included.

    Nodes that the running Python's `ast` lacks become the nearest that it has: `except*` becomes `except`, a type
    alias an assignment, a t-string an f-string, and type parameters are left out. Nodes inside f-strings stand where
    they stand in the text, which `ast` itself tells from Python 3.12 on; `{**a for a in b}` has no `value`.

    Raises SyntaxError, and nothing else, for whatever LibCST cannot read.
    """
    # This is what CPython does first, too.
    text = _NEWLINE.sub("\n", text)
    # Without a line end, LibCST's spans would count one that is not there.
    source = text if text.endswith("\n") else text + "\n"
    if too_deep(source, _LONGEST):
        raise SyntaxError("too deeply nested")
    try:
        module = with_stack(_STACK_SIZE, partial(cst.parse_module, source))
        return ast.Module(statements(Places(source, module), module.body), [])
    except (SyntaxError, KeyboardInterrupt, SystemExit):
        raise
    except cst.ParserSyntaxError as error:
        raise _syntax_error(error, text) from None
    except BaseException as error:  # a panic of the native parser is no Exception
        raise SyntaxError(str(error) or type(error).__name__) from error


def _syntax_error(error: cst.ParserSyntaxError, text: str) -> SyntaxError:
    # The error's own position is the start of a line, or of the text; its message may know better.
    found = _POSITION.fullmatch(error.message)
    line, column = (int(found[1]), int(found[2])) if found else (error.raw_line, error.raw_column)
    message = "invalid syntax" if found else error.message.removeprefix("tokenizer error: ")
    lines = text.split("\n")
    if line > len(lines):
        line, column = len(lines), len(lines[-1])
    return SyntaxError(message, ("<unknown>", line, column + 1, lines[line - 1]))
