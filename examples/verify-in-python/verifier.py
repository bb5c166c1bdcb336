"""Verifies the requests of Countersign's Worker, as docs/wire.md specifies them."""
import base64, hashlib, hmac, re, threading, time
from datetime import date
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TOKEN = "cf-access-jwt-assertion"
ALWAYS = ("x-cert-presented", "x-cert-verify", "x-cert-revoked")
DESCRIPTION = tuple(f"x-cert-{name}".replace("x-cert-client", "client") for name in (
    "subject-dn issuer-dn subject-dn-2253 issuer-dn-2253 subject-dn-l issuer-dn-l serial issuer-serial ski issuer-ski"
    " finger finger-256 notbe notaf client-cert client-cert-chain too-large chain-too-large").split())
TABLE = (TOKEN, *ALWAYS, *DESCRIPTION)
DERIVED = ("@authority", "@method", "@path", "@query")
LIST = r'\(([^)]*)"@authority" "@method" "@path" "@query"\)(.*)'
# Patterns for fullmatch(): `$` also matches before a line feed, and `\d` matches the digits of every script.
FAMILY = "(?:x-cert-|client-cert|cf-cert-|cf-client-cert-)".replace("-", "[^a-z0-9]") + "(?s:.*)"
LATER = "(?!.{65})x-cert-[a-z0-9]+(?:-[a-z0-9]+)*"
STRING = r'"(?:[^"\\]|\\.)*"'
ITEM = rf'[ \t]*([a-z*][a-z0-9_.*-]*)=((?![ \t])(?:[^,"()]|{STRING}|\((?:[^"()]|{STRING})*\))+)'
PARAMETERS = (r';created=([1-9][0-9]{0,10});expires=([1-9][0-9]{0,10});nonce="([A-Za-z0-9_-]{22})"'
              r';keyid="([A-Za-z0-9._~-]{1,64})";alg="(hmac-sha256|ed25519)";tag="countersign"')
BASE64, HEX, DIGITS = "[A-Za-z0-9+/]", "[0-9A-Fa-f]", "(?:HEX+|HEX{2}(?::HEX{2})+)".replace("HEX", "[0-9A-Fa-f]")
DATE = ("(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([ 0-9]?[0-9])"
        " ([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]) ([0-9]{1,4}) GMT")
PAIR = rf'\\(?:[ "#+,;<=>\\]|{HEX}{{2}})'
TYPE = r"[A-Za-z][A-Za-z0-9-]*|(?:[Oo][Ii][Dd]\.)?NUMBER(?:\.NUMBER)+".replace("NUMBER", "(?:0|[1-9][0-9]*)")
ATTRIBUTE = rf' *({TYPE}) *= *(?:#(?:{HEX}{{2}})+ *|"(?:[^"\\]|{PAIR})*" *|(?![# ])(?:[^"\\,;+<>]|{PAIR})*)'
NAME = f"{ATTRIBUTE}(?:[,;+]{ATTRIBUTE})*"
FORMS = {"x-cert-serial": f"-?{DIGITS}", "x-cert-finger": f"(?=(?::?{HEX}){{40}}$){DIGITS}", "x-cert-notbe": DATE,
         "x-cert-finger-256": f"(?=(?::?{HEX}){{64}}$){DIGITS}", "x-cert-notaf": DATE, "x-cert-issuer-dn-2253": NAME,
         "x-cert-subject-dn-2253": f"(?:{NAME})?", "x-cert-ski": f"{DIGITS}?", "x-cert-issuer-ski": f"{DIGITS}?"}

class Refused(Exception): """A refusal, with the name of the rule."""
def require(condition, rule):
    if not condition: raise Refused(rule)
def decode(text):
    """The bytes of base64 between colons, in its one spelling; no bytes for other text."""
    match = re.fullmatch(f":((?:{BASE64}{{4}})*(?:{BASE64}[AQgw]==|{BASE64}{{2}}[AEIMQUYcgkosw048]=)?):", text)
    return base64.b64decode(match[1]) if match else b""
def member_of(lines, header):
    require(values := [value for name, value in lines if name == header], "signature-missing")
    text = ", ".join(values)
    require(re.fullmatch(r"[\t\x20-\x7e]*", text) and re.fullmatch(f"{ITEM}(?:,{ITEM})*", text), "dictionary")
    require(ours := [value for key, value in re.findall(ITEM, text) if key == "countersign"], "signature-missing")
    require(len(ours) == 1, "member-repeated")
    return ours[0].strip(" \t")
