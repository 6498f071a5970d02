"""The command line: parse, call, print. Exit codes: 0 fine, 1 findings that block, 2 could not do the job."""

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from costtags import variables
from costtags.yamlfile import FileProblems

if TYPE_CHECKING:
    from datetime import datetime

    from costtags.adopt.draft import Draft
    from costtags.gate.debt import Excuse
    from costtags.gate.processes import Processes
    from costtags.gate.report import Report

BLOCKED = 1
FAILED = 2
INTERRUPTED = 130  # as shells have it: no verdict


class _Main(click.Group):
    """The command group; what a command cannot do ends with a message and exit code 2, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; problems of files become messages, all of them."""
        try:
            return super().invoke(ctx)
        except FileProblems as error:
            for problem in error.problems:
                click.echo(f"{_shown(problem.file)}:{problem.line}: {problem.message}", err=True)
            ctx.exit(FAILED)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:  # whoever read our output has gone: there is no one to tell
            sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the exit
            ctx.exit(FAILED)
        except Exception as error:  # a fault of ours must not look like a verdict: Python itself would exit with 1
            traceback.print_exc()
            click.echo(
                f"costtags: internal error ({type(error).__name__}); please report it with the lines above", err=True
            )
            ctx.exit(FAILED)


def _shown(path: str) -> str:
    """Return a path as seen from the working directory, where it lies in it."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return path


def _fail(message: str) -> None:
    from costtags.gate.formats.as_text import printable

    click.echo("\n".join(map(printable, f"costtags: {message}".split("\n"))), err=True)
    sys.exit(FAILED)


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="costtags")
def main() -> None:
    """Cost allocation tags for Amazon SageMaker, as code: tags.yaml says what they must be."""


_schema_option = click.option(
    "--schema",
    type=click.Path(path_type=Path),
    help=f"The tags.yaml to judge by; else ${variables.SCHEMA}, else the nearest one upwards.",
)


def schema_path(explicit: Path | None, start: Path) -> Path:
    """Return which tags.yaml counts. Raises a usage error where there is none."""
    from costtags.schema import find

    named = explicit or (Path(os.environ[variables.SCHEMA]) if os.environ.get(variables.SCHEMA) else None)
    found = named or find(start)
    if found is None:
        raise click.UsageError(f"no tags.yaml in {start.resolve()} or above it; name one with --schema")
    return found


@main.command(short_help="Validate tags.yaml and exemptions.yaml.")
@_schema_option
def check(schema: Path | None) -> None:
    """Validate tags.yaml and the exemptions.yaml beside it: every error, with its line."""
    from datetime import UTC, datetime

    from costtags import exemptions
    from costtags.schema import load

    path = schema_path(schema, Path.cwd())
    problems = []
    loaded = excused = None
    try:
        loaded = load(path)
    except FileProblems as error:
        problems += error.problems
    try:
        excused = exemptions.load(exemptions.beside(path), datetime.now(tz=UTC).date())
    except FileProblems as error:
        problems += error.problems
    if loaded is None or excused is None:
        raise FileProblems(problems)
    required = len(loaded.required)
    click.echo(f"{_shown(loaded.path)}: {len(loaded.tags)} tags, {required} required; {len(loaded.budgets)} budgets")
    if excused.valid or excused.expired:
        click.echo(f"{_shown(excused.path)}: {len(excused.valid)} exemptions, {len(excused.expired)} more expired")
    for entry in excused.expired:
        click.echo(f"{_shown(excused.path)}:{entry.line}: expired on {entry.expires}: excuses nothing any more")


@main.command(short_help="Check tags and print them for a job request.")
@click.argument("pairs", metavar="KEY=VALUE...", nargs=-1, required=True)
@click.option(
    "--format", "form", type=click.Choice(["sdk", "boto3", "cli", "yaml"]), default="sdk", show_default=True,
    help="sdk and boto3: a list of Key and Value for Python; cli: arguments for --tags; yaml: a mapping.",
)  # fmt: skip
@_schema_option
def tags(pairs: tuple[str, ...], form: str, schema: Path | None) -> None:
    """Check tags and print them in the form of a job request."""
    from costtags.check import check as judge
    from costtags.effective import EffectiveTags, TagValue
    from costtags.schema import load
    from costtags.tagforms import FORMS

    given: dict[str, str] = {}
    for pair in pairs:
        key, found, value = pair.partition("=")
        if not found:
            raise click.UsageError(f'"{pair}" is no KEY=VALUE')
        if key in given:
            raise click.UsageError(f'"{key}" is given twice')
        given[key] = value
    loaded = load(schema_path(schema, Path.cwd()))
    findings = judge(loaded, EffectiveTags({key: TagValue(value, "resource") for key, value in given.items()}))
    if findings:
        for finding in findings:
            click.echo(finding.message, err=True)
            click.echo(f"    {finding.fix}", err=True)
        click.echo(f"judged by {_shown(loaded.path)}", err=True)
        sys.exit(BLOCKED)
    click.echo(FORMS[form](given))


_policy_config_option = click.option(
    "--policy-config",
    type=click.Path(path_type=Path),
    help='JSON with levels of policies: {"tag-values": "advisory"}.',
)


def _exempt_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options by which today's findings are excused, all at once."""
    for option in (
        click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="Until when, for --exempt-all."),
        click.option("--reason", help="Why, for --exempt-all."),
        click.option("--owner", help="Who answers for it, for --exempt-all."),
        click.option(
            "--exempt-all", is_flag=True, help="Write what blocks today to exemptions.yaml: only new findings block."
        ),
    ):
        command = option(command)
    return command


