"""Reads Celery code: text in, facts and findings out.

This package knows Python and Celery. It must not know editors, LSP or the network, and it never imports or runs
the code that it reads.
"""
