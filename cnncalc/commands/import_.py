from __future__ import annotations

import click

from cnncalc.commands import _options


@click.command("import", short_help="Write a readable spec of another program's network.")
@click.argument("spec", type=_options.SpecArgument(), required=False)
@click.option(
    "--torch",
    "target",
    metavar="MODULE:FUNCTION",
    help="Import a PyTorch module instead: what the function returns. Executes its code; needs the extra `torch`.",
)
@click.option("--flat", "is_flat", is_flag=True, help="List every layer, without blocks and repeats.")
@click.option(
    "--name-from",
    type=click.Choice(["scopes", "structure"]),
    help="Find blocks by the scopes in the names of layers, such as layer1.0.conv1, or by the structure alone. "
    "Default: by scopes if the names have some.",
)
@click.option(
    "--phase",
    type=click.Choice(["train", "test"]),
    help="Read the layers of a Caffe network in this phase. Default: test.",
)
@click.option(
    "--opaque",
    is_flag=True,
    help="Declare unknown operators as layers of type opaque, with the shapes that the file gives. "
    "Their operations are unknown, and are to be completed in the spec.",
)
@_options.input_option
@_options.set_option
@_options.output_option
@_options.bounds_options
def command(
    spec: str | None,
    target: str | None,
    is_flat: bool,  # noqa: FBT001 - click passes it by name
    name_from: str | None,
    phase: str | None,
    opaque: bool,  # noqa: FBT001
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    output: str | None,
) -> None:
    """Write a spec with blocks, repeats and arguments for the network of another program's file.

    SPEC is a file of ONNX, TensorFlow Lite, Keras, Caffe or Darknet; a spec of cnncalc is restructured. Weights are not
    read, and nothing is executed, except with --torch. The spec is built again and compared with the source layer by
    layer before it is written.

    \b
    Examples:
      cnncalc import model.onnx -o model.yaml
      cnncalc import --torch torchvision.models:resnet50 --input 3x224x224 -o resnet50.yaml
    """
    from cnncalc import interchange
    from cnncalc.network.build import build
    from cnncalc.reports import imported
    from cnncalc.spec import decode, locate
    from cnncalc.text import plain

    options = ({"phase": phase.upper()} if phase else {}) | ({"opaque": True} if opaque else {})
    _refuse_output(output)
    if spec is None and target is None:
        raise click.UsageError("no file is given; name one, or a PyTorch module with --torch MODULE:FUNCTION")
    if spec is not None and target is not None:
        raise click.UsageError(f"both the file {plain(spec)} and --torch {plain(target)} are given; use one of them")
    documents: tuple[locate.ParsedFile, ...]
    if target is not None:
        interchange.refuse_options(options, "", f"--torch {target}")
        documents = (locate.document_of(interchange.read_torch(target, inputs), target),)
    else:
        documents = locate.chain_of(locate.locate(spec or ""), inputs, options)
        if documents[0].graph is None:
            interchange.refuse_options(options, "", documents[0].shown)
    network = build(decode.decode(documents, settings, inputs))
    graph, shown = documents[0].graph, documents[0].shown
    _options.write_lines(imported.write(network, shown, graph, name_from or "", is_flat=is_flat), output)


def _refuse_output(output: str | None) -> None:
    """Raise click.UsageError for a file whose suffix is that of another program: it would be read as one."""
    from cnncalc import interchange
    from cnncalc.text import plain

    if output is not None and interchange.reader_of(output):
        message = f"-o {plain(output)}: the output is a spec, but a file with this suffix is read as another program's"
        raise click.UsageError(f"{message}; end the name in .yaml")
