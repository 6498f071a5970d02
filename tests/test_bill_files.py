"""Files that are no good bill: a clear error that names them, or the right answer."""

import csv
import gzip
import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from costtags.costs.files import BillError
from costtags.costs.local import open_bill
from costtags.costs.resources import spend_by_resource
from costtags.costs.sample import sample_cells, totals
from costtags.costs.sample_files import write_sample
from costtags.schema import load

SCHEMA = load(Path(__file__).parents[1] / "tags.yaml")
CELLS = sample_cells(SCHEMA, ["2026-02"], lines=800)
TOTAL = sum(totals(CELLS).values())


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    for layout, form in [("cur2", "parquet"), ("cur2", "csv"), ("cur2", "csv.gz"), ("cur2", "zip"), ("legacy", "csv")]:
        (file,) = write_sample(CELLS, folder / layout / form, layout=layout, form=form)
        shutil.copy(file, folder / f"{layout}.{form}")
    (file,) = write_sample(CELLS, folder / "monthly", layout="monthly")
    shutil.copy(file, folder / "monthly.csv")
    return folder


def total(*paths: Path) -> object:
    """SageMaker's amortised total, as the reader finds it."""
    with open_bill(paths, threads=1) as bill:
        ((amount,),) = bill.query(f"WITH {bill.bill(())} SELECT SUM(amortised) FROM bill WHERE part = 'sagemaker'").rows
        return amount


def refused(*paths: Path) -> str:
    with pytest.raises(BillError) as caught:
        total(*paths)
    return str(caught.value)


def test_what_is_not_there_or_no_bill_is_named_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "none.csv").write_text("")
    (tmp_path / "nothing.parquet").write_text("")
    (tmp_path / "no.parquet").write_text("this is no Parquet file at all")
    (tmp_path / "no.zip").write_bytes(b"PK no")
    (tmp_path / "no.csv.gz").write_bytes(b"plain text")
    (tmp_path / "binary.csv").write_bytes(bytes(range(128, 256)))
    names = ("missing.csv", "empty", "notes.txt", "none.csv", "nothing.parquet", "no.parquet", "no.zip", "no.csv.gz")
    at = tmp_path
    assert refused(*(at / name for name in (*names, "binary.csv"))).splitlines() == [
        f"{at}/missing.csv: no such file; what lies on S3 is copied by `aws s3 cp --recursive`, or asked on Athena",
        f"{at}/empty: no bill in it (files that end in .parquet, .csv, .csv.gz, .zip)",
        f"{at}/notes.txt: not a bill by its name; bills end in .parquet, .csv, .csv.gz, .zip",
        f"{at}/none.csv: the file is empty",
        f"{at}/nothing.parquet: the file is empty",
        f"{at}/no.parquet: not a Parquet file",
        f"{at}/no.zip: the .zip cannot be unpacked (File is not a zip file); download it again",
        f"{at}/no.csv.gz: the .gz is cut off or no gzip; download it again",
        f"{at}/binary.csv: not a CSV file in UTF-8",
    ]


def cut(source: Path, target: Path, share: float) -> Path:
    whole = source.read_bytes()
    target.write_bytes(whole[: int(len(whole) * share)])
    return target


def test_files_that_are_cut_off_are_never_a_smaller_bill(samples: Path, tmp_path: Path) -> None:
    assert refused(cut(samples / "cur2.parquet", tmp_path / "a.parquet", 0.7)) == (
        f"{tmp_path}/a.parquet: the Parquet file is cut off; download it again"
    )
    assert "the .zip cannot be unpacked" in refused(cut(samples / "cur2.zip", tmp_path / "a.zip", 0.7))
    assert "download it again" in refused(cut(samples / "cur2.csv.gz", tmp_path / "a.csv.gz", 0.7))
    message = refused(cut(samples / "cur2.csv", tmp_path / "a.csv", 0.7))
    assert message.startswith("the bill cannot be read to its end: ")
    assert "a.csv" in message
    assert "Possible" not in message


