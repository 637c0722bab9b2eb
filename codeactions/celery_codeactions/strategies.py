"""The ways to retry a task: the options of each, what it is for, and when its retries come, in a title.

Knows Celery's options and what libraries raise. Must not know tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from celery_analyzers.assist.retry_plan import waits
from celery_analyzers.libraries import Category
from celery_codeactions.retry_schedules import counted, in_words

NOTHING_BEGUN: Mapping[str, tuple[str, ...]] = {
    "requests": ("requests.ConnectTimeout",),
    "httpx": ("httpx.ConnectError", "httpx.ConnectTimeout"),
    "smtplib": ("smtplib.SMTPConnectError",),
    "stripe": ("stripe.RateLimitError",),
    "botocore": ("botocore.exceptions.EndpointConnectionError", "botocore.exceptions.ConnectTimeoutError"),
}
"""By library, the exceptions that say that what was asked for has not been begun."""
REFUSED = ("builtins.ConnectionRefusedError",)
_BACKOFF_MAX = 600


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to retry: the options that make it, beside the exceptions, and what it is for."""

    variant: str
    title: str
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    gone: tuple[str, ...] = ()
    fits: frozenset[Category] = frozenset()


NETWORK = Strategy(
    "network",
    f"Retry with exponential backoff: {counted(5)} over up to {in_words(sum(waits(1, 5, _BACKOFF_MAX)))}",
    {"retry_backoff": "True", "retry_jitter": "True", "max_retries": "5"},
    ("retry_backoff_max", "retry_kwargs", "default_retry_delay"),
    frozenset({Category.HTTP, Category.NETWORK, Category.STORAGE}),
)
DATABASE = Strategy(
    "database",
    "Retry after a fixed delay: 3 retries, each after 5 s",
    {"default_retry_delay": "5", "max_retries": "3"},
    ("retry_backoff", "retry_backoff_max", "retry_jitter", "retry_kwargs"),
    frozenset({Category.DATABASE, Category.CACHE}),
)
SERVICE = Strategy(
    "service",
    f"Retry calls of a service, 60 runs a minute: {counted(8)} over up to {in_words(sum(waits(10, 8, _BACKOFF_MAX)))}",
    {"retry_backoff": "10", "retry_backoff_max": "600", "retry_jitter": "True", "max_retries": "8"},
    ("retry_kwargs", "default_retry_delay"),
    frozenset({Category.SERVICE, Category.PAYMENT, Category.EMAIL, Category.MESSAGE}),
)
FILES = Strategy(
    "files",
    "Retry at once: 2 retries without a delay",
    {"default_retry_delay": "0", "max_retries": "2"},
    DATABASE.gone,
    frozenset({Category.FILE}),
)
BY_FIT = (SERVICE, NETWORK, DATABASE, FILES)
"""The most careful first: of several that fit, it is the one."""
OFFERED = (NETWORK, DATABASE, SERVICE, FILES)