def _excuse(exempt_all: bool, owner: str | None, reason: str | None, expires: "datetime | None") -> "Excuse | None":
    from costtags.gate.debt import excuse

    if not exempt_all:
        if owner or reason or expires:
            raise click.UsageError("--owner, --reason and --expires belong to --exempt-all")
        return None
    try:
        return excuse(owner, reason, expires.date() if expires else None)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _exempted(report: "Report", schema: Path, excuse: "Excuse | None") -> "Report":
    """Write what blocks to the exemptions.yaml beside tags.yaml, and return the report as it is then."""
    if excuse is None:
        return report
    from datetime import UTC, datetime

    from costtags import exemptions
    from costtags.gate import debt

    path = exemptions.beside(schema.resolve())
    count = debt.write(path, report, excuse, datetime.now(tz=UTC).date())
    found = len(debt.blocking(report))
    what = f"{found} finding{'' if found == 1 else 's'} excused until {excuse.expires}, {count} entries"
    _note(f"{_shown(str(path))}: {what if found else 'nothing to excuse'}")
    return debt.excused(report)


@main.command(short_help="Judge a Pulumi program before anything is created.")
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".")
@click.option("--stack", help="The stack whose config the program gets; not needed where there is only one.")
@_schema_option
@_policy_config_option
@click.option(
    "--answers",
    type=click.Path(path_type=Path),
    help="YAML or JSON: what an account, another stack or a secret would have said.",
)
@click.option(
    "--timeout", type=click.FloatRange(1, 86400), default=300, show_default=True, help="Seconds for the program."
)
@click.option(
    "--engine", type=click.Choice(["embedded", "pulumi"]), default="embedded", show_default=True,
    help="embedded: Python programs, nothing to install; pulumi: any language, by the `pulumi` on PATH.",
)  # fmt: skip
@click.option("--format", "formats", multiple=True, metavar="FORMAT[=FILE]", help="See above; repeatable.")
@_exempt_options
def preview(
    directory: Path,
    stack: str | None,
    schema: Path | None,
    policy_config: Path | None,
    answers: Path | None,
    timeout: float,
    engine: str,
    formats: tuple[str, ...],
    exempt_all: bool,
    owner: str | None,
    reason: str | None,
    expires: "datetime | None",
) -> None:
    """Judge the Pulumi program in DIRECTORY before anything is created: no CLI, no credentials, no network.

    Exits with 0 where it passes, 1 where findings block it, 2 where it cannot be judged.

    \b
    Formats: one is printed, others go to files (--format text --format sarif=FILE).
      text      for people, the default; coloured and wrapped on a terminal only
      json      for programs: a stable contract
      sarif     SARIF 2.1.0, for GitHub code scanning and other viewers
      junit     JUnit XML for CI servers: each resource is a test case
      markdown  for a comment on a pull request: at most 65,000 characters
      github    annotations of GitHub Actions: 10 errors, 10 warnings, the rest counted
    """
    from costtags.gate.processes import PackError, ProgramError, starting

    path = schema_path(schema, directory)
    outputs = _outputs(formats)
    excuse = _excuse(exempt_all, owner, reason, expires)
    given, environment = _answers(answers)
    try:
        if engine == "pulumi":
            report = _judged_by_pulumi(path, directory, stack, policy_config, given, timeout)
        else:
            with starting(path.resolve(), environment) as processes:
                _end_on_signals(processes)
                report = _judged(processes, path, directory, stack, policy_config, given, timeout)
    except (ProgramError, PackError) as error:
        _fail(str(error))
    else:
        if report.placeholders:
            _note(f"placeholders stand for {', '.join(report.placeholders)} (answer with --answers FILE)")
        if report.unused_answers:
            _note(f"the program asked for none of these answers: {', '.join(report.unused_answers)}")
        report = _exempted(report, path, excuse)
        _end(report, outputs)


