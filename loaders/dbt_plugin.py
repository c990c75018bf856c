"""What dbt on DuckDB needs of the lake (named in profiles.yml): files that stay while it reads, and a way into S3."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from dbt.adapters.duckdb.plugins import BasePlugin

from loaders.bucket import ATTEMPTS, CONNECT_SECONDS, ENDPOINT_VARIABLE, READ_SECONDS, Bucket
from loaders.locks import reader_lock
from loaders.store import open_store, said

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyarrow import fs

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

            connection.register_filesystem(S3(_arrow(lake), skip_instance_cache=True))
        if lake.exists():
            _held.enter_context(reader_lock(lake))


def release() -> None:
    """Let the lake's files go: the connection is closed."""
    _held.close()


def _arrow(lake: Bucket) -> fs.S3FileSystem:
    """The lake's bucket as a file system that DuckDB can be lent, with the credentials that the environment gives."""
    from pyarrow import fs

    endpoint = os.environ.get(ENDPOINT_VARIABLE)
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    with said(lake.address):
        if region is None:
            region = "us-east-1" if endpoint else fs.resolve_s3_region(lake.bucket)
        return fs.S3FileSystem(
            endpoint_override=endpoint,
            region=region,
            connect_timeout=CONNECT_SECONDS,
            request_timeout=READ_SECONDS,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
        )
