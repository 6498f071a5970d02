"""Where to look: accounts and regions, with clients that have each account's own credentials."""

import os
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import ClientError
from botocore.session import Session

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS, AwsFailed

ORGANIZATION = "organization"
"""Instead of account ids: every active account of the organization."""
ALL_REGIONS = "all"
"""Instead of region names: every region that is enabled for the account and has SageMaker."""
_SESSION_NAME = "costtags"
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]+")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One region of one account."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account} {self.region}"


@dataclass(frozen=True, slots=True, order=True)
class Unreachable:
    """What could not be looked at, and why: a place, a type in a place, or a resource."""

    what: str
    why: str


class Access:
    """Clients for any account and region: the caller's own credentials, or those of a role in each account.

    ``role`` is a role's name, assumed in every account but the caller's, or an ARN in which ``{account}`` stands for
    the account, assumed in all of them. Safe to use from several threads; credentials of roles renew themselves.
    """

    def __init__(self, profile: str | None, role: str | None = None, *, attempts: int = clients.ATTEMPTS) -> None:
        self._profile = profile
        self._role = role
        self._attempts = attempts
        self._lock = threading.RLock()
        self._sessions: dict[str, Session] = {}
        self._clients: dict[tuple[str, str, str, int], Any] = {}
        try:
            self._own = Session(profile=profile)
            identity = clients.client(self._own, "sts", attempts=attempts).get_caller_identity()
        except AWS_ERRORS as error:
            raise AwsFailed(clients.explained(error)) from error
        except ValueError as error:
            raise AwsFailed(f"an AWS setting cannot be used: {error}") from error
        self.account = str(identity["Account"])
        self.caller = str(identity["Arn"])
        self.partition = self.caller.split(":")[1] or "aws"

    def client(self, account: str, service: str, region: str | None = None, *, attempts: int | None = None) -> Any:
        """Return the client of a service with the credentials for an account. Raises AwsFailed and AWS_ERRORS."""
        tries = attempts or self._attempts
        key = (account, service, region or "", tries)
        with self._lock:
            if key not in self._clients:
                session = self._session(account)
                try:
                    self._clients[key] = clients.client(session, service, region, attempts=tries)
                except ValueError as error:  # its word for AWS_ENDPOINT_URL_CE and the like
                    raise AwsFailed(f"an AWS setting cannot be used: {error}") from error
            return self._clients[key]

    def accounts(self, wanted: Sequence[str]) -> list[str]:
        """Return the ids of accounts, those of the organization where that is asked for, sorted. Raises AwsFailed."""
        wrong = [f'"{one}"' for one in wanted if one != ORGANIZATION and not _ACCOUNT.fullmatch(one)]
        if wrong:
            raise AwsFailed(f"{', '.join(wrong)}: an account is named by its 12 digits, or all by {ORGANIZATION}")
        if ORGANIZATION not in wanted:
            return sorted(set(wanted)) or [self.account]
        try:
            pages = self.client(self.account, "organizations").get_paginator("list_accounts").paginate()
            listed = [account for page in pages for account in page["Accounts"]]
        except AWS_ERRORS as error:
            why = clients.explained(error)
            raise AwsFailed(
                f"{why}; name the accounts with --account ID, or run it in the management account"
            ) from error
        # State has replaced Status, which AWS retires: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
        active = {str(one["Id"]) for one in listed if one.get("State", one.get("Status")) == "ACTIVE"}
        return sorted(active | (set(wanted) - {ORGANIZATION}))

    def regions(self, account: str, wanted: Sequence[str]) -> list[str]:
        """Return the names of regions: those given, the enabled ones, or the configured one.

        Raises AWS_ERRORS, and AwsFailed for a name that can be none.
        """
        wrong = [f'"{one}"' for one in wanted if one != ALL_REGIONS and not _REGION.fullmatch(one)]
        if wrong:
            raise AwsFailed(f"{', '.join(wrong)}: no region; write one like eu-west-1, or {ALL_REGIONS}")
        if ALL_REGIONS in wanted:
            known = set(self._own.get_available_regions("sagemaker", self.partition))
            pages = self.client(account, "account").get_paginator("list_regions")
            enabled = pages.paginate(RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT"])
            return sorted(known & {str(region["RegionName"]) for page in enabled for region in page["Regions"]})
        if wanted:
            return sorted(set(wanted))
        configured = self._own.get_config_variable("region") or os.environ.get("AWS_REGION")
        if not configured:
            raise AwsFailed(
                "no region: name the regions to look into with --region (or --region all), or set AWS_REGION"
            )
        return [str(configured)]

    def places(self, accounts: Iterable[str], regions: Sequence[str]) -> tuple[list[Place], list[Unreachable]]:
        """Return the regions of accounts to look into, and the accounts that cannot be. Raises AwsFailed."""
        found: list[Place] = []
        unreachable: list[Unreachable] = []
        for account in accounts:
            try:
                found += [Place(account, region) for region in self.regions(account, regions)]
            except AWS_ERRORS as error:
                unreachable.append(Unreachable(account, clients.explained(error)))
        return found, unreachable

    def _session(self, account: str) -> Session:
        if self._role is None or (account == self.account and ":" not in self._role):
            if account != self.account:
                raise AwsFailed(
                    f"account {account} is not the caller's ({self.account}): name the role to assume with --role"
                )
            return self._own
        if account not in self._sessions:
            session = Session(profile=self._profile)
            # Models are read once for all: SageMaker's alone takes 25 MB.
            session.register_component("data_loader", self._own.get_component("data_loader"))
            session._credentials = self._assumed(account)
            self._sessions[account] = session
        return self._sessions[account]

    def _assumed(self, account: str) -> DeferredRefreshableCredentials:
        """Return credentials of the role in an account, which are fetched when first needed, and renewed."""
        assert self._role is not None
        arn = self._role.replace("{account}", account)
        if ":" not in arn:
            arn = f"arn:{self.partition}:iam::{account}:role/{arn}"
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=lambda service, **given: self._own.create_client(service, **self._near(given)),
            source_credentials=self._own.get_credentials(),
            role_arn=arn,
            extra_args={"RoleSessionName": _SESSION_NAME},
        )
        return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")

    def _near(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"region_name": clients.region_of(self._own), **given}


def refused(error: Exception) -> bool:
    """Say whether a role could not be assumed: then nothing in that account can be asked."""
    return isinstance(error, ClientError) and error.operation_name == "AssumeRole"
