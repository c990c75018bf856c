"""bootstrap_warehouse: who may do what, asked as each of them; partners see their rows alone, after rebuilds too."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from serving.partners import SHARED
from tests.redshift.rig.houses import ROOT, dbt, stage
from tests.redshift.rig.server import Rig, running
from tests.warehouse.helpers import together
from tests.warehouse.houses import WITHOUT_TESTS, House, deliver_and_land, without_comments
from tests.warehouse.scenarios import all_together

USERS = (
    "warehouse_users: {etl: [loader], dbt: [transformer], ana: [analyst], superset: [bi], nord: [partner_nordklang], "
    "velo: [partner_velora]}"
)
# Marts with a partner, one of nobody's, and one that tells partners nothing; some incremental, some made anew.
MARTS = (
    "fct_active_users_daily",
    "fct_registrations_daily",
    "fct_user_activity_daily",
    "dim_countries",
    "fct_landing_loads",
)
SELECTED = ["--select", *(f"+{mart}" for mart in MARTS), *WITHOUT_TESTS]
FENCED = MARTS[:3]


@dataclass(frozen=True)
class Fenced:
    """The rig after its warehouse was set up and built; what bootstrap_warehouse printed on the way."""

    rig: Rig
    house: House
    manifest: Any
    dry: str

    def ask(self, user: str, sql: str) -> list[tuple[Any, ...]]:
        """Query as a user; raises InsufficientPrivilege where that is not allowed."""
        with closing(self.rig.connect(user=user)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []


def bootstrap(rig: Rig, folder: Any, manifest: Any, variables: str = USERS, user: str = "admin") -> tuple[bool, str]:
    """Whether it went through, and what was said."""
    said: list[str] = []
    given = ["run-operation", "bootstrap_warehouse", "--vars", f"{{{variables}}}"]
    done = dbt(_As(rig, user), folder / "target", *given, manifest=manifest, said=said)
    return done.success, "\n".join(said)


@dataclass(frozen=True)
class _As:
    """The rig, for a user other than dbt."""

    rig: Rig
    user: str

    @property
    def buckets(self) -> Any:
        return self.rig.buckets

    @property
    def environment(self) -> Mapping[str, str]:
        return {**self.rig.environment, "EARSHOT_REDSHIFT_USER": self.user}


@pytest.fixture(scope="module")
def own_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One of its own: roles belong to the whole server."""
    with running(tmp_path_factory.mktemp("fenced") / "data") as rig:
        yield rig


