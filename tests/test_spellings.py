"""The names and values of the wire stand in `api/wire`, not in the rules, the use cases or the storage (decision 0016)."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

import agreegate.api.wire
from agreegate.api.wire import Wire

SOURCE = Path(__file__).resolve().parent.parent / "src" / "agreegate"
PARTS = ("domain", "services", "storage")


def structs() -> Iterator[type[msgspec.Struct]]:
    for module in pkgutil.iter_modules(agreegate.api.wire.__path__):
        importlib.import_module(f"agreegate.api.wire.{module.name}")
    waiting = [Wire]
    while waiting:
        waiting += (found := waiting.pop()).__subclasses__()
        yield found


def answered() -> Iterator[str]:
    """The names of the members that functions of the wire's modules put into answers."""
    for file in (SOURCE / "api" / "wire").glob("*.py"):
        for function in ast.walk(ast.parse(file.read_text())):
            if isinstance(function, ast.FunctionDef):
                objects = (node for node in ast.walk(function) if isinstance(node, ast.Dict))
                yield from (key.value for found in objects for key in found.keys if isinstance(key, ast.Constant))


def names() -> frozenset[str]:
    """The wire's names that cannot be ours: with a capital inside, or written with a capital first."""
    written = {name for struct in structs() for name in struct.__struct_encode_fields__} | {*answered()}
    capital = {name[0].upper() + name[1:] for name in written}
    return frozenset({name for name in written if not name.islower()} | capital)


def values() -> frozenset[str]:
    """The wire's values that its modules map to words of ours, where a capital tells them apart."""
    mapped = set()
    for file in (SOURCE / "api" / "wire").glob("*.py"):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
                mapped.update(one.value for one in node.value.values if isinstance(one, ast.Constant))
    return frozenset(value for value in mapped if isinstance(value, str) and value.isalpha() and not value.islower())


def literals(text: str) -> Iterator[str]:
    """The words of string literals: documentation, types and what a module offers are none."""
    tree = ast.parse(text)
    passed: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as documentation):
                passed.add(documentation)
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                passed.update(ast.walk(node))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.AnnAssign():
                annotations = [node.annotation] if isinstance(node, ast.AnnAssign) else [node.returns]
                passed.update(*(ast.walk(one) for one in annotations if one is not None))
            case ast.arg(annotation=ast.expr() as annotation):
                passed.update(ast.walk(annotation))
            case ast.Call(func=ast.Name(id="NewType"), args=[ast.Constant() as name, *_]):
                passed.add(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in passed:
            yield from re.findall(r"[A-Za-z]+[0-9]*", node.value)


def test_no_name_or_value_of_the_wire_is_in_the_rules_the_use_cases_or_the_storage() -> None:
    wire, found = names() | values(), dict[str, set[str]]()
    assert {
        "primaryContact",
        "firstName",
        "lineItems",
        "addressLine1",
        "totalCount",
        "orderErrors",
        "Status",
        "Active",
        "New",
    } <= wire
    for part in PARTS:
        for file in sorted((SOURCE / part).rglob("*.py")):
            if met := wire & set(literals(file.read_text())):
                found[str(file.relative_to(SOURCE))] = met
    assert found == {}


def test_a_name_of_the_wire_is_found_in_code_and_not_in_what_is_said_of_it() -> None:
    met = set(literals('"""Not `firstName`."""\nraise Wrong(name=f"lineItems[{place}].offerId")'))
    assert met == {"lineItems", "offerId"}
