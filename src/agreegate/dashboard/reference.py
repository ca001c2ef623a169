"""Our own API for people: its OpenAPI document as one page, with who may call what.

The document's own words are English; the page around them is in the reader's language.
"""

import asyncio
import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from babel.lists import format_list
from litestar import Litestar, Response, get

from agreegate.dashboard.frame.page import DashboardRequest, page, reader_language
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import Access, Role
from agreegate.domain.partner import PartnerKind
from agreegate.i18n import text

PATH = "/api/docs"

Json = Mapping[str, Any]


@get(PATH, opt={"public": True})
async def show_reference(request: DashboardRequest) -> Response[str]:
    """Show the page that describes our own API, put together once for each language."""
    language, deployment = reader_language(request), deployment_of(request)
    shown: dict[str, dict[str, object]] = request.app.state.setdefault("reference", {})
    if language not in shown:
        shown[language] = await asyncio.to_thread(_described, request.app, deployment.public_url, language)
    example_user = None if deployment.demo_start is None else deployment.demo_start.example_user
    return page(request, "reference.html", 200, example_user=example_user, **shown[language])


def _described(app: Litestar, url: str, language: str) -> dict[str, object]:
    """Return what the page shows in one language."""
    reader = _Reader(app.openapi_schema.to_schema(), accesses(app), url, language)
    return {
        "operations": list(reader.operations()),
        "models": list(reader.models()),
        "problem": reader.pretty({"$ref": "#/components/schemas/Problem"}),
    }


def accesses(app: Litestar) -> dict[tuple[str, str], Access]:
    """Return who may call each operation of our own API, by method and path as the document writes them."""
    return {
        (method.lower(), route.path_format): handler.opt["access"]
        for route in app.routes
        for method, (handler, _) in getattr(route, "route_handler_map", {}).items()
        if isinstance(handler.opt.get("access"), Access)
    }


class _Reader:
    """Reads one document for one reader."""

    def __init__(self, document: Json, access: Mapping[tuple[str, str], Access], url: str, language: str) -> None:
        self._paths: Json = document["paths"]
        self._schemas: Json = document["components"]["schemas"]
        self._access = access
        self._url = url
        self._language = language

    def operations(self) -> Iterator[Json]:
        for path, item in self._paths.items():
            for method, described in item.items():
                yield self._operation(path, method, described)

    def models(self) -> Iterator[Json]:
        for name, schema in self._schemas.items():
            yield {
                "name": name,
                "description": schema.get("description", ""),
                "members": self._members(schema),
                "choices": schema.get("enum", []),
            }

    def pretty(self, schema: Json) -> str:
        """An example, as JSON."""
        return json.dumps(self._example(schema), indent=2, ensure_ascii=False)

    def _operation(self, path: str, method: str, described: Json) -> Json:
        body = _schema(described.get("requestBody", {}))
        good = next(answer for status, answer in described["responses"].items() if status.startswith("2"))
        return {
            "id": described["operationId"],
            "method": method.upper(),
            "path": path,
            "summary": described["summary"],
            "description": described["description"],
            "who": self._who(self._access[method, path]),
            "parameters": [
                _member(one["name"], self._kind(one["schema"]), "", one["required"], one.get("description", ""))
                for one in described.get("parameters", [])
            ],
            "body": self._model(body),
            "answers": [
                {"status": status, "description": answer["description"], "model": self._model(_schema(answer))}
                for status, answer in described["responses"].items()
            ],
            "request": self._request(path, method, described, body),
            "response": self._response(good),
        }

    def _request(self, path: str, method: str, described: Json, body: Json) -> str:
        for one in described.get("parameters", []):
            example = str(next(iter(one.get("examples", {}).values()))["value"])
            path = path.replace(f"{{{one['name']}}}", example)
        lines = [f"curl -X {method.upper()} {self._url}{path}", '-H "Authorization: Bearer $TOKEN"']
        if body:
            sent = shlex.quote(json.dumps(self._example(body), ensure_ascii=False))
            lines += ["-H 'Content-Type: application/json'", f"-d {sent}"]
        return " \\\n  ".join(lines)

    def _response(self, described: Json) -> str:
        """Return the answer's own example, else one put together from its members."""
        media: Json = next(iter(described.get("content", {}).values()), {})
        for one in media.get("examples", {}).values():
            return json.dumps(msgspec.to_builtins(one["value"]), indent=2, ensure_ascii=False)
        return self.pretty(_schema(described))

    def _members(self, schema: Json) -> list[Json]:
        required = schema.get("required", [])
        return [
            _member(name, self._kind(one), self._model(one), name in required, self._described(one))
            for name, one in schema.get("properties", {}).items()
        ]

    def _described(self, schema: Json) -> str:
        """Return a member's own description, else that of its model."""
        if "$ref" in schema:
            schema = self._schemas[self._model(schema)]
        return str(schema.get("description", ""))

    def _model(self, schema: Json) -> str:
        """Return the name of the model that a schema is made of; empty where there is none."""
        if "$ref" in schema:
            return str(schema["$ref"].rpartition("/")[2])
        inner = [schema["items"]] if "items" in schema else schema.get("oneOf", [])
        return next((name for one in inner if (name := self._model(one))), "")

    def _kind(self, schema: Json) -> str:
        """Return a schema's type in words."""
        if "$ref" in schema:
            return self._model(schema)
        if "items" in schema:
            return text("reference.list", self._language, kind=self._kind(schema["items"]))
        if "oneOf" in schema:
            kinds = [self._kind(one) for one in schema["oneOf"]]
            return format_list(kinds, "or", self._language)
        return str(schema.get("type", ""))

    def _example(self, schema: Json) -> Any:
        """Return a value that the schema allows, put together from the members' own examples."""
        if "examples" in schema:
            return schema["examples"][0]
        if "$ref" in schema:
            return self._example(self._schemas[self._model(schema)])
        if "oneOf" in schema:
            return self._example(schema["oneOf"][0])
        if "items" in schema:
            return [self._example(schema["items"])]
        if "enum" in schema:
            return schema["enum"][0]
        required = schema.get("required", [])
        return {
            name: self._example(one)
            for name, one in schema.get("properties", {}).items()
            if name in required or "examples" in one
        }

    def _who(self, access: Access) -> str:
        if access.any_role:
            return text("reference.who.anyone", self._language)
        sentences = [
            text(
                "reference.who.users",
                self._language,
                roles=self._listed([f"role.{role}" for role in Role if role in access.roles]),
                kinds=self._listed([f"kind.{kind}" for kind in PartnerKind if kind in access.kinds]),
            )
        ]
        if access.application:
            sentences.append(text("reference.who.application", self._language))
        if access.public_cloud_only:
            sentences.append(text("reference.who.public-cloud", self._language))
        return " ".join(sentences)

    def _listed(self, keys: list[str]) -> str:
        return format_list([text(key, self._language) for key in keys], "or", self._language)


def _schema(described: Json) -> Json:
    """Return the schema of a request or an answer, whatever its media type."""
    return next((one["schema"] for one in described.get("content", {}).values()), {})


def _member(name: str, kind: str, model: str, required: bool, description: str) -> Json:
    """Return a member of a body, or a parameter; `model` is empty for a plain value."""
    return {"name": name, "kind": kind, "model": model, "required": required, "description": description}
