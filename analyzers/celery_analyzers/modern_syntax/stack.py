"""Runs a function where the native stack is deep, whatever the platform gives to the threads that it starts.

Must not know what the function does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_Result = TypeVar("_Result")
_sizing = threading.Lock()


def with_stack(size: int, function: Callable[[], _Result]) -> _Result:
    """What the function returns or raises when it runs on `size` bytes of stack. Blocks until then.

    Raises RuntimeError or ValueError where the platform has no such thread to give.
    """
    outcome: Future[_Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(function())
        except BaseException as error:
            outcome.set_exception(error)

    thread = threading.Thread(target=run, name="deep-stack", daemon=True)
    # The size is that of all threads that start from now on. That others start meanwhile does no harm.
    with _sizing:
        usual = threading.stack_size(size)
        try:
            thread.start()
        finally:
            threading.stack_size(usual)
    thread.join()
    return outcome.result()
