"""What an outside client needs, checked one by one. ``manage.py doctor`` prints what is found.

A finding is a message of Django's system checks: ``Info`` when all is well, else ``Warning`` or ``Error`` with a hint.
"""
