"""The catalogue: tasks as they should be."""

import requests
from celery import shared_task


@shared_task(
    autoretry_for=(requests.ConnectionError, requests.Timeout),
    retry_backoff=True,
    max_retries=5,
    soft_time_limit=50,
    time_limit=60,
)
def refresh_prices(supplier: str, page: int = 1) -> int:
    """Fetch a supplier's prices; fetching them twice does no harm."""
    response = requests.get(f"https://{supplier}/prices", params={"page": page}, timeout=(3.05, 27))
    response.raise_for_status()
    return len(response.json())
