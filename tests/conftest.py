"""How the tests are spread over processes, and what these have in common."""

import signal
from pathlib import Path

import pytest

# A process takes the next file when it is free: what takes long comes first, so that none is left alone at the end.
LONG = ("redshift", "warehouse", "commands", "project")

# What a shell starts in the background has to ignore SIGINT, and so would the processes that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # of several processes
        here = Path(__file__).parent
        rooms = [item.path.relative_to(here).parts[0] for item in items]
        order = sorted(range(len(items)), key=lambda n: LONG.index(rooms[n]) if rooms[n] in LONG else len(LONG))
        items[:] = [items[n] for n in order]
