"""The target `redshift` of profiles.yml: what it asks of the environment, and what it says when that is missing."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context
from dbt_common.exceptions import DbtRuntimeError

from tests.redshift.rig.houses import ROOT

CLUSTER = {"EARSHOT_REDSHIFT_HOST": "c.example", "EARSHOT_REDSHIFT_DATABASE": "earshot"}
PASSWORD = {**CLUSTER, "EARSHOT_REDSHIFT_USER": "me", "EARSHOT_REDSHIFT_PASSWORD": "secret"}
IAM = {**CLUSTER, "EARSHOT_REDSHIFT_METHOD": "iam", "EARSHOT_REDSHIFT_USER": "me", "EARSHOT_REDSHIFT_CLUSTER": "c"}
ROLE = {**CLUSTER, "EARSHOT_REDSHIFT_METHOD": "iam_role", "AWS_REGION": "eu-west-1", "AWS_PROFILE": "work"}


def _profile(environment: dict[str, str]) -> dict[str, Any]:
    set_invocation_context(environment)
    outputs = yaml.safe_load((Path(ROOT) / "profiles.yml").read_text(encoding="utf-8"))["earshot"]["outputs"]
    rendered: dict[str, Any] = ProfileRenderer({}).render_data(outputs["redshift"])
    return rendered


def test_password() -> None:
    profile = _profile(PASSWORD)
    assert (profile["method"], profile["user"], profile["pass"]) == ("database", "me", "secret")
    assert (profile["port"], profile["threads"], profile["cluster_id"], profile["region"]) == (5439, 4, None, None)


def test_iam_needs_no_password() -> None:
    profile = _profile(IAM)
    assert (profile["method"], profile["user"], profile["cluster_id"]) == ("iam", "me", "c")
    assert not profile["pass"]


def test_a_role_needs_no_user() -> None:
    profile = _profile(ROLE)
    assert (profile["method"], profile["region"], profile["iam_profile"]) == ("iam_role", "eu-west-1", "work")
    assert not profile["user"]


@pytest.mark.parametrize("missing", sorted(PASSWORD))
def test_a_missing_variable_is_named(missing: str) -> None:
    with pytest.raises(DbtRuntimeError, match=f"Env var required but not provided: '{missing}'"):
        _profile({name: value for name, value in PASSWORD.items() if name != missing})
