"""Writes the protocol as TypeScript, so that the web pages can't drift from it.

python -m gateway.typescript > web/src/protocol.ts
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import inspect as types

from handoff import protocol

# Names that TypeScript already gives to something else.
_RENAMED = {"Error": "ErrorFrame"}
_CONSTANTS = ("VERSION", "MAX_TEXT", "MAX_PREFIX", "MAX_FRAME")


def render(module: ModuleType = protocol) -> str:
    """The TypeScript module for every struct, literal and union of `module`, in the order in which they stand there."""
    names = dict(_literals(module))
    parts = ["// Generated from handoff/protocol.py by `python -m gateway.typescript`; do not edit."]
    parts.append("\n".join(f"export const {name} = {getattr(module, name)};" for name in _CONSTANTS))
    parts.append("\n".join(f"export type {name} = {_literal(values)};" for values, name in names.items()))
    parts += [_interface(struct, names) for struct in _structs(module)]
    parts += [_union(name, members) for name, members in _unions(module)]
    return "\n\n".join(parts) + "\n"


def _structs(module: ModuleType) -> Iterator[type[msgspec.Struct]]:
    for value in vars(module).values():
        own = inspect.isclass(value) and issubclass(value, msgspec.Struct) and value.__module__ == module.__name__
        if own and value.__struct_fields__:
            yield value


def _literals(module: ModuleType) -> Iterator[tuple[tuple[Any, ...], str]]:
    for name, value in vars(module).items():
        if get_origin(value) is Literal:
            yield tuple(sorted(get_args(value), key=str)), name


def _unions(module: ModuleType) -> Iterator[tuple[str, list[str]]]:
    for name, value in vars(module).items():
        if get_origin(value) is Union and all(inspect.isclass(arg) for arg in get_args(value)):
            structs = [arg for arg in get_args(value) if issubclass(arg, msgspec.Struct)]
            if len(structs) == len(get_args(value)):
                yield name, [_name(struct) for struct in structs]


def _union(name: str, members: list[str]) -> str:
    return f"export type {name} =\n" + "\n".join(f"  | {member}" for member in members) + ";"


def _interface(struct: type[msgspec.Struct], names: dict[tuple[Any, ...], str]) -> str:
    """A field with a default may be absent, since defaults are not sent."""
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    doc = inspect.cleandoc(struct.__doc__ or "").replace("\n", "\n * ")
    lines = [f"/** {doc} */", f"export interface {_name(struct)} {{"]
    if info.tag is not None:
        lines.append(f'  {info.tag_field}: "{info.tag}";')
    for field in info.fields:
        mark = "" if field.required else "?"
        lines.append(f"  {field.encode_name}{mark}: {_type(field.type, names)};")
    return "\n".join([*lines, "}"])


def _type(kind: types.Type, names: dict[tuple[Any, ...], str]) -> str:
    if isinstance(kind, types.Metadata):
        return _type(kind.type, names)
    if isinstance(kind, types.LiteralType):
        return names.get(tuple(sorted(kind.values, key=str)), _literal(kind.values))
    if isinstance(kind, types.UnionType):
        return " | ".join(_type(part, names) for part in kind.types)
    if isinstance(kind, types.StructType):
        return _name(kind.cls)
    if isinstance(kind, types.ListType):
        return f"{_type(kind.item_type, names)}[]"
    if isinstance(kind, types.TupleType):
        return f"[{', '.join(_type(part, names) for part in kind.item_types)}]"
    if isinstance(kind, types.DictType):
        return f"Record<string, {_type(kind.value_type, names)}>"
    return _scalar(kind)


def _scalar(kind: types.Type) -> str:
    scalars: dict[type[types.Type], str] = {
        types.StrType: "string",
        types.IntType: "number",
        types.FloatType: "number",
        types.BoolType: "boolean",
        types.NoneType: "null",
        types.AnyType: "unknown",
    }
    if type(kind) not in scalars:
        raise TypeError(f"gateway/typescript.py knows no TypeScript for {kind!r}; add it to _type")
    return scalars[type(kind)]


def _literal(values: tuple[Any, ...]) -> str:
    return " | ".join(f'"{value}"' if isinstance(value, str) else str(value) for value in values)


def _name(struct: type[Any]) -> str:
    return _RENAMED.get(struct.__name__, struct.__name__)


if __name__ == "__main__":
    sys.stdout.write(render())
