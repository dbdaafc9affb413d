"""`cnncalc import`."""

import pytest

CFG = "[net]\nheight=32\nwidth=32\nchannels=3\n\n[convolutional]\nfilters=8\nsize=3\nstride=1\npad=1\nactivation=relu\n"


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.cfg").write_text(CFG, encoding="utf-8")
    return tmp_path / "net.cfg"


def test_a_file_becomes_a_spec(run, file):
    assert run("import", "net.cfg", "-o", "net.yaml").output == ""
    text = (file.parent / "net.yaml").read_text(encoding="utf-8")
    assert text.startswith("# Made by cnncalc ")
    # 3 * 8 * 9 weights and 8 biases; 32 * 32 positions of 216 operations each.
    assert "# 224 parameters, 221,184 multiply-accumulates.\n\nname: net\n" in text
    assert "nothing changed" in run("diff", "net.cfg", "net.yaml").output


def test_standard_input_is_read(run):
    assert "  - conv: {filters: 8, kernel: 3, padding: 1}\n" in run("import", "-", stdin=CFG).stdout


def test_no_file_and_two_sources_are_refused(run, file):
    assert "no file is given; name one, or a PyTorch module" in run("import", status=2).output
    output = run("import", "net.cfg", "--torch", "a:b", status=2).output
    assert "both the file net.cfg and --torch a:b are given; use one of them" in output


@pytest.mark.parametrize("name", ["out.cfg", "out.prototxt", "out.onnx", "out.json", "OUT.KERAS", "out.tflite"])
def test_an_output_that_would_be_read_as_another_format_is_refused(name, run, file):
    output = run("import", "net.cfg", "-o", name, status=2).output
    assert "a file with this suffix is read as another program's; end the name in .yaml" in " ".join(output.split())
    assert [path.name for path in file.parent.iterdir()] == ["net.cfg"]


@pytest.mark.parametrize("arguments", [["vgg16"], ["net.cfg"], ["--torch", "a:b"]], ids=lambda given: given[0])
def test_options_of_other_readers_are_refused(arguments, run, file):
    phase = run("import", *arguments, "--phase", "train", status=2).output
    assert "--phase applies only to .prototxt files; leave out --phase" in phase
    assert "--opaque applies only to .onnx and .tflite files" in run("import", *arguments, "--opaque", status=2).output


@pytest.mark.parametrize("name", ["a\nb: 1", "a\u2028layers: []", "a: b #c", "{a}", "!!python", "a\udcff"])
def test_names_of_files_stay_text(name, run, file):
    try:
        file.rename(file.parent / f"{name}.cfg")
    except (OSError, UnicodeError):
        pytest.skip("no file can have this name here")
    text = run("import", f"./{name}.cfg").stdout
    head = text.split("\nname: ")[0].splitlines()
    assert all(line.startswith("# ") or not line for line in head)
    (file.parent / "net.yaml").write_text(text, encoding="utf-8")
    assert "224" in run("summary", "net.yaml").stdout


def test_a_long_path_stays_whole(run, file):
    folder = file.parent / ("long" * 30)
    folder.mkdir()
    file.rename(folder / "net.cfg")
    assert f"# {'long' * 30}/net.cfg.\n" in run("import", f"{'long' * 30}/net.cfg").stdout
