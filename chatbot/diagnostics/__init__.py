"""Checks, one by one, of what a client outside needs. ``manage.py doctor`` prints the findings.

A finding is a message of Django's system checks: ``Info`` when all is well, else ``Warning`` or ``Error`` with a hint.
"""
