"""What libraries do when a task calls them: tables of public names.

Paths are as `symbols` resolves them, with the spellings of one thing brought to one (`canonical`). Knows
libraries. Must not know syntax trees, Celery or rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Category(Enum):
    """What a call works on; the value names one such call in a message."""

    HTTP = "HTTP request"
    EMAIL = "e-mail"
    MESSAGE = "message"
    PAYMENT = "payment"
    SERVICE = "request to a service"
    DATABASE = "database query"
    CACHE = "cache access"
    STORAGE = "object storage"
    NETWORK = "network connection"
    SUBPROCESS = "subprocess"
    LOCK = "lock"
    FILE = "file access"


@dataclass(frozen=True, slots=True)
class Timeout:
    """How a call that waits is kept from waiting without end.

    Any of `keywords` does it, and so does an argument at `position`, unless it is None. Where `bounded`, the
    library has a default, and only None takes it away. `as_context` waits only as `with f():`.
    """

    keywords: tuple[str, ...] = ("timeout",)
    position: int | None = None
    bounded: bool = False
    as_context: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """What a call does.

    `library` is a key of `errors.TRANSIENT`. `timeout` is None for what does not wait, or always ends by
    itself. `repeatable` tells whether doing it twice leaves what doing it once leaves; None where that is not
    known.
    """

    category: Category
    library: str
    timeout: Timeout | None = None
    repeatable: bool | None = None


_SPELLINGS = (
    ("requests.exceptions.", "requests."),
    ("requests.api.", "requests."),
    ("requests.sessions.", "requests."),
    ("requests.session.", "requests.Session."),
    ("django.core.mail.message.", "django.core.mail."),
    ("django.db.utils.", "django.db."),
    ("stripe.error.", "stripe."),
    ("redis.exceptions.", "redis."),
    ("redis.client.", "redis."),
    ("redis.StrictRedis", "redis.Redis"),
    ("redis.from_url.", "redis.Redis."),
    ("redis.Redis.from_url.", "redis.Redis."),
    ("boto3.session.Session.", "boto3."),
    ("boto3.Session.", "boto3."),
)


def canonical(path: str) -> str:
    """The one spelling under which the tables know a path."""
    for prefix, replacement in _SPELLINGS:
        if path.startswith(prefix):
            path = replacement + path[len(prefix) :]
    return path


_REPEATABLE = {"get": True, "head": True, "options": True, "put": True, "delete": True, "post": False}
_HTTP_CLIENTS = {
    "requests": ("requests", Timeout()),
    "requests.Session": ("requests", Timeout()),
    "httpx": ("httpx", Timeout(bounded=True)),
    "httpx.Client": ("httpx", Timeout(bounded=True)),
    "httpx.AsyncClient": ("httpx", Timeout(bounded=True)),
    "aiohttp.ClientSession": ("aiohttp", Timeout(bounded=True)),
}
_WAITING: dict[str, tuple[Category, str, Timeout]] = {
    "urllib.request.urlopen": (Category.HTTP, "urllib", Timeout(position=2)),
    "urllib.request.urlretrieve": (Category.HTTP, "urllib", Timeout(())),
    "http.client.HTTPConnection": (Category.HTTP, "socket", Timeout(position=2)),
    "http.client.HTTPSConnection": (Category.HTTP, "socket", Timeout()),
    "smtplib.SMTP": (Category.EMAIL, "smtplib", Timeout(position=3)),
    "smtplib.SMTP_SSL": (Category.EMAIL, "smtplib", Timeout()),
    "imaplib.IMAP4": (Category.EMAIL, "socket", Timeout(position=2)),
    "imaplib.IMAP4_SSL": (Category.EMAIL, "socket", Timeout()),
    "poplib.POP3": (Category.EMAIL, "socket", Timeout(position=2)),
    "poplib.POP3_SSL": (Category.EMAIL, "socket", Timeout()),
    "ftplib.FTP": (Category.NETWORK, "ftplib", Timeout(position=4)),
    "ftplib.FTP_TLS": (Category.NETWORK, "ftplib", Timeout()),
    "socket.create_connection": (Category.NETWORK, "socket", Timeout(position=1)),
    "paramiko.SSHClient.exec_command": (Category.NETWORK, "socket", Timeout(position=2)),
    "subprocess.run": (Category.SUBPROCESS, "subprocess", Timeout()),
    "subprocess.call": (Category.SUBPROCESS, "subprocess", Timeout()),
    "subprocess.check_call": (Category.SUBPROCESS, "subprocess", Timeout()),
    "subprocess.check_output": (Category.SUBPROCESS, "subprocess", Timeout()),
    "subprocess.getoutput": (Category.SUBPROCESS, "subprocess", Timeout(())),
    "subprocess.getstatusoutput": (Category.SUBPROCESS, "subprocess", Timeout(())),
    "subprocess.Popen.wait": (Category.SUBPROCESS, "subprocess", Timeout(position=0)),
    "subprocess.Popen.communicate": (Category.SUBPROCESS, "subprocess", Timeout(position=1)),
    "os.system": (Category.SUBPROCESS, "subprocess", Timeout(())),
    "threading.Lock.acquire": (Category.LOCK, "threading", Timeout(position=1)),
    "threading.RLock.acquire": (Category.LOCK, "threading", Timeout(position=1)),
    "threading.Event.wait": (Category.LOCK, "threading", Timeout(position=0)),
    "threading.Condition.wait": (Category.LOCK, "threading", Timeout(position=0)),
    "threading.Thread.join": (Category.LOCK, "threading", Timeout(position=0)),
    "queue.Queue.get": (Category.LOCK, "threading", Timeout(position=1)),
    "filelock.FileLock": (Category.LOCK, "filelock", Timeout(position=1, as_context=True)),
    "redis.Redis.lock": (
        Category.LOCK,
        "redis",
        Timeout(("timeout", "blocking_timeout"), 1, as_context=True),
    ),
    "redis.Redis.blpop": (Category.CACHE, "redis", Timeout(position=1)),
    "redis.Redis.brpop": (Category.CACHE, "redis", Timeout(position=1)),
    "django.core.cache.cache.lock": (
        Category.LOCK,
        "redis",
        Timeout(("timeout", "blocking_timeout"), as_context=True),
    ),
}
_ONCE_ONLY: dict[tuple[Category, str], tuple[str, ...]] = {
    (Category.EMAIL, "smtplib"): (
        "django.core.mail.EmailMessage.send",
        "django.core.mail.EmailMultiAlternatives.send",
        "django.core.mail.get_connection.send_messages",
        "django.core.mail.mail_admins",
        "django.core.mail.mail_managers",
        "django.core.mail.send_mail",
        "django.core.mail.send_mass_mail",
        "flask_mail.Mail.send",
        "smtplib.SMTP.send_message",
        "smtplib.SMTP.sendmail",
        "smtplib.SMTP_SSL.send_message",
        "smtplib.SMTP_SSL.sendmail",
    ),
    (Category.EMAIL, "botocore"): (
        "boto3.client.send_email",
        "boto3.client.send_raw_email",
        "boto3.client.send_templated_email",
    ),
    (Category.EMAIL, "service"): ("sendgrid.SendGridAPIClient.send",),
    (Category.MESSAGE, "service"): (
        "firebase_admin.messaging.send",
        "firebase_admin.messaging.send_each_for_multicast",
        "slack_sdk.WebClient.chat_postMessage",
        "slack_sdk.webhook.WebhookClient.send",
        "tweepy.Client.create_tweet",
        "twilio.rest.Client.calls.create",
        "twilio.rest.Client.messages.create",
    ),
    (Category.PAYMENT, "stripe"): (
        *(
            f"stripe.{name}.create"
            for name in (
                "Charge",
                "Invoice",
                "InvoiceItem",
                "PaymentIntent",
                "Payout",
                "Refund",
                "Subscription",
            )
        ),
        "stripe.Transfer.create",
        *(
            f"stripe.StripeClient.{version}{name}.create"
            for version in ("", "v1.")
            for name in ("charges", "payment_intents", "payouts", "refunds", "subscriptions", "transfers")
        ),
    ),
    (Category.PAYMENT, "service"): (
        "braintree.BraintreeGateway.transaction.sale",
        "braintree.Transaction.credit",
        "braintree.Transaction.sale",
    ),
}
_DEEP = {
    "boto3.client.": Operation(Category.SERVICE, "botocore"),
    "boto3.resource.": Operation(Category.SERVICE, "botocore"),
    "google.cloud.": Operation(Category.SERVICE, "google"),
    "stripe.": Operation(Category.SERVICE, "stripe"),
    "openai.": Operation(Category.SERVICE, "openai"),
    "anthropic.": Operation(Category.SERVICE, "anthropic"),
    "slack_sdk.": Operation(Category.SERVICE, "service"),
    "twilio.rest.": Operation(Category.SERVICE, "service"),
    "urllib3.PoolManager.": Operation(Category.HTTP, "urllib3", Timeout(bounded=True)),
    "django.db.connection.": Operation(Category.DATABASE, "django.db"),
    "sqlalchemy.orm.Session.": Operation(Category.DATABASE, "sqlalchemy"),
    "sqlalchemy.orm.sessionmaker.": Operation(Category.DATABASE, "sqlalchemy"),
    "flask_sqlalchemy.SQLAlchemy.session.": Operation(Category.DATABASE, "sqlalchemy"),
    "pymongo.MongoClient.": Operation(Category.DATABASE, "pymongo"),
    "psycopg2.connect.": Operation(Category.DATABASE, "psycopg2"),
    "redis.Redis.": Operation(Category.CACHE, "redis"),
    "django.core.cache.cache.": Operation(Category.CACHE, "cache"),
    "elasticsearch.Elasticsearch.": Operation(Category.SERVICE, "elasticsearch"),
    "django.core.files.storage.default_storage.": Operation(Category.STORAGE, "storage"),
    "shutil.": Operation(Category.FILE, "file"),
}
"""Libraries of which every function and method counts, by how its path begins."""


def _exact() -> Iterator[tuple[str, Operation]]:
    for path, (category, library, timeout) in _WAITING.items():
        yield path, Operation(category, library, timeout)
    for (category, library), paths in _ONCE_ONLY.items():
        for path in paths:
            yield path, Operation(category, library, repeatable=False)
    for client, (library, timeout) in _HTTP_CLIENTS.items():
        for verb in ("get", "head", "options", "put", "delete", "post", "patch", "request"):
            yield f"{client}.{verb}", Operation(Category.HTTP, library, timeout, _REPEATABLE.get(verb))
    yield "django.db.transaction.atomic", Operation(Category.DATABASE, "django.db")
    yield "builtins.open", Operation(Category.FILE, "file")


_EXACT: Mapping[str, Operation] = dict(_exact())


def known_operation(path: str) -> Operation | None:
    """What a call of the function or method at `path` does."""
    path = canonical(path)
    found = _EXACT.get(path)
    if found is not None or path.rpartition(".")[2].endswith(("Error", "Exception")):
        return found
    return next((operation for prefix, operation in _DEEP.items() if path.startswith(prefix)), None)
