"""Connects several processes to one service through Redis: heartbeats, claims, and copies of the event logs.

The only package that imports redis, and only when there is a ``REDIS_URL``.
"""
