"""`shared-connection`: a connection that is made when the module is imported, and used by all processes of a worker."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from celery_analyzers.findings import Severity
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import Instance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_CONNECTED = (
    "MySQLdb.connect",
    "cx_Oracle.connect",
    "imaplib.IMAP4",
    "imaplib.IMAP4_SSL",
    "mysql.connector.connect",
    "oracledb.connect",
    "pika.BlockingConnection",
    "psycopg.Connection.connect",
    "psycopg.connect",
    "psycopg2.connect",
    "pymssql.connect",
    "pymysql.connect",
    "pyodbc.connect",
    "snowflake.connector.connect",
    "socket.create_connection",
    "sqlalchemy.create_engine.connect",
    "sqlalchemy.create_engine.raw_connection",
    "sqlite3.connect",
)
"""Calls that connect at once. Clients such as Redis's or an engine of SQLAlchemy's wait for the first use."""
_FORKING = (None, "prefork", "processes")


class SharedConnection(Rule):
    """A task uses a connection that was made when its module was imported.

    ## What it does

    Finds variables of modules that hold a connection to a database, a mail server or a broker, or a cursor of one,
    where a task uses them.

    ## Why is this bad

    The worker imports the module once and then forks: all its processes talk over one socket, read each other's answers
    and break each other's transactions. And when the server closes the connection, every task fails until the
    worker is started again.

    ## Example

        import psycopg2

        connection = psycopg2.connect("dbname=shop")

        @app.task
        def count():
            with connection.cursor() as cursor:
            #    ^^^^^^^^^^ `connection` is made when the module is imported: all processes of a worker share its
            #               socket
                cursor.execute("SELECT count(*) FROM orders")
                return cursor.fetchone()[0]

    ## Use instead

        import psycopg2

        @app.task
        def count():
            with psycopg2.connect("dbname=shop") as connection, connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM orders")
                return cursor.fetchone()[0]

    ## Not flagged

    What connects when it is first used, in each process by itself:

        import redis

        cache = redis.Redis()

        @app.task
        def count_visits():
            return cache.incr("visits")

    Nothing is said where the worker's pool does not fork, nor in tests.

    ## Fix safety

    There is no fix. Connect in the task, use a pool that connects on demand, or connect in a handler of the signal
    `worker_process_init`.

    ## References

    - [Signal `worker_process_init`](https://docs.celeryq.dev/en/stable/userguide/signals.html#worker-process-init)
    """

    code = "CEL904"
    severity = Severity.WARNING

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:  # noqa: ARG002
        body = context.body
        if body is None or context.in_tests:
            return
        seen: set[str] = set()
        for node in body.nodes:
            if not isinstance(node, ast.Name) or node.id in seen:
                continue
            seen.add(node.id)
            symbol = body.symbol(node)
            if not isinstance(symbol, Instance) or not _is_connected(symbol.path):
                continue
            if context.syntax.local_names.is_local(node):
                continue
            if not _forks(context):
                return
            message = f"`{node.id}` is made when the module is imported: all processes of a worker share its socket"
            yield self.finding(context.span(node), message)


def _is_connected(path: str) -> bool:
    return any(path == made or path.startswith(f"{made}.") for made in _CONNECTED)


def _forks(context: Context) -> bool:
    """Whether the worker's pool may be one of processes."""
    started = cast("tuple[object, ...]", context.project.ask("command_values", "pool") or ())
    is_default = context.setting("worker_pool") in _FORKING
    return is_default and (not started or any(pool in _FORKING[1:] for pool in started))
