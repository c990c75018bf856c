"""What dbt on DuckDB needs of the lake (named in profiles.yml): files that stay while it reads, and a way into S3."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from dbt.adapters.duckdb.plugins import BasePlugin

from loaders.locks import reader_lock
from loaders.store import Bucket, open_store, s3

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Held until `release`, or until the process ends.
_held = ExitStack()


class Plugin(BasePlugin):
    """Asked by dbt once for each connection it opens to the warehouse's file."""

    def configure_connection(self, connection: DuckDBPyConnection) -> None:
        """Hold the lake's files, so that none goes that the raw views name, and let DuckDB read `s3://`."""
        release()
        lake = open_store(os.environ.get("EARSHOT_LAKE", "var/lake"), "EARSHOT_LAKE")
        if isinstance(lake, Bucket):
            from fsspec.implementations.arrow import ArrowFSWrapper

            class S3(ArrowFSWrapper):  # type: ignore[misc] # fsspec has no type hints
                protocol = "s3"

            connection.register_filesystem(S3(s3(lake.bucket), skip_instance_cache=True))
        if lake.exists():
            _held.enter_context(reader_lock(lake))


def release() -> None:
    """Let the lake's files go: the connection is closed."""
    _held.close()
