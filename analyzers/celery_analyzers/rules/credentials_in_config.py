"""`credentials-in-config`: a password that stands in the code that configures an app."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from celery_analyzers.environment_files import Placeholder
from celery_analyzers.expressions import Reference
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.findings import Finding

_URLS = frozenset({"broker_url", "broker_read_url", "broker_write_url", "result_backend", "database_url"})
_SECRETS = frozenset({"broker_password", "redis_password", "s3_secret_access_key", "security_key_password"})
_URL = re.compile(r"[a-z][\w+.-]*://(?P<user>[^\s/:@?#]*):(?P<password>[^\s/@]+)@(?P<host>\[[^\]]*\]|[^\s/:?#,;]*)")
_LOCAL = re.compile(r"(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1\])?\Z", re.IGNORECASE)
_TEMPLATE = re.compile(r"[{}<>$%*]|\.\.\.|x{3,}", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"(?:your|my|some|the|change|replace|insert|example|dummy|fake|test|dev|local|default|celery|redis|rabbit|mq|user"
    r"|admin|root|guest|postgres|secret|pass(?:wd|word)?|pw|pwd|here|me|it|this|broker|key|demo|sample|[-_\d\s!.])+\Z",
    re.IGNORECASE,
)
"""Passwords that are put in place of one, and those of containers on a developer's machine."""


class CredentialsInConfig(Rule):
    """A password stands in the code that configures an app.

    ## What it does

    Finds literal passwords in the URLs of brokers and result backends, and in settings that are passwords.

    ## Why is this bad

    Whoever can read the repository, a fork or a backup of it can read and write the queues, and so have the workers run
    any task with any arguments. A password in the history of a repository is known for good: it can only be changed.

    ## Example

        app = Celery("shop", broker="amqps://shop:tr0ub4dor@mq.example.org/")
        #                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ the password of `shop` at `mq.example.org`
        #                                                                    stands in the code: who can read this can
        #                                                                    have the workers run any task

    ## Use instead

        app = Celery("shop", broker=os.environ["CELERY_BROKER_URL"])

    ## Not flagged

    What is read at run time, servers on the same machine, and what only stands for a password:

        app.conf.broker_url = f"amqps://shop:{os.environ['BROKER_PASSWORD']}@mq.example.org/"
        app.conf.result_backend = "redis://:tr0ub4dor@localhost:6379/0"
        app.conf.broker_read_url = "amqp://guest:guest@rabbitmq:5672//"
        app.conf.broker_write_url = "amqp://shop:your_password_here@rabbitmq:5672//"

    ## Fix safety

    The fix is unsafe: the variable must be set wherever the app runs. The project's `.env.example` gets a line for it,
    without the password. It is created where there is none, unless the editor cannot create files or the code comes
    through stdin: then the fix does without. No other file is touched, `.gitignore` neither. Change the password, too.

    ## References

    - [Security](https://docs.celeryq.dev/en/stable/userguide/security.html#broker)
    - [`broker_url`](https://docs.celeryq.dev/en/stable/userguide/configuration.html#broker-url)
    """

    PRELUDE = 'import os\n\nfrom celery import Celery\n\napp = Celery("shop")\n\n'
    code = "CEL009"
    severity = Severity.WARNING

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.name is None or context.in_tests:
            return
        if setting.name in _URLS:
            for node in _literals(context.node):
                found = _URL.search(str(node.value))
                if found is not None and _is_password(found):
                    user, host = unquote(found["user"]), found["host"]
                    whose = f"the password of `{user}` at `{host}`" if user else f"the password of `{host}`"
                    yield self._finding(node, whose, setting, context)
                    return
        elif setting.name in _SECRETS and isinstance(setting.value, str) and _is_secret(setting.value):
            yield self._finding(context.node, f"the value of `{setting.key}`", setting, context)

    def _finding(self, node: ast.expr, what: str, setting: SettingGiven, context: SettingContext) -> Finding:
        message = f"{what} stands in the code: who can read this can have the workers run any task"
        fix = _from_environment(setting, context) if node is context.node else None
        return self.finding(context.span(node), message, fix)


def _literals(node: ast.expr) -> Iterator[ast.Constant]:
    """The strings that a value may be, or be a part of: those inside an f-string are not whole."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node
    elif not isinstance(node, (ast.JoinedStr, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _literals(child)
            elif isinstance(child, ast.keyword):
                yield from _literals(child.value)


def _is_password(url: re.Match[str]) -> bool:
    password = unquote(url["password"])
    return password.lower() != unquote(url["user"]).lower() and not _LOCAL.match(url["host"]) and _is_secret(password)


def _is_secret(password: str) -> bool:
    """Whether this can be a password that protects something."""
    return bool(password) and not _TEMPLATE.search(password) and not _PLACEHOLDER.match(password)


def _from_environment(setting: SettingGiven, context: SettingContext) -> Fix:
    assert setting.name is not None
    variable = f"CELERY_{setting.name.upper()}"
    if evaluate_symbol(Reference("os.environ"), context.scope) == External("os.environ"):
        name, needed = "os.environ", None
    else:
        name, needed = context.imported("os", "environ")
    shown = context.project.ask("environment_example", variable, context.path)
    return Fix(
        f"Read it from the environment variable `{variable}`",
        (Edit(setting.value_span, f'{name}["{variable}"]'),),
        preferred=True,
        imports=() if needed is None else (needed,),
        elsewhere=() if shown is None else (Placeholder(Path(shown), variable),),
    )
