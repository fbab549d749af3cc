"""Claims about the layout of exports."""

import base64
import gzip
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import click
import pytest

from trinamo.cli import s3export
from trinamo.cli.s3export import find_data, read_data, write_export

DESCRIBED = {"TableArn": "arn:aws:dynamodb:us-east-1:0:table/t", "TableId": "i", "TableSizeBytes": 9}
ITEMS = [{"id": {"N": str(number)}} for number in range(7)]


def read(path: Path) -> list[Any]:
    changes = read_data(find_data(path), lambda count: None, plain=False)
    return [next(iter(change.write.values())) for change in changes]


def refusal(path: Path) -> str:
    with pytest.raises(click.ClickException) as refused:
        read(path)
    return refused.value.message


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An export of 7 items in 3 files."""
    monkeypatch.setattr(s3export, "_FILE_BYTES_MAX", 60)
    return write_export(iter(ITEMS), tmp_path, DESCRIBED)


def test_an_export_has_the_files_of_aws(export: Path, tmp_path: Path) -> None:
    assert export.parent == tmp_path / "AWSDynamoDB"
    assert sorted(path.name for path in export.iterdir()) == [
        "_started",
        "data",
        "manifest-files.checksum",
        "manifest-files.json",
        "manifest-summary.checksum",
        "manifest-summary.json",
    ]
    listed = [json.loads(line) for line in (export / "manifest-files.json").read_text().splitlines()]
    assert [each["itemCount"] for each in listed] == [3, 3, 1]
    lines = []
    for each in listed:
        content = (tmp_path / each["dataFileS3Key"]).read_bytes()
        assert each["md5Checksum"] == base64.b64encode(hashlib.md5(content).digest()).decode()
        assert each["etag"] == hashlib.md5(content).hexdigest()
        lines += gzip.decompress(content).splitlines()
    assert [json.loads(line) for line in lines] == [{"Item": item} for item in ITEMS]
    summary = json.loads((export / "manifest-summary.json").read_text())
    assert summary["itemCount"] == 7
    assert summary["tableArn"] == DESCRIBED["TableArn"]
    assert summary["exportArn"] == f"{DESCRIBED['TableArn']}/export/{export.name}"
    assert summary["manifestFilesS3Key"] == f"AWSDynamoDB/{export.name}/manifest-files.json"
    assert summary["outputFormat"] == "DYNAMODB_JSON"
    for name in ("manifest-files", "manifest-summary"):
        digest = hashlib.md5((export / f"{name}.json").read_bytes()).digest()
        assert base64.b64decode((export / f"{name}.checksum").read_text()) == digest


def test_an_export_is_found_wherever_one_points(export: Path, tmp_path: Path) -> None:
    data = [{"Item": item} for item in ITEMS]
    for path in (
        tmp_path,
        export.parent,
        export,
        export / "manifest-files.json",
        export / "manifest-summary.json",
    ):
        assert read(path) == data, path
    assert sorted(map(str, read(export / "data"))) == sorted(map(str, data))
    moved = tmp_path / "elsewhere"
    shutil.copytree(export, moved)
    assert read(moved) == data


def test_keys_have_the_prefix_of_the_bucket(export: Path, tmp_path: Path) -> None:
    manifest = export / "manifest-files.json"
    (export / "manifest-files.checksum").unlink()
    manifest.write_text(
        manifest.read_text().replace('"AWSDynamoDB/', '"some/AWSDynamoDB/prefix/AWSDynamoDB/')
    )
    assert len(read(tmp_path)) == 7


def test_data_of_incremental_exports_lie_beside_the_manifests(export: Path, tmp_path: Path) -> None:
    manifest = export / "manifest-files.json"
    (export / "manifest-files.checksum").unlink()
    manifest.write_text(manifest.read_text().replace(f"{export.name}/data/", "data/"))
    (export / "data").rename(export.parent / "data")
    assert len(read(tmp_path)) == 7


def test_an_export_of_nothing_is_one(tmp_path: Path) -> None:
    assert read(write_export([], tmp_path, DESCRIBED)) == []


def test_an_export_that_was_not_finished_is_not_taken_for_one(tmp_path: Path) -> None:
    def items() -> Any:
        yield ITEMS[0]
        raise click.ClickException("the cluster is gone")

    with pytest.raises(click.ClickException, match="gone"):
        write_export(items(), tmp_path, DESCRIBED)
    assert "holds neither an export nor files" in refusal(tmp_path)


def test_one_of_several_exports_must_be_named(export: Path, tmp_path: Path) -> None:
    other = write_export([], tmp_path, DESCRIBED)
    message = refusal(tmp_path)
    assert "holds several exports; say which" in message
    assert str(export) in message
    assert str(other) in message


def test_damage_is_found_before_anything_is_written(export: Path, tmp_path: Path) -> None:
    last = sorted(
        (export / "data").iterdir(),
        key=lambda path: (export / "manifest-files.json").read_text().index(path.name),
    )[-1]
    content = last.read_bytes()
    last.write_bytes(gzip.compress(b'{"Item": {"id": {"N": "6"}}}\n'))
    with pytest.raises(click.ClickException, match="is damaged: its MD5 is not that of the manifest"):
        find_data(tmp_path)
    last.unlink()
    with pytest.raises(click.ClickException, match="which the manifest lists, is missing"):
        find_data(tmp_path)
    last.write_bytes(content)
    assert len(read(tmp_path)) == 7
    (export / "manifest-summary.json").write_text("{}")
    assert "is not what its checksum says" in refusal(tmp_path)


def test_the_manifest_counts_items(export: Path, tmp_path: Path) -> None:
    manifest = export / "manifest-files.json"
    (export / "manifest-files.checksum").unlink()
    manifest.write_text(manifest.read_text().replace('"itemCount": 1', '"itemCount": 2'))
    assert "holds 1 items, the manifest says 2" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        ("nonsense", "JSONDecodeError"),
        ('{"itemCount": 1}', "KeyError"),
        ('{"itemCount": 1, "dataFileS3Key": "AWSDynamoDB/../x"}', "is no key of an export"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(manifest: str, why: str, export: Path) -> None:
    (export / "manifest-files.checksum").unlink()
    (export / "manifest-files.json").write_text(manifest)
    assert why in refusal(export)


def test_ion_is_not_read_in_this_version(export: Path) -> None:
    (export / "manifest-summary.checksum").unlink()
    (export / "manifest-summary.json").write_text('{"outputFormat": "ION"}')
    assert "the format ION is not read in this version" in refusal(export)


def test_a_directory_of_json_files_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text('{"Item": {"id": {"N": "2"}}}')
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b'{"Item": {"id": {"N": "1"}}}'))
    (tmp_path / "readme.txt").write_text("nothing")
    assert read(tmp_path) == [{"Item": {"id": {"N": "1"}}}, {"Item": {"id": {"N": "2"}}}]