def _judged_by_pulumi(
    schema: Path,
    directory: Path,
    stack: str | None,
    policy_config: Path | None,
    given: dict[str, Any],
    timeout: float,
) -> "Report":
    """Judge a program by the real engine, without credentials."""
    from datetime import UTC, datetime

    from costtags import exemptions, policyconfig
    from costtags.gate.engine import preview as judge
    from costtags.gate.preview import Job
    from costtags.gate.project import load as load_project
    from costtags.schema import load

    project = load_project(directory, stack, given, only_python=False)
    levels = policyconfig.levels(policyconfig.load(policy_config) if policy_config else {})
    exemptions.load(exemptions.beside(schema), datetime.now(tz=UTC).date())
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: sys.exit(128 + received))
    job = Job(project, load(schema), levels, given, timeout)
    report = judge(schema.resolve(), job, policy_config, _say)
    return report.shown_from(Path.cwd(), project.folder)


def _judged(
    processes: "Processes",
    schema: Path,
    directory: Path,
    stack: str | None,
    policy_config: Path | None,
    given: dict[str, Any],
    timeout: float,
) -> "Report":
    """Judge a program whose process is starting: it begins as soon as its project is read, before the rest is."""
    from datetime import UTC, datetime

    from costtags import exemptions, policyconfig
    from costtags.gate.program import start
    from costtags.gate.project import load as load_project

    project = load_project(directory, stack, given)
    levels = policyconfig.levels(policyconfig.load(policy_config) if policy_config else {})
    if project.other_environment is not None:
        _say(f"note: the project names {project.other_environment}; its program runs in {sys.prefix} here")
    program = start(processes, project, schema.resolve(), given, levels)

    from costtags.gate.preview import Job
    from costtags.gate.preview import preview as judge
    from costtags.schema import load

    exemptions.load(exemptions.beside(schema), datetime.now(tz=UTC).date())  # the pack reads it too, and says less
    report = judge(processes, program, Job(project, load(schema), levels, given, timeout), _say)
    return report.shown_from(Path.cwd(), project.folder)


