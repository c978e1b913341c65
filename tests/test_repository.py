"""What is written in the repository is true, and names nothing it must not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.splitlines()
PAGES = [path for path in TRACKED if path.endswith(".md")]
FORBIDDEN = ["/".join(parts) for parts in (("", "work", ""), ("", "root", ""), ("", "opt", "pypi"))] + [
    ".".join(parts) for parts in (("pypi", "org"), ("files", "pythonhosted"), ("registry", "npmjs"), ("deb", "debian"))
]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    missing = [link for link in links if not ((ROOT / page).parent / link).exists()]
    assert missing == []


def test_no_file_names_a_registry_or_a_folder_of_one_machine() -> None:
    found = []
    for path in TRACKED:
        content = (ROOT / path).read_bytes() if (ROOT / path).is_file() else b""
        found += [
            f"{path}: {word}" for word in FORBIDDEN if word.encode() in content and path != "tests/test_repository.py"
        ]
    assert found == []


def test_every_locked_package_has_its_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    packages = re.findall(
        r"^([a-z0-9_.-]+)==[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", lock, re.MULTILINE
    )
    assert len(packages) == len(re.findall(r"^[a-z0-9_.-]+==", lock, re.MULTILINE)) > 50
