"""Whatever happens on the way to a store in S3: a lake holds a load whole or not at all, and nothing twice."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from loaders import bucket
from loaders.errors import EarshotError
from loaders.land import land
from tests.loaders.buckets import MORE, Rig, content, platform, require_whole, rig, seen
from tests.loaders.faults import FAULTS, Plan, Request, Seeded, no_faults

INBOX = "s3://bucket/inbox"
QUICK = tuple(fault for fault in FAULTS if fault != "slow")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig() as made:
        files = platform(tmp_path_factory.mktemp("platform"))
        made.fill(
            "inbox", {path: text for path, text in files.items() if "part 1" not in path and "part 2" not in path}
        )
        yield made


@pytest.fixture(scope="module")
def straight(there: Rig) -> dict[str, Counter[str]]:
    land(INBOX, "s3://bucket/straight", workers=1)
    held = there.lake("straight")
    require_whole(held)
    return content(held)


@pytest.fixture
def lake(there: Rig) -> Iterator[str]:
    yield "lake"
    there.proxy.plan = no_faults
    there.clear("lake/")


def attempt(there: Rig, lake: str) -> str | None:
    """Land; the sentence that a run which could not was ended with."""
    started = time.monotonic()
    try:
        report = land(INBOX, f"s3://bucket/{lake}", workers=1)
    except EarshotError as error:
        words = str(error)
        assert words.endswith(".") and words.count("s3://") >= 1 and error.code == 1, words
        assert time.monotonic() - started < 60
        return words
    assert report.refused == []
    return None


@pytest.mark.parametrize("fault", [*QUICK, "409"])
def test_the_first_of_all_requests_fails(fault: str, there: Rig, lake: str, straight: dict[str, Counter[str]]) -> None:
    """Every request has to be made twice, also those that did their work the first time."""
    there.proxy.forget()
    there.proxy.plan = lambda request: fault if request.nth == 0 else None
    assert attempt(there, lake) is None
    there.proxy.plan = no_faults
    held = there.lake(lake)
    assert content(held) == straight
    require_whole(held)


@pytest.mark.parametrize("seed", range(2 * MORE))
def test_a_few_faults_are_not_noticed(seed: int, there: Rig, lake: str, straight: dict[str, Counter[str]]) -> None:
    there.proxy.plan = Seeded(seed, 0.2, faults=QUICK)
    assert attempt(there, lake) is None
    there.proxy.plan = no_faults
    held = there.lake(lake)
    assert content(held) == straight
    require_whole(held)


@pytest.mark.parametrize("seed", range(5 * MORE))
def test_many_faults_end_in_a_sentence_and_leave_nothing_that_stays(
    seed: int, there: Rig, lake: str, straight: dict[str, Counter[str]]
) -> None:
    """Each run meets faults that do not stop; what a reader sees after it is nothing or everything."""
    chance = random.Random(seed)
    for _ in range(2):
        there.proxy.plan = Seeded(chance.randrange(10**9), chance.choice([0.4, 0.6, 0.8]), most=99, faults=QUICK)
        attempt(there, lake)
        there.proxy.plan = no_faults
        assert seen(there.lake(lake)) in ({}, straight)
    assert attempt(there, lake) is None
    held = there.lake(lake)
    assert content(held) == straight
    require_whole(held)
    assert there.uploads() == []


KINDS = (
    "list",
    "read source",
    "head source",
    "write data",
    "write intent",
    "write record",
    "write lock",
    "read lock",
    "delete intent",
    "head data",
)


def only(kind: str, fault: str, first: bool = False) -> Plan:
    """A fault for every request of a kind, or for the first of each."""
    return lambda request: fault if request.kind == kind and not (first and request.nth) else None


def denied(methods: tuple[str, ...], request: Request) -> str | None:
    return "403" if request.method in methods else None


@pytest.mark.parametrize("fault", ["503", "lost", "cut"] if MORE > 1 else ["lost"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_never_works_again(
    kind: str, fault: str, there: Rig, lake: str, straight: dict[str, Counter[str]]
) -> None:
    """All requests of a kind fail."""
    count: Counter[str] = Counter()

    def plan(request: Request) -> str | None:
        count[request.kind] += 1
        return fault if request.kind == kind else None

    there.proxy.plan = plan
    words = attempt(there, lake)
    there.proxy.plan = no_faults
    assert count[kind], "no such request was made"
    assert seen(there.lake(lake)) in ({}, straight)
    # What did its work was done, whatever was heard of it; the last delete is made up for by the next run.
    if kind not in ("delete intent", "head data", "write record") and (kind, fault) != ("write data", "lost"):
        assert words is not None
    assert attempt(there, lake) is None
    held = there.lake(lake)
    assert content(held) == straight
    require_whole(held)


def test_uploads_in_parts(there: Rig, lake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "PART", 5 << 20)
    store = bucket.Bucket("bucket", lake)
    text = random.Random(1).randbytes(11 << 20)

    def put(name: str) -> None:
        (tmp_path / "file").write_bytes(text)
        store.put(tmp_path / "file", name)
        assert not (tmp_path / "file").exists()

    lost = [("upload ends", "lost"), ("upload part", "503"), ("upload part", "lost"), ("upload begins", "lost")]
    for kind, fault in lost:
        there.proxy.plan = only(kind, fault, first=True)
        put(f"raw/{kind} {fault}")
        assert there.lake(lake)[f"raw/{kind} {fault}"] == text
    for kind, fault in lost[:3]:
        there.proxy.plan = only(kind, fault)
        if (kind, fault) == ("upload ends", "lost"):
            put("raw/there nevertheless")
            continue
        with pytest.raises(EarshotError, match="s3://bucket"):
            put("raw/never")
        assert "raw/never" not in there.lake(lake)
    there.proxy.plan = no_faults
    store.give_up(["raw/never", *(f"raw/{kind} {fault}" for kind, fault in lost)])
    assert there.uploads() == []


def test_no_answer_in_time(
    there: Rig, lake: str, straight: dict[str, Counter[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "READ_SECONDS", 2)
    monkeypatch.setattr(there.proxy, "slow", 3)
    bucket._made.cache_clear()
    there.proxy.plan = lambda request: "slow" if request.nth == 0 and request.kind in ("write record", "list") else None
    try:
        assert attempt(there, lake) is None
    finally:
        bucket._made.cache_clear()
    there.proxy.plan = no_faults
    assert content(there.lake(lake)) == straight


def sentence(address: str, act: Callable[[], object]) -> str:
    started = time.monotonic()
    with pytest.raises(EarshotError) as failure:
        act()
    assert time.monotonic() - started < 30
    assert address in str(failure.value)
    return str(failure.value)


def test_what_is_wrong_with_a_place_is_said(
    there: Rig, lake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def try_it(inbox: str = INBOX, address: str = "s3://bucket/lake") -> Callable[[], object]:
        bucket._made.cache_clear()
        return lambda: land(inbox, address, workers=1)

    assert "set EARSHOT_INBOX" in sentence("s3://no-such-bucket", try_it("s3://no-such-bucket/inbox"))
    assert "check EARSHOT_LAKE" in sentence("s3://no-such-bucket", try_it(address="s3://no-such-bucket/lake"))
    for kinds in (("GET", "HEAD", "PUT"), ("PUT",), ("GET",)):
        there.proxy.plan = partial(denied, kinds)
        words = sentence("s3://bucket", try_it())
        assert "may not be used with these credentials" in words and "docs/landing.md" in words
    there.proxy.plan = no_faults
    with monkeypatch.context() as patched:
        patched.setenv("EARSHOT_S3_ENDPOINT", "http://127.0.0.1:9")
        words = sentence("http://127.0.0.1:9", try_it())
        assert "gives no answer" in words and "EARSHOT_S3_ENDPOINT" in words
    with monkeypatch.context() as patched:
        patched.setenv("EARSHOT_S3_ENDPOINT", "http://no host")
        assert "EARSHOT_S3_ENDPOINT" in sentence("no host", try_it())
    with monkeypatch.context() as patched:
        patched.delenv("AWS_ACCESS_KEY_ID")
        patched.delenv("AWS_SECRET_ACCESS_KEY")
        patched.setenv("HOME", str(tmp_path))
        assert "set AWS_ACCESS_KEY_ID" in sentence("s3://bucket", try_it())
    with monkeypatch.context() as patched:
        patched.delenv("AWS_REGION")
        bucket._made.cache_clear()
        assert attempt(there, lake) is None
    bucket._made.cache_clear()


def test_a_file_that_may_not_be_read_is_refused_alone(there: Rig, lake: str) -> None:
    name = "events/cn/play/2026/03/02/packed.json.gz"
    there.proxy.plan = lambda request: "403" if request.key == f"inbox/{name}" and request.method == "GET" else None
    report = land(INBOX, f"s3://bucket/{lake}", workers=1)
    assert [path for path, _ in report.refused] == [name] and "AccessDenied" in report.refused[0][1]
    assert report.datasets["play"].landed == 4
