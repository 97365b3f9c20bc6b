"""An object store of the S3 kind on loopback, written from its documentation: it takes only requests that are signed
(AWS Signature Version 4), takes locks in the form they must have, and writes nothing over what is there if it is told so.

    store.py DIRECTORY ACCESS_KEY SECRET_KEY REGION

Prints its port, then serves until it is killed. Objects are files, with their headers beside them as JSON.
"""

import base64
import datetime
import hashlib
import hmac
import json
import pathlib
import re
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

directory, access_key, secret_key, region = sys.argv[1:]


def signed_with(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Store(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def why_not(self, body):
        """Why the request is refused; nothing if its signature is right."""
        form = r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
        found = re.fullmatch(form, self.headers.get("Authorization", ""))
        if not found:
            return "AccessDenied"
        key, day, where, names, signature = found.groups()
        if (key, where) != (access_key, region):
            return "InvalidAccessKeyId"
        moment = self.headers.get("x-amz-date", "")
        at = datetime.datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if moment[:8] != day or abs(datetime.datetime.now(datetime.timezone.utc) - at) > datetime.timedelta(minutes=15):
            return "RequestTimeTooSkewed"
        must = {"host"} | {name.lower() for name in self.headers if name.lower().startswith("x-amz-")}
        signed = names.split(";")
        if signed != sorted(signed) or not must <= set(signed):
            return "AccessDenied: a header is not signed"
        if self.headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            return "XAmzContentSHA256Mismatch"
        path, _, query = self.path.partition("?")
        pairs = sorted(tuple(map(urllib.parse.unquote, (pair + "=").split("=")[:2])) for pair in query.split("&") if pair)
        quoted = lambda text: urllib.parse.quote(text, safe="-._~")
        canonical = "\n".join(
            [
                self.command,
                urllib.parse.quote(urllib.parse.unquote_to_bytes(path), safe="/-._~"),
                "&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs),
                *(f"{name}:{' '.join(self.headers.get(name, '').split())}" for name in signed),
                "",
                names,
                self.headers["x-amz-content-sha256"],
            ]
        )
        scope = f"{day}/{region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + secret_key).encode()
        for part in (day, region, "s3", "aws4_request"):
            key = signed_with(key, part)
        right = signed_with(key, text).hex()
        return None if hmac.compare_digest(right, signature) else "SignatureDoesNotMatch"

    def place(self):
        name = urllib.parse.unquote(self.path.partition("?")[0]).strip("/")
        return pathlib.Path(directory) / urllib.parse.quote(name, safe="")

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if why := self.why_not(body):
            return self.answer(403, why.encode())
        place, beside = self.place(), pathlib.Path(str(self.place()) + ".headers")
        if place.exists() and self.headers.get("If-None-Match") == "*":
            return self.answer(412, b"PreconditionFailed")
        locks = ("x-amz-object-lock-mode" in self.headers, "x-amz-object-lock-retain-until-date" in self.headers)
        if any(locks):
            if not all(locks):
                return self.answer(400, b"InvalidRequest: a lock needs a mode and a date")
            checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
            if self.headers.get("x-amz-checksum-sha256") != checksum:
                return self.answer(400, b"InvalidRequest: a checksum is required for objects that are locked")
        place.write_bytes(body)
        beside.write_text(json.dumps({name.lower(): value for name, value in self.headers.items()}))
        return self.answer(200)

    def do_GET(self):
        if why := self.why_not(b""):
            return self.answer(403, why.encode())
        place = self.place()
        return self.answer(200, place.read_bytes()) if place.exists() else self.answer(404)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
print(server.server_port, flush=True)
server.serve_forever()
