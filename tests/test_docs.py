"""The documents are true: links lead somewhere, commands exist, and the pages can be followed."""

import configparser
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from PIL import Image

from bot.cli.main import cli
from bot.core.errors import WrongSetting

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as the usual sites make them."""
    words = (re.sub(r"[^\w\- ]", "", h.lower()) for h in _HEADING.findall(page.read_text()))
    return {word.replace(" ", "-") for word in words}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative one, to a file or a heading."""
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    """What stands behind `bobby` in a document is a command of its."""
    for words in re.findall(r"\bbobby ((?:[a-z][a-z-]* ?)+)", page.read_text(encoding="utf-8")):
        command: click.Command = cli
        for word in words.split():
            if not isinstance(command, click.Group):
                break
            if word not in command.commands:
                # Prose goes on behind the name: "bobby is under…".
                assert command is not cli or word in {"is", "bobby", "docker", "doctor"}, words
                break
            command = command.commands[word]


def test_the_page_on_adding_a_model_can_be_followed(tmp_path: Path) -> None:
    """To the letter: the new classifier names a red picture red."""
    for package in ("bot", "cogs", "models"):
        ignore = shutil.ignore_patterns("__pycache__", "train")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignore)
    text = (ROOT / "docs" / "adding-a-model.md").read_text(encoding="utf-8")
    network, record, line, weights = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    where, _, code = network.partition("\n")
    (tmp_path / where.removeprefix("# ")).write_text(code)
    catalog = tmp_path / "models" / "catalog" / "classifiers.py"
    lite = "_efficientnet_lite0(), _efficientnet_lite2()"
    old = f"    records = [{lite}, *_torchvision_classifiers()]\n"
    assert old in catalog.read_text()
    changed = catalog.read_text().replace(old, line.partition("\n")[2])
    catalog.write_text(changed + "\n\n" + record.partition("\n")[2])
    cache = tmp_path / "weights"
    cache.mkdir()
    subprocess.run([sys.executable, "-c", weights], cwd=cache, check=True)
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(file, "PNG")
    (tmp_path / "red.png").write_bytes(file.getvalue())
    run = subprocess.run(
        [sys.executable, "-m", "bot", "classify", "red.png", "--model", "mean_color"],
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(tmp_path), "BOBBY_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    first = next(line for line in run.stdout.splitlines() if "%" in line)
    assert "red" in first


def test_the_container_is_made_of_what_is_there() -> None:
    """Everything copied exists and is let through; an ordinary user runs it, and nothing secret."""
    text = (ROOT / "Dockerfile").read_text()
    allowed = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = {
        source
        for line in re.findall(r"^COPY (?!--)(.+) \S+$", text, re.MULTILINE)
        for source in line.split()
    }
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)
    assert re.search(r"^USER bobby$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    assert "TOKEN" not in text
    assert re.search(r'^CMD \["bobby", "run"\]$', text, re.MULTILINE)


def test_the_unit_does_not_restart_what_a_setting_broke() -> None:
    """`bobby run` has a status of its own for that; what it may write to is its own."""
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]  # as its documentation says
    unit.read(ROOT / "docs" / "bobby.service")
    service = unit["Service"]
    assert service["RestartPreventExitStatus"] == str(WrongSetting.status)
    assert service["ProtectSystem"] == "strict"
    assert service["ExecStart"].endswith("bobby run")


def test_a_container_does_not_restart_for_ever_what_a_setting_broke() -> None:
    """Neither by Docker alone nor under systemd, as the page and the Dockerfile have it."""
    page = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    policies = re.findall(r"--restart (\S+)", page + (ROOT / "Dockerfile").read_text())
    assert len(policies) == 2
    assert all(re.match(r"on-failure:\d", policy) for policy in policies)
    assert f"\nRestartPreventExitStatus={WrongSetting.status}\n" in page
