"""The first start on a machine with nothing but Python."""

import ast
import importlib.util
import sys
from types import ModuleType

import pytest

from config.embedded.paths import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


@pytest.fixture
def manage(tmp_path, monkeypatch) -> ModuleType:
    """manage.py as a module, working in an empty project."""
    spec = importlib.util.spec_from_file_location("manage", ROOT / "manage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "dev.lock").write_text("Django==5.2.19 \\\n    --hash=sha256:00\n")
    for name, path in {"ROOT": "", "VENV": "venv", "LOCK": "dev.lock", "STAMP": "venv/stamp"}.items():
        monkeypatch.setattr(module, name, tmp_path / path)
    monkeypatch.setattr(module, "PYTHON", tmp_path / "venv" / "bin" / "python")
    return module


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_lock_files_name_no_host(lock):
    text = lock.read_text()

    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_a_hash(lock):
    packages = lock.read_text().split("\n\n")[-1].replace("\\\n", " ").splitlines()

    unhashed = [
        line for line in packages if line.strip() and not line.startswith("#") and "--hash=" not in line
    ]

    assert unhashed == []


def test_what_production_needs_is_locked_to_the_same_versions_as_development():
    base, dev = (
        set(versions((ROOT / "requirements" / name).read_text())) for name in ("base.lock", "dev.lock")
    )

    assert base <= dev


def versions(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines() if "==" in line and not line.startswith(" ")]


def test_an_old_python_can_read_the_script_far_enough_to_be_told():
    ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 7))


def test_an_old_python_is_told_what_is_needed(manage, monkeypatch):
    monkeypatch.setattr(manage.sys, "version_info", (3, 9, 18))

    with pytest.raises(SystemExit, match=r"needs Python 3\.11"):
        manage.main()


def test_before_the_environment_exists_only_the_standard_library_is_imported():
    tree = ast.parse((ROOT / "manage.py").read_text())
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)}

    assert imported <= set(sys.stdlib_module_names)


def test_a_changed_lock_file_is_noticed(manage):
    before = manage.wanted_stamp()

    manage.LOCK.write_text("Django==5.2.20 \\\n    --hash=sha256:00\n")

    assert manage.wanted_stamp() != before


def test_another_checkouts_environment_is_used_and_never_rebuilt(manage, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    manage.VENV.symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr(manage, "build_venv", lambda: pytest.fail("rebuilt"))
    became = []
    monkeypatch.setattr(manage.os, "execv", lambda *call: became.append(call[0]))

    manage.enter_venv()

    assert became == [str(manage.PYTHON)]


@pytest.mark.slow
def test_the_first_start_makes_an_environment_and_the_second_finds_it(manage, monkeypatch, capsys):
    manage.LOCK.write_text("# nothing to install\n")
    became = []
    monkeypatch.setattr(manage.os, "execv", lambda *call: became.append(call))

    manage.enter_venv()
    first_words = capsys.readouterr().err
    manage.enter_venv()

    assert "Making .venv" in first_words
    assert manage.STAMP.read_text() == manage.wanted_stamp()
    assert capsys.readouterr().err == ""
    assert became == [(str(manage.PYTHON), [str(manage.PYTHON), *sys.argv])] * 2


@pytest.mark.slow
def test_packages_that_cannot_be_had_stop_the_start_with_a_reason(manage, monkeypatch):
    manage.LOCK.write_text("no-such-package-anywhere==1.0 --hash=sha256:" + "0" * 64 + "\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    with pytest.raises(SystemExit, match="could not be installed"):
        manage.enter_venv()

    assert not manage.STAMP.exists()


def test_pip_is_followed_without_its_notes_on_empty_mirrors(manage):
    lines = [
        "Collecting a\n",
        "WARNING: Location 'x' is ignored: it is neither a file nor a directory.\n",
        "Done\n",
    ]

    assert manage.follow_pip(lines) == ["Collecting a", "Done"]
