"""Bills as commands open them: progress, what goes wrong in words, and what Athena charges."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from costtags.commands.output import fail, note, progress_line

if TYPE_CHECKING:
    from costtags.costs.athena_bill import AthenaBill
    from costtags.costs.local import LocalBill


@contextmanager
def in_files(files: Sequence[Path]) -> Iterator["LocalBill"]:
    """Open bill files; what is wrong with them ends the command."""
    from costtags.costs.files import BillError
    from costtags.costs.local import open_bill

    with progress_line() as progress:
        progress("reading the bill ...")
        try:
            with open_bill(files) as bill:
                yield bill
        except BillError as error:
            fail(str(error))


@contextmanager
def on_athena(workgroup: str, table: str, region: str | None, profile: str | None) -> Iterator["AthenaBill"]:
    """Give a bill's table on Athena; what goes wrong ends the command, and what was scanned is told in any case."""
    from botocore.session import Session

    from costtags.account import clients
    from costtags.costs import athena
    from costtags.costs.athena_bill import AthenaBill
    from costtags.costs.files import BillError
    from costtags.costs.query import QueryError

    bill = None
    with progress_line() as progress:
        try:
            client = clients.client(Session(profile=profile), "athena", region)
            bill = AthenaBill(client, workgroup, table, progress)
            yield bill
        except clients.AWS_ERRORS as error:
            fail(clients.explained(error))
        except (athena.QueryFailed, QueryError, BillError) as error:
            fail(str(error))
        except ValueError as error:  # its word for AWS_ENDPOINT_URL_ATHENA and the like
            fail(f"an AWS setting cannot be used: {error}")
        finally:
            progress("")
            if bill is not None and bill.scanned:
                note(f"Athena: {athena.cost_text_of(bill.scanned, client.meta.region_name)}")
