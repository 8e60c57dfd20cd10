"""The JSON Schema of `verdict.json`, which ships beside this file.

`python -m xbench.gate.schema` writes it anew after a change of `model.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from xbench.gate.model import Verdict
from xbench.records.whole import write_whole

FILE = Path(__file__).with_name("verdict.schema.json")


def verdict_schema() -> dict[str, Any]:
    """The schema that follows from the model."""
    found = msgspec.json.schema(Verdict)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def schema_text() -> str:
    """The schema as its file holds it."""
    return json.dumps(verdict_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write_whole(FILE, schema_text().encode())
