"""The Celery app of the shop."""

import os

from celery import Celery
from celery.schedules import crontab

app = Celery("shop", broker=os.environ.get("CELERY_BROKER_URL", "redis://localhost/0"))
app.conf.task_aks_late = True
app.autodiscover_tasks(["shop"])

app.conf.beat_schedule = {
    "daily-report": {
        "task": "shop.reports.daily_report",
        "schedule": crontab(hour=7),
        "args": ["yesterday"],
    },
    "restock": {
        "task": "shop.tasks.restok",
        "schedule": crontab(minute="*/10"),
        "args": ["tea"],
    },
}