def _answers(path: Path | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the answers, and the environment with what they set: the CLI, too, sets an ESC environment's for all."""
    if path is None:
        return {}, dict(os.environ)
    from costtags.gate.answers import load
    from costtags.gate.project import environment_answers

    given = load(path)
    return given, {**os.environ, **environment_answers(given)[1]}


def _end_on_signals(processes: "Processes") -> None:
    """End the program at once where we are told to end, then leave by way of every `finally`."""

    def end(number: int, _frame: object) -> None:
        # First: where the exit below is raised, something may swallow it, and wait on for a program that runs.
        processes.end_program()
        click.echo("interrupted", err=True)
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def _say(text: str) -> None:
    click.echo(text, err=True)


def _note(text: str) -> None:
    from costtags.gate.formats.as_text import printable

    _say(printable(f"note: {text}"))


Write = Callable[[str], None]


def _end(report: "Report", outputs: "list[tuple[Write, Callable[[Any], str]]]") -> NoReturn:
    """Write a report in each form, when all are made, and end with its exit code."""
    for write, text in [(write, make(report)) for write, make in outputs]:
        write(text)
    sys.exit(BLOCKED if report.blocked else 0)


def _outputs(formats: tuple[str, ...]) -> list[tuple[Write, Callable[[Any], str]]]:
    """Turn FORMAT or FORMAT=FILE into where to write and how; without any, text on the terminal."""
    from costtags.gate.formats import FORMATS

    outputs: list[tuple[Write, Callable[[Any], str]]] = []
    files: list[str] = []
    for item in formats or ("text",):
        name, _, file = item.partition("=")
        if name not in FORMATS:
            raise click.UsageError(f'unknown format "{name}"; formats: {", ".join(FORMATS)}')
        if file in files:
            raise click.UsageError(f"two formats would be written to {file}")
        files += [file] if file else []
        make = _for_terminal(FORMATS[name]) if name == "text" and not file else FORMATS[name]
        outputs.append((_writer(Path(file)) if file else _print, make))
    if sum(write is _print for write, _ in outputs) > 1:
        raise click.UsageError("only one format can go to the terminal: give the others a file (json=FILE)")
    return outputs


def _for_terminal(write: Callable[..., str]) -> Callable[[Any], str]:
    """Wrap and colour a text where it goes to a terminal, and nowhere else."""
    if not sys.stdout.isatty():
        return write
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return partial(write, width=shutil.get_terminal_size().columns, colour=colour)


def _print(text: str) -> None:
    click.echo(text, nl=False)


def _writer(path: Path) -> Write:
    def write(text: str) -> None:
        if path.exists() and not path.is_file():  # a pipe or a device is written to, not replaced
            path.write_text(text, encoding="utf-8")
            return
        target = path.resolve()
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(target)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            _fail(f"cannot write {path}: {error.strerror}")

    return write


@main.command(short_help="Judge what a stack has deployed, by its exported state.")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@_schema_option
@_policy_config_option
@click.option(
    "--project",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    help="The folder of the Pulumi project, for the places of findings; by default the working directory.",
)
@click.option("--format", "formats", multiple=True, metavar="FORMAT[=FILE]", help="As for preview; repeatable.")
@_exempt_options
def state(
    file: Path, schema: Path | None, policy_config: Path | None, project: Path, formats: tuple[str, ...],
    exempt_all: bool, owner: str | None, reason: str | None, expires: "datetime | None",
) -> None:  # fmt: skip
    """Judge FILE, which `pulumi stack export` wrote (- is stdin): no CLI, no credentials, no network.

    What is judged is what was deployed; resources that Pulumi only reads are left out, and encrypted values count as
    unknown.

    Exits with 0 where it passes, 1 where findings block it, 2 where it cannot be judged.
    """
    from datetime import UTC, datetime

    from costtags import exemptions, policyconfig
    from costtags.gate.state import StateError, judge, read
    from costtags.schema import load

    path = schema_path(schema, Path.cwd())
    outputs = _outputs(formats)
    excuse = _excuse(exempt_all, owner, reason, expires)
    levels = policyconfig.levels(policyconfig.load(policy_config) if policy_config else {})
    loaded = load(path)
    excused = exemptions.load(exemptions.beside(path.resolve()), datetime.now(tz=UTC).date())
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        exported = read(data)
        report = judge(exported, loaded, excused, levels, project.resolve())
    except OSError as error:
        _fail(f"cannot read {file}: {error.strerror or error}")
    except StateError as error:
        _fail(f"{'stdin' if str(file) == '-' else _shown(str(file))} {error}")
    else:
        report = report.shown_from(Path.cwd(), project.resolve())
        if not exported.resources:
            _note("the export has no resources: nothing is deployed, so there is nothing to judge")
        if any(finding.code == "unknown-value" for finding in report.findings):
            _note("encrypted values count as unknown; `pulumi stack export --show-secrets` has them in plain text")
        report = _exempted(report, path, excuse)
        _end(report, outputs)


@main.command(short_help="Compile tags.yaml into policies, budgets and the rest.")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--list", "listed", is_flag=True, help="List the documents, with their sizes.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write NAME.json, or NAME-1.json ... where split."
)
@click.option("--explain", metavar="NAME", help="Say of each statement whom it stops and why, and what is left out.")
@click.option("--pretty", is_flag=True, help="Indented: for reading; AWS counts the white space of some.")
@click.option("--stack", help="The stack whose config names principals and tags; not needed where only one does.")
@_schema_option
@click.option("--break-glass", multiple=True, metavar="ARN", help="A principal that nothing stops.")
@click.option("--deployer", multiple=True, metavar="ARN", help="A principal that deploys, and so may change tags.")
@click.option("--tagger", multiple=True, metavar="ARN", help="A principal that repairs tags.")
@click.option("--include", multiple=True, metavar="ACTION", help="Guard this creating action too (see --explain).")
@click.option("--tag", multiple=True, metavar="KEY=VALUE", help="A default tag, for sdk-config.")
@click.option("--email", multiple=True, metavar="ADDRESS", help="Whom budgets tell.")
@click.option("--topic", metavar="ARN", help="The SNS topic that budgets tell.")
def render(
    names: tuple[str, ...], listed: bool, out: Path | None, explain: str | None, pretty: bool, stack: str | None,
    schema: Path | None, break_glass: tuple[str, ...], deployer: tuple[str, ...], tagger: tuple[str, ...],
    include: tuple[str, ...], tag: tuple[str, ...], email: tuple[str, ...], topic: str | None,
) -> None:  # fmt: skip
    """Compile tags.yaml into the documents that AWS enforces: all of them, or those of these names.

    Principals and tags come from the config of a stack beside tags.yaml and from the options.
    """
    from costtags.documents import show
    from costtags.documents.document import DocumentError
    from costtags.documents.table import BY_NAME, DOCUMENTS
    from costtags.documents.table import render as documents
    from costtags.schema import load
    from costtags.stack_settings import from_stack, with_options

    wanted = (*names, *([explain] if explain else []))
    for name in wanted:
        if name not in BY_NAME:
            raise click.UsageError(f'no document "{name}"; there are: {", ".join(BY_NAME)}')
    path = schema_path(schema, Path.cwd())
    loaded = load(path)
    try:
        settings, file = from_stack(path.resolve().parent, stack)
        settings = with_options(settings, break_glass, deployer, tagger, include, tag, email, topic)
        if file is not None:
            _say(f"principals and tags from {_shown(str(file))}")
        if listed:
            click.echo(show.listed(DOCUMENTS, loaded, settings), nl=False)
            return
        made = documents(wanted or BY_NAME, loaded, settings)
    except DocumentError as error:
        _fail("\n".join(error.messages))
        return
    if explain:
        click.echo(show.explained(BY_NAME[explain], made[-1]), nl=False)
    elif out is not None:
        for change in show.write(made, out, pretty=pretty):
            click.echo(change)
    elif len(made) == 1:
        click.echo("\n".join(show.text(part, pretty=pretty) for part in made[0].parts))
    else:
        raise click.UsageError("several documents: name one, or a folder for them with --out (--list lists them)")


