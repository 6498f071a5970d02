"""What is shipped: the wheel, installed in a project that has folders of the same names as ours."""

import json
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = """\
import components, policypack
import pulumi_aws as aws
from costtags.components import TaggedNotebookInstance
assert components.OURS and policypack.OURS
TaggedNotebookInstance("n", {"instance_type": "ml.t3.medium", "role_arn": "r", "tags": {"owner": "me"}})
aws.sagemaker.Model("m", execution_role_arn="r")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that no build folder is left behind."""
    copy = tmp_path_factory.mktemp("source")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    for name in filter(None, map(bytes.decode, files)):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    built = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(built), str(copy)], check=True
    )
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel in a virtual environment that borrows only the dependencies from this one."""
    folder = tmp_path_factory.mktemp("venv") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    # A plain path does not make Python read the .pth files in it, so our editable install stays out.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(folder), "install", "--quiet", "--no-deps", str(wheel)],
        check=True,
    )
    return folder


def test_the_wheel_holds_one_top_package(wheel: Path) -> None:
    """Nothing but costtags is put beside a user's own packages, and the data files are there."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"costtags", "costtags-0.1.0.dist-info"}
    for name in (
        "costtags/taggable.json",
        "costtags/catalog.yaml",
        "costtags/py.typed",
        "costtags/policypack/PulumiPolicy.yaml",
        "costtags/policypack/__main__.py",
        "costtags/components/__init__.py",
    ):
        assert name in names
    ours = subprocess.run(["git", "ls-files", "costtags"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {name for name in ours.splitlines() if name.endswith(".py")} <= set(names)


def test_the_wheel_works_in_a_project_with_folders_of_our_names(installed: Path, tmp_path: Path) -> None:
    """A project with its own components/ and policypack/ is judged by the installed wheel."""
    for name, text in {
        "Pulumi.yaml": "name: theirs\nruntime: python\n",
        "tags.yaml": "version: 1\ntags: {owner: {values: [me, you]}}\n",
        "__main__.py": PROGRAM,
        "components/__init__.py": "OURS = True\n",
        "policypack/__init__.py": "OURS = True\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    costtags = installed / "bin" / "costtags"
    done = subprocess.run([costtags, "preview", "--format", "json"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    found = [(f["urn"].split("::")[-1], f["code"], f["file"], f["line"]) for f in json.loads(done.stdout)["findings"]]
    assert found == [("m", "missing", "__main__.py", 6)]


def test_the_installed_pack_names_its_interpreter(installed: Path, tmp_path: Path) -> None:
    """`costtags pack` of an installed wheel prints a folder whose virtualenv is the wheel's."""
    env = {"XDG_CACHE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([installed / "bin" / "costtags", "pack"], env=env, capture_output=True, text=True, check=True)
    pack = Path(done.stdout.strip())
    assert pack.is_relative_to(tmp_path)
    assert json.dumps(str(installed)) in (pack / "PulumiPolicy.yaml").read_text()
    assert (pack / "__main__.py").is_file()
