"""The whole project: lint, format, types, import contracts, and documents that match the code."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bot.core.settings import Settings
from tests.lowest import constraints

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["importlinter"],
    ],
    ids=" ".join,
)
@pytest.mark.timeout(600)
def test_the_checks_pass(command: list[str]) -> None:
    """Lint, format, strict types and the import contracts hold over the whole project."""
    done = subprocess.run(_python(command), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _python(command: list[str]) -> list[str]:
    if command == ["importlinter"]:
        return [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    return [sys.executable, "-m", *command]


def test_every_setting_is_explained() -> None:
    """`.env.example` names each setting once, and nothing that is no setting."""
    text = (ROOT / ".env.example").read_text()
    named = re.findall(r"^#?([A-Z][A-Z_]+)=", text, re.MULTILINE)
    settings = {
        "DISCORD_TOKEN" if name == "token" else f"BOBBY_{name.upper()}"
        for name in Settings.model_fields
    }
    assert sorted(named) == sorted(settings)


def test_the_examples_values_are_the_real_defaults() -> None:
    """What `.env.example` shows as the value that holds anyway is what holds."""
    text = (ROOT / ".env.example").read_text()
    for name, field in Settings.model_fields.items():
        if name not in {"token", "cache", "data", "mirror"}:
            assert (
                f"\n#BOBBY_{name.upper()}={field.default:g}\n" in text
                if isinstance(field.default, float)
                else f"\n#BOBBY_{name.upper()}={field.default}\n" in text
            )


IMPORT_ALL = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\n"


def modules(*packages: str) -> list[str]:
    """Return the name of every module of `packages` that needs no extra."""
    return [
        ".".join(file.with_suffix("").relative_to(ROOT).parts)
        for package in packages
        for file in (ROOT / package).rglob("*.py")
        if file.name not in {"__init__.py", "__main__.py"} and file.parent.name != "train"
    ]


def test_importing_needs_nothing_from_the_environment() -> None:
    """Every module imports with an empty environment and without a token."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *modules("bot", "cogs", "models")],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_bot_process_never_imports_torch() -> None:
    """All of `bot` and `cogs` together leave torch, torchvision, NumPy and Pillow alone."""
    script = IMPORT_ALL + (
        "print([name for name in ('torch', 'torchvision', 'numpy', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *modules("bot", "cogs")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_ci_runs_the_readmes_test_command() -> None:
    """The command that people are told to use is the one that proves the project."""
    readme = (ROOT / "README.md").read_text()
    (command,) = re.findall(r"^python3 -m venv .*pytest$", readme, re.MULTILINE)
    for page in (".ci/run", "docs/contributing.md"):
        assert command in (ROOT / page).read_text().splitlines()
    assert "run: bash .ci/run" in (ROOT / ".github" / "workflows" / "tests.yml").read_text()


def test_every_dependency_has_a_lowest_version() -> None:
    """The constraints for the lowest versions name each, with the version that is stated."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for stated in project["dependencies"]:
        name, _, version = stated.partition(";")[0].partition(">=")
        assert constraints()[name] == version