@pytest.fixture(scope="module")
def fenced(own_rig: Rig, manifest: Any, artefacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fenced]:
    rig, folder = own_rig, tmp_path_factory.mktemp("rights")
    with closing(rig.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("create role admin superuser login")
        cursor.execute("alter role admin in database earshot set search_path = rs, pg_catalog, public")
    house = House(folder / "house", artefacts)
    silent = without_comments(manifest)
    days = list(all_together().values())
    deliver_and_land(house, together(*days[:4]))
    # As docs/redshift.md says: set up, the raw layer, the seed, set up what that names, build.
    assert bootstrap(rig, folder, silent)[0]
    assert stage(_As(rig, "etl"), house, folder / "target", manifest=silent)[0]
    assert dbt(rig, folder / "target", "seed", "--select", "clients", manifest=silent).success
    done, dry = bootstrap(rig, folder, silent, f"{USERS}, dry_run: true")
    assert done
    assert bootstrap(rig, folder, silent)[0]
    first = dbt(rig, folder / "target", "build", *SELECTED, manifest=silent)
    assert first.success, [result.message for result in first.result.results if result.status == "error"]
    yield Fenced(rig, house, silent, dry)


def rows(fenced: Fenced, user: str, mart: str, condition: str = "true") -> list[tuple[Any, ...]]:
    return sorted(fenced.ask(user, f"select * from marts.{mart} where {condition}"), key=repr)


@pytest.mark.parametrize("mart", FENCED)
@pytest.mark.parametrize(("user", "partner"), [("nord", "nordklang"), ("velo", "velora")])
def test_a_partner_sees_its_rows_and_no_other(fenced: Fenced, user: str, partner: str, mart: str) -> None:
    own = rows(fenced, "postgres", mart, f"partner_id = '{partner}'")
    assert own and rows(fenced, user, mart) == own
    assert len(rows(fenced, "postgres", mart)) > len(own)


def test_a_partner_reads_what_is_nobodys_and_nothing_else(fenced: Fenced) -> None:
    assert rows(fenced, "nord", "dim_countries") == rows(fenced, "postgres", "dim_countries")
    for relation in ("marts.fct_landing_loads", "staging.stg_dynamodb__users", "raw.users", "seeds.clients"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            fenced.ask("nord", f"select * from {relation}")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        fenced.ask("nord", "delete from marts.fct_registrations_daily")


def test_bi_reads_all_rows_of_marts_and_nothing_else(fenced: Fenced) -> None:
    for mart in MARTS:
        assert rows(fenced, "superset", mart) == rows(fenced, "postgres", mart)
    for sql in (
        "select * from staging.stg_dynamodb__users",
        "select * from intermediate.int_user_days",
        "select * from raw.users",
        "delete from marts.fct_registrations_daily",
        "create table marts.mine (a int)",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            fenced.ask("superset", sql)


def test_an_analyst_reads_every_layer_but_the_raw_one_and_writes_none(fenced: Fenced) -> None:
    for relation in ("staging.stg_dynamodb__users", "intermediate.int_registrations", "seeds.clients"):
        assert fenced.ask("ana", f"select * from {relation}")
    for mart in MARTS:
        assert rows(fenced, "ana", mart) == rows(fenced, "postgres", mart)
    for sql in ("select * from raw.users", "delete from seeds.clients", "create table staging.mine (a int)"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            fenced.ask("ana", sql)


def test_a_loader_writes_raw_tables_and_reads_no_mart(fenced: Fenced) -> None:
    fenced.ask("etl", "create table raw.new_dataset (a int); insert into raw.new_dataset values (1)")
    assert fenced.ask("dbt", "select * from raw.new_dataset") == [(1,)]
    for sql in ("select * from marts.dim_countries", "create table marts.mine (a int)"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            fenced.ask("etl", sql)


def test_the_transformer_reads_raw_tables_and_writes_none(fenced: Fenced) -> None:
    assert fenced.ask("dbt", "select * from raw.users")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        fenced.ask("dbt", "create table raw.mine (a int)")


def test_the_same_partners_see_the_same_marts_as_in_their_files() -> None:
    text = (ROOT / "macros" / "warehouse" / "secure_mart.sql").read_text("utf-8")
    assert all(f"'{mart}'" in text for mart in SHARED)
    assert text.split("macro marts_of_nobody")[1].count("'") == 2 * len(SHARED)


def test_a_second_time_changes_nothing(fenced: Fenced, tmp_path: Any) -> None:
    def state() -> list[list[tuple[Any, ...]]]:
        queries = (
            "select rolname, rolsuper, rolcanlogin from pg_roles order by 1",
            "select * from svv_user_grants order by 1, 2",
            "select * from svv_role_grants order by 1, 2",
            "select * from svv_rls_attached_policy order by 1, 2, 3",
            "select relname, relacl::text, relrowsecurity from pg_class "
            "where relnamespace = 'marts'::regnamespace order by 1",
            "select nspname, nspacl::text from pg_namespace order by 1",
            "select defaclrole::regrole::text, defaclacl::text from pg_default_acl order by 1, 2",
        )
        return [fenced.ask("postgres", query) for query in queries]

    before = state()
    assert bootstrap(fenced.rig, tmp_path, fenced.manifest)[0]
    assert state() == before


def test_a_dry_run_prints_what_it_would_run(fenced: Fenced) -> None:
    assert "create role earshot_partner_velora;" in fenced.dry
    assert (
        "create rls policy earshot_partner_velora with (partner_id varchar(256)) using (partner_id = 'velora');"
        in fenced.dry
    )
    assert 'create user "velo"' not in fenced.dry  # the first time made them
    assert 'grant role earshot_partner_velora to "velo";' in fenced.dry


def test_rebuilt_and_grown_marts_are_fenced_again(fenced: Fenced, tmp_path: Any) -> None:
    before = {mart: fenced.ask("postgres", f"select 'marts.{mart}'::regclass::oid") for mart in FENCED}
    full = dbt(fenced.rig, tmp_path, "build", *SELECTED, "--full-refresh", manifest=fenced.manifest)
    assert full.success, [result.message for result in full.result.results if result.status == "error"]
    after = {mart: fenced.ask("postgres", f"select 'marts.{mart}'::regclass::oid") for mart in FENCED}
    assert not [mart for mart in FENCED if before[mart] == after[mart]]
    grown = dbt(fenced.rig, tmp_path, "build", *SELECTED, manifest=fenced.manifest)
    assert grown.success
    for mart in FENCED:
        own = rows(fenced, "postgres", mart, "partner_id = 'nordklang'")
        assert own and rows(fenced, "nord", mart) == own
        assert rows(fenced, "superset", mart) == rows(fenced, "postgres", mart)


def test_who_may_not_set_up_is_told(fenced: Fenced, tmp_path: Any) -> None:
    done, said = bootstrap(fenced.rig, tmp_path, fenced.manifest, user="dbt")
    assert not done and "dbt may not; run it as a superuser" in said


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ("warehouse_users: {ana: [boss]}", "gives 'ana' the role 'boss'; the roles are loader, transformer"),
        ("warehouse_users: {'a b': [bi]}", "names the user 'a b'; use lower-case"),
        ("warehouse_users: {ana: bi}", "gives 'ana' no list of roles"),
    ],
)
def test_impossible_users_are_told(fenced: Fenced, tmp_path: Any, variables: str, words: str) -> None:
    done, said = bootstrap(fenced.rig, tmp_path, fenced.manifest, variables)
    assert not done and words in said
