"""Which places the demo filled, so that the next demo may replace its own data and never anybody else's."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from commands.settings import Settings
from loaders.errors import EarshotError

UNFINISHED = "unfinished"  # a demo was interrupted while it wrote there: what lies there is its own


def take(settings: Settings) -> None:
    """Empty the demo's places; raises EarshotError, and removes nothing, when one holds what no demo put there."""
    inbox, lake = _local(settings)
    mark = _read(settings)
    foreign = []
    if _files(inbox) and not _own(mark, "inbox", inbox, contents(inbox)):
        foreign.append(inbox)
    if _files(lake) and not _own(mark, "lake", lake, loads(lake)):
        foreign.append(lake)
    if settings.warehouse.exists() and not _own(mark, "warehouse", settings.warehouse):
        foreign.append(settings.warehouse)
    if _files(settings.serving) and not _own(mark, "serving", settings.serving):
        foreign.append(settings.serving)
    if foreign:
        raise EarshotError(
            f"The demo did not make what is in {', '.join(map(str, foreign))} and will not replace it; "
            "move it away, or set EARSHOT_INBOX, EARSHOT_LAKE, EARSHOT_WAREHOUSE and EARSHOT_SERVING to new places."
        )
    write(settings, UNFINISHED)
    for folder in (inbox, lake):
        shutil.rmtree(folder, ignore_errors=True)
    for file in (settings.warehouse, settings.warehouse.with_name(settings.warehouse.name + ".wal")):
        file.unlink(missing_ok=True)


def write(settings: Settings, state: str | None = None) -> None:
    """Remember the places as they now are, or as unfinished."""
    inbox, lake = _local(settings)
    mark = {
        "inbox": [str(inbox), state or contents(inbox)],
        "lake": [str(lake), state or loads(lake)],
        "warehouse": [str(settings.warehouse)],
        "serving": [str(settings.serving)],
    }
    settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
    _mark(settings).write_text(json.dumps(mark, indent=2) + "\n")


def contents(folder: Path) -> str:
    """A digest of the names and sizes of all files: another file, or a changed one, is somebody else's work."""
    digest = hashlib.sha256()
    for path in _files(folder):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\n".encode())
    return digest.hexdigest()


def loads(lake: Path) -> str:
    """The committed loads of a lake, as one text."""
    return " ".join(sorted(path.stem for path in (lake / "loads").glob("*.json")))


def _own(mark: dict[str, Any], name: str, place: Path, state: str | None = None) -> bool:
    found = mark.get(name, [])
    return found[:1] == [str(place)] and (state is None or found[1] in {state, UNFINISHED})


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _local(settings: Settings) -> tuple[Path, Path]:
    for name, place in (("EARSHOT_INBOX", settings.inbox), ("EARSHOT_LAKE", settings.lake)):
        if "://" in place:
            raise EarshotError(f"The demo stays on this machine, but {name} is {place}; set it to a folder.", 2)
    return Path(settings.inbox), Path(settings.lake)


def _mark(settings: Settings) -> Path:
    return settings.warehouse.with_name(settings.warehouse.name + ".demo.json")


def _read(settings: Settings) -> dict[str, Any]:
    try:
        mark: dict[str, Any] = json.loads(_mark(settings).read_text())
    except (OSError, ValueError):
        return {}
    return mark