def read_components(member):
    require(match := re.fullmatch(LIST, member), "derived-components")
    names = re.findall(r'"([^"]*)" ', match[1])
    later = names[len(known := [name for name in TABLE if name in names]):]
    require(names == known + later and match[1] == "".join(f'"{name}" ' for name in names), "components")
    require(len(set(later)) == len(later) <= 16 and all(re.fullmatch(LATER, name) for name in later), "components")
    require(parameters := re.fullmatch(PARAMETERS, match[2]), "parameters")
    return names, parameters.groups()
def read_fields(lines, covered):
    fields = {}
    for name, value in lines:
        if name == TOKEN or re.fullmatch(FAMILY, name):
            require(name not in fields, "header-repeated")
            require(name in TABLE or name in covered, "header-unknown")
            require(re.fullmatch(r"[\x20-\x7e]+", value), "header-value")
            fields[name] = value
    return fields
def read_date(text):
    month, *numbers = re.fullmatch(DATE, text).groups()
    day, hour, minute, second, year = map(int, numbers)
    days = date(2000 + year % 400, DATE.index(month) // 4 + 1, 1).toordinal() + day - 1
    require(date.fromordinal(days).day == day, "description")
    return (((days + (year // 400 - 5) * 146097) * 24 + hour) * 60 + minute) * 60 + second - 62135683200
def read_client(fields, method, now, optional):
    presented, verdict, revoked = (fields[name] for name in ALWAYS)
    require({presented, revoked} <= {"0", "1"}, "flags")
    if presented == "0":
        require(verdict != "SUCCESS" and not fields.keys() & set(DESCRIPTION), "flags")
        require(optional and verdict == "NONE" and revoked == "0", "not-presented")
        require(method != "OPTIONS", "preflight")
        return None
    require(not re.fullmatch("FAILED:certificate (has expired|is not yet valid)", verdict), "validity-verdict")
    require(verdict == "SUCCESS", "unverified")
    require(revoked == "0", "revoked")
    texts = {name: fields.get(name, fields.get(name.replace("-2253", ""), "")) for name in FORMS}
    require(all(re.fullmatch(form, texts[name]) for name, form in FORMS.items()), "description")
    subject, issuer = texts["x-cert-subject-dn-2253"], texts["x-cert-issuer-dn-2253"]
    first, last = read_date(texts["x-cert-notbe"]), read_date(texts["x-cert-notaf"])
    if "client-cert" in fields:
        require(certificate := decode(fields["client-cert"]), "description")
        digests = [texts[name].replace(":", "").lower() for name in ("x-cert-finger", "x-cert-finger-256")]
        require(digests == [hash(certificate).hexdigest() for hash in (hashlib.sha1, hashlib.sha256)], "mismatch")
    else:
        require(not {"uid", "Mail"} & set(re.findall(ATTRIBUTE, f"{subject},{issuer}")), "ambiguous-name")
    require(first <= now <= last, "outside-validity")
    return {"subject": subject or None, "serial": texts["x-cert-serial"], "fingerprint256": texts["x-cert-finger-256"],
            "later": {name: fields[name] for name in fields if name not in TABLE}}
def import_key(jwk):
    is_hmac = jwk["kty"] == "oct"
    key = base64.urlsafe_b64decode(jwk["k" if is_hmac else "x"] + "==")
    if len(key) < 32 or not is_hmac and (jwk.get("crv") != "Ed25519" or "d" in jwk):
        raise ValueError(f"the key {jwk['kid']} is neither a secret of 32 bytes nor a public key of Ed25519")
    if is_hmac: return "hmac-sha256", lambda base, given: hmac.compare_digest(hmac.digest(key, base, "sha256"), given)
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
            names, parameters = read_components(member_of(lines, "signature-input"))
        except Refused as refused:
            fault = refused
        fields = read_fields(lines, names)
        require(len(hosts := [value for name, value in lines if name == "host"]) < 2, "host-repeated")
        host = "".join(hosts)
        require(re.fullmatch(r"[\x21-\x7e]*", host + target), "target-characters")
        require(host == host.lower() and not host.endswith(":443"), "host-spelling")
        member, encoded = member_of(lines, "signature-input"), member_of(lines, "signature")
        require(not fault, str(fault))
        require(set(ALWAYS) <= set(names), "always-covered")
        require(set(names) == set(fields), "coverage")
        created, expires, nonce, keyid, alg = parameters
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
