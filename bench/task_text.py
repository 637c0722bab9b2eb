"""The text that a generated task module is made of: its beginning, its helpers and its tasks' statements.

Templates only: `$noun` and `$nouns` are the record that a task works on, `$id` the expression that names it,
`$n` a number that no other statement of the module has, `$other` a call target defined above. What is chosen,
and how often, is `task_module`'s business.
"""

from __future__ import annotations

from textwrap import dedent


def _texts(*templates: str) -> tuple[str, ...]:
    return tuple(dedent(template).strip("\n") for template in templates)


PREAMBLE = '''\
"""Background work of the shop: orders, invoices, shipments, and everything that must not hold up a request.

Times are UTC. Amounts are in cents, except in reports for the finance department (Zürich, Køge).
"""

from __future__ import annotations

import csv
import json
import logging
import os
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import requests
import stripe
from celery import Celery, chain, chord, group, shared_task
from celery.schedules import crontab
from django.core.mail import send_mail

app = Celery("shop", broker=os.environ["BROKER_URL"])
logger = logging.getLogger(__name__)

API_URL = "https://api.example.com/v2"
TIMEOUT = (3.05, 27)
BATCH_SIZE = 200
MAX_PAGES = 50
SKIPPED_STATES = frozenset({"cancelled", "merged", "draft"})


def api_get(path):
    """What the shop's own API answers at `path`."""
    response = requests.get(f"{API_URL}{path}", timeout=TIMEOUT)
    response.raise_for_status()
    return response.json()


def load_record(table: str, key: int) -> dict[str, Any]:
    return api_get(f"/{table}/{key}")


def save_record(table: str, record: dict[str, Any]) -> None:
    answer = requests.put(f"{API_URL}/{table}/{record['id']}", json=record, timeout=TIMEOUT)
    answer.raise_for_status()


def pending(table):
    return api_get(f"/{table}?state=pending")["results"]
'''

HELPERS = _texts(
    '''
    def ${noun}_label_$n($noun, prefix=""):
        """How people call the $noun; never empty."""
        label = $noun.get("label") or $noun.get("name")
        if not label:
            label = f"$noun {$noun['id']}"
        if prefix:
            return f"{prefix} {label}"
        return label
    ''',
    """
    def is_due_$n($noun: dict[str, Any], now: datetime) -> bool:
        due = datetime.fromisoformat($noun["due"])
        return due <= now and $noun.get("state") not in SKIPPED_STATES
    """,
    '''
    def ${nouns}_by_state_$n(${nouns}):
        """The $nouns, grouped by their state."""
        found = {}
        for $noun in $nouns:
            found.setdefault($noun.get("state", "new"), []).append($noun)
        return {state: sorted(members, key=lambda member: member["id"]) for state, members in found.items()}
    ''',
    """
    RETRY_CODES_$n = {
        429: "too many requests",
        502: "bad gateway",
        503: "unavailable",
        504: "gateway timeout",
    }
    """,
)

DOCSTRINGS = _texts(
    '"""Bring one $noun up to date."""',
    '''
    """Bring one $noun up to date, with all that hangs on it.

    Called when the $noun has changed, and every night for those that were missed.
    """
    ''',
)

BEAT_ENTRY = """\
app.conf.beat_schedule["$name-$hour"] = {
    "task": "shop.tasks.$name",
    "schedule": crontab($minutehour=$hour),
    "args": ($hour,),
}"""

# Each leaves a dictionary `$noun` and a list `rows` behind.
OPENERS = _texts(
    """
    $noun = load_record("$nouns", $id)
    rows = $noun.get("lines", [])
    """,
    """
    response = requests.get(f"{API_URL}/$nouns/{$id}", timeout=TIMEOUT)
    response.raise_for_status()
    $noun = response.json()
    rows = $noun["lines"]
    """,
    """
    response = requests.get(f"{API_URL}/$nouns/{$id}")
    $noun = json.loads(response.text)
    rows = $noun["lines"]
    """,
)
OPENER_WITHOUT_PARAMETERS = _texts(
    """
    $noun = pending("$nouns")[0]
    $id = $noun["id"]
    rows = $noun.get("lines", [])
    """
)[0]
RETRYING_OPENER = _texts(
    """
    try:
        $noun = load_record("$nouns", $id)
        rows = $noun.get("lines", [])
    except requests.RequestException as error:
        raise self.retry(exc=error, countdown=60)
    """
)[0]
SWALLOWED_RETRY_OPENER = _texts(
    """
    $noun = load_record("$nouns", $id)
    rows = $noun.get("lines", [])
    try:
        if $noun["state"] == "locked":
            raise self.retry(countdown=30)
        save_record("$nouns", $noun)
    except Exception:
        logger.exception("$noun %s was not saved", $id)
    """
)[0]

