"""How a hall's own look is checked before any screen is drawn with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers import city

from kiosk.appearance import CONTRAST, ENHANCED, PLAIN, READABLE, Appearance, AppearanceError, contrast
from queue_server.config import ConfigurationError, load


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


# --- what the city's file says of it


def file_with(folder: Path, appearance: str, *, panel: str = "398, 708", hall: bool = False) -> Path:
    """The test city with this appearance, of the city or of its hall; its kiosks have this panel."""
    path = city(folder)
    text = path.read_text("utf-8").replace("slot: 1", f"slot: 1, panel_mm: [{panel}]")
    place = "    windows:\n" if hall else "services:\n"
    assert place in text
    indent = "    " if hall else ""
    path.write_text(text.replace(place, f"{indent}appearance: {appearance}\n{place}", 1), "utf-8")
    return path


def test_a_hall_says_how_many_tiles_stand_in_a_row_and_how_it_is_drawn_for_everybody(tmp_path: Path) -> None:
    said = load(file_with(tmp_path, "{columns: 3, usual: {large: true, low: true}}")).appearance
    assert (said.columns, vars(said.usual)) == (3, {"large": True, "contrast": False, "low": True})


@pytest.mark.parametrize("hall", [True, False])
@pytest.mark.parametrize(
    ("appearance", "panel", "field", "said"),
    [
        ("{columns: 0}", "398, 708", "columns", "at least 1"),
        ("{columns: -1}", "398, 708", "columns", "a number from 0 up"),
        ("{columns: many}", "398, 708", "columns", "valid integer"),
        ("{columns: 4}", "398, 708", "columns", "on the panel of K1, 398 x 708 mm, at most 3: narrower tiles"),
        ("{columns: 5}", "708, 398", "columns", "on the panel of K1, 708 x 398 mm, at most 4: narrower tiles"),
        ("{columns: 3}", "62, 110", "columns", "a tile would be 18 mm wide; 20 mm is the least to touch"),
        ("{usual: {large: perhaps}}", "398, 708", "usual.large", "valid boolean"),
        ("{usual: {big: true}}", "398, 708", "usual.big", "there is no such field"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_file_line_and_field(
    tmp_path: Path, appearance: str, panel: str, field: str, said: str, *, hall: bool
) -> None:
    path = file_with(tmp_path, appearance, panel=panel, hall=hall)
    (line,) = [n for n, text in enumerate(path.read_text("utf-8").splitlines(), 1) if appearance in text]
    with pytest.raises(ConfigurationError) as refused:
        load(path)
    place = f"{path}:{line}: {'halls[0].' if hall else ''}appearance.{field}: "
    assert any(text.startswith(place) and said in text for text in str(refused.value).splitlines()), refused.value
