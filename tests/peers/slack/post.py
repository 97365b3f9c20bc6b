"""Signs deliveries as Slack's own SDK does and posts them to a running server: what is signed well is taken, and nothing
else is."""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from slack_sdk.signature import SignatureVerifier

address, secret = sys.argv[1], sys.argv[2]


def post(body, signature=None, timestamp=None):
    request = urllib.request.Request(f"http://{address}/slack", data=body.encode(), method="POST")
    if signature:
        request.add_header("X-Slack-Signature", signature)
        request.add_header("X-Slack-Request-Timestamp", timestamp)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def signed(body, key=secret, at=None):
    timestamp = str(int(time.time() if at is None else at))
    return post(body, SignatureVerifier(key).generate_signature(timestamp=timestamp, body=body), timestamp)


challenge = json.dumps({"type": "url_verification", "token": "x", "challenge": "ä 3eZbrw"}, ensure_ascii=False)
command = urllib.parse.urlencode(
    {"command": "/whoami", "text": "", "team_id": "T1", "channel_id": "C1", "user_id": "U1", "trigger_id": "1.2"}
)
event = json.dumps({"type": "event_callback", "team_id": "T1", "event": {"type": "message", "user": "U1", "ts": "1.2",
                    "channel": "D1", "channel_type": "im", "text": "hello ü"}}, ensure_ascii=False)
press = urllib.parse.urlencode({"payload": json.dumps({"type": "block_actions", "actions": []})})

assert signed(challenge) == (200, "ä 3eZbrw")
for body in (command, event, press):
    assert signed(body)[0] == 200, body
    assert signed(body, key="another secret")[0] == 401, body
    assert signed(body, at=time.time() - 3600)[0] == 401, body
    assert post(body)[0] == 401, body
print("all as it should be")
