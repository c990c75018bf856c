"""A server that speaks S3, in this process, over loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer


@dataclass(frozen=True)
class Server:
    """Its address, and a client that sees what Earshot doesn't."""

    endpoint: str
    client: Any

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Every key of a bucket below a prefix, the markers of folders left out."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = (entry["Key"] for page in pages for entry in page.get("Contents", []))
        return [key for key in keys if not key.endswith("/")]


@contextmanager
def serving(*buckets: str) -> Iterator[Server]:
    """An empty server with these buckets; inside, the environment leads to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    # Servers of one process share what they hold.
    urlopen(Request(f"{endpoint}/moto-api/reset", method="POST")).close()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("EARSHOT_S3_ENDPOINT", endpoint)
        environment.setenv("AWS_ACCESS_KEY_ID", "nobody")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        environment.setenv("AWS_REGION", "us-east-1")
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        client = boto3.client("s3", endpoint_url=endpoint)
        for bucket in buckets:
            client.create_bucket(Bucket=bucket)
        try:
            yield Server(endpoint, client)
        finally:
            server.stop()
