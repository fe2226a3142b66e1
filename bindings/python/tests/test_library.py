# SPDX-License-Identifier: Apache-2.0
"""Which libcordon is opened: the one that is named, the loader's, the one of the prefix; and an installed tree is enough."""

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from conftest import BINDING, BUILD, FIXTURES, SECONDS

PROGRAM = """
import sys, cordon
from cordon import _library
with cordon.Host(helper=sys.argv[1], cache_dir=sys.argv[2]) as host:
    print(host.load(sys.argv[3]).call("add", a=2, b=3), _library.library()._name)
"""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """An installed tree, with the package in it where a prefix has it."""
    destination = tmp_path_factory.mktemp("installed")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], check=True, env=dict(os.environ, DESTDIR=str(destination)))
    prefix = next(destination.rglob("bin/cordon")).parent.parent
    shutil.copytree(BINDING / "cordon", prefix / "lib/python3/dist-packages/cordon", ignore=shutil.ignore_patterns("__pycache__"))
    return prefix


@pytest.fixture
def run(prefix, tmp_path):
    def run(package=BINDING, **variables):
        env = {name: value for name, value in os.environ.items() if name not in ("CORDON_LIBRARY", "LD_LIBRARY_PATH")} | variables
        env["PYTHONPATH"] = str(package)
        return subprocess.run([sys.executable, "-c", PROGRAM, prefix / "libexec/cordon/cordon-helper", tmp_path / "cache", FIXTURES / "adder.wat"],
                              cwd=tmp_path, env=env, capture_output=True, text=True, timeout=SECONDS)
    return run


def test_the_library_that_the_environment_names(prefix, run):
    library = next(prefix.rglob("libcordon.so.0"))
    assert run(CORDON_LIBRARY=str(library)).stdout == f"5 {library}\n"


def test_the_library_that_the_loader_finds(prefix, run):
    done = run(LD_LIBRARY_PATH=str(next(prefix.rglob("libcordon.so.0")).parent))
    assert done.stdout == "5 libcordon.so.0\n", done.stderr


def test_the_library_of_the_prefix_of_the_package(prefix, run):
    if shutil.which("cordon") or Path("/usr/local/lib", sysconfig.get_config_var("MULTIARCH"), "libcordon.so.0").exists():
        pytest.skip("Cordon is installed on this machine, so the loader finds that")
    done = run(package=prefix / "lib/python3/dist-packages")
    assert done.stdout == f"5 {next(prefix.rglob('libcordon.so.0'))}\n", done.stderr


def test_a_named_library_that_is_not_there_is_an_error_and_no_other_is_taken(run):
    done = run(CORDON_LIBRARY="/nowhere/libcordon.so.0")
    assert done.returncode == 1 and "ImportError: cannot load libcordon.so.0: /nowhere/libcordon.so.0" in done.stderr


def test_the_working_directory_is_never_looked_at(run, tmp_path):
    shutil.copy(BUILD / "src/libcordon.so.0", tmp_path / "libcordon.so.0")
    done = run(CORDON_LIBRARY="libcordon.so.0")
    assert done.returncode == 1 and "not an absolute path" in done.stderr
    done = run()
    assert done.returncode == 1 and "cannot load" in done.stderr or str(tmp_path) not in done.stdout


def test_a_library_of_another_version_is_named(run):
    done = run(CORDON_LIBRARY=next(line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "libc.so.6" in line))
    assert done.returncode == 1 and "of another version" in done.stderr


def test_importing_needs_no_library(tmp_path):
    env = dict(os.environ, CORDON_LIBRARY="/nowhere", PYTHONPATH=str(BINDING))
    subprocess.run([sys.executable, "-c", "import cordon; cordon.Host; cordon.Error"], check=True, env=env, cwd=tmp_path)


@pytest.mark.parametrize("path", sorted((BINDING / "cordon").glob("*.py")), ids=lambda path: path.stem)
def test_the_package_uses_the_standard_library_alone_and_the_language_of_its_oldest_python(path):
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    for node in ast.walk(tree):
        modules = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module]
        assert {module.split(".")[0] for module in modules} <= sys.stdlib_module_names


def test_the_package_is_marked_as_typed():
    assert (BINDING / "cordon/py.typed").exists() and 'cordon = ["py.typed"]' in (BINDING / "pyproject.toml").read_text()