@main.command(short_help="Activate the tags of tags.yaml for cost reports.")
@_schema_option
@click.option("--apply", is_flag=True, help="Activate the keys that are inactive; without it, nothing is changed.")
@click.option(
    "--backfill-from",
    metavar="YYYY-MM",
    help="What a backfill since that month would do; with --apply, request it.",
)
@click.option("--yes", is_flag=True, help="Request the backfill without asking.")
@click.option(
    "--sagemaker-keys/--no-sagemaker-keys",
    default=None,
    help="Activate SageMaker's own keys too, or leave them out; by default they are only shown.",
)
@click.option("--profile", help="The AWS profile; else the usual AWS settings.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def activate(
    schema: Path | None,
    apply: bool,
    backfill_from: str | None,
    yes: bool,
    sagemaker_keys: bool | None,
    profile: str | None,
    form: str,
) -> None:
    """Show which keys of tags.yaml are active as cost allocation tags; with --apply, activate them.

    To be run in the management account. No key is ever deactivated.

    Exits with 0 where nothing is left to do; 1 where a key is inactive, a required one has not been seen on the bill
    yet, or a backfill was not requested; 2 where AWS cannot be asked.
    """
    from datetime import UTC, datetime

    from costtags.account.activation import activation, backfill_start
    from costtags.schema import load

    now = datetime.now(tz=UTC)
    try:
        start = None if backfill_from is None else backfill_start(backfill_from, now.date())
    except ValueError as error:
        raise click.UsageError(f"--backfill-from: {error}") from None
    if apply and start is not None and not yes and not sys.stdin.isatty():
        raise click.UsageError("before a backfill is requested, a person is asked, and there is none here: add --yes")
    loaded = load(schema_path(schema, Path.cwd()))

    from costtags.account.activate import AwsFailed, activate_keys, plan_backfill, read_payer, request_backfill
    from costtags.account.activation_text import as_json, as_text, result_text, rules_text

    try:
        payer = read_payer(profile)
    except AwsFailed as error:
        _fail(str(error))
    state = activation(loaded, _shown(loaded.path), payer.account, payer.billed, sagemaker_keys)
    plan = failure = None
    if apply:
        state, failure = activate_keys(payer, state)
    if form == "text":
        _print(as_text(state))
    if start is not None and failure is None:
        try:
            plan = plan_backfill(payer, state, start, now)
            click.echo(f"\n{rules_text(plan)}", nl=False, err=form != "text")
            if apply and plan.refusal is None and (yes or click.confirm("Request it?", err=True)):
                plan = request_backfill(payer, plan)
            click.echo(result_text(plan, applied=apply), nl=False, err=form != "text")
        except AwsFailed as error:
            failure = str(error)
    if form == "json":
        _print(as_json(state, plan))
    if failure is not None:
        _fail(failure)
    waits = apply and plan is not None and plan.requested is None
    sys.exit(BLOCKED if waits or state.remains else 0)


