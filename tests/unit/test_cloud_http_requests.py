"""What comes through the front door, in all three forms, and what is refused there: never with anything but JSON."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from hasim.cloud import Region
from tests.unit.cloud_topology import Cloud
from tests.unit.http_endpoint import CREDENTIALS, Answer, Endpoint, prompt

JSON = {"Content-Type": "application/json", "X-TC-Version": "2017-03-12", "X-TC-Region": "ap-guangzhou"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
COMMON = {"Version": "2017-03-12", "Region": "ap-guangzhou"}
QUERY = {**COMMON, "Action": "DescribeVpcs", "Filters.0.Name": "vpc-name", "Filters.0.Values.0": "main"}


def asked(method: str = "POST", path: str = "/", headers: Any = None, body: bytes = b"", **more: Any) -> Answer:
    endpoint = Endpoint(Cloud().region, prompt(), **more)
    return asyncio.run(endpoint.request(method, path, headers, body))


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("POST", "/", {**JSON, "X-TC-Action": "DescribeVpcs"}, b'{"Filters":[{"Name":"vpc-name","Values":["main"]}]}'),
        ("GET", "/?Filters.0.Name=vpc-name&Filters.0.Values.0=main", {**JSON, "X-TC-Action": "DescribeVpcs"}, b""),
        ("GET", "/?" + urlencode(QUERY), {}, b""),
        ("POST", "/", FORM, urlencode(QUERY).encode()),
        ("GET", "http://vpc.example.com/?" + urlencode(QUERY), {}, b""),
        ("POST", "HTTPS://vpc.example.com", FORM, urlencode(QUERY).encode()),
    ],
)
def test_one_call_in_every_form(method: str, path: str, headers: dict[str, str], body: bytes) -> None:
    answer = asked(method, path, headers, body)
    assert [item["VpcName"] for item in answer.response["VpcSet"]] == ["main"]
    assert answer.headers["content-type"] == "application/json"


def form(**fields: str) -> tuple[str, str, dict[str, str], bytes]:
    return "POST", "/", FORM, urlencode({**COMMON, **fields}).encode()


def call(action: str, body: bytes = b"{}", **headers: str) -> tuple[str, str, dict[str, str], bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return "POST", "/", {**JSON, "X-TC-Action": action, **named}, body


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (("PUT", "/", {}, b""), "UnsupportedProtocol"),
        (("OPTIONS", "/", {}, b""), "UnsupportedProtocol"),
        (("POST", "/", {}, b""), "MissingParameter"),
        (("POST", "/", FORM, b""), "MissingParameter"),
        (("POST", "/", FORM, b"\xff\xfe"), "InvalidParameter"),
        (("POST", "/", FORM, b"Action=%ff"), "InvalidParameter"),
        (("POST", "/", FORM, b"no-equals-sign"), "InvalidParameter"),
        (("POST", "/", FORM, b"&".join(b"a=b" for _ in range(5001))), "InvalidParameter"),
        (("POST", "/", FORM, b"a=" + b"b" * (1 << 20)), "RequestSizeLimitExceeded"),
        (("GET", "/?Action=DescribeVpcs&Name=" + "x" * 40_000, {}, b""), "RequestSizeLimitExceeded"),
        (form(Action="DescribeVpcs", **{"a.b": "1", "a": "2"}), "InvalidParameter"),
        (form(Action="DescribeVpcs", **{"a": "1", "a.b": "2"}), "InvalidParameter"),
        (form(Action="DescribeVpcs", **{"a.b.c.d.e.f.g.h.i.j": "1"}), "InvalidParameter"),
        (form(Action="DescribeVpcs", Unheard="1"), "UnknownParameter"),
        (call("DescribeVpcs", b"{"), "InvalidParameter"),
        (call("DescribeVpcs", b"[]"), "InvalidParameter"),
        (call("DescribeVpcs", b""), "InvalidParameter"),
        (call("DescribeVpcs", b"\xff"), "InvalidParameter"),
        (call("DescribeVpcs", b'{"Limit":NaN}'), "InvalidParameter"),
        (call("DescribeVpcs", b'{"Limit":1e999}'), "InvalidParameter"),
        (call("DescribeVpcs", b'{"Limit":' + b"9" * 5000 + b"}"), "InvalidParameter"),
        (call("DescribeVpcs", b'{"a":' + b"[" * 200_000), "InvalidParameter"),
        (call("DescribeVpcs", b'{"VpcIds":' + b"[" * 949 + b"]" * 949 + b"}"), "InvalidParameter"),
        (call("DescribeVpcs", b"{" + b" " * (10 << 20) + b"}"), "RequestSizeLimitExceeded"),
        (call("DescribeVpcs", Content_Type="text/plain"), "InvalidParameter"),
        (call("DescribeVpcs", X_TC_Version="2019-01-01"), "NoSuchVersion"),
        (call("DescribeVpcs", X_TC_Version=""), "MissingParameter"),
        (call("DescribeVpcs", X_TC_Region="ap-beijing"), "UnsupportedRegion"),
        (call("DescribeVpcs", X_TC_Region=""), "MissingParameter"),
        (call("DescribeEverything"), "InvalidAction"),
        (call(""), "InvalidAction"),
        (call("\xe9"), "InvalidAction"),
    ],
)
def test_malformed_requests_get_the_code_and_a_request_id(request_: Any, code: str) -> None:
    answer = asked(*request_)
    assert (answer.status, answer.headers["content-type"], answer.code) == (200, "application/json", code)
    assert len(answer.response["RequestId"]) == 36


def test_without_a_signature_nothing_is_answered() -> None:
    assert asked(*call("DescribeVpcs"), credentials=CREDENTIALS).code == "AuthFailure.InvalidAuthorization"
    assert asked(*form(Action="DescribeVpcs"), credentials=CREDENTIALS).code == "MissingParameter"


@pytest.mark.parametrize("name", [rb"\ud83d\ude42", "\U0001f642".encode(), rb"\u0000", rb"\\ud800"])
def test_any_text_survives_the_way_in_and_out(name: bytes) -> None:
    answer = asked(*call("CreateVpc", b'{"VpcName":"' + name + b'","CidrBlock":"10.0.0.0/16"}'))
    assert answer.response["Vpc"]["VpcName"] == json.loads(b'"' + name + b'"')


@pytest.mark.parametrize("half", [rb"\ud800", rb"\uDC00", rb"\ude42\ud83d"])
def test_half_a_character_is_no_text(half: bytes) -> None:
    answer = asked(*call("CreateVpc", b'{"VpcName":"' + half + b'","CidrBlock":"10.0.0.0/16"}'))
    assert answer.code == "InvalidParameter"


@pytest.mark.parametrize(("deep", "code"), [(31, "OK"), (32, "InvalidParameter"), (947, "InvalidParameter")])
def test_what_is_nested_deeper_than_any_call_is_refused_even_where_nobody_reads_it(deep: int, code: str) -> None:
    nested = b'{"VpcName":"x","CidrBlock":"10.0.0.0/16","EnableRouteVpcPublish":' + b"[" * deep + b"]" * deep + b"}"
    assert asked(*call("CreateVpc", nested)).code == code


def test_a_browser_gets_a_page_that_may_load_nothing_from_elsewhere() -> None:
    answer = asked("GET", "/", {"Accept": "text/html"})
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert b"http://" not in answer.body
    assert b"https://" not in answer.body


@pytest.mark.parametrize(
    ("path", "status"),
    [("http://127.0.0.1:80/_hasim/routes", 200), ("http://127.0.0.1/nothing", 404), ("/http://127.0.0.1/", 404)],
)
def test_a_target_may_name_the_server_too(path: str, status: int) -> None:
    assert asked("GET", path).status == status


def test_a_bug_is_an_internal_error_and_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object, **_more: object) -> None:
        raise RuntimeError("private detail")

    endpoint = Endpoint(Cloud().region, prompt())
    monkeypatch.setattr(Region, "call", broken)
    answer = asyncio.run(endpoint.request(*call("DescribeVpcs")))
    assert answer.code == "InternalError"
    assert b"private detail" not in answer.body
