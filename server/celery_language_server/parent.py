"""Watches the process that started the server, and ends the server when it is gone.

A client that crashes cannot say `exit`, and another process may keep our input open. Knows processes, on
POSIX and on Windows. Must not know LSP.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL_SECONDS: Final = 1.0


def watch(process_id: int) -> None:
    """End this process soon after process `process_id` has ended.

    A process that cannot be seen from here to begin with, as from inside a container, is not watched.
    """
    is_alive = _windows_check(process_id) if sys.platform == "win32" else _posix_check(process_id)
    if is_alive():
        threading.Thread(target=_watch, args=(is_alive,), name="parent watch", daemon=True).start()


def _watch(is_alive: Callable[[], bool]) -> None:
    while is_alive():
        time.sleep(INTERVAL_SECONDS)
    os._exit(1)


if sys.platform == "win32":

    def _windows_check(process_id: int) -> Callable[[], bool]:
        import ctypes

        synchronize, timed_out = 0x0010_0000, 0x102
        kernel = ctypes.windll.kernel32
        kernel.OpenProcess.restype = ctypes.c_void_p
        kernel.WaitForSingleObject.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
        # The handle is kept, so that another process with the same number is not taken for this one.
        handle = kernel.OpenProcess(synchronize, False, process_id)
        return lambda: bool(handle) and kernel.WaitForSingleObject(handle, 0) == timed_out

else:

    def _posix_check(process_id: int) -> Callable[[], bool]:
        is_our_parent = os.getppid() == process_id

        def is_alive() -> bool:
            # A parent whose own parent has not noticed its end yet is a zombie, and can still be signalled.
            if is_our_parent and os.getppid() != process_id:
                return False
            try:
                os.kill(process_id, 0)
            except ProcessLookupError:
                return False
            except (PermissionError, OverflowError):
                return True
            return not _is_zombie(process_id)

        return is_alive

    def _is_zombie(process_id: int) -> bool:
        try:
            status = Path(f"/proc/{process_id}/stat").read_bytes()
        except OSError:  # not Linux
            return False
        return status.rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"])
