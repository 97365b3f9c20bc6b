"""Writes the snapshots as TypeScript constants of Slack's published types, for the compiler to look at."""

import json
import pathlib
import sys

folder, out = sys.argv[1], pathlib.Path(sys.argv[2])
lines = ['import type { KnownBlock, HomeView, ModalView } from "@slack/types";']
for path in sorted(pathlib.Path(folder).glob("*.snap")):
    try:
        value = json.loads(path.read_text().split("---\n", 2)[2])
    except json.JSONDecodeError:
        continue
    name = path.stem.split("__")[-1].replace("-", "_").replace(" ", "_")
    kind = None
    if isinstance(value, dict):
        kind = {"modal": "ModalView", "home": "HomeView"}.get(value.get("type"))
    elif isinstance(value, list):
        value = [block for block in value if isinstance(block, dict) and "type" in block]
        kind = "KnownBlock[]" if value else None
    if kind:
        lines.append(f"export const {name}: {kind} = {json.dumps(value, ensure_ascii=False)};")
out.write_text("\n".join(lines) + "\n")
assert len(lines) > 10, "the snapshots were not found"
