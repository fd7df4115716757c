# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tree of names.

Reference: ACPI Specification 6.5, section 5.3."""
from .code import Path
from .errors import AmlError, NotFound
from .objects import Scope, TYPE_NAMES, type_of


class Node:
    __slots__ = ("name", "parent", "children", "value", "alias_of")

    def __init__(self, name, parent, value=None):
        self.name, self.parent, self.value = name, parent, value
        self.children = {}
        self.alias_of = None

    @property
    def path(self):
        """`\\_SB_.PCI0`: every name with four letters, as they are in the tables."""
        names, node = [], self
        while node.parent is not None:
            names.append(node.name)
            node = node.parent
        return "\\" + ".".join(reversed(names))

    @property
    def type(self):
        value = self.target.value
        return "Scope" if isinstance(value, Scope) else TYPE_NAMES[type_of(value)]

    @property
    def target(self):
        """The node itself; of an alias, the one it stands for."""
        return self if self.alias_of is None else self.alias_of

    def __repr__(self):
        return f"<{self.type} {self.path}>"


def parse_path(text):
    """A Path of `\\_SB.PCI0._CRS`, `^^FOO`; names of less than four letters get underscores."""
    rest = text
    absolute = rest.startswith("\\")
    rest = rest[1:] if absolute else rest
    parents = len(rest) - len(rest.lstrip("^"))
    rest = rest[parents:]
    segments = []
    for part in rest.split(".") if rest else ():
        name = part.upper().ljust(4, "_")
        if (len(name) != 4 or not name.isascii() or name[0].isdigit() or
                not name.replace("_", "A").isalnum()):
            raise NotFound(f"{part!r} in {text!r} is no name of ACPI")
        segments.append(name)
    return Path(absolute, parents, tuple(segments))


def text_of(path):
    return "\\" * path.absolute + "^" * path.parents + ".".join(path.segments)


class Namespace:
    def __init__(self):
        self.root = Node("\\", None, Scope())

    def _start(self, scope, path):
        node = self.root if path.absolute else scope
        for _ in range(path.parents):
            if node.parent is None:
                raise NotFound(f"{text_of(path)} leads above the root")
            node = node.parent
        return node

    def find(self, scope, path):
        """The node, or None. A single name is looked for in the scopes around, too."""
        node = self._start(scope, path)
        segments = path.segments
        if len(segments) == 1 and not path.absolute and not path.parents:
            while node is not None:
                found = node.children.get(segments[0])
                if found is not None:
                    return found.target
                node = node.parent
            return None
        for segment in segments:
            node = node.children.get(segment)
            if node is None:
                return None
            node = node.target
        return node

    def get(self, scope, path):
        node = self.find(scope, path)
        if node is None:
            raise NotFound(f"there is no {text_of(path)} in {scope.path}")
        return node

    def create(self, scope, path, value):
        if not path.segments:
            raise AmlError("an object without a name")
        parent = self._start(scope, path)
        for segment in path.segments[:-1]:
            if segment not in parent.children:
                raise NotFound(f"there is no {segment} in {parent.path}")
            parent = parent.children[segment].target
        name = path.segments[-1]
        if name in parent.children:
            raise AmlError(f"{parent.children[name].path} is there twice")
        node = parent.children[name] = Node(name, parent, value)
        return node

    def walk(self, node=None):
        """Every node below one, parents first, in the order of their making."""
        stack = list(reversed((node or self.root).children.values()))
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children.values()))
