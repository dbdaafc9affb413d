from __future__ import annotations

import sys

import click

from cnncalc import exporters
from cnncalc.commands import _options
from cnncalc.errors import SpecError


@click.command("export", short_help="Write a network as code or as a file of another program.")
@_options.spec_argument
@click.option("--to", "target", type=click.Choice(list(exporters.TARGETS)), help="Format to write (required).")
@click.option(
    "--unpadded", is_flag=True, help="scalesim: write input sizes without padding, as SCALE-Sim's own files do."
)
@click.option(
    "--column",
    type=click.Choice(list(exporters.COLUMNS)),
    help="model-explorer-data: figure by which nodes are colored; macs by default.",
)
@_options.input_option
@_options.set_option
@_options.output_option
@_options.bounds_options
def command(
    spec: str,
    target: str | None,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    output: str | None,
    **options: object,
) -> None:
    """Write a network as source code, or as a file that another program reads.

    Code keeps the blocks, arguments and loops of the spec. Weights are not known: files hold constants of their shapes.

    \b
    Examples:
      cnncalc export resnet50 --to pytorch -o resnet50.py
      cnncalc export resnet50 --to onnx -o resnet50.onnx
      cnncalc export resnet50 --to model-explorer-data --column params -o params.json
      cnncalc export resnet50 --to scalesim -o resnet50.csv
    """
    from cnncalc.network.build import build
    from cnncalc.spec.decode import read_spec

    if target is None:
        raise click.UsageError(f"no format is given; choose one with --to {'|'.join(exporters.TARGETS)}")
    chosen = {name: value for name, value in options.items() if value}
    for name in chosen:
        if target not in exporters.OPTIONS[name]:
            raise click.UsageError(f"--{name} applies only to --to {' and '.join(exporters.OPTIONS[name])}")

    try:
        decoded = read_spec(spec, settings, inputs)
        written = exporters.export(exporters.ExportedNetwork(decoded, build(decoded)), target, chosen)
        # Nothing is written unless all of it can be.
        exported = written if isinstance(written, bytes) else list(written)
    except SpecError as error:
        _options.fail(error)
    if not isinstance(exported, bytes):
        _options.write_lines(exported, output)
    elif output is not None:
        _options.write_bytes(output, exported)
    elif sys.stdout.isatty():
        raise click.UsageError(f"{target} is a binary format; name a file with -o")
    else:
        sys.stdout.buffer.write(exported)
