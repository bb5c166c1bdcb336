"""Verifies the requests of Countersign's Worker, as docs/wire.md specifies them."""
import base64, hashlib, hmac, re, threading, time
from ssl import cert_time_to_seconds
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TOKEN = "cf-access-jwt-assertion"
ALWAYS = ("x-cert-presented", "x-cert-verify", "x-cert-revoked")
DESCRIPTION = tuple((
    "x-cert-subject-dn x-cert-issuer-dn x-cert-subject-dn-2253 x-cert-issuer-dn-2253 x-cert-subject-dn-l"
    " x-cert-issuer-dn-l x-cert-serial x-cert-issuer-serial x-cert-ski x-cert-issuer-ski x-cert-finger x-cert-finger-256"
    " x-cert-notbe x-cert-notaf client-cert client-cert-chain x-cert-too-large x-cert-chain-too-large").split())
TABLE = (TOKEN, *ALWAYS, *DESCRIPTION)
DERIVED = ("@authority", "@method", "@path", "@query")
# Patterns for fullmatch(): `$` also matches before a line feed, and `\d` matches the digits of every script.
FAMILY = "(?:x-cert-|client-cert|cf-cert-|cf-client-cert-)".replace("-", "[^a-z0-9]") + "(?s:.*)"
LATER = "(?!.{65})x-cert-[a-z0-9]+(?:-[a-z0-9]+)*"
STRING = r'"(?:[^"\\]|\\.)*"'
ITEM = rf'[ \t]*([a-z*][a-z0-9_.*-]*)=((?![ \t])(?:[^,"()]|{STRING}|\((?:[^"()]|{STRING})*\))+)'
PARAMETERS = (r';created=([1-9][0-9]{0,10});expires=([1-9][0-9]{0,10});nonce="([A-Za-z0-9_-]{22})"'
              r';keyid="([A-Za-z0-9._~-]{1,64})";alg="(hmac-sha256|ed25519)";tag="countersign"')
DIGITS = {"x-cert-serial": "[0-9a-f]+", "x-cert-finger": "[0-9a-f]{40}", "x-cert-finger-256": "[0-9a-f]{64}"}

class Refused(Exception): """A refusal, with the name of the rule."""

def require(condition, rule):
    if not condition:
        raise Refused(rule)

def decode(text):
    """The bytes of base64 between colons, in its one spelling; no bytes for other text."""
    match = re.fullmatch(":((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?):", text)
    data = base64.b64decode(match[1]) if match else b""
    return data if text == f":{base64.b64encode(data).decode()}:" else b""

def member_of(lines, header):
    require(values := [value for name, value in lines if name == header], "signature-missing")
    text = ", ".join(values)
    require(re.fullmatch(r"[\t\x20-\x7e]*", text) and re.fullmatch(f"{ITEM}(?:,{ITEM})*", text), "dictionary")
    require(ours := [value for key, value in re.findall(ITEM, text) if key == "countersign"], "signature-missing")
    require(len(ours) == 1, "member-repeated")
    return ours[0].strip(" \t")

def read_components(member):
    require(match := re.fullmatch(r"\(([^)]*)\)(.*)", member), "components")
    derived = " ".join(f'"{name}"' for name in DERIVED)
    require(match[1].endswith(derived), "derived-components")
    listed = match[1][:-len(derived)]
    names = re.findall(r'"([^"]*)" ', listed)
    later = names[len(known := [name for name in TABLE if name in names]):]
    require(names == known + later and listed == "".join(f'"{name}" ' for name in names), "components")
    require(len(set(later)) == len(later) <= 16 and all(re.fullmatch(LATER, name) for name in later), "components")
    return names, match[2]

def read_fields(lines, covered):
    fields = {}
    for name, value in lines:
        if name == TOKEN or re.fullmatch(FAMILY, name):
            require(name not in fields, "header-repeated")
            require(name in TABLE or name in covered, "header-unknown")
            require(re.fullmatch(r"[\x20-\x7e]+", value), "header-value")
            fields[name] = value
    return fields

