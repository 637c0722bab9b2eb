"""The language server and the command line: the only layer that knows LSP.

It shows what `celery_analyzers` finds and `celery_codeactions` offers, and decides nothing about Celery
itself.
"""

__version__ = "0.1.0"
