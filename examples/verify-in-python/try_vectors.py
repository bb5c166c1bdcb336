"""Tries the verifier on the vectors: python3 try_vectors.py [folder]"""
import json
import sys
from pathlib import Path

from verifier import Refused, Verifier

folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "../../packages/wire/vectors")
setting, accepted, refused = (json.loads((folder / f"{name}.json").read_text()) for name in ("setting", "accepted", "refused"))


def decide(vector):
    verifier = Verifier(setting["originKeys"], setting["hosts"], setting["maxAge"], setting["clockTolerance"])
    for nonce in vector["spent"]:
        verifier.spend(nonce)
    request = vector["request"]
    try:
        return verifier.verify(request["method"], request["target"], request["headers"], vector["now"],
                               vector["certificate"] == "optional")
    except Refused as refusal:
        return str(refusal)


wrong = 0
for vector in accepted + refused:
    expected = vector.get("rule", vector.get("client"))
    decision = decide(vector)
    if decision != expected:
        wrong += 1
        print(f"{vector['name']}: expected {expected}, decided {decision}")
print(f"{len(accepted)} accepted and {len(refused)} refused, {wrong} wrong")
sys.exit(1 if wrong else 0)
