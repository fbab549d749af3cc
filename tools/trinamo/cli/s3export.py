"""The layout of DynamoDB's exports to S3, in a directory: what `aws s3 sync` brings from a bucket, or takes there.

    AWSDynamoDB/<id>/_started                         empty
    AWSDynamoDB/<id>/data/<random>.json.gz            lines of {"Item": …}
    AWSDynamoDB/<id>/manifest-files.json              a line for each of these: items, MD5, key
    AWSDynamoDB/<id>/manifest-summary.json            the export as a whole
    AWSDynamoDB/<id>/manifest-….checksum              MD5 of the manifest, in base64

Keys name objects of the bucket; here only what is behind `AWSDynamoDB/` counts. The data of incremental exports lie
in `AWSDynamoDB/data/`.
"""

import base64
import gzip
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs
import click

from trinamo.cli.files import Advance, Change, Unreadable, json_line, read_json, reading
from trinamo.cli.values import Item

_ROOT: Final = "AWSDynamoDB"
_FILES: Final = "manifest-files.json"
_SUMMARY: Final = "manifest-summary.json"
_FILE_BYTES_MAX: Final = 128 * 1024 * 1024  # of uncompressed lines, then the next file begins
_DATA: Final = (".json", ".json.gz", ".jsonl", ".jsonl.gz")


@attrs.frozen
class DataFile:
    """A file of data. What only a manifest knows is None without one."""

    path: Path
    item_count: int | None = None
    md5: str | None = None


# Reading.


