"""Are the settings possible? What is wrong is said in sentences, each with its remedy."""

import os
from pathlib import Path

from commands.settings import Settings
from loaders.errors import EarshotError


def problems(settings: Settings) -> list[str]:
    """What is wrong with the locations; empty when nothing is."""
    found = []
    for name in ("EARSHOT_WAREHOUSE", "EARSHOT_SERVING"):
        if "://" in os.environ.get(name, ""):
            found.append(f"{name} is {os.environ[name]}, but it has to be on this machine; set it to a path.")
    if found:
        return found
    folders = {"EARSHOT_SERVING": settings.serving}
    for name, place in (("EARSHOT_INBOX", settings.inbox), ("EARSHOT_LAKE", settings.lake)):
        if "://" not in place:
            folders[name] = Path(place)
        elif not place.startswith("s3://"):
            found.append(f"{name} is {place}; it can be a folder or begin with s3://.")
    for name, folder in folders.items():
        if folder.exists() and not folder.is_dir():
            found.append(f"{name} is {folder}, which is a file; set it to a folder.")
    if settings.warehouse.is_dir():
        found.append(
            f"EARSHOT_WAREHOUSE is {settings.warehouse}, which is a folder; set it to a file, like var/earshot.duckdb."
        )
    places = {**folders, "EARSHOT_WAREHOUSE": settings.warehouse}
    for name, path in sorted(places.items()):
        for other, folder in sorted(folders.items()):
            if name != other and path.is_relative_to(folder) and (path != folder or name < other):
                found.append(f"{name} ({path}) lies in {other} ({folder}); set them to places that are apart.")
    for name in ("EARSHOT_LAKE", "EARSHOT_WAREHOUSE", "EARSHOT_SERVING"):
        if name in places:
            there = nearest(places[name])
            if not os.access(there, os.W_OK):
                found.append(
                    f"{name} is {places[name]}, but {there} cannot be written; set it elsewhere or change the rights."
                )
    return found


def require_possible(settings: Settings) -> None:
    """Raise EarshotError for the first thing that is wrong with the settings."""
    for sentence in problems(settings):
        raise EarshotError(sentence)


def nearest(path: Path) -> Path:
    """The path itself, or the closest folder above it that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
