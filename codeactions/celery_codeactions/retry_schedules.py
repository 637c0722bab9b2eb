"""When retries come, in words: how many, and over how long.

Must not know how Celery computes delays, nor tasks.
"""

from __future__ import annotations


def in_words(seconds: float) -> str:
    """A duration: `31 s`, `10 min`, `2 h`."""
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7_200:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3_600)} h"


def counted(retries: int) -> str:
    """`1 retry`, `5 retries`."""
    return "1 retry" if retries == 1 else f"{retries} retries"