def test_a_parquet_file_with_a_broken_middle_is_refused(samples: Path, tmp_path: Path) -> None:
    whole = bytearray((samples / "cur2.parquet").read_bytes())
    footer = int.from_bytes(whole[-8:-4], "little")
    whole[-8 - footer : -8] = random.Random(1).randbytes(footer)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(whole)
    assert "download it again" in refused(broken)


def test_a_wrong_schema_is_told_by_its_columns(tmp_path: Path, samples: Path) -> None:
    other = tmp_path / "other.parquet"
    odd = tmp_path / "odd.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS a, 2 AS b) TO '{other}' (FORMAT parquet)")
        connection.execute(
            f"COPY (SELECT * REPLACE ({{'amount': line_item_unblended_cost}} AS line_item_unblended_cost) "
            f"FROM '{samples / 'cur2.parquet'}') TO '{odd}' (FORMAT parquet)"
        )
    assert refused(other).startswith(
        f"{other}: it is no bill that costtags knows (its columns: a, b, ...); costtags reads"
    )
    assert refused(odd) == (
        f"{odd}: the column line_item_unblended_cost is of type STRUCT(amount DOUBLE), which no bill of AWS has there; "
        "export it anew"
    )


def test_missing_columns_are_named(tmp_path: Path, samples: Path) -> None:
    lacking = tmp_path / "lacking.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT * EXCLUDE (line_item_usage_type, reservation_effective_cost, line_item_resource_id) "
            f"FROM '{samples / 'cur2.parquet'}') TO '{lacking}' (FORMAT parquet)"
        )
    assert refused(lacking) == (
        f"{lacking}: a CUR 2.0 without columns that are needed: line_item_usage_type, reservation_effective_cost "
        "(select it in the export's query)"
    )
    with pytest.raises(
        BillError, match="costs by resource: a monthly cost allocation report has no resource ids; costt"
    ):
        spend_by_resource([samples / "monthly.csv"])


def test_lines_in_several_currencies_are_never_added_up(tmp_path: Path) -> None:
    mixed = [*CELLS, *(cell.__class__(**{**cell.__dict__, "currency": "CNY"}) for cell in CELLS[:5])]
    files = write_sample(mixed, tmp_path)
    with pytest.raises(BillError) as caught:
        spend_by_resource(files)
    assert str(caught.value) == (
        "the bill has lines in several currencies (CNY, USD), which cannot be added up: choose one"
    )
    assert spend_by_resource(files, currency="USD").total == TOTAL
    with pytest.raises(BillError, match="no line is in EUR; currencies of the bill: CNY, USD"):
        spend_by_resource(files, currency="EUR")


