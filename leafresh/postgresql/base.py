"""A PostgreSQL backend for Django that does not wait for a connection during an outage."""

from typing import Any

from django.db.backends.postgresql import base

from leafresh.postgresql.connection import outage


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        pool = self.pool
        if pool is None:
            return super().get_new_connection(conn_params)
        with outage.attempt(lambda: pool.get_stats()["pool_available"] > 0):
            return super().get_new_connection(conn_params)
