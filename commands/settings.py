"""Where things are: the environment variables every command and `profiles.yml` share."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Harlequin and dbt-colibri live apart: the second brings a compiled sqlglot, which tests/redshift can't extend.
EXTRAS = ROOT / ".extras" / "bin"
INSTALL_EXTRAS = (
    ".venv/bin/uv venv .extras && .venv/bin/uv pip install --python .extras/bin/python "
    "--require-hashes -r requirements-extras.lock"
)

DEFAULTS = {
    "EARSHOT_INBOX": "var/inbox",
    "EARSHOT_LAKE": "var/lake",
    "EARSHOT_WAREHOUSE": "var/earshot.duckdb",
    "EARSHOT_SERVING": "var/serving",
}


@dataclass(frozen=True)
class Settings:
    """Absolute locations. `inbox` and `lake` stay text because they may be `s3://` addresses."""

    inbox: str
    lake: str
    warehouse: Path
    serving: Path


def load() -> Settings:
    """Read the environment: an unset variable means its default below the project, a relative one counts from here.

    The absolute form is written back to the environment, so that dbt, which runs in the project's root,
    means the same places.
    """
    found = {}
    for name, default in DEFAULTS.items():
        value = os.environ.get(name) or str(ROOT / default)
        found[name] = value if "://" in value else str(Path(value).expanduser().absolute())
    os.environ.update(found)
    return Settings(
        inbox=found["EARSHOT_INBOX"],
        lake=found["EARSHOT_LAKE"],
        warehouse=Path(found["EARSHOT_WAREHOUSE"]),
        serving=Path(found["EARSHOT_SERVING"]),
    )
