"""The queries of analyses/ by name, as SQL that runs on the published marts without dbt."""

from pathlib import Path

from jinja2 import Environment, StrictUndefined
from jinja2.exceptions import TemplateError

from loaders.errors import EarshotError
from serving.warehouse import MARTS, quoted

FOLDER = Path(__file__).resolve().parent.parent / "analyses"


class _Dbt:
    """What the queries ask of dbt's own macros, as dbt says it on DuckDB."""

    @staticmethod
    def dateadd(datepart: str, interval: int, from_date_or_timestamp: str) -> str:
        return f"date_add({from_date_or_timestamp}, interval ({interval}) {datepart})"


def names() -> list[str]:
    """The saved queries, by name."""
    return sorted(path.stem for path in FOLDER.glob("*.sql"))


def question(name: str) -> str:
    """What a saved query answers: the first sentence of the comment that it begins with."""
    from serving.query import first_sentence

    words = []
    for line in _text(name).splitlines():
        if not line.startswith("--"):
            break
        words.append(line.removeprefix("--").strip())
    return first_sentence(" ".join(words))


def sql(name: str) -> str:
    """A saved query with the published marts in the place of dbt's references; raises EarshotError if there is none."""
    environment = Environment(undefined=StrictUndefined)
    try:
        return environment.from_string(_text(name)).render(ref=lambda mart: f"{MARTS}.{quoted(mart)}", dbt=_Dbt)
    except TemplateError as error:
        raise EarshotError(
            f"analyses/{name}.sql asks dbt for what a published mart can't tell ({error}); "
            f"run `dbt show --select {name}` instead."
        ) from error


def _text(name: str) -> str:
    if name not in names():
        raise EarshotError(f"There is no saved query '{name}'; .saved lists those there are.")
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
