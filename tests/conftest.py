"""Fixtures that several test files share."""

import os

from browser import chromium, pages
from hypothesis import settings

__all__ = ["chromium", "pages"]

settings.register_profile("ci", derandomize=True, print_blob=True)
"""In CI the same examples each time, so that a change is judged by itself; everybody else's run looks for new ones."""
if os.environ.get("CI"):
    settings.load_profile("ci")
