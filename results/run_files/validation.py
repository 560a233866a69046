"""Strict validation of plain data and JSON into typed values, JSON output of them, and their JSON schemas.

The only module that imports pydantic; other modules declare what they read with what this one exports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

__all__ = ["Field", "FieldInfo", "PrivateAttr"]

Describe = Callable[[type], Mapping[str, Mapping[str, object]]]
"""Gives, for a class, additions to its JSON schema (descriptions, defaults, examples), by name of the property."""


class InvalidError(ValueError):
    """Data do not match the declared type. `errors`: a mapping each, as pydantic has them; `model`: that of a file."""

    def __init__(self, errors: Sequence[Mapping[str, Any]], model: type[Strict] | None = None) -> None:
        self.errors = errors
        self.model = model
        where = ".".join(str(part) for part in errors[0]["loc"])
        super().__init__(f"{where + ': ' if where else ''}{errors[0]['msg']}")


class Strict(BaseModel):
    """Base of models of mappings in a file: unknown keys are errors, values are not converted."""

    # A validator is built when it is first used: most models are parts of one, and never used by themselves.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True)


Model = TypeVar("Model", bound=Strict)


class Section:
    """Metadata of type `of`: the data are validated as `model`, and `make` builds the value from it."""

    def __init__(self, of: type, model: type[Strict], make: Callable[[Any], object]) -> None:
        self.of = of
        self.model = model
        self._make = make

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._make, handler(self.model))


class Read(Protocol):
    """Converts plain data, which `schema` describes, to a value. Raises ValueError with what is wrong."""

    @property
    def schema(self) -> Mapping[str, object]: ...

    def __call__(self, value: object, /) -> object: ...


def checked(read: Read, *models: type[Strict]) -> object:
    """Metadata of a type: plain data are converted with `read` before any other validation. `models`: mappings that it
    reads besides what its schema describes."""
    described: Any = Annotated[Any, WithJsonSchema(dict(read.schema))]
    return BeforeValidator(read, json_schema_input_type=reduce(or_, models, described))


def read_of(field: FieldInfo) -> object:
    """The `Read` of a field that was declared with `checked`; else None."""
    return next((each.func for each in field.metadata if isinstance(each, BeforeValidator)), None)


def strict_model(name: str, about: str | None, fields: Mapping[str, tuple[object, object]]) -> type[Strict]:
    """A model with these fields: by name, the annotation and the default. `about`: its docstring."""
    definitions: dict[str, Any] = {**fields}
    return create_model(name, __base__=Strict, __doc__=about, **definitions)


def validated(model: type[Model], data: object) -> Model:
    """Validate plain data as a model. Raises InvalidError."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidError(error.errors(include_url=False), model) from None


@cache
def _adapter(of: Any) -> TypeAdapter[Any]:
    """That of a type, built once: it takes tens of milliseconds, and each cluster has files of the same types."""
    return TypeAdapter(of)


class JsonReader:
    """Parses JSON texts as values of one type."""

    def __init__(self, of: Any) -> None:
        self._adapter = _adapter(of)

    def load(self, text: str | bytes) -> Any:
        """Parse strictly, without conversion. Raises InvalidError."""
        try:
            return self._adapter.validate_json(text, strict=True)
        except ValidationError as error:
            raise InvalidError(error.errors(include_url=False)) from error


def dump_json(value: object, indent: int | None = None) -> str:
    """A value as JSON, keys in the order of the fields, so that equal values give equal text."""
    of: Any = type(value)
    return _adapter(of).dump_json(value, indent=indent).decode()


def json_schema(of: type, describe: Describe) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a type. Dataclasses allow no further properties."""

    class Generator(GenerateJsonSchema):
        def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - titles only repeat the keys
            return False

        def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
            return self.generate_inner(schema["schema"])  # a default is a value of the type, not text of a file

        def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
            return _described(super().model_schema(schema), describe(schema["cls"]))

        def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
            found = super().dataclass_schema(schema) | {"additionalProperties": False}
            return _described(found, describe(schema["cls"]))

    return TypeAdapter(of).json_schema(schema_generator=Generator)


def _described(schema: JsonSchemaValue, more: Mapping[str, Mapping[str, object]]) -> JsonSchemaValue:
    if "description" in schema:
        schema["description"] = " ".join(schema["description"].split())
    for name, part in schema.get("properties", {}).items():
        part.update(more.get(name, {}))
    return schema