LINES = _texts(
    'logger.info("$noun %s: step $n", $id)',
    '$noun["step"] = $n',
    'save_record("$nouns", $noun)',
    "# The warehouse counts its steps from $n (Køge: two fewer).",
    'rows = [row for row in rows if row.get("quantity", 0) > 0]',
)
BLOCKS = _texts(
    """
    total_$n = sum(row["amount"] for row in rows if row.get("currency") == "EUR")
    $noun["total"] = round(total_$n / 100, 2)
    """,
    """
    for row in rows:
        if row.get("state") in SKIPPED_STATES:
            continue
        row["checked_at"] = time.time()
        save_record("${noun}_lines", row)
    """,
    """
    message_$n = {
        "id": $id,
        "state": $noun.get("state", "new"),
        "lines": len(rows),
        "place": "Zürich",
    }
    requests.post(f"{API_URL}/events/$nouns", json=message_$n, timeout=TIMEOUT)
    """,
    """
    try:
        stock_$n = api_get(f"/stock/{$noun['sku']}")
    except requests.HTTPError as error:
        logger.warning("no stock for $noun %s: %s", $id, error)
        stock_$n = {}
    $noun["stock"] = stock_$n.get("available", 0)
    """,
    """
    if $noun.get("state") == "new":
        $noun["state"] = "accepted"
    elif $noun.get("state") == "accepted" and len(rows) > BATCH_SIZE:
        $noun["state"] = "split"
        logger.info("$noun %s has %d lines and is split", $id, len(rows))
    else:
        $noun["state"] = "done"
    """,
    """
    page = 1
    while page <= MAX_PAGES:
        found = api_get(f"/$nouns/{$id}/history?page={page}")
        if not found["results"]:
            break
        rows.extend(found["results"])
        page += 1
    """,
    """
    grouped_$n: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        key = row.get("warehouse", "main")
        grouped_$n.setdefault(key, []).append(row)
    for key, members in grouped_$n.items():
        logger.debug("%s: %d lines", key, len(members))
        if len(members) > BATCH_SIZE:
            $noun.setdefault("split", []).append(key)
    """,
    """
    path = Path(tempfile.gettempdir()) / f"$nouns-{$id}-$n.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["line", "sku", "amount"])
        for number, row in enumerate(rows, start=1):
            writer.writerow([number, row["sku"], row["amount"]])
    """,
    """
    due_$n = datetime.now(timezone.utc) + timedelta(days=14)
    $noun["due"] = due_$n.isoformat()
    """,
    """
    try:
        api_get(f"/watchers/$nouns/{$id}")
    except Exception:
        logger.exception("the watchers of $noun %s were not told", $id)
    """,
)
# What must not happen twice.
SIDE_EFFECTS = _texts(
    """
    send_mail(
        subject="Your $noun",
        message=f"Your $noun {$id} is on its way.",
        from_email="shop@example.com",
        recipient_list=[$noun["email"]],
    )
    """,
    'stripe.Charge.create(amount=$noun["amount"], currency="eur", source=$noun["card"])',
)
DISPATCHES = _texts(
    "$other.delay($id)",
    "$other.apply_async(args=[$id], countdown=60)",
    'group($other.s(row["id"]) for row in rows).apply_async()',
    "chain($other.s($id), $other.si($id)).delay()",
    'chord([$other.s(row["id"]) for row in rows])($other.si($id))',
)
# What ruff's default rules find.
SLIPS = _texts(
    'answer_$n = api_get(f"/$nouns/{$id}/state")',
    'logger.info(f"a $noun is done")',
    """
    try:
        api_get(f"/caches/$nouns/{$id}/clear")
    except Exception:
        pass
    """,
    """
    try:
        save_record("$nouns", $noun)
    except:
        logger.error("$noun %s was not saved", $id)
    """,
    'logger.info("%s of the $nouns are left", ${nouns}_left)',
    '$noun["marks"] = dict()',
    "import subprocess",
)
