"""The codes with which the API's front door refuses a request before any action sees it.

They are those of the API's page of common error codes; what an action itself refuses is in :mod:`hasim.cloud.errors`.
"""

from __future__ import annotations

from hasim.cloud.errors import CloudError

__all__ = ["FRONT_DOOR_CODES", "refused"]

_MESSAGES = {
    "AuthFailure.InvalidAuthorization": "The Authorization header does not have the form that the API asks for.",
    "AuthFailure.SecretIdNotFound": "The SecretId does not exist.",
    "AuthFailure.SignatureExpire": "The signature has expired: Timestamp and the server's time differ too much.",
    "AuthFailure.SignatureFailure": "The provided credentials could not be validated: the signature is wrong.",
    "AuthFailure.TokenFailure": "The token is wrong.",
    "InternalError": "Internal error.",
    "InvalidAction": "The action does not exist.",
    "InvalidParameter": "A parameter error occurred.",
    "MissingParameter": "A required parameter is missing.",
    "NoSuchProduct": "The product does not exist.",
    "NoSuchVersion": "The version of the API does not exist.",
    "RequestSizeLimitExceeded": "The request is larger than the API allows.",
    "UnsupportedProtocol": "Only GET and POST requests are supported.",
    "UnsupportedRegion": "The API does not support this region.",
}

FRONT_DOOR_CODES = frozenset(_MESSAGES)
"""Every code that :func:`refused` knows."""


def refused(code: str, detail: str = "") -> CloudError:
    """The error of that code: its message, followed by what is wrong here."""
    message = _MESSAGES[code]
    return CloudError(code, f"{message} {detail}" if detail else message)
