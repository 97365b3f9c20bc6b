"""Reads every card, window and home that the product makes (they are snapshots of its tests) with the models of Slack's
own SDK, which know the limits and the fields. Whatever they do not know is a fault."""

import json
import pathlib
import sys

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

# What the models leave out although Slack documents it.
UNKNOWN_TO_THE_MODELS = {"private_metadata", "verbatim"}


def snapshots(folder):
    for path in sorted(pathlib.Path(folder).glob("*.snap")):
        body = path.read_text().split("---\n", 2)[2]
        try:
            yield path.stem.split("__")[-1], json.loads(body)
        except json.JSONDecodeError:
            continue


def missing(ours, theirs, path=""):
    """The fields of ours that are not in theirs, or are something else there."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            if name in UNKNOWN_TO_THE_MODELS and name not in theirs:
                continue
            if name not in theirs:
                yield f"{path}/{name}"
            else:
                yield from missing(value, theirs[name], f"{path}/{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs)):
            yield from missing(one, other, f"{path}/{index}")
    elif ours != theirs:
        yield f"{path} ({ours!r} became {theirs!r})"


def read(value):
    if isinstance(value, dict) and value.get("type") in ("modal", "home"):
        return [value], [View(**value).to_dict()]
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        blocks = [block for block in value if "type" in block]
        if blocks:
            parsed = Block.parse_all(blocks)
            return blocks, [block.to_dict() for block in parsed]
    return None


def main(folder):
    faults, count = [], 0
    for name, value in snapshots(folder):
        try:
            pair = read(value)
            if pair is None:
                continue
            count += 1
            ours, theirs = pair
            if len(ours) != len(theirs):
                faults.append(f"{name}: {len(ours)} blocks became {len(theirs)}")
            faults += [f"{name}: {fault}" for fault in missing(ours, theirs)]
        except Exception as error:  # the models say so by every kind of exception
            faults.append(f"{name}: {error}")
    print("\n".join(faults))
    print(f"{count} read, {len(faults)} faults")
    sys.exit(1 if faults or count < 10 else 0)


main(sys.argv[1])