def find_data(path: Path) -> list[DataFile]:
    """Return the data of an export, found intact, or of any directory of JSON files. Raises `click.ClickException`."""
    export = _find_export(path)
    if export is None:
        found = sorted(each for each in path.iterdir() if each.name.endswith(_DATA))
        if not found:
            raise Unreadable(f"{path} holds neither an export nor files named {', '.join(_DATA)}")
        return [DataFile(each) for each in found]
    for name in (_SUMMARY, _FILES):
        _check_manifest(export / name)
    summary = _load(export / _SUMMARY) if (export / _SUMMARY).exists() else {}
    if summary.get("outputFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON":
        raise Unreadable(f"{export}: the format {summary['outputFormat']} is not read in this version")
    files = [_listed(export, line) for line in (export / _FILES).read_bytes().splitlines() if line.strip()]
    for file in files:
        _check_data(file)
    return files


def _find_export(path: Path) -> Path | None:
    if path.name in (_FILES, _SUMMARY):
        return path.parent
    if (path / _FILES).exists():
        return path
    found = sorted(
        manifest.parent
        for pattern in (f"*/{_FILES}", f"{_ROOT}/*/{_FILES}")
        for manifest in path.glob(pattern)
    )
    if len(found) > 1:
        raise click.UsageError(f"{path} holds several exports; say which: {', '.join(map(str, found))}")
    return found[0] if found else None


def _load(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path}: {error}") from None
    if not isinstance(loaded, dict):
        raise Unreadable(f"{path} is no manifest")
    return loaded


def _check_manifest(path: Path) -> None:
    checksum = path.with_suffix(".checksum")
    if checksum.exists() and path.exists() and checksum.read_text().strip() != _md5(path.read_bytes()):
        raise Unreadable(f"{path} is not what its checksum says")


def _listed(export: Path, line: bytes) -> DataFile:
    try:
        listed = json.loads(line)
        key = str(listed["dataFileS3Key"])
        file = DataFile(_path_of(export, key), int(listed["itemCount"]), listed.get("md5Checksum"))
    except (ValueError, LookupError, TypeError) as error:
        raise Unreadable(f"{export / _FILES}: {type(error).__name__}: {error}") from None
    if not file.path.is_file():
        raise Unreadable(f"{file.path}, which the manifest lists, is missing")
    return file


def _path_of(export: Path, key: str) -> Path:
    """Return where the object of a key lies: by its way from `AWSDynamoDB`, else beside the manifest."""
    parts = key.split("/")
    if ".." in parts:
        raise ValueError(f"{key!r} is no key of an export")
    if export.parent.name == _ROOT and _ROOT in parts:
        behind = parts[len(parts) - parts[::-1].index(_ROOT) :]
        return export.parent.joinpath(*behind)
    return export / "data" / parts[-1]


def _check_data(file: DataFile) -> None:
    if file.md5 is None:
        return
    with file.path.open("rb") as data:
        found = base64.b64encode(hashlib.file_digest(data, _new_md5).digest()).decode()
    if found != file.md5:
        raise Unreadable(f"{file.path} is damaged: its MD5 is not that of the manifest")


def read_data(files: Iterable[DataFile], advance: Advance, *, plain: bool) -> Iterator[Change]:
    """Return the changes of all files, one file after the other. Raises `Unreadable`."""
    for file in files:
        count = 0
        with reading(file.path, advance) as text:
            for change in read_json(text, str(file.path), plain=plain):
                count += 1
                yield change
        if file.item_count not in (None, count):
            raise Unreadable(f"{file.path} holds {count} items, the manifest says {file.item_count}")


# Writing.


def write_export(items: Iterable[Item], root: Path, described: dict[str, Any]) -> Path:
    """Write an export of a table below `root` and return its directory. It has manifests when it is complete."""
    begun = datetime.now(UTC)
    name = f"{int(begun.timestamp() * 1000):014}-{secrets.token_hex(4)}"
    export = root / _ROOT / name
    try:
        (export / "data").mkdir(parents=True)
        (export / "_started").touch()
        files = list(_write_data(items, export))
        lines = [
            json.dumps(
                {
                    "itemCount": file.item_count,
                    "md5Checksum": file.md5,
                    "etag": base64.b64decode(file.md5 or "").hex(),
                    "dataFileS3Key": f"{_ROOT}/{name}/data/{file.path.name}",
                }
            )
            for file in files
        ]
        _write_manifest(export / _FILES, "".join(f"{line}\n" for line in lines))
        arn = described.get("TableArn", "")
        summary = {
            "version": "2020-06-30",
            "exportArn": f"{arn}/export/{name}",
            "startTime": _moment(begun),
            "endTime": _moment(datetime.now(UTC)),
            "tableArn": arn,
            "tableId": described.get("TableId"),
            "exportTime": _moment(begun),
            "s3Bucket": None,
            "s3Prefix": None,
            "s3SseAlgorithm": None,
            "s3SseKmsKeyId": None,
            "manifestFilesS3Key": f"{_ROOT}/{name}/{_FILES}",
            "billedSizeBytes": described.get("TableSizeBytes", 0),
            "itemCount": sum(file.item_count or 0 for file in files),
            "outputFormat": "DYNAMODB_JSON",
            "exportType": "FULL_EXPORT",
        }
        _write_manifest(export / _SUMMARY, json.dumps(summary))
    except OSError as error:
        raise click.ClickException(f"{export}: {error.strerror or error}") from None
    return export


def _write_data(items: Iterable[Item], export: Path) -> Iterator[DataFile]:
    """Write the files of data. There is at least one, if perhaps of no items."""
    left = iter(items)
    more = True
    while more:
        path = export / "data" / f"{secrets.token_hex(13)}.json.gz"
        count = size = 0
        more = False
        with path.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as compressed:
            for item in left:
                line = json_line(item)
                compressed.write(line)
                count += 1
                size += len(line)
                if size >= _FILE_BYTES_MAX:
                    more = True
                    break
        yield DataFile(path, count, _md5(path.read_bytes()))


def _write_manifest(path: Path, text: str) -> None:
    path.with_suffix(".checksum").write_text(_md5(text.encode()))
    path.write_text(text)


def _md5(content: bytes) -> str:
    digest = _new_md5()
    digest.update(content)
    return base64.b64encode(digest.digest()).decode()


def _new_md5() -> Any:
    return hashlib.md5(usedforsecurity=False)  # a checksum


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
