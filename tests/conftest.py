"""Fixtures that several test files share."""

from browser import chromium, pages

__all__ = ["chromium", "pages"]
