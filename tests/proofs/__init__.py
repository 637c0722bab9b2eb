"""Proofs: the rules' claims, shown on real Celery with real workers."""
