"""Several processes as one service, through Redis: who lives, who answers what, and copies of the event logs.

The only package that imports redis, and only when there is a ``REDIS_URL``.
"""
