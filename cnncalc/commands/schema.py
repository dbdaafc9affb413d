from __future__ import annotations

import click

from cnncalc.commands import _options


@click.command("schema", short_help="The JSON Schema of specs, for editors.")
@click.argument("of", metavar="[spec|summary]", type=click.Choice(["spec", "summary"]), default="spec")
@_options.output_option
def command(of: str, output: str | None) -> None:
    """The JSON Schema of specs, for editors; or that of `summary --format json`.

    In VS Code with the YAML extension, `cnncalc schema -o cnncalc.schema.json` and a first line

        # yaml-language-server: $schema=cnncalc.schema.json

    in a spec give completion, texts on hovering, and a mark where something is wrong.
    """
    if of == "summary":
        import json

        from cnncalc.report import summary_json

        _options.write_lines([json.dumps(summary_json.schema(), indent=2)], output)
        return
    from cnncalc.report import spec_schema

    _options.write_lines(spec_schema.write(), output)
