"""Serves buckets as S3 does, by moto, which checks every signature with botocore.

The only argument is the path of a file that tells what to serve:

    {"buckets": [{"name": "…", "region": "…", "prefix": "…",
                  "objects": [{"key": "…", "file": "/path", "metadata": {"x-amz-key": "…"}}]}],
     "tls": {"authority": "/ca.pem", "certificate": "/server.pem", "key": "/server.key"} or null}

With "tls" it serves https, by the name localhost.

Boto3 puts the objects there. Then each request has to be signed; boto3 confirms that the server sends the objects to
the key that may read them, also a part of them, and refuses a wrong secret. A line of JSON tells the address and the
keys: one that may do s3:GetObject below the prefixes and nothing else, and one that may do nothing.

What moto leaves out is added here as S3 documents it: a clock that is too far off, sessions that have expired, buckets
in another region than the one that the request is signed for, failures, and answers that break off. /_bench/… controls
that. The server ends with its standard input.
"""

import datetime
import json
import pathlib
import re
import ssl
import sys
import threading

import boto3
import botocore.config
import botocore.exceptions
import moto.settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

FARTHEST = datetime.timedelta(minutes=15)


def document(code, message, **elements):
    """The body of an error of S3's."""
    more = "".join(f"<{name}>{text}</{name}>" for name, text in elements.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message>{more}</Error>'


class Bench:
    """Stands before moto: notes the requests, and refuses what S3 would refuse."""

    def __init__(self, regions):
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.regions = regions
        self.lock = threading.Lock()
        self.requests = []
        self.expired = set()
        self.offset = datetime.timedelta()
        self.redirect = None
        self.faults = []
        self.cut = None
        self.is_noting = False

    def __call__(self, environ, start_response):
        request = Request(environ)
        if request.path.startswith("/_bench/"):
            return self.control(request)(environ, start_response)
        if self.is_noting:
            with self.lock:
                self.requests.append(
                    {
                        "method": request.method,
                        "path": environ.get("RAW_URI", request.path),
                        "headers": {name.lower(): value for name, value in request.headers.items()},
                    }
                )
            refusal = self.refusal(request)
            if refusal is not None:
                return refusal(environ, start_response)
            with self.lock:
                fault = self.faults.pop(0) if self.faults else None
            if fault is not None:
                return self.failure(fault)(environ, start_response)
            if self.cut is not None:
                return self.cut_off(self.moto(environ, start_response), **self.cut)
        return self.moto(environ, start_response)

    def cut_off(self, body, bytes, ends):
        """Breaks off a longer body, and ends a session with that."""
        left = bytes
        for part in body:
            yield part[:left]
            left -= len(part)
            if left < 0:
                with self.lock:
                    self.expired.add(ends)
                raise ConnectionError("cut off")

    @staticmethod
    def failure(name):
        """An answer that isn't the object."""
        if name == "slow":
            return Response(document("SlowDown", "Please reduce your request rate."), 503, mimetype="application/xml")
        if name == "page":
            return Response("<!DOCTYPE html><html><body>Log in</body></html>", 200, mimetype="text/html")
        # A document without an end to speak of.
        endless = [document("AccessDenied", "").split("</Message>")[0].encode()] + [b"x" * (1 << 20)] * 64
        return Response(endless, 403, mimetype="application/xml")

    def control(self, request):
        """Answers the bench's own requests."""
        action = request.path.removeprefix("/_bench/")
        body = json.loads(request.get_data() or b"null")
        with self.lock:
            if action == "requests":
                answer, self.requests = self.requests, []
                return Response(json.dumps(answer), mimetype="application/json")
            if action == "clock":
                self.offset = datetime.timedelta(seconds=body)
            elif action == "expire":
                self.expired.add(body)
            elif action == "redirect":
                self.redirect = body
            elif action == "faults":
                self.faults = body
            elif action == "cut":
                self.cut = body
            elif action == "delete":
                s3_backends["123456789012"]["aws"].delete_object(body["bucket"], body["key"])
            else:
                return Response(status=404)
        return Response(status=204)

    def refusal(self, request):
        """What S3 answers before it looks for the object; None when it would look."""
        authorization = request.headers.get("Authorization", "")
        scope = re.match(r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/([^/]+)/s3/aws4_request, ", authorization)
        if scope is None:
            return Response(document("AccessDenied", "Access Denied"), 403, mimetype="application/xml")
        now = datetime.datetime.now(datetime.timezone.utc) + self.offset
        signed = datetime.datetime.strptime(request.headers["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
        if abs(now - signed) > FARTHEST:
            times = {"RequestTime": request.headers["X-Amz-Date"], "ServerTime": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
            text = document(
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                **times,
            )
            return Response(text, 403, mimetype="application/xml")
        if request.headers.get("X-Amz-Security-Token") in self.expired:
            return Response(
                document("ExpiredToken", "The provided token has expired."), 400, mimetype="application/xml"
            )
        bucket = request.path.split("/")[1]
        region = self.regions.get(bucket)
        if region is None or region == scope[1]:
            return None
        if self.redirect is not None:
            # S3 names another host there, and nobody may follow it with a signature.
            headers = {"x-amz-bucket-region": region, "Location": self.redirect}
            text = document("PermanentRedirect", "The bucket must be addressed using the specified endpoint.")
            return Response(text, 301, headers, mimetype="application/xml")
        text = document(
            "AuthorizationHeaderMalformed",
            f"The authorization header is malformed; the region '{scope[1]}' is wrong; expecting '{region}'",
            Region=region,
        )
        return Response(text, 400, mimetype="application/xml")


class Handler(WSGIRequestHandler):
    """Keeps connections, and the path as it was sent; says nothing."""

    protocol_version = "HTTP/1.1"

    def make_environ(self):
        environ = super().make_environ()
        environ["RAW_URI"] = self.path
        return environ

    def connection_dropped(self, error, environ=None):
        self.close_connection = True

    def log(self, type, message, *args):
        pass


def client(service, url, region, key, certificate, secret=None):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=secret or key["SecretAccessKey"],
        aws_session_token=key.get("SessionToken"),
        verify=certificate or True,
        config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def make_keys(url, certificate, policy):
    """A key of a user's, one of a session's, and one without any permission."""
    anybody = {"AccessKeyId": "x", "SecretAccessKey": "y"}
    iam = client("iam", url, "us-east-1", anybody, certificate)
    keys = {}
    for name in ["reader", "stranger"]:
        iam.create_user(UserName=name)
        keys[name] = iam.create_access_key(UserName=name)["AccessKey"]
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=policy)
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}
    role = iam.create_role(RoleName="session", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName="session", PolicyName="read", PolicyDocument=policy)
    sts = client("sts", url, "us-east-1", anybody, certificate)
    for name in ["session", "later-session"]:
        keys[name] = sts.assume_role(RoleArn=role["Arn"], RoleSessionName=name)["Credentials"]
    return {
        name: {
            "identifier": key["AccessKeyId"],
            "secret": key["SecretAccessKey"],
            "token": key.get("SessionToken"),
        }
        for name, key in keys.items()
    }


def confirm(url, certificate, buckets, key):
    """Has boto3 read everything, and be refused with a wrong secret."""
    for bucket in buckets:
        right = client("s3", url, bucket["region"], key, certificate)
        for entry in bucket["objects"]:
            content = pathlib.Path(entry["file"]).read_bytes()
            place = {"Bucket": bucket["name"], "Key": entry["key"]}
            assert right.get_object(**place)["Body"].read() == content, entry["key"]
            part = right.get_object(Range="bytes=3-9", **place)
            assert part["Body"].read() == content[3:10], entry["key"]
            assert part["Metadata"] == entry.get("metadata", {}), entry["key"]
            wrong = client("s3", url, bucket["region"], key, certificate, secret="x" * 40)
            try:
                wrong.get_object(**place)
            except botocore.exceptions.ClientError as error:
                assert error.response["Error"]["Code"] == "SignatureDoesNotMatch", error
            else:
                raise AssertionError("a wrong signature was accepted")


def main():
    settings = json.loads(pathlib.Path(sys.argv[1]).read_text())
    buckets = settings["buckets"]
    tls = settings.get("tls")
    certificate = tls and tls["authority"]
    bench = Bench({bucket["name"]: bucket["region"] for bucket in buckets})
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls["certificate"], tls["key"])
    server = make_server("127.0.0.1", 0, bench, threaded=True, request_handler=Handler, ssl_context=context)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"https://localhost:{server.port}" if tls else f"http://127.0.0.1:{server.port}"

    resources = [f"arn:aws:s3:::{bucket['name']}/{bucket['prefix']}*" for bucket in buckets]
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources}
    keys = make_keys(url, certificate, json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    for bucket in buckets:
        place = {}
        if bucket["region"] != "us-east-1":
            place["CreateBucketConfiguration"] = {"LocationConstraint": bucket["region"]}
        s3 = client("s3", url, bucket["region"], {"AccessKeyId": "x", "SecretAccessKey": "y"}, certificate)
        s3.create_bucket(Bucket=bucket["name"], **place)
        for entry in bucket["objects"]:
            s3.put_object(
                Bucket=bucket["name"],
                Key=entry["key"],
                Body=pathlib.Path(entry["file"]).read_bytes(),
                Metadata=entry.get("metadata", {}),
            )

    ActionAuthenticatorMixin.request_count = 0
    moto.settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    bench.is_noting = True
    for name in ["reader", "session"]:
        key = {
            "AccessKeyId": keys[name]["identifier"],
            "SecretAccessKey": keys[name]["secret"],
            "SessionToken": keys[name]["token"],
        }
        confirm(url, certificate, buckets, {part: value for part, value in key.items() if value})
    bench.requests = []
    print(json.dumps({"url": url, "keys": keys}), flush=True)
    # Until the test closes it.
    for line in sys.stdin:
        pass


if __name__ == "__main__":
    main()
