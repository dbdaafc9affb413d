from __future__ import annotations

from importlib import import_module

import click

from cnncalc.commands import _options

# The modules with the records of each JSON output.
WRITTEN = {
    "summary": "reports.summary_records",
    "check": "formats.findings.json",
    "lint": "formats.findings.json",
    "field": "reports.field.records",
    "sharing": "reports.sharing_records",
    "reconcile": "reports.reconcile_records",
    "memory": "reports.memory.records",
    "compare": "reports.compare.records",
    "diff": "reports.diff.records",
    "explain": "reports.explain.records",
    "layers": "reports.reference",
    "rules": "reports.rule_reference",
}
CHOICES = ("spec", *WRITTEN)


@click.command("schema", short_help="Write the JSON Schema of specs, for editors.")
@click.argument("of", metavar=f"[{'|'.join(CHOICES)}]", type=click.Choice(CHOICES), default="spec")
@_options.output_option
def command(of: str, output: str | None) -> None:
    """Write the JSON Schema of specs, for editors, or of a command's JSON output.

    In VS Code with the YAML extension, write the schema to cnncalc.schema.json and begin a spec with the line

        # yaml-language-server: $schema=cnncalc.schema.json

    to get completion, descriptions and error marks.

    \b
    Examples:
      cnncalc schema --output cnncalc.schema.json
      cnncalc schema summary
    """
    if of in WRITTEN:
        import json

        from cnncalc.formats.records import schema

        described = schema(f"cnncalc {of}", *import_module(f"cnncalc.{WRITTEN[of]}").RECORDS)
        _options.write_lines([json.dumps(described, indent=2)], output)
        return
    from cnncalc.reports import spec_schema

    _options.write_lines(spec_schema.write(), output)
