"""What a module imports, and what the names in it stand for."""

import ast
from collections.abc import Iterator, Mapping


def imported(node: ast.AST, package: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """What an import binds, and its whole name."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield (
                alias.asname or alias.name.partition(".")[0],
                alias.name if alias.asname else alias.name.partition(".")[0],
            )
            if not alias.asname and "." in alias.name:
                yield alias.name, alias.name
    elif isinstance(node, ast.ImportFrom):
        beside = package[: len(package) + 1 - node.level] if node.level else ()
        source = ".".join((*beside, *((node.module,) if node.module else ())))
        for alias in node.names:
            yield alias.asname or alias.name, f"{source}.{alias.name}"


def whole_name(node: ast.AST, names: Mapping[str, str]) -> str:
    """The dotted name that an expression stands for; empty when it stands for none."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        owner = whole_name(node.value, names)
        return f"{owner}.{node.attr}" if owner else ""
    return ""
