"""Orders: what happens after the customer has paid."""

import requests
import stripe
from django.core.mail import send_mail

from shop.celery import app

STOCK_SERVICE = "https://stock.example.org"


@app.task(bind=True)
def send_confirmation(order_id: int):
    """Tell the customer that the order has come in."""
    send_mail("Your order", f"We have your order {order_id}.", "shop@example.org", ["you@example.org"])


@app.task(autoretry_for=(Exception,), retry_backoff=True, max_retries=5)
def charge(order_id: int, amount: int):
    """Take the money."""
    stripe.Charge.create(amount=amount, currency="eur", metadata={"order": order_id})


@app.task(rate_limit="10/min")
def restock(sku: str, pieces=1):
    """Order more of what is nearly gone."""
    requests.post(f"{STOCK_SERVICE}/orders", json={"sku": sku, "pieces": pieces})


@app.task(max_retry=3, soft_time_limit=120, time_limit=60)
def reserve(self, sku: str):
    """Put one piece aside."""
    try:
        requests.put(f"{STOCK_SERVICE}/reserved/{sku}", timeout=10).raise_for_status()
    except requests.ConnectionError as error:
        raise self.retry(exc=error, countdown=30)