def read_client(fields, method, now, optional):
    presented, verdict, revoked = (fields[name] for name in ALWAYS)
    require({presented, revoked} <= {"0", "1"}, "flags")
    if presented == "0":
        require(verdict != "SUCCESS" and not fields.keys() & set(DESCRIPTION), "flags")
        require(optional and verdict == "NONE" and revoked == "0", "not-presented")
        require(method != "OPTIONS", "preflight")
        return None
    require(not re.fullmatch("FAILED:certificate (has expired|is not yet valid)", verdict), "outside-validity")
    require(verdict == "SUCCESS", "unverified")
    require(revoked == "0", "revoked")
    digits = {name: fields.get(name, "").replace(":", "").lower() for name in DIGITS}
    subject, issuer = (fields.get(f"{name}-2253", fields.get(name)) for name in DESCRIPTION[:2])
    require(issuer and all(re.fullmatch(DIGITS[name], digits[name]) for name in DIGITS), "description")
    try:
        first, last = (cert_time_to_seconds(fields.get(name, "")) for name in ("x-cert-notbe", "x-cert-notaf"))
    except ValueError:
        raise Refused("description") from None
    if "client-cert" in fields:
        require(hashlib.sha256(decode(fields["client-cert"])).hexdigest() == digits["x-cert-finger-256"], "mismatch")
    else:
        parts = re.findall(rf'(?:[^,+"\\]|\\.|{STRING})+', f"{subject},{issuer}")
        require(not {part.partition("=")[0].strip() for part in parts} & {"uid", "Mail"}, "ambiguous-name")
    require(first <= now <= last, "outside-validity")
    return {"subject": subject, "serial": fields["x-cert-serial"], "fingerprint256": digits["x-cert-finger-256"],
            "later": {name: fields[name] for name in fields if name not in TABLE}}

def import_key(jwk):
    is_hmac = jwk["kty"] == "oct"
    key = base64.urlsafe_b64decode(jwk["k" if is_hmac else "x"] + "==")
    if len(key) < 32 or not is_hmac and (jwk.get("crv") != "Ed25519" or "d" in jwk):
        raise ValueError(f"the key {jwk['kid']} is neither a secret of 32 bytes nor a public key of Ed25519")
    if is_hmac:
        return "hmac-sha256", lambda base, given: hmac.compare_digest(hmac.digest(key, base, "sha256"), given)
    return "ed25519", lambda base, given: Ed25519PublicKey.from_public_bytes(key).verify(given, base) is None

class Verifier:
    def __init__(self, keys, hosts, max_age=60, clock_tolerance=5):
        self.keys = {key["kid"]: import_key(key) for key in keys}
        self.hosts, self.max_age, self.tolerance = hosts, max_age, clock_tolerance
        self.nonces, self.lock = {}, threading.Lock()
    def verify(self, method, target, headers, now=None, optional=False):
        """Returns the client; None for no certificate if it is optional. Raises Refused."""
        now = time.time() if now is None else now
        lines = [(name.lower(), value.strip(" \t")) for name, value in headers]
        names, fault = (), None
        try:
            member, encoded = member_of(lines, "signature-input"), member_of(lines, "signature")
            names, rest = read_components(member)
        except Refused as refused:
            fault = refused
        fields = read_fields(lines, names)
        require(len(hosts := [value for name, value in lines if name == "host"]) < 2, "host-repeated")
        host = "".join(hosts)
        require(re.fullmatch(r"[\x21-\x7e]*", host + target), "target-characters")
        require(host == host.lower() and not host.endswith(":443"), "host-spelling")
        require(not fault, str(fault))
        require(set(ALWAYS) <= set(names), "always-covered")
        require(set(names) == set(fields), "coverage")
        require(parameters := re.fullmatch(PARAMETERS, rest), "parameters")
        created, expires, nonce, keyid, alg = parameters.groups()
        require(keyid in self.keys, "keyid")
        require(alg == self.keys[keyid][0], "alg")
        require(len(signature := decode(encoded)) in (32, 64), "signature-encoding")
        path, _, query = target.partition("?")
        values = {**fields, **dict(zip(DERIVED, (host, method, path, "?" + query)))}
        base = "".join(f'"{name}": {values[name]}\n' for name in (*names, *DERIVED)) + f'"@signature-params": {member}'
        try:
            require(self.keys[keyid][1](base.encode("latin-1"), signature), "signature")
        except InvalidSignature:
            raise Refused("signature") from None
        require(int(created) <= now + self.tolerance, "created")
        require(now <= min(int(expires), int(created) + self.max_age) + self.tolerance, "expired")
        require(host in self.hosts, "own-host")
        client = read_client(fields, method, now, optional)
        self.spend(nonce)
        return client
    def spend(self, nonce):
        """Accepts a nonce once. It is forgotten by a clock that nobody sets."""
        with self.lock:
            clock = time.monotonic()
            while self.nonces and next(iter(self.nonces.values())) < clock:
                del self.nonces[next(iter(self.nonces))]
            require(nonce not in self.nonces, "replayed")
            self.nonces[nonce] = clock + self.max_age + 2 * self.tolerance
