"""How a hall's own look is checked before any screen is drawn with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.appearance import CONTRAST, ENHANCED, PLAIN, READABLE, Appearance, AppearanceError, contrast


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#FFFFFF") == contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)


def test_every_text_can_be_read_and_in_high_contrast_much_better() -> None:
    assert PLAIN.least_contrast() >= READABLE
    assert CONTRAST.least_contrast() >= ENHANCED


def test_a_hall_may_have_its_own_colours() -> None:
    palette = Appearance(colours={"accent": "#8A1020"}).palette
    assert (palette.accent, palette.bar, palette.ink) == ("#8A1020", "#8A1020", PLAIN.ink)


@pytest.mark.parametrize(
    ("colours", "said"),
    [
        ({"acent": "#8A1020"}, "there is no colour 'acent'"),
        ({"accent": "red"}, "'red' is no colour"),
        ({"accent": "#F0A0A0"}, "accent on paper has a contrast of 1.8; 4.5 is the least"),
        ({"paper": "#404040"}, "ink on paper"),
    ],
)
def test_colours_nobody_could_read_are_refused_by_name(colours: dict[str, str], said: str) -> None:
    with pytest.raises(AppearanceError, match=said):
        Appearance(colours=colours)


def test_a_picture_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AppearanceError, match="there is no picture"):
        Appearance(banner=(tmp_path / "spring.jpg",))
