"""One name for all halls of a kind: the city's template, and what each hall gives to fill it."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers import CITY, HALL

from queue_server.config import ConfigurationError, load
from queue_server.domain.configuration import Text

TEMPLATE = 'name_templates: {town_centre: {zh: "某市{place}便民服务中心", en: "{place} Service Centre"}}\n'
NAME = "    name: {zh: 测试大厅, en: Test hall}\n"
PLACE = "    place: {zh: 华阳街道, en: Huayang}\n"


def city(folder: Path, template: str, own: str) -> Path:
    assert CITY.count(NAME) == 1
    path = folder / "city.yaml"
    path.write_text(CITY.replace(NAME, own).replace("services:\n", f"{template}services:\n", 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("template", "own", "name"),
    [
        ("", NAME, Text(zh="测试大厅", en="Test hall")),
        (TEMPLATE, PLACE, Text(zh="某市华阳街道便民服务中心", en="Huayang Service Centre")),
        (TEMPLATE, "    place: {zh: 华阳街道}\n", Text(zh="某市华阳街道便民服务中心", en="")),
        (TEMPLATE, "    place: {zh: '{place}'}\n", Text(zh="某市{place}便民服务中心", en="")),
    ],
)
def test_a_hall_is_called_as_its_kind_is_and_otherwise_as_it_says(
    tmp_path: Path, template: str, own: str, name: Text
) -> None:
    assert load(city(tmp_path, template, own)).configuration(HALL).name == name


@pytest.mark.parametrize(
    ("template", "own", "told"),
    [
        (TEMPLATE, NAME, "halls[0].name: halls of this kind are called '某市{place}便民服务中心'; give the place only"),
        (TEMPLATE, NAME + PLACE, "halls[0].name: halls of this kind"),
        (TEMPLATE, "", "halls[0].place: is missing; halls of this kind are called '某市{place}便民服务中心'"),
        (TEMPLATE, "    place: {zh: ' '}\n", "halls[0].place.zh: is empty"),
        ("", PLACE, "halls[0].place: name_templates has none for this kind of hall; give its whole name"),
        ("", "", "halls[0].name: is missing"),
        ("name_templates: {fort: {zh: '{place}'}}\n", NAME, "name_templates.fort: no hall is of this kind"),
        (TEMPLATE.replace("某市{place}", "某市"), PLACE, "name_templates.town_centre.zh: must have {place} once"),
        (TEMPLATE.replace("某市", "{city}"), PLACE, "name_templates.town_centre.zh: must have {place} once"),
        (TEMPLATE.replace("{place} Service", "Service"), PLACE, "name_templates.town_centre.en: must have {place}"),
    ],
)
def test_a_name_of_its_own_or_a_template_with_no_place_is_a_mistake(
    tmp_path: Path, template: str, own: str, told: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(city(tmp_path, template, own))
    assert told in str(caught.value)
