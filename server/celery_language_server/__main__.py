"""`python -m celery_language_server` is `celery-language-server`."""

from celery_language_server.serve import main

if __name__ == "__main__":
    raise SystemExit(main())
