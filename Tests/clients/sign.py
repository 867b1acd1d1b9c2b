#!/usr/bin/env python3
"""Signs a body with the vendors' own clients and sends it, then sends it again with one byte changed.

Usage: sign.py http://HOST:PORT
Prints a line a client: NAME STATUS STATUS_OF_THE_TAMPERED, or NAME missing.
"""
import datetime
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

BASE = sys.argv[1]
BODY = json.dumps({"id": "evt_%d" % time.time_ns(), "type": "test.sent", "n": 1.0})


def post(path, body, headers):
    request = urllib.request.Request(BASE + path, body.encode(), headers, method="POST")
    request.add_header("Content-Type", "application/json")
    try:
        return urllib.request.urlopen(request, timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code


def report(name, path, headers):
    tampered = BODY.replace("test.sent", "test.sens")
    print(name, post(path, BODY, headers), post(path, tampered, headers), flush=True)


def standardwebhooks():
    from standardwebhooks.webhooks import Webhook
    now = datetime.datetime.now(tz=datetime.timezone.utc)
    signature = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").sign("msg_1", now, BODY)
    report("standardwebhooks", "/webhooks/standard-webhooks", {
        "webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature})


def stripe():
    import stripe as library
    now = int(time.time())
    signature = library.WebhookSignature._compute_signature("%d.%s" % (now, BODY), "whsec_test")
    report("stripe", "/webhooks/stripe", {"Stripe-Signature": "t=%d,v1=%s" % (now, signature)})


def slack_sdk():
    from slack_sdk.signature import SignatureVerifier
    now = str(int(time.time()))
    signature = SignatureVerifier("slack-secret").generate_signature(timestamp=now, body=BODY)
    report("slack_sdk", "/webhooks/slack", {
        "X-Slack-Request-Timestamp": now, "X-Slack-Signature": signature})


def pyjwt():
    import jwt
    for algorithm in ("HS256", "HS384", "HS512"):
        token = jwt.encode({"iss": "me", "iat": int(time.time())}, "j" * 64, algorithm=algorithm)
        good = post("/webhooks/jwt", BODY, {"Authorization": "Bearer " + token})
        head, claims, signature = token.split(".")
        forged = ".".join([head, claims, ("A" if signature[0] != "A" else "B") + signature[1:]])
        print("PyJWT", good, post("/webhooks/jwt", BODY, {"Authorization": "Bearer " + forged}), flush=True)


def openssl():
    run = subprocess.run(["openssl", "dgst", "-sha256", "-hmac", "github-secret", "-r"],
                         input=BODY.encode(), capture_output=True, check=True)
    digest = run.stdout.decode().split()[0]
    statuses = []
    for body in (BODY, BODY.replace("1.0", "1.1")):
        run = subprocess.run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", BASE + "/webhooks/github", "--data-binary", body,
             "-H", "Content-Type: application/json", "-H", "X-GitHub-Event: push",
             "-H", "X-Hub-Signature-256: sha256=" + digest], capture_output=True, check=True)
        statuses.append(run.stdout.decode())
    print("openssl+curl", *statuses, flush=True)


for client in (standardwebhooks, stripe, slack_sdk, pyjwt, openssl):
    try:
        client()
    except (ImportError, FileNotFoundError):
        print(client.__name__, "missing", flush=True)
