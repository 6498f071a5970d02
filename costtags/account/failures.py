"""What AWS's errors say of a resource, a region or a call, beyond their words."""

import re

from botocore.exceptions import ClientError, EndpointConnectionError, InvalidRegionError, NoCredentialsError

from costtags.account import clients
from costtags.account.places import refused

# A region that is not enabled, credentials that have ended: nothing more can be asked there.
_PLACE_LOST = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "OptInRequired",
        "UnrecognizedClientException",
    }
)
_NOT_OFFERED = frozenset({"InvalidAction", "UnknownOperation", "UnknownOperationException"})
_NOT_FOUND = frozenset({"NotFoundException", "RecordNotFound", "ResourceNotFound", "ResourceNotFoundException"})
_INVALID = frozenset({"ValidationException", "ValidationError"})
# SageMaker says of deleted apps, and of much else, that the request is not valid:
# https://github.com/aws/amazon-sagemaker-feedback/issues/108
_MISSING = re.compile(r"not\s+(be\s+)?(exist|found|find)|unable to find|cannot find|deleted", re.IGNORECASE)
_TOKEN_REFUSED = frozenset({*_INVALID, "InvalidParameterException", "PaginationTokenExpiredException"})


def is_missing(error: Exception) -> bool:
    """Say whether an error says that the resource is no more."""
    if not isinstance(error, ClientError):
        return False
    code = clients.code(error)
    return code in _NOT_FOUND or (code in _INVALID and bool(_MISSING.search(clients.message(error))))


def may_be_missing(error: Exception) -> bool:
    """Say whether an error may mean that the resource is no more: of a deleted one, "invalid" needs no words."""
    return clients.code(error) in _NOT_FOUND | _INVALID


def is_lost(error: Exception) -> bool:
    """Say whether an error concerns all that could be asked in a place."""
    kinds = (EndpointConnectionError, InvalidRegionError, NoCredentialsError)
    return isinstance(error, kinds) or refused(error) or clients.code(error) in _PLACE_LOST


def is_not_offered(error: Exception) -> bool:
    """Say whether a region does not know a call."""
    return clients.code(error) in _NOT_OFFERED


def is_token_refused(error: Exception) -> bool:
    """Say whether the token of a next page may be what AWS does not take."""
    return clients.code(error) in _TOKEN_REFUSED
