"""Strict reading of plain data and JSON into typed values, JSON written from them, and JSON schemas of both.

The only module that knows pydantic: whatever else is read strictly is declared with what it exports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

__all__ = ["Field", "FieldInfo"]

Describe = Callable[[type], Mapping[str, Mapping[str, object]]]
"""For a class: what is to stand in its schema beside what follows from its types, by the names of its properties."""


class InvalidError(ValueError):
    """Data do not have the shape declared. `errors`: in pydantic's form, a mapping for each."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        self.errors = errors
        where = ".".join(str(part) for part in errors[0]["loc"])
        super().__init__(f"{where + ': ' if where else ''}{errors[0]['msg']}")


class Strict(BaseModel):
    """A mapping in a file: nothing unknown, nothing converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


Model = TypeVar("Model", bound=Strict)


class Section:
    """As metadata of the type `of`: the data are the mapping `model`, of which `make` makes a value of the type."""

    def __init__(self, of: type, model: type[Strict], make: Callable[[Any], object]) -> None:
        self.of = of
        self.model = model
        self._make = make

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._make, handler(self.model))


class Read(Protocol):
    """Turns plain data, which `schema` describes, into a value; ValueError says what is wrong with them."""

    @property
    def schema(self) -> Mapping[str, object]: ...

    def __call__(self, value: object, /) -> object: ...


def checked(read: Read) -> object:
    """As metadata of a type: plain data are read so, before anything else is checked."""
    return BeforeValidator(read, json_schema_input_type=Annotated[Any, WithJsonSchema(dict(read.schema))])


def read_of(field: FieldInfo) -> object:
    """How a model's field is read, if that was said with `checked`; else None."""
    return next((each.func for each in field.metadata if isinstance(each, BeforeValidator)), None)


def strict_model(name: str, about: str | None, fields: Mapping[str, tuple[object, object]]) -> type[Strict]:
    """A model with these fields: by name the type, as an annotation has it, and the default."""
    definitions: dict[str, Any] = {**fields}
    return create_model(name, __base__=Strict, __doc__=about, **definitions)


def validated(model: type[Model], data: object) -> Model:
    """Plain data as a model; InvalidError."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidError(error.errors(include_url=False)) from None


class JsonReader:
    """Reads many JSON texts as values of one type."""

    def __init__(self, of: Any) -> None:
        self._adapter = TypeAdapter[Any](of)

    def load(self, text: str | bytes) -> Any:
        """The value, nothing converted; InvalidError."""
        try:
            return self._adapter.validate_json(text, strict=True)
        except ValidationError as error:
            raise InvalidError(error.errors(include_url=False)) from error


def dump_json(value: object, indent: int | None = None) -> str:
    """A value as JSON, keys in the order of its fields: equal values give equal text."""
    return TypeAdapter(type(value)).dump_json(value, indent=indent).decode()


def json_schema(of: type, describe: Describe) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of what is read as a type. Of a dataclass, nothing but its fields is allowed."""

    class Generator(GenerateJsonSchema):
        def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - titles only repeat the keys
            return False

        def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
            return self.generate_inner(schema["schema"])  # defaults are values, not what a file would write

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
