"""Loaded by schemathesis: bodies of CBOR are sent as the bytes that were made, and every request is
signed by the account that contract_test.py has created."""
import os
import urllib.parse

import requests
import schemathesis

from gateway import Account


@schemathesis.serializer("application/cbor")
def serialize_cbor(_context, value):
    if isinstance(value, bytes):
        return value
    return str(value).encode("utf-8", "surrogatepass")


class Signer(requests.auth.AuthBase):
    """As a device signs; what a device would not send is left as it is."""

    def __init__(self):
        self.account = Account("contract")

    def __call__(self, request):
        body = request.body
        if isinstance(body, str):
            body = body.encode("utf-8", "surrogatepass")
        if not isinstance(body, bytes):
            body = None
        lines = self.account.sign(
            request.method, urllib.parse.urlsplit(request.url).netloc, request.path_url, body,
            request.headers.get("Content-Type", ""))
        request.headers.update(line.split(": ", 1) for line in lines)
        return request


if "INKSEAL_CONTRACT_SIGNED" in os.environ:
    schemathesis.auth.set_from_requests(Signer())
