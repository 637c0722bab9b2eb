"""Turns findings and cursor positions into text edits.

This package knows fixes and layout. It must not know editors, LSP or the network.
"""
