"""A broken file is refused whole; an odd one is read whole."""

import gzip
import hashlib
from pathlib import Path

import pytest

from loaders import textfiles
from loaders.store import Folder
from loaders.textfiles import Refused, Source

TEXT = b"".join(b"%d some text that repeats\n" % number for number in range(200_000))
PACKED = gzip.compress(TEXT, 1)
HELLO = gzip.compress(b"hello\n")

READ = {
    "plain": (b"hello\n", b"hello\n"),
    "empty": (b"", b""),
    "one byte of gzip's two": (b"\x1f", b"\x1f"),
    "gzip": (HELLO, b"hello\n"),
    "gzip of nothing": (gzip.compress(b""), b""),
    "several members": (HELLO + gzip.compress(b"") + HELLO, b"hello\nhello\n"),
    "zero padding": (HELLO + HELLO + b"\0" * 5000, b"hello\nhello\n"),
    "large": (PACKED, TEXT),
    "member at a block's border": (PACKED + HELLO, TEXT + b"hello\n"),
}
BROKEN = {
    "cut in the data": PACKED[: len(PACKED) // 2],
    "cut in the trailer": HELLO[:-3],
    "cut in the header": HELLO[:5],
    "second member cut": HELLO + HELLO[:9],
    "wrong CRC": HELLO[:-8] + bytes(4) + HELLO[-4:],
    "wrong length": HELLO[:-4] + bytes(4),
    "text after it": HELLO + b"hello\n",
    "text after padding": HELLO + b"\0\0hello",
    "member after padding": HELLO + b"\0\0" + HELLO,
    "damaged data": PACKED[:500] + b"damage" + PACKED[506:],
}


@pytest.mark.parametrize("kept", [textfiles.KEPT, 1000])
@pytest.mark.parametrize("name", READ)
def test_a_file_is_read_by_its_content(name: str, kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textfiles, "KEPT", kept)
    content, expected = READ[name]
    path = tmp_path / "file.txt"
    path.write_bytes(content)
    source = Source(Folder(path.parent), path.name, with_md5=True)
    assert b"".join(source) == expected
    assert source.fingerprint.size == len(content)
    assert (
        source.fingerprint.checksum
        == hashlib.sha256(content).hexdigest()
        == textfiles.checksum(source.store, path.name)
    )
    assert source.md5 == hashlib.md5(content).digest()


@pytest.mark.parametrize("kept", [textfiles.KEPT, 1000])
@pytest.mark.parametrize("name", BROKEN)
def test_nothing_of_a_broken_gzip_file_is_given(
    name: str, kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(textfiles, "KEPT", kept)
    path = tmp_path / "file.gz"
    path.write_bytes(BROKEN[name])
    source = iter(Source(Folder(path.parent), path.name))
    with pytest.raises(Refused):
        next(source)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(3 * textfiles.BLOCK))
    with pytest.raises(Refused, match="changed"):
        for _ in Source(Folder(path.parent), path.name):
            path.open("ab").write(b"x")
