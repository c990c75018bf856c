"""The platforms that marts are compared on differ in shape, and each has the traits it stands for."""

from collections.abc import Callable

import pytest

from tests.warehouse.platforms import PLATFORMS, Platform
from tests.warehouse.traits import TRAITS, Facts

# What says little by its nature: on the other platforms every mart has rows.
SPARSE = {"nothing", "nobody", "one user", "one day"}
# Ten people have to say the same; records have to be broken.
RARE = {"fct_voice_unrecognised", "fct_landing_rejects_daily"}


@pytest.mark.parametrize(
    ("trait", "name"),
    [(trait, name) for trait, names in TRAITS.items() for name in names],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_platform_has_its_trait(
    platform_named: Callable[[str], Platform], trait: Callable[[Facts], bool], name: str
) -> None:
    assert trait(Facts(platform_named(name).inbox))


def test_there_are_ten_shapes() -> None:
    assert len(PLATFORMS) >= 10
    assert {name for names in TRAITS.values() for name in names} == set(PLATFORMS)


@pytest.mark.parametrize("name", PLATFORMS)
def test_platforms_are_worth_comparing(platform_named: Callable[[str], Platform], name: str) -> None:
    """A comparison of empty marts would say nothing."""
    empty = {mart for mart, rows in platform_named(name).expected.items() if not rows}
    if name not in SPARSE:
        assert empty <= (set() if name in ("hand-written", "small town") else RARE)
    if name not in ("nothing", "nobody"):
        assert "fct_active_users_daily" not in empty