@main.command(short_help="Write a first tags.yaml from what exists.")
@click.option(
    "--from-tag-policy", "policy", metavar="FILE|-|live",
    help="A tag policy as JSON, or what describe-policy or describe-effective-policy printed; live asks AWS.",
)  # fmt: skip
@click.option("--from-state", "state", metavar="FILE|-", help="What `pulumi stack export` printed.")
@click.option("--from-account", "account", is_flag=True, help="The tags in use in the AWS account.")
@click.option(
    "--region", "regions", multiple=True, metavar="REGION",
    help="A region to look into, for --from-account; repeatable; else the configured one.",
)  # fmt: skip
@click.option("--all-services", is_flag=True, help="Every service's resources, not only SageMaker's (--from-account).")
@click.option("--profile", help="The AWS profile; else the usual AWS settings.")
@click.option("--out", default="tags.yaml", show_default=True, metavar="FILE|-", help="What to write; - prints it.")
def init(
    policy: str | None, state: str | None, account: bool, regions: tuple[str, ...], all_services: bool,
    profile: str | None, out: str,
) -> None:  # fmt: skip
    """Write a first tags.yaml: the example, or a draft made from a tag policy, a stack, or the tags in use.

    It overwrites nothing. What the draft could not take is said in its comments and on stderr.
    """
    if sum((policy is not None, state is not None, account)) > 1:
        raise click.UsageError("give one of --from-tag-policy, --from-state and --from-account")
    if (regions or all_services) and not account:
        raise click.UsageError("--region and --all-services go with --from-account")
    if profile is not None and not account and policy != "live":
        raise click.UsageError("--profile goes with --from-account and --from-tag-policy live")
    from costtags.adopt import draft, example, files

    to = None if out == files.STANDARD else Path(out)
    schema_beside = to is not None and to.with_name("tags.schema.json").is_file()
    try:
        if to is not None:
            files.refuse_existing(to)
        made = _draft(policy, state, (regions, all_services) if account else None, profile)
        if made is None:
            text = example.text(schema_beside=schema_beside)
        else:
            text = draft.text(made, schema_beside=schema_beside)
        if to is None:
            _print(text)
        else:
            files.write_new(to, text)
    except draft.CannotDraft as error:
        _fail(str(error))
        return
    first, *rest = made.summary if made is not None else ["the example"]
    for line in [f"{'made' if to is None else f'{to} written'}: {first}", *rest]:
        _say(line)
    if to is not None:
        _say("next: edit it, then run costtags check")


def _draft(
    policy: str | None, state: str | None, account: tuple[tuple[str, ...], bool] | None, profile: str | None
) -> "Draft | None":
    from costtags.adopt import files

    if policy == "live":
        from costtags.adopt import account as aws
        from costtags.adopt import tag_policy

        source = "the tag policy in effect in this account"
        return tag_policy.drafted(aws.effective_tag_policy(profile), source, source)
    if policy is not None:
        from costtags.adopt import tag_policy

        shown, name = files.shown_name(policy), files.quoted_name(policy)
        return tag_policy.drafted(files.read_json(policy, tag_policy.MOST), f"the tag policy {name}", shown)
    if state is not None:
        from costtags.adopt import state as stack

        shown, name = files.shown_name(state), files.quoted_name(state)
        return stack.drafted(files.read_json(state, stack.MOST), f"the exported stack {name}", shown)
    if account is not None:
        from costtags.adopt import account as aws

        with _progress() as progress:
            return aws.drafted(profile, account[0], all_services=account[1], progress=progress)
    return None


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Give a function that shows how far the work is, on one line of a terminal; nothing is left of it at the end."""
    shown = sys.stderr.isatty()
    try:
        yield lambda text: click.echo(f"\r{text}\x1b[K", nl=False, err=True) if shown else None
    finally:
        if shown:
            click.echo("\r\x1b[K", nl=False, err=True)


@main.command(short_help="Print the policy pack's folder.")
def pack() -> None:
    """Print the installed policy pack's folder, for `pulumi preview --policy-pack`."""
    from costtags.gate.pack import folder_for_pulumi

    click.echo(folder_for_pulumi())


@main.command(name="json-schema", hidden=True)
def json_schema() -> None:
    """Print the JSON Schema of tags.yaml: the source of tags.schema.json."""
    from costtags.model import json_schema as made

    click.echo(json.dumps(made(), indent=2, ensure_ascii=False))
