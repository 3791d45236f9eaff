"""What a condition says of the names in it: `row.x is defined and …`."""

from __future__ import annotations

from jinja2 import nodes

Path = tuple[str, str]


def path_of(node: nodes.Node) -> Path | None:
    """`row.x` and `row['x']` as ("row", "x"); None for anything else."""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return node.node.name, node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.node, nodes.Name) and isinstance(node.arg, nodes.Const):
        return (node.node.name, node.arg.value) if isinstance(node.arg.value, str) else None
    return None


def asserted(test: nodes.Node, outcome: bool) -> frozenset[Path]:
    """The paths that are defined where `test` came out as `outcome`."""
    if isinstance(test, nodes.Not):
        return asserted(test.node, not outcome)
    if isinstance(test, nodes.And if outcome else nodes.Or):
        return asserted(test.left, outcome) | asserted(test.right, outcome)
    if isinstance(test, nodes.Test) and test.name == ("defined" if outcome else "undefined"):
        path = path_of(test.node) or ((test.node.name, "") if isinstance(test.node, nodes.Name) else None)
        return frozenset({path} if path else ())
    if outcome and isinstance(test, nodes.Compare):
        return _contained(test)
    return frozenset()


def _contained(test: nodes.Compare) -> frozenset[Path]:
    """`'x' in row`."""
    if len(test.ops) == 1 and test.ops[0].op == "in" and isinstance(test.ops[0].expr, nodes.Name):
        name = test.expr.value if isinstance(test.expr, nodes.Const) else None
        if isinstance(name, str):
            return frozenset({(test.ops[0].expr.name, name)})
    return frozenset()