def test_an_empty_bill_and_a_month_that_is_not_there_are_said(tmp_path: Path, samples: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text((samples / "cur2.csv").read_text().splitlines(keepends=True)[0])
    with pytest.raises(BillError, match="the bill has no lines"):
        spend_by_resource([empty])
    with pytest.raises(BillError, match="no line of 2025-01 in the bill; its months: 2026-02"):
        spend_by_resource([samples / "cur2.parquet"], "2025-01")


def test_kinds_that_hold_the_same_costs_are_not_mixed(samples: Path) -> None:
    message = refused(samples / "cur2.parquet", samples / "legacy.csv")
    assert message == (
        "the files are of several kinds, which would count the same costs twice: "
        f"{samples}/legacy.csv: legacy CUR; {samples}/cur2.parquet: CUR 2.0. Name one kind"
    )


def test_a_copy_of_a_file_is_not_counted_twice(samples: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.parquet"
    shutil.copy(samples / "cur2.parquet", copy)
    message = refused(samples / "cur2.parquet", copy)
    assert message == f"{copy}: the same file as {samples}/cur2.parquet, which would be counted twice; name one"
    assert total(samples / "cur2.parquet", samples / "cur2.parquet") == TOTAL


def test_of_several_versions_of_a_month_the_newest_is_read(samples: Path, tmp_path: Path) -> None:
    old = write_sample(sample_cells(SCHEMA, ["2026-02"], lines=300, seed=5), tmp_path / "old")[0]
    month = tmp_path / "data" / "BILLING_PERIOD=2026-02"
    for version, file in (
        ("2026-02-20T01:02:03.000Z-aa", old),
        ("2026-03-05T01:02:03.000Z-bb", samples / "cur2.parquet"),
    ):
        (month / version).mkdir(parents=True)
        shutil.copy(file, month / version / "x-00001.snappy.parquet")
    with open_bill([tmp_path / "data"]) as bill:
        assert bill.notes == ("BILLING_PERIOD=2026-02: of 2 versions the newest is read, 2026-03-05T01:02:03.000Z-bb",)
    assert total(tmp_path / "data") == TOTAL


def test_versions_without_a_time_need_the_manifest(samples: Path, tmp_path: Path) -> None:
    old = write_sample(
        sample_cells(SCHEMA, ["2026-02"], lines=300, seed=5), tmp_path / "old", layout="legacy", form="csv"
    )[0]
    month = tmp_path / "report" / "20260201-20260301"
    for assembly, file in (("7f2c", samples / "legacy.csv"), ("9a1b", old)):
        (month / assembly).mkdir(parents=True)
        shutil.copy(file, month / assembly / "x-00001.csv")
    assert refused(tmp_path / "report") == (
        f"{month}: several versions of one month (7f2c, 9a1b), which would count it several times; name the folder of "
        "the newest, or copy the manifest as well"
    )
    (month / "x-Manifest.json").write_text(json.dumps({"assemblyId": "7f2c"}))
    assert total(tmp_path / "report") == TOTAL


def test_hidden_files_and_the_status_table_are_no_bills(samples: Path, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    (folder / "cost_and_usage_data_status").mkdir(parents=True)
    for name in ("cost_and_usage_data_status/status.parquet", ".hidden.csv", "_SUCCESS.csv"):
        (folder / name).write_text("no bill")
    shutil.copy(samples / "cur2.csv", folder / "a.CSV")
    assert total(folder) == TOTAL


@pytest.mark.parametrize("name", ["with *.csv", "it's [1].csv", 'say "x"?.csv', "ü界 -- ; DROP.csv"])
def test_any_file_name_is_a_name(name: str, samples: Path, tmp_path: Path) -> None:
    (tmp_path / "with trap.csv").write_text("must not be read")
    shutil.copy(samples / "cur2.csv", tmp_path / name)
    assert total(tmp_path / name) == TOTAL


CHANGES: dict[str, Callable[[str], str]] = {
    "windows line ends": lambda text: text.replace("\n", "\r\n"),
    "a byte order mark": lambda text: "\ufeff" + text,
    "a header that ends otherwise": lambda text: "\r\n".join(text.split("\n", 1)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_csv_files_as_they_may_come(change: str, samples: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.csv"
    changed.write_text(CHANGES[change]((samples / "cur2.csv").read_text()), newline="")
    assert total(changed) == TOTAL


def test_a_gzip_and_a_zip_of_several_files_are_read(samples: Path, tmp_path: Path) -> None:
    header, *lines = (samples / "legacy.csv").read_text().splitlines(keepends=True)
    half = len(lines) // 2
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a/1.csv", header + "".join(lines[:half]))
        archive.writestr("../2.csv", header + "".join(lines[half:]))
    assert total(tmp_path / "two.zip") == TOTAL
    assert not (tmp_path.parent / "2.csv").exists()
    with gzip.open(tmp_path / "preamble.csv.gz", "wt", newline="") as stream:
        stream.write("Don't see your tags in the report?\r\n" + header + "".join(lines))
    assert total(tmp_path / "preamble.csv.gz") == TOTAL


def test_months_of_a_legacy_cur_have_columns_of_their_own(tmp_path: Path) -> None:
    """Its columns follow the use of AWS: here January has no tags and no Savings Plans."""
    january = [
        cell.__class__(**{**cell.__dict__, "month": "2026-01", "tags": None})
        for cell in CELLS
        if cell.plan is None and cell.reservation is None
    ]
    write_sample(CELLS, tmp_path, layout="legacy", form="csv")
    (file,) = write_sample(january, tmp_path, layout="legacy", form="csv")
    header = file.read_text().splitlines()[0].split(",")
    absent = ", ".join(f'"{name}"' for name in header if name.startswith(("savingsPlan/", "reservation/")))
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * EXCLUDE ({absent}) "
            f"FROM read_csv('{file}', all_varchar = true)) TO '{tmp_path}/2026.csv' (HEADER)"
        )
    shutil.rmtree(file.parent)
    with open_bill([tmp_path]) as bill:
        rows = bill.query(
            f"WITH {bill.bill(['cost-center'])} SELECT billing_period, SUM(amortised) FROM bill "
            "WHERE part = 'sagemaker' GROUP BY 1"
        ).rows
    assert dict(rows) == {"2026-02": TOTAL, "2026-01": sum(totals(january).values())}


def test_a_bill_without_tags_says_so(tmp_path: Path) -> None:
    bare = [cell.__class__(**{**cell.__dict__, "tags": None}) for cell in CELLS]
    (file,) = write_sample(bare, tmp_path, layout="legacy", form="parquet")
    with open_bill([file]) as bill:
        assert bill.notes == (
            "no line has a tag: no cost allocation tag was active, or the export leaves resource_tags out",
        )


def test_little_memory_is_enough_or_is_said(tmp_path: Path) -> None:
    (file,) = write_sample(sample_cells(SCHEMA, ["2026-02"], lines=40_000), tmp_path, form="csv")
    with open_bill([file], memory="100MB", threads=1) as bill:
        assert [month.lines for month in bill.months] == [40_000]
    with pytest.raises(BillError, match="there is not enough memory for this"), open_bill([file], memory="3MB") as bill:
        bill.query(f"WITH {bill.bill(SCHEMA.tags)} SELECT resource_id, SUM(amortised) FROM bill GROUP BY 1")


def csv_bill(path: Path, *lines: dict[str, str], mark: str = ",") -> Path:
    """Write a legacy CUR by hand: one line of $10 that ended with its month, or more that differ from it."""
    plain = {
        "bill/BillingPeriodStartDate": "2026-03-01T00:00:00Z",
        "lineItem/UsageStartDate": "2026-03-31T00:00:00Z",
        "lineItem/UsageAccountId": "111122223333",
        "lineItem/LineItemType": "Usage",
        "lineItem/ProductCode": "AmazonSageMaker",
        "lineItem/UsageType": "USE1-Host:ml.m5.large",
        "lineItem/CurrencyCode": "USD",
        "lineItem/UnblendedCost": "10.0",
        "lineItem/ResourceId": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/a",
        "resourceTags/user:team": "ml-a",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(plain), delimiter=mark)
        writer.writeheader()
        writer.writerows({**plain, **line} for line in lines or ({},))
    return path


def test_what_a_spreadsheet_makes_of_a_bill_is_said(tmp_path: Path) -> None:
    for mark, name in ((";", ";"), ("\t", "tabs")):
        file = csv_bill(tmp_path / "bill.csv", mark=mark)
        assert refused(file) == (
            f"{file}: its columns are parted by {name}, as a spreadsheet saves them; take the file as AWS wrote it"
        )
    message = refused(csv_bill(tmp_path / "bill.csv", {"lineItem/UnblendedCost": "1,234.50"}))
    assert message == (
        'the bill cannot be read to its end: Conversion Error: Could not convert string "1,234.50" to DECIMAL(38,10); '
        "amounts and dates must stand as AWS wrote them, which a spreadsheet does not keep: take its own file"
    )


def test_paths_that_cannot_be_looked_at_are_said(tmp_path: Path) -> None:
    assert refused(Path("s3://bucket/cur2/a=b.csv")) == (
        "s3://bucket/cur2/a=b.csv: files on S3 are copied first, by `aws s3 cp --recursive`, or asked on Athena"
    )
    assert refused(Path("a" * 5000)) == f"{'a' * 200}: File name too long"
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    assert refused(loop) == f"{loop}: Too many levels of symbolic links"
    named = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bill\xff.csv"))
    csv_bill(named)
    assert refused(named) == f"{named}: its name is not UTF-8; rename it"


def test_nothing_in_a_folder_is_passed_over_in_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be read (root may read all of them, so os.scandir refuses), a link to nothing."""
    csv_bill(tmp_path / "open" / "bill.csv")
    (tmp_path / "open" / "gone.parquet").symlink_to(tmp_path / "nothing")
    (tmp_path / "open" / "closed").mkdir()
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert refused(tmp_path / "open").splitlines() == [
        f"{tmp_path}/open/closed: Permission denied",
        f"{tmp_path}/open/gone.parquet: a link to what is not there",
    ]


def test_what_programs_keep_beside_bills_is_no_bill(tmp_path: Path) -> None:
    file = csv_bill(tmp_path / "bills" / "bill.csv")
    csv_bill(tmp_path / "bills" / ".ipynb_checkpoints" / "bill-checkpoint.csv", {}, {})
    csv_bill(tmp_path / "bills" / "_temporary" / "0" / "bill.csv", {}, {})
    assert total(tmp_path / "bills") == 10
    with zipfile.ZipFile(tmp_path / "mac.zip", "w") as archive:
        archive.write(file, "bill.csv")
        archive.writestr("__MACOSX/._bill.csv", b"\0\5\x16\7 of macOS")
    assert total(tmp_path / "mac.zip") == 10


@pytest.mark.parametrize(
    "names",
    [
        ("monday.csv", "friday.csv"),
        ("one/BILLING_PERIOD=2026-03/a.csv", "two/BILLING_PERIOD=2026-03/a.csv"),
        ("one/year=2026/month=3/a.csv", "two/year=2026/month=3/a.csv"),
    ],
)
def test_what_may_be_counted_twice_is_said(names: tuple[str, str], tmp_path: Path) -> None:
    older, newer = (csv_bill(tmp_path / name, {}, *more) for name, more in zip(names, ((), ({},)), strict=True))
    with open_bill([older, newer]) as bill:
        first, second = sorted((older, newer))
        assert bill.notes == (
            f"{first} and {second} have lines of 2026-03 of account 111122223333: where one is an older copy of "
            "another, its costs count twice",
        )
    assert spend_by_resource([older, newer]).notes == bill.notes


def test_parts_of_one_export_are_not_suspected(tmp_path: Path) -> None:
    april = {"bill/BillingPeriodStartDate": "2026-04-01T00:00:00Z", "lineItem/UsageStartDate": "2026-04-30T00:00:00Z"}
    other = {"lineItem/UsageAccountId": "444455556666"}
    csv_bill(tmp_path / "export" / "BILLING_PERIOD=2026-03" / "a-00001.csv")
    csv_bill(tmp_path / "export" / "BILLING_PERIOD=2026-03" / "a-00002.csv", {}, {})
    csv_bill(tmp_path / "export" / "BILLING_PERIOD=2026-04" / "a-00001.csv", april)
    csv_bill(tmp_path / "flat" / "bill-00001.csv", other)
    csv_bill(tmp_path / "flat" / "bill-00002.csv", other, other)
    with open_bill([tmp_path / "export", tmp_path / "flat"]) as bill:
        assert bill.notes == ()
    with zipfile.ZipFile(tmp_path / "again.zip", "w") as archive:
        archive.write(csv_bill(tmp_path / "new.csv", april, april, april), "bill.csv")
    with open_bill([tmp_path / "export", tmp_path / "again.zip"]) as bill:
        (note,) = bill.notes
    assert note.startswith(f"{tmp_path}/again.zip and {tmp_path}/export/BILLING_PERIOD=2026-04/a-00001.csv have lines")


def test_a_line_without_an_amount_is_no_crash(tmp_path: Path) -> None:
    spend = spend_by_resource(
        [
            csv_bill(
                tmp_path / "bill.csv",
                {},
                {"lineItem/UnblendedCost": ""},
                {"lineItem/ResourceId": "b", "lineItem/UnblendedCost": ""},
            )
        ]
    )
    assert (spend.total, dict(spend.amounts)["b"]) == (10, 0)
