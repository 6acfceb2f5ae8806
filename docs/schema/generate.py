"""Write the published JSON schemas beside this file: python docs/schema/generate.py"""

import json
import pathlib

from envcensus.report.schema import schemas

for name, schema in schemas().items():
    pathlib.Path(__file__).with_name(name).write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
