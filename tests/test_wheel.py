"""The wheel holds all that the program needs, and the source distribution all that its tests need."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.wheel
def test_the_wheel_runs_in_an_empty_environment(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("cnncalc-*.whl")

    names = set(zipfile.ZipFile(wheel).namelist())
    networks = {path.name for path in (ROOT / "architectures").glob("*.yaml")}
    networks |= {f"blocks/{path.name}" for path in (ROOT / "architectures" / "blocks").glob("*.yaml")}
    assert {f"cnncalc/architectures/{name}" for name in networks} <= names
    assert "cnncalc/py.typed" in names
    assert not any(name.startswith("tests/") for name in names)

    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    programs = environment / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", wheel], check=True)
    for program in ([programs / "cnncalc"], [programs / "python", "-m", "cnncalc"]):
        command = [*program, "summary", "vgg16"]
        summary = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, encoding="utf-8")
        assert "fc6 holds 74.3 % of the parameters" in summary.stdout
    call = "import cnncalc; print(cnncalc.load('resnet18').totals.params)"
    python = subprocess.run([programs / "python", "-c", call], cwd=tmp_path, check=True, capture_output=True)
    assert int(python.stdout) == 11_689_512


@pytest.mark.wheel
def test_the_tests_run_from_the_source_distribution(tmp_path):
    build = "import sys; from hatchling.build import build_sdist; build_sdist(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, tmp_path], cwd=ROOT, check=True, capture_output=True)
    (archive,) = tmp_path.glob("cnncalc-*.tar.gz")
    subprocess.run([sys.executable, "-m", "tarfile", "-e", archive, tmp_path], check=True, capture_output=True)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    tests = ["tests/test_readme.py", "tests/test_readme_zh.py", "tests/test_structure.py", "tests/test_action.py"]
    command = [sys.executable, "-m", "pytest", "-q", *tests]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
