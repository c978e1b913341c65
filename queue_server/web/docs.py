"""`/docs`: the OpenAPI document as a page for people. Nothing is fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, render_template

docs = APIBlueprint("docs", __name__, enable_openapi=False)

POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One parameter, field or response. `shape` names the component that `kind` is, or is made of."""

    name: str
    kind: str
    shape: str = ""
    required: bool = False
    about: str = ""


@docs.get("/docs")
def page() -> Response:
    app = cast(APIFlask, current_app)
    spec = cast(dict[str, Any], app._get_spec("json"))
    components = spec["components"]["schemas"]
    groups = _groups(spec["paths"], components)
    bodies = {route["body_shape"] for routes in groups.values() for route in routes}
    html = render_template(
        "docs.html",
        texts={"language": "en"},
        version=spec["info"]["version"],
        groups=groups,
        shapes={
            name: (schema, list(_fields(schema))) for name, schema in sorted(components.items()) if name not in bodies
        },
    )
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    return Response(html, content_type="text/html; charset=utf-8", headers=headers)


def _groups(paths: dict[str, Any], components: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Routes by tag, each with what its template shows."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in sorted(paths.items()):
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            shape, schema = _resolve(body, components)
            groups.setdefault(operation["tags"][0], []).append(
                {
                    "id": operation["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "summary": operation["summary"],
                    "about": operation.get("description", ""),
                    "parameters": [
                        Row(
                            name=parameter["name"], kind=f"{parameter['in']}: {_kind(parameter['schema'])}",
                            required=parameter.get("required", False), about=parameter.get("description", ""),
                        )
                        for parameter in operation["parameters"]
                    ],
                    "body": list(_fields(schema)),
                    "body_about": schema.get("description", ""),
                    "body_shape": shape,
                    "responses": [_response(code, response) for code, response in operation["responses"].items()],
                }
            )  # fmt: skip
    return groups


def _response(code: str, response: dict[str, Any]) -> Row:
    ((content_type, content),) = response["content"].items()
    reference = content["schema"].get("$ref", "")
    return Row(
        name=f"{code} {HTTPStatus(int(code)).phrase}", kind=content_type, shape=reference.rpartition("/")[2],
        about=response["description"],
    )  # fmt: skip


def _fields(schema: dict[str, Any]) -> Iterator[Row]:
    """The fields of an object, those of objects within it not."""
    for name, field in schema.get("properties", {}).items():
        about = field.get("description", "")
        if field.get("examples"):
            about += f" For example {field['examples'][0]}."
        if isinstance(field.get("default"), str | int | float):
            about += f" Default {field['default']}."
        required = name in schema.get("required", ())
        yield Row(name=name, kind=_kind(field), shape=_shape(field), about=about.strip(), required=required)


def _resolve(schema: dict[str, Any], components: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return name, components.get(name, schema)


def _shape(schema: dict[str, Any]) -> str:
    """The component a schema refers to, at any depth; "" if none."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    inner = [*schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")]
    return next((found for one in inner if isinstance(one, dict) and (found := _shape(one))), "")


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return _shape(schema)
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    match schema.get("type"):
        case "array":
            return f"list of {_kind(schema['items'])}"
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return f"object of {_kind(schema['additionalProperties'])}"
        case kind:
            words = [str(schema.get("format") or kind or "anything"), _range(schema)]
            if "pattern" in schema:
                words.append(schema["pattern"])
            return " ".join(word for word in words if word)


def _range(schema: dict[str, Any]) -> str:
    for low, high, unit in (("minimum", "maximum", ""), ("minLength", "maxLength", " characters")):
        if low in schema or high in schema:
            return f"{schema.get(low, '')} … {schema.get(high, '')}{unit}"
    return ""
