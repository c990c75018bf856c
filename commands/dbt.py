"""Running dbt inside this process, from the project's root, with its outcome as an exit code and a sentence."""

import contextlib
import itertools
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, cast

from commands import output
from commands.settings import ROOT
from loaders.errors import EarshotError

FAILED = {"error", "fail", "runtime error", "partial success"}


@dataclass
class Outcome:
    """What a dbt command did: how many nodes ended how, and the names of those that failed."""

    counts: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run(command: Sequence[str], arguments: Sequence[str] = (), quiet_stdout: bool = False) -> Outcome:
    """Run `dbt COMMAND ARGUMENTS`; dbt's own output goes to stdout, or to stderr with `quiet_stdout`.

    Raises EarshotError with code 2 when dbt does not understand the arguments or they select nothing, with code 1
    when it stopped for another reason. Nodes that failed raise nothing: they are in the outcome.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    from loaders import dbt_plugin

    close: Callable[[], None] = DuckDBConnectionManager.close_all_connections
    colors = [] if not output.no_color() else ["--no-use-colors"]
    began = time.monotonic()
    words = cast(TextIO, _WithoutTracebacks(sys.stderr if quiet_stdout else sys.stdout))
    with contextlib.chdir(ROOT), contextlib.redirect_stdout(words):
        try:
            done = dbtRunner().invoke([*command, *colors, *arguments])
        finally:
            close()  # dbt would keep the file locked as long as we live
            dbt_plugin.release()
    if done.exception is not None:
        raise _explained(done.exception, command, arguments)
    outcome = Outcome(seconds=time.monotonic() - began)
    results: list[Any] = getattr(done.result, "results", None) or []  # parsing and documenting have none
    results = [result for result in results if str(result.node.resource_type) != "operation"]  # hooks
    outcome.counts = dict(Counter(str(result.status) for result in results))
    outcome.failed = [result.node.name for result in results if str(result.status) in FAILED]
    if not done.success and not outcome.failed:
        raise EarshotError(f"`dbt {' '.join(command)}` did not succeed; what it printed and logs/dbt.log say why.")
    return outcome


class _WithoutTracebacks:
    """A stream that leaves out the tracebacks that dbt prints when it is interrupted or stops; its log has them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return len(text) if "Traceback (most recent call last)" in text else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def require_passed(outcome: Outcome) -> None:
    """Raise EarshotError when a node of the outcome failed."""
    if outcome.failed:
        names = ", ".join(outcome.failed[:5]) + (" and others" if len(outcome.failed) > 5 else "")
        raise EarshotError(
            f"{len(outcome.failed)} of {sum(outcome.counts.values())} nodes failed ({names}); "
            "what dbt printed and logs/dbt.log say why."
        )


def target_folder(arguments: Sequence[str]) -> Path:
    """Where dbt writes its artefacts, given the arguments it gets."""
    named = _given(arguments, "--target-path")
    return ROOT / (named[-1] if named else os.environ.get("DBT_TARGET_PATH") or "target")


def read_vars(text: str) -> dict[str, Any]:
    """What a `--vars` gives; raises EarshotError with code 2 when that is nothing, or a day that no month has."""
    import yaml

    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError:
        given = None
    except ValueError as error:  # YAML makes dates of what looks like one
        raise EarshotError(f"--vars {text!r} can't be read: {error}; write dates as YYYY-MM-DD.", 2) from None
    if not isinstance(given, dict):
        raise EarshotError(f"--vars {text!r} names no vars; write them like '{{as_of: 2026-01-31}}'.", 2)
    return given


def _given(arguments: Sequence[str], option: str) -> list[str]:
    """The values of an option, in either of its forms."""
    apart = [after for before, after in itertools.pairwise(arguments) if before == option]
    return apart + [word.removeprefix(f"{option}=") for word in arguments if word.startswith(f"{option}=")]


def _explained(error: BaseException, command: Sequence[str], arguments: Sequence[str]) -> BaseException:
    from dbt.cli.exceptions import DbtUsageException

    if isinstance(error, KeyboardInterrupt):
        return error
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()] or [type(error).__name__]
    if isinstance(error, DbtUsageException):
        return EarshotError(f"dbt does not take these arguments: {' '.join(lines)}; see `dbt {command[0]} --help`.", 2)
    if isinstance(error, ValueError):
        try:
            for text in _given(arguments, "--vars"):
                read_vars(text)
        except EarshotError as told:
            return told
    if "does not match any enabled nodes" in str(error):
        return EarshotError(f"{lines[-1]}; `dbt ls` prints what there is to select.", 2)
    # dbt heads its messages with their kind ("Compilation Error in macro …"); what happened stands below.
    said = " ".join(lines[:3]).rstrip(". ")
    return EarshotError(f"dbt stopped: {said}; logs/dbt.log has the details.")
