"""What it means that an exception is raised: that it may pass, that nothing was done, or all and nothing.

Paths are in the spelling of `libraries.canonical`. Knows the exceptions of Python and of libraries. Must not
know syntax trees, Celery or rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

EVERYTHING = frozenset({"builtins.Exception", "builtins.BaseException"})
"""What every exception is that a task raises."""
_SYSTEM = frozenset({"builtins.OSError", "builtins.IOError", "builtins.EnvironmentError"})
_SYSTEM_MODULES = frozenset({"ftplib", "requests", "smtplib", "socket", "ssl", "urllib"})
_SYSTEM_BUILTINS = frozenset(
    f"builtins.{name}" for name in ("BrokenPipeError", "ConnectionError", "ConnectionResetError", "TimeoutError")
)

TRANSIENT: Mapping[str, tuple[str, ...]] = {
    "requests": ("requests.ConnectionError", "requests.Timeout"),
    "httpx": ("httpx.TransportError",),
    "aiohttp": ("aiohttp.ClientConnectionError", "aiohttp.ClientPayloadError"),
    "urllib": ("urllib.error.URLError", "builtins.ConnectionError", "builtins.TimeoutError"),
    "urllib3": ("urllib3.exceptions.MaxRetryError", "urllib3.exceptions.ProtocolError"),
    "botocore": (
        "botocore.exceptions.EndpointConnectionError",
        "botocore.exceptions.ConnectTimeoutError",
        "botocore.exceptions.ReadTimeoutError",
        "botocore.exceptions.ConnectionClosedError",
    ),
    "google": (
        "google.api_core.exceptions.ServiceUnavailable",
        "google.api_core.exceptions.DeadlineExceeded",
        "google.api_core.exceptions.TooManyRequests",
    ),
    "smtplib": (
        "smtplib.SMTPServerDisconnected",
        "smtplib.SMTPConnectError",
        "builtins.ConnectionError",
        "builtins.TimeoutError",
    ),
    "stripe": ("stripe.APIConnectionError", "stripe.RateLimitError"),
    "openai": ("openai.APIConnectionError", "openai.RateLimitError", "openai.InternalServerError"),
    "anthropic": (
        "anthropic.APIConnectionError",
        "anthropic.RateLimitError",
        "anthropic.InternalServerError",
    ),
    "django.db": ("django.db.OperationalError", "django.db.InterfaceError"),
    "sqlalchemy": ("sqlalchemy.exc.OperationalError", "sqlalchemy.exc.InterfaceError"),
    "pymongo": ("pymongo.errors.AutoReconnect",),
    "redis": ("redis.ConnectionError", "redis.TimeoutError"),
    "elasticsearch": ("elasticsearch.ConnectionError", "elasticsearch.ConnectionTimeout"),
    "socket": ("builtins.ConnectionError", "builtins.TimeoutError"),
    "ftplib": ("ftplib.error_temp", "builtins.ConnectionError", "builtins.TimeoutError"),
}
"""Exceptions that may not come again when the same is tried later, by library."""

NOTHING_DONE = frozenset(
    {
        "aiohttp.ClientConnectorError",
        "aiohttp.ClientResponseError",
        "botocore.exceptions.ConnectTimeoutError",
        "botocore.exceptions.EndpointConnectionError",
        "builtins.ConnectionRefusedError",
        "httpx.ConnectError",
        "httpx.ConnectTimeout",
        "httpx.HTTPStatusError",
        "httpx.PoolTimeout",
        "openai.RateLimitError",
        "requests.ConnectTimeout",
        "requests.HTTPError",
        "smtplib.SMTPAuthenticationError",
        "smtplib.SMTPConnectError",
        "smtplib.SMTPHeloError",
        "socket.gaierror",
        "stripe.CardError",
        "stripe.RateLimitError",
        "urllib.error.HTTPError",
        "urllib3.exceptions.ConnectTimeoutError",
        "urllib3.exceptions.NewConnectionError",
    }
)
"""Exceptions that say that what was asked for was not done: no connection was made, or it was turned down."""

ROOTS: Mapping[str, tuple[str, str]] = {
    "aiohttp.ClientError": ("aiohttp", "InvalidURL"),
    "botocore.exceptions.BotoCoreError": ("botocore", "NoCredentialsError"),
    "builtins.EnvironmentError": ("", "FileNotFoundError"),
    "builtins.IOError": ("", "FileNotFoundError"),
    "builtins.OSError": ("", "FileNotFoundError"),
    "django.db.DatabaseError": ("django.db", "IntegrityError"),
    "django.db.Error": ("django.db", "IntegrityError"),
    "google.api_core.exceptions.GoogleAPICallError": ("google", "PermissionDenied"),
    "google.api_core.exceptions.GoogleAPIError": ("google", "PermissionDenied"),
    "httpx.HTTPError": ("httpx", "HTTPStatusError"),
    "openai.APIError": ("openai", "AuthenticationError"),
    "openai.OpenAIError": ("openai", "AuthenticationError"),
    "pymongo.errors.PyMongoError": ("pymongo", "DuplicateKeyError"),
    "redis.RedisError": ("redis", "ResponseError"),
    "requests.RequestException": ("requests", "InvalidURL"),
    "smtplib.SMTPException": ("smtplib", "SMTPRecipientsRefused"),
    "sqlalchemy.exc.DBAPIError": ("sqlalchemy", "IntegrityError"),
    "sqlalchemy.exc.SQLAlchemyError": ("sqlalchemy", "IntegrityError"),
    "stripe.StripeError": ("stripe", "CardError"),
    "urllib3.exceptions.HTTPError": ("urllib3", "LocationParseError"),
}
"""The base of all of a library's exceptions: the library, and one of them that no retry mends."""

_AT_ANY_POINT = EVERYTHING | _SYSTEM | _SYSTEM_BUILTINS | {"socket.error", "socket.timeout"}


def bases_of(path: str) -> frozenset[str]:
    """The exceptions whose handlers catch the one at `path`, itself among them, as far as the tables tell."""
    module = path.split(".", 1)[0]
    roots = {root for root in ROOTS if root.split(".", 1)[0] == module != "builtins"}
    if module in _SYSTEM_MODULES or path in _SYSTEM_BUILTINS:
        roots |= _SYSTEM
    return EVERYTHING | roots | {path}


def may_come_late(path: str, libraries: set[str]) -> bool:
    """Whether a call into `libraries`, given by their packages, may raise this after it did what it was to
    do."""
    if path in NOTHING_DONE:
        return False
    return path in _AT_ANY_POINT or path.split(".", 1)[0] in libraries
