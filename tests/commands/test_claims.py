"""The demo replaces what a demo made and never anything else."""

from pathlib import Path

import pytest

from commands import claims
from commands.settings import Settings
from loaders.errors import EarshotError
from tests.commands.conftest import Earshot


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        str(tmp_path / "inbox"), str(tmp_path / "lake"), tmp_path / "warehouse.duckdb", tmp_path / "serving"
    )


def fill(settings: Settings) -> None:
    """What a demo leaves."""
    for path in (
        Path(settings.inbox) / "events" / "one.json",
        Path(settings.lake) / "loads" / "20260101T000000.000000Z.json",
        settings.warehouse,
        settings.serving / "earshot.duckdb",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("made by the demo")


def remains(tmp_path: Path) -> list[str]:
    return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())


def test_a_second_demo_replaces_the_first(settings: Settings, tmp_path: Path) -> None:
    claims.take(settings)
    fill(settings)
    claims.write(settings)
    claims.take(settings)
    assert remains(tmp_path) == ["serving/earshot.duckdb", "warehouse.duckdb.demo.json"]


def test_an_interrupted_demo_is_replaced_too(settings: Settings, tmp_path: Path) -> None:
    claims.take(settings)
    fill(settings)
    claims.take(settings)
    assert "inbox/events/one.json" not in remains(tmp_path)


@pytest.mark.parametrize("place", ["inbox/events/two.json", "lake/loads/20260102T000000.000000Z.json"])
def test_what_somebody_added_is_kept(settings: Settings, tmp_path: Path, place: str) -> None:
    claims.take(settings)
    fill(settings)
    claims.write(settings)
    (tmp_path / place).write_text("precious")
    before = remains(tmp_path)
    with pytest.raises(EarshotError, match=f"did not make what is in {tmp_path / place.split('/')[0]} and will not"):
        claims.take(settings)
    assert remains(tmp_path) == before


@pytest.mark.parametrize("place", ["inbox/a", "lake/a", "warehouse.duckdb", "serving/a"])
def test_what_was_there_before_is_kept(settings: Settings, tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("precious")
    with pytest.raises(EarshotError, match="did not make what is in"):
        claims.take(settings)
    assert remains(tmp_path) == [place]


def test_a_demo_elsewhere_proves_nothing(settings: Settings, tmp_path: Path) -> None:
    claims.take(settings)
    fill(settings)
    claims.write(settings)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("precious")
    elsewhere = Settings(str(tmp_path / "other"), settings.lake, settings.warehouse, settings.serving)
    with pytest.raises(EarshotError, match="other"):
        claims.take(elsewhere)
    assert (tmp_path / "other" / "file").exists()


def test_the_demo_refuses_in_a_sentence(earshot: Earshot, tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "precious").write_text("precious")
    done = earshot("demo")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "The demo did not make what is in" in done.stderr and done.stderr.count("\n") == 1
    assert earshot("demo", EARSHOT_LAKE="s3://bucket/lake").returncode == 2
