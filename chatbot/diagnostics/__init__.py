"""Checks one by one what a client on another machine needs. ``manage.py doctor`` prints the findings.

A finding is a message of Django's system checks: ``Info`` if a check passed, else ``Warning`` or ``Error`` with a hint.
"""
