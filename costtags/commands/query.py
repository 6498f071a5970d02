"""costtags query."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from costtags.commands.bills import in_files, on_athena
from costtags.commands.options import profile_option, schema_option, schema_path
from costtags.commands.output import fail, file_writer, note, print_text

if TYPE_CHECKING:
    from costtags.costs.answer import Answer
    from costtags.costs.parameters import Asked
    from costtags.costs.query import Query
    from costtags.schema import Schema

_TABLE = "bill.cost_and_usage"  # what CostExport makes in the example stack
_FORMATS = ("table", "csv", "json", "parquet")
_ENDINGS = {".csv": "csv", ".json": "json", ".parquet": "parquet"}


@click.command()
@click.argument("name", required=False)
@click.argument("arguments", metavar="[PARAM=VALUE | FILE]...", nargs=-1)
@click.option("--param", "params", multiple=True, metavar="PARAM=VALUE", help="A parameter, where a file has its name.")
@click.option("--list", "listed", is_flag=True, help="List the queries.")
@click.option("--explain", is_flag=True, help="Say what the query answers, its parameters, and what it leaves out.")
@click.option("--sql", "as_sql", is_flag=True, help="Print the query for Athena over CUR 2.0; nothing is run.")
@click.option("--athena", "workgroup", metavar="WORKGROUP", help="Ask Athena, in this workgroup, instead of files.")
@click.option("--table", metavar="DATABASE.TABLE", help="The bill's table on Athena.")
@click.option("--region", metavar="REGION", help="Athena's region; else the configured one, else us-east-1.")
@profile_option
@schema_option
@click.option("--format", "form", type=click.Choice(_FORMATS), help="By default what --out ends in, else table.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file; parquet needs one.")
def query(
    name: str | None, arguments: tuple[str, ...], params: tuple[str, ...], listed: bool, explain: bool, as_sql: bool,
    workgroup: str | None, table: str | None, region: str | None, profile: str | None, schema: Path | None,
    form: str | None, out: Path | None,
) -> None:  # fmt: skip
    """Ask a bill a question: by files of AWS's exports, on this machine, or by Athena.

    FILEs are Parquet or CSV (.gz, .zip) of CUR 2.0, legacy Cost and Usage Reports or monthly cost allocation reports,
    or folders of them. PARAM=VALUE are the query's parameters: --explain says which. Amounts are amortised, unless
    cost= asks for another kind.

    What the rows leave out is told on stderr, and in json. On Athena two statements are run; what they scanned and its
    list price are told. Exits with 0, or 2 where the question cannot be answered.
    """
    from costtags.costs.parameters import asked
    from costtags.costs.query import QueryError, find, queries
    from costtags.schema import load

    if listed:
        width = max(map(len, queries()))
        print_text("".join(f"{one.name:{width}}  {one.question}\n" for one in queries().values()))
        return
    if name is None:
        raise click.UsageError("which query? --list lists them")
    form = form or _ENDINGS.get(out.suffix if out else "", "table")
    if form == "parquet" and out is None:
        raise click.UsageError("--format parquet needs a file: --out FILE")
    try:
        wanted = find(name)
        if explain:
            print_text("".join(f"{line.removeprefix('--').removeprefix(' ')}\n" for line in wanted.header.splitlines()))
            return
        loaded = load(schema_path(schema, Path.cwd()))
        given, files = _sorted(wanted, arguments, params, loaded)
        one = asked(wanted, given, loaded)
        if as_sql:
            print_text(_text(one, loaded, table))
            return
        _refuse(files, workgroup, table)
        if workgroup and table:
            answer = _by_athena(one, loaded, workgroup, table, region, profile)
        else:
            answer = _by_files(one, loaded, files)
    except QueryError as error:
        fail(str(error))
    _tell(answer)
    _write(answer, form, out)


def _sorted(
    wanted: "Query", arguments: tuple[str, ...], params: tuple[str, ...], schema: "Schema"
) -> tuple[list[tuple[str, str]], list[Path]]:
    """Tell parameters from files. Raises QueryError for what is neither, or could be both."""
    from costtags.costs.parameters import no_parameter, parameter_of
    from costtags.costs.query import QueryError

    given: list[tuple[str, str]] = []
    files: list[Path] = []
    problems: list[str] = []
    for text in params:
        name, equals, value = text.partition("=")
        given.append(parameter_of(wanted, schema, text) or (name, value))
        if not equals:
            problems.append(f'--param "{text}": write PARAM=VALUE')
    for text in arguments:
        parameter = parameter_of(wanted, schema, text)
        there = _is_there(text)
        name = text.partition("=")[0]
        if parameter and there:
            problems.append(f'"{text}" is a parameter and a file: write --param {text} or ./{text}')
        elif parameter:
            given.append(parameter)
        elif there or "=" not in text or "/" in name:
            files.append(Path(text))
        else:
            problems.append(no_parameter(wanted, name, schema))
    if problems:
        raise QueryError("\n".join(problems))
    return given, files


def _is_there(text: str) -> bool:
    try:
        return Path(text).exists()
    except OSError:  # a name that is too long, a folder that may not be looked into: said where it is read
        return False


def _refuse(files: list[Path], workgroup: str | None, table: str | None) -> None:
    if files and workgroup:
        raise click.UsageError("files or --athena: name one source")
    if bool(workgroup) != bool(table):
        raise click.UsageError("--athena WORKGROUP and --table DATABASE.TABLE go together")
    if not files and not workgroup:
        raise click.UsageError("of which bill? name its files, or --athena WORKGROUP --table DATABASE.TABLE")


def _text(one: "Asked", schema: "Schema", table: str | None) -> str:
    from costtags.costs.named import query_text
    from costtags.costs.query import QueryError

    try:
        return query_text(one, schema, table or _TABLE)
    except ValueError as error:
        raise QueryError(f"--table: {error}") from None


def _by_files(one: "Asked", schema: "Schema", files: list[Path]) -> "Answer":
    from costtags.costs.answer import answer, from_files

    with in_files(files) as bill:
        return answer(one, from_files(bill), schema)


def _by_athena(
    one: "Asked", schema: "Schema", workgroup: str, table: str, region: str | None, profile: str | None
) -> "Answer":
    from costtags.costs.answer import answer

    with on_athena(workgroup, table, region, profile) as bill:
        return answer(one, bill.source(), schema)


def _tell(answer: "Answer") -> None:
    for one in answer.left_out:
        amount = "" if one.amount is None else f": {one.amount:,.2f} {answer.currency}"
        note(f"left out: {one.what}{amount}")
    for said in answer.notes:
        note(said)


def _write(answer: "Answer", form: str, out: Path | None) -> None:
    from costtags.costs.answer_formats import FORMATS, write_parquet

    if form == "parquet" and out is not None:
        try:
            write_parquet(answer, out)
        except OSError as error:
            fail(f"cannot write {out}: {error.strerror or error}")
        except ImportError:
            fail("writing Parquet needs DuckDB: pip install 'costtags[reports]'")
    else:
        (file_writer(out) if out else print_text)(FORMATS[form](answer))
