"""COPY and UNLOAD as Redshift documents them, from and to folders that stand for buckets; anything else is refused.

The proxy hands each statement to `Buckets.translate`. The files are read here, by the rules of `columnar.py`; the rows
go into the table in the session that asked for them, by functions of `s3.pgsql`, so they share its transaction.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.redshift.rig import spectrum
from tests.redshift.rig.columnar import LARGEST_JSON, files_to_csv, fits, rows_to_csv, same_columns
from tests.redshift.rig.proxy import Refused
from tests.redshift.rig.rewrite import translate

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
ROLE = r"iam_role\s+(?:default|'arn:aws:iam::\d{12}:role/[^']+')"
_COPY = re.compile(
    rf"copy\s+(?P<table>[\w.\"]+)\s+(?:\((?P<columns>[^)]*)\)\s+)?from\s+'(?P<url>s3://[^']+)'\s+{ROLE}(?P<rest>.*)",
    re.I | re.S,
)
_UNLOAD = re.compile(
    rf"unload\s+\('(?P<query>(?:[^']|'')*)'\)\s+to\s+'(?P<url>s3://[^']+)'\s+{ROLE}(?P<rest>.*)", re.I | re.S
)
# Of a columnar format COPY takes these options alone.
_COLUMNAR = {"manifest", "fillrecord", "serializetojson", "acceptinvchars", "statupdate", "explicit_ids"}
_EMULATED = {"manifest"}


@dataclass
class Buckets:
    """`folders` are the buckets by name; `scratch` is a folder of the server's, where UNLOAD writes."""

    scratch: Path
    folders: dict[str, Path] = field(default_factory=dict)
    unloaded: dict[str, Path] = field(default_factory=dict)

    def translate(self, sql: str) -> str:
        """A statement as PostgreSQL takes it; raises Refused."""
        text = _COMMENT.sub("", sql).strip().rstrip(";")
        if text.lower().startswith("copy"):
            return self._copy(_matched(_COPY, text))
        if text.lower().startswith("unload"):
            return self._unload(_matched(_UNLOAD, text))
        if (external := spectrum.translate(text)) is not None:
            return external
        return translate(sql)

    def _copy(self, found: dict[str, str]) -> str:
        options = " ".join(found["rest"].lower().split())
        path = self.scratch / "copied.csv"
        columns = [name.strip().strip('"') for name in (found["columns"] or "").split(",") if name.strip()]
        if options == "format as json 'auto'":
            if not columns:
                raise Refused("COPY of JSON is emulated with a list of columns alone")
            rows_to_csv([[row.get(name) for name in columns] for row in self._json(found["url"])], path)
            told = "null"
        elif "format as parquet" in options:
            words = set(options.replace("format as parquet", "").split())
            if unknown := words - _COLUMNAR:
                raise Refused(f"COPY from PARQUET does not support {', '.join(sorted(unknown))}")
            if words - _EMULATED:
                raise Refused(f"{', '.join(sorted(words - _EMULATED))} of COPY is not emulated")
            files = self._manifest(found["url"]) if "manifest" in words else self._files(found["url"])
            told = _literal(json.dumps(fits(same_columns(files))))
            files_to_csv(files, path)
        else:
            raise Refused(f"COPY with {options} is not emulated")
        path.chmod(0o644)
        listed = _literal(json.dumps(columns))
        return f"select rs.copied({_literal(found['table'])}, {listed}, {told}, {_literal(str(path))})"

    def _unload(self, found: dict[str, str]) -> str:
        options = " ".join(found["rest"].lower().split())
        if options not in ("parallel off", "allowoverwrite parallel off"):
            raise Refused(f"UNLOAD with {options} is not emulated")
        query = found["query"].replace("''", "'")
        url = found["url"] + "000"
        if url in self.unloaded and "allowoverwrite" not in options:
            raise Refused(f"UNLOAD: specified unload destination {url} is not empty")
        path = self.scratch / quote(url, safe="")
        self.unloaded[url] = path
        return f"select rs.unloaded({_literal(translate(query))}, {_literal(str(path))})"

    def find(self, url: str) -> dict[str, Path]:
        """The objects whose address begins so, as S3 lists them: a prefix need not be a folder."""
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        root = self.folders.get(bucket)
        if root is None:
            raise Refused(f"S3ServiceException: The specified bucket does not exist: {bucket}")
        folder = (root / prefix).parent if not prefix.endswith("/") else root / prefix
        names = {
            f"s3://{bucket}/{path.relative_to(root).as_posix()}": path for path in folder.rglob("*") if path.is_file()
        }
        return {name: path for name, path in sorted({**names, **self.unloaded}.items()) if name.startswith(url)}

    def _files(self, url: str) -> list[Path]:
        found = [path for path in self.find(url).values() if not path.name.startswith((".", "_"))]
        if not found:
            raise Refused(f"The specified S3 prefix '{url.removeprefix('s3://').partition('/')[2]}' does not exist")
        return found

    def _manifest(self, url: str) -> list[Path]:
        try:
            entries = json.loads(self.find(url)[url].read_bytes())["entries"]
        except (KeyError, ValueError) as error:
            raise Refused(f"COPY: the manifest {url} can't be read: {error!r}") from error
        files = []
        for entry in entries:
            path = self.find(entry["url"]).get(entry["url"])
            if "meta" not in entry:
                raise Refused("COPY: a manifest of columnar files needs the content_length of each")
            if path is None and entry.get("mandatory"):
                raise Refused(f"COPY: the mandatory file {entry['url']} was not found")
            if path is not None and path.stat().st_size != entry["meta"]["content_length"]:
                raise Refused(f"COPY: {entry['url']} is not as long as the manifest says")
            files += [path] if path else []
        if not files:
            raise Refused(f"COPY: no file of the manifest {url} was found")
        return files

    def _json(self, url: str) -> list[dict[str, Any]]:
        """The objects of all files, one after the other, with whatever is between them."""
        found = []
        for path in self._files(url):
            text = path.read_text(encoding="utf-8").strip()
            while text:
                value, end = json.JSONDecoder().raw_decode(text)
                if end > LARGEST_JSON:
                    raise Refused(f"COPY: a JSON object of {path.name} is larger than 4 MB")
                found.append({name.lower(): part for name, part in value.items()})
                text = text[end:].strip()
        return found


def _matched(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise Refused(f"this form of it is not emulated: {text[:160]}")
    return match.groupdict()


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
