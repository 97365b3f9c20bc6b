#!/usr/bin/env python3
"""Verifies what `countersign audit export` writes, with nothing but this file and a verifier key:

    verify_export.py record.jsonl 'countersign/INSTANCE/EPOCH+ID+BASE64'

Written from RFC 6962 (the tree), C2SP signed-note and tlog-checkpoint (the last line) and RFC 8032 (Ed25519).
"""
import base64, hashlib, json, sys

# Ed25519, verification only.
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P

def recover(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P: x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - x2) % P == 0 and y < P, "not a point"
    return (P - x if x & 1 != sign else x, y)

def add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    A, B, C, E = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2), 2 * t1 * t2 * D, 2 * z1 * z2
    e, f, g, h = B - A, E - C, E + C, B + A
    return (e * f % P, g * h % P, f * g % P, e * h % P)

def times(n, point):
    total = (0, 1, 1, 0)
    while n:
        if n & 1: total = add(total, point)
        point, n = add(point, point), n >> 1
    return total

def point(data):
    y = int.from_bytes(data, "little")
    x, y = recover(y & (2**255 - 1), y >> 255)
    return (x, y, 1, x * y % P)

BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))

def signed(public, message, signature):
    s = int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(point(signature[:32]), times(h, point(public)))
    return s < L and all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))

# The tree: one subtree for each bit of the size, largest first.
def sha(*parts): return hashlib.sha256(b"".join(parts)).digest()

def push(edge, leaf):
    edge.append((1, sha(b"\0", leaf)))
    while len(edge) > 1 and edge[-1][0] == edge[-2][0]:
        (n, right), (_, left) = edge.pop(), edge.pop()
        edge.append((2 * n, sha(b"\1", left, right)))

def root(edge):
    hashes = [h for _, h in edge]
    while len(hashes) > 1: hashes[-2:] = [sha(b"\1", hashes[-2], hashes[-1])]
    return hashes[0] if hashes else sha()

def main(path, key):
    name, _, material = key.split("+", 2)
    material = base64.b64decode(material)
    origin, known, public = name.rsplit("/", 1)[0], None, material[1:]
    assert material[0] == 1, "not an Ed25519 key"
    edge, size, total, newest = [], 0, 0, None
    for line in open(path, "rb"):
        line = line.rstrip(b"\n")
        entry = json.loads(line)
        if "checkpoint" not in entry:
            assert line.startswith(b'{"epoch":%d,"seq":%d,' % (entry["epoch"], size)), "out of place"
            push(edge, line)
            size += 1
            continue
        text, signatures = entry["checkpoint"].split("\n\n")
        where, count, tree = text.split("\n")
        assert where.rsplit("/", 1)[0] == origin and int(count) == size, "the checkpoint is of something else"
        assert base64.b64decode(tree) == root(edge), "the entries are not those of the checkpoint"
        key_id = sha(where.encode(), b"\n", material)[:4]
        newest = any(
            data[:4] == key_id and signed(public, text.encode() + b"\n", data[4:])
            for by, data in ((s.split(" ")[1], base64.b64decode(s.split(" ")[2])) for s in signatures.splitlines())
            if by == where
        )
        total, size, edge = total + size, 0, []
    assert newest and size == 0, "the last checkpoint is not signed with this key"
    print(f"sound: {total} entries")

try:
    main(*sys.argv[1:])
except (AssertionError, ValueError, KeyError, IndexError, OSError) as error:
    sys.exit(f"not sound: {error}")
