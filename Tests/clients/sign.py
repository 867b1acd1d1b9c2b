#!/usr/bin/env python3
"""Signs a body with the vendors' own clients and sends it, then sends it again with one byte changed.

Usage: sign.py keys FOLDER             makes key pairs, keys.json (a JSON Web Key Set) and variables.json there
       sign.py http://HOST:PORT FOLDER sends
Prints a line a client: NAME STATUS STATUS_OF_THE_TAMPERED, or NAME missing.
"""
import base64
import datetime
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

BASE, FOLDER = sys.argv[1:3]
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


# Algorithm of a token -> options of `openssl genpkey`.
KEYS = {
    "RS256": ["RSA"], "RS384": ["RSA"], "RS512": ["RSA"], "PS256": ["RSA"], "PS384": ["RSA"], "PS512": ["RSA"],
    "ES256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "ES384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "ES512": ["EC", "-pkeyopt", "ec_paramgen_curve:P-521"], "EdDSA": ["ED25519"],
}


def run_openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True, cwd=FOLDER).stdout


def make_keys():
    for name, options in KEYS.items():
        run_openssl("genpkey", "-algorithm", *options, "-out", name + ".pem")

    def public(name, form):
        return run_openssl("pkey", "-in", name + ".pem", "-pubout", "-outform", form)
    with open(os.path.join(FOLDER, "variables.json"), "w") as file:
        json.dump({
            "DISCORD_PUBLIC_KEY": public("EdDSA", "DER")[-32:].hex(),
            "SENDGRID_PUBLIC_KEY": base64.b64encode(public("ES256", "DER")).decode(),
            "WISE_PUBLIC_KEY": base64.b64encode(public("RS256", "DER")).decode()}, file)
    import jwt
    keys = []
    for name in KEYS:
        key = jwt.get_algorithm_by_name(name)
        keys.append(dict(key.to_jwk(key.prepare_key(public(name, "PEM")), as_dict=True), kid=name, use="sig"))
    with open(os.path.join(FOLDER, "keys.json"), "w") as file:
        json.dump({"keys": keys}, file)


def pyjwt_public():
    import jwt
    pems = {name: open(os.path.join(FOLDER, name + ".pem")).read() for name in KEYS}
    claims = {"iss": "me", "aud": ["you", "postern"], "exp": int(time.time()) + 60}
    for name, pem in pems.items():
        token = jwt.encode(claims, pem, algorithm=name, headers={"kid": name})
        stranger = "RS384" if name != "RS384" and name[1] == "S" and name[0] in "RP" else None
        forged = jwt.encode(claims, pems[stranger], algorithm=name, headers={"kid": name}) if stranger else (
            token[:-8] + ("A" if token[-8] != "A" else "B") + token[-7:])
        print("PyJWT-" + name, post("/webhooks/keys", BODY, {"Authorization": "Bearer " + token}),
              post("/webhooks/keys", BODY, {"Authorization": "Bearer " + forged}), flush=True)
    # The public key as an HMAC secret: what a verifier that believes `alg` would take.
    public = run_openssl("pkey", "-in", "RS256.pem", "-pubout")
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (
        {"alg": "HS256", "kid": "RS256"}, claims))
    import hashlib
    import hmac
    mac = base64.urlsafe_b64encode(hmac.new(public, head + b"." + body, hashlib.sha256).digest()).rstrip(b"=")
    good = jwt.encode(claims, pems["RS256"], algorithm="RS256", headers={"kid": "RS256"})
    print("PyJWT-confusion", post("/webhooks/keys", BODY, {"Authorization": "Bearer " + good}), post(
        "/webhooks/keys", BODY, {"Authorization": "Bearer " + b".".join([head, body, mac]).decode()}), flush=True)


def openssl_keys():
    now = str(int(time.time()))
    with open(os.path.join(FOLDER, "signed"), "wb") as file:
        file.write((now + BODY).encode())
    signature = run_openssl("pkeyutl", "-sign", "-inkey", "EdDSA.pem", "-rawin", "-in", "signed")
    report("openssl-ed25519", "/webhooks/discord", {
        "X-Signature-Timestamp": now, "X-Signature-Ed25519": signature.hex()})
    signature = run_openssl("dgst", "-sha256", "-sign", "ES256.pem", data=(now + BODY).encode())
    report("openssl-ecdsa", "/webhooks/sendgrid", {
        "X-Twilio-Email-Event-Webhook-Timestamp": now,
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode()})
    signature = run_openssl("dgst", "-sha256", "-sign", "RS256.pem", data=BODY.encode())
    report("openssl-rsa", "/webhooks/wise", {"X-Signature-SHA256": base64.b64encode(signature).decode()})


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


if BASE == "keys":
    make_keys()
    sys.exit()

for client in (standardwebhooks, stripe, slack_sdk, pyjwt, pyjwt_public, openssl, openssl_keys):
    try:
        client()
    except (ImportError, FileNotFoundError):
        print(client.__name__, "missing", flush=True)
