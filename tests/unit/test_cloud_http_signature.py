"""Signatures: the two examples of the API's own documents, and everything that is refused."""

from __future__ import annotations

from typing import Any

import pytest

from hasim.cloud import CloudError
from hasim.cloud.http import Credentials
from hasim.cloud.http.signature import HttpMessage, check_form_signature, check_tc3_signature

EXAMPLE = Credentials("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")
TC3_TIME = 1551113065
TC3_BODY = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
AUTHORIZATION = (
    "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, "
    "SignedHeaders=content-type;host, "
    "Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
)
TC3_HEADERS = {
    "authorization": AUTHORIZATION,
    "content-type": "application/json; charset=utf-8",
    "host": "cvm.tencentcloudapi.com",
    "x-tc-timestamp": str(TC3_TIME),
}
FORM_TIME = 1465185768
FORM = {
    "Action": "DescribeInstances",
    "InstanceIds.0": "ins-09dx96dg",
    "Limit": "20",
    "Nonce": "11886",
    "Offset": "0",
    "Region": "ap-guangzhou",
    "SecretId": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
    "Timestamp": str(FORM_TIME),
    "Version": "2017-03-12",
    "Signature": "EliP9YW3pW28FpsEdkXt/+WcGeI=",
}


def tc3_code(now_s: float = TC3_TIME, body: bytes = TC3_BODY, **headers: str | None) -> str:
    changed = {**TC3_HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    message = HttpMessage("POST", "", {name: value for name, value in changed.items() if value is not None}, body)
    try:
        return check_tc3_signature(message, EXAMPLE, now_s)
    except CloudError as error:
        return error.code


def form_code(now_s: float = FORM_TIME, **changes: Any) -> str:
    fields = {name: value for name, value in {**FORM, **changes}.items() if value is not None}
    message = HttpMessage("GET", "", {"host": "cvm.tencentcloudapi.com"}, b"")
    try:
        check_form_signature(message, fields, EXAMPLE, now_s)
    except CloudError as error:
        return error.code
    return "OK"


def test_the_documents_example_of_tc3_is_accepted_for_its_service() -> None:
    assert tc3_code() == "cvm"


def test_the_documents_example_of_hmac_sha1_is_accepted() -> None:
    assert form_code() == "OK"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"authorization": None}, "AuthFailure.InvalidAuthorization"),
        ({"authorization": "Basic YTpi"}, "AuthFailure.InvalidAuthorization"),
        ({"authorization": AUTHORIZATION.replace("content-type;", "")}, "AuthFailure.InvalidAuthorization"),
        ({"authorization": AUTHORIZATION.replace("AKID", "AKIE")}, "AuthFailure.SecretIdNotFound"),
        ({"authorization": AUTHORIZATION.replace("2019-02-25", "2019-02-24")}, "AuthFailure.SignatureFailure"),
        ({"authorization": AUTHORIZATION.replace("/cvm/", "/vpc/")}, "AuthFailure.SignatureFailure"),
        ({"authorization": AUTHORIZATION.replace("72e4", "72e5")}, "AuthFailure.SignatureFailure"),
        ({"host": "vpc.tencentcloudapi.com"}, "AuthFailure.SignatureFailure"),
        ({"content_type": "application/json"}, "AuthFailure.SignatureFailure"),
        ({"body": TC3_BODY.replace(b"1", b"2", 1)}, "AuthFailure.SignatureFailure"),
        ({"x_tc_timestamp": None}, "MissingParameter"),
        ({"x_tc_timestamp": "now"}, "InvalidParameter"),
        ({"x_tc_timestamp": str(TC3_TIME + 1)}, "AuthFailure.SignatureFailure"),
        ({"x_tc_token": "token"}, "AuthFailure.TokenFailure"),
        ({"now_s": TC3_TIME + 301}, "AuthFailure.SignatureExpire"),
        ({"now_s": TC3_TIME - 301}, "AuthFailure.SignatureExpire"),
        ({"now_s": TC3_TIME + 299}, "cvm"),
    ],
)
def test_tc3_refuses(changes: dict[str, Any], code: str) -> None:
    assert tc3_code(**changes) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Limit": "21"}, "AuthFailure.SignatureFailure"),
        ({"Signature": "EliP9YW3pW28FpsEdkXt/+WcGeJ="}, "AuthFailure.SignatureFailure"),
        ({"Signature": "é"}, "AuthFailure.SignatureFailure"),
        ({"SignatureMethod": "HmacSHA256"}, "AuthFailure.SignatureFailure"),
        ({"SignatureMethod": "none"}, "AuthFailure.SignatureFailure"),
        ({"SecretId": "AKIDother"}, "AuthFailure.SecretIdNotFound"),
        ({"Token": "token"}, "AuthFailure.TokenFailure"),
        ({"Nonce": None}, "MissingParameter"),
        ({"Signature": None}, "MissingParameter"),
        ({"now_s": FORM_TIME + 301}, "AuthFailure.SignatureExpire"),
    ],
)
def test_forms_refuse(changes: dict[str, Any], code: str) -> None:
    assert form_code(**changes) == code
