"""AWS clients with the retries that every command wants, and AWS's errors in words."""

import os
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as NoConnection
from botocore.parsers import ResponseParserError
from botocore.session import Session

AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
"""What a call can raise: nobody answered, AWS refused, or what answered is not AWS."""


class AwsFailed(Exception):
    """AWS cannot be asked at all; the message is for the user."""


_DEFAULT_REGION = "us-east-1"
_CONNECTIONS = 32
_REFUSED_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_THROTTLED = (
    "RequestLimitExceeded",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
)
ATTEMPTS = 5


def client(session: Session, service: str, region: str | None = None, *, attempts: int = ATTEMPTS) -> Any:
    """Return a client that waits and retries where AWS throttles; the user's own settings of retries come first.

    With one attempt it never repeats a call, whatever the settings: the caller looks first what the lost one did.

    Raises BotoCoreError, as for a profile that does not exist, and ValueError for a setting of a wrong form.
    """
    config = session.get_scoped_config()
    retries: dict[str, Any] = {}
    if not (os.environ.get("AWS_RETRY_MODE") or config.get("retry_mode")):
        retries["mode"] = "adaptive"
    if attempts == 1 or not (os.environ.get("AWS_MAX_ATTEMPTS") or config.get("max_attempts")):
        retries["total_max_attempts"] = attempts
    # More connections than botocore's ten: several threads share a client.
    settings = Config(retries=retries, connect_timeout=10, max_pool_connections=_CONNECTIONS)
    return session.create_client(service, region_name=region or region_of(session), config=settings)


def region_of(session: Session) -> str:
    """Return the configured region, or one that global services can be asked from.

    Python's SDK ignores AWS_REGION, which AWS's other tools read. A global service needs a region all the same: the
    region's partition decides where the service is, and China has its own.
    """
    return str(session.get_config_variable("region") or os.environ.get("AWS_REGION") or _DEFAULT_REGION)


def account(session: Session) -> str | None:
    """Return the account that the credentials are of, or None where STS does not say.

    Raises what a call can raise where the credentials themselves are missing or refused.
    """
    try:
        return str(client(session, "sts").get_caller_identity()["Account"])
    except ClientError as error:
        if code(error) in _REFUSED_CREDENTIALS:
            raise
        return None


def code(error: Exception) -> str:
    """Return AWS's code of an error, or "" where AWS itself did not answer."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def message(error: ClientError) -> str:
    """Return what AWS said, on one line."""
    return " ".join(str(error.response.get("Error", {}).get("Message") or "no reason given").split())


def explained(error: Exception) -> str:
    """Return what went wrong in a call and what to do about it."""
    if isinstance(error, ClientError):
        return _refused(error)
    said = " ".join(str(error).split())
    if isinstance(error, NoCredentialsError):
        return (
            "no AWS credentials found; log in (aws sso login) and name the profile with --profile or AWS_PROFILE, "
            "or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if isinstance(error, ProfileNotFound):
        return f"{said}; `aws configure list-profiles` lists those there are"
    if isinstance(error, NoConnection | HTTPClientError | ResponseParserError):
        return f"AWS did not answer: {said}"
    return f"AWS cannot be asked: {said}"


def _refused(error: ClientError) -> str:
    said = f"{code(error)}: {message(error)}"
    if code(error) in _REFUSED_CREDENTIALS:
        return f"AWS does not accept the credentials ({said}); log in again (aws sso login)"
    if code(error) in DENIED:
        return f"AWS denies {error.operation_name} ({said})"
    if code(error) in _THROTTLED:
        return f"AWS takes no more calls of {error.operation_name} for now ({said}); run it again in some minutes"
    return f"AWS refuses {error.operation_name} ({said})"
