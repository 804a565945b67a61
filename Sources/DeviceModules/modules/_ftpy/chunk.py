"""Scripts whose top level says `return`, run as Lua runs its chunks.

Such a script is split into parts, one after the other: every statement of the top level that holds
a `return` of it becomes a function's body, whose names are declared global; what stands between
stays as it is. A part is a code object for `eval` with the script's variables: it gives None at
its end, or a tuple of one, the value, after a `return`.

Imported only once Python has refused to compile a script because of a `return`.
"""

import __future__

import ast
import sys

from _ftpy.program import unlimited

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

FUNCTION = "<chunk>"
"""A name that no function of a script has."""
OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPREHENSION = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
MODULE_FLAGS = ~0x13
"""Without CO_OPTIMIZED, CO_NEWLOCALS and CO_NESTED: code whose `locals()` are the globals."""
ANNOTATIONS = "if '__annotations__' not in globals(): globals()['__annotations__'] = {}"
DEEPEST = 3000
"""As deep as Python's own compiler gets by default."""
IN_CHUNK = "in a statement with a 'return' of the script's top level"


def run(source: bytes | str, filename: str, variables: dict[str, object]) -> object:
    """Runs a script, chunk or not; the value that it returns.

    The caller's frame and this one stand above it in tracebacks.
    """
    try:
        whole = [compile(source, filename, "exec", dont_inherit=True)]
    except SyntaxError as error:
        if error.msg != "'return' outside function":
            raise
        whole = parts(source, filename)
    for part in whole:
        result = eval(part, variables)
        if result is not None:
            return result[0]
    return None


def parts(source: bytes | str, filename: str) -> "list[CodeType]":
    """The parts of a chunk in order. SyntaxError as Python has it, or for what no chunk can.

    The script's memory is that of the parts alone: no limit holds up the work on them.
    """
    return unlimited(split, source, filename)


def split(source: bytes | str, filename: str) -> "list[CodeType]":
    # Python gets through its tree three times as deep when it is its own as when it is handed over.
    depth = sys.getrecursionlimit()
    sys.setrecursionlimit(max(depth, min(3 * depth, DEEPEST)))
    try:
        tree = compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        assert isinstance(tree, ast.Module)
        text = str(source, "utf-8", "replace") if isinstance(source, bytes) else source
        chunk = Chunk(filename, text.splitlines(), future_flags(tree))
        return list(chunk.parts(tree.body))
    finally:
        sys.setrecursionlimit(depth)


def future_flags(tree: ast.Module) -> int:
    flags = 0
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            for alias in statement.names:
                flags |= getattr(__future__, alias.name).compiler_flag
    return flags


class Chunk:
    """One script on its way into parts."""

    def __init__(self, filename: str, lines: list[str], flags: int) -> None:
        self.filename = filename
        self.lines = lines
        self.flags = flags
        # Where Python does not evaluate them: after the future import, and from 3.14 on.
        postponed = bool(flags & __future__.annotations.compiler_flag)
        self.keeps_text = postponed or sys.version_info >= (3, 14)

    def parts(self, statements: list[ast.stmt]) -> "Iterator[CodeType]":
        between: list[ast.stmt] = []
        is_first = True
        for statement in statements:
            if holds_return(statement):
                if between:
                    yield self.module(between, is_first)
                yield self.function(statement)
                between, is_first = [], False
            else:
                between.append(statement)
        if between:
            yield self.module(between, is_first)

    def module(self, statements: list[ast.stmt], is_first: bool) -> "CodeType":
        if not is_first and is_text(statements[0]):
            # The script's text is in its first part, if anywhere; this one has no effect.
            statements = [ast.copy_location(ast.Pass(), statements[0]), *statements]
        return self.compile(statements)

    def function(self, statement: ast.stmt) -> "CodeType":
        self.refuse(statement)
        names = sorted(set(bound(statement)))
        body: list[ast.stmt] = [ast.Global(names)] if names else []
        if any(is_annotation(node) for node in own(statement)):
            body += ast.parse(ANNOTATIONS).body
        for node in body:
            for part in ast.walk(node):
                ast.copy_location(part, statement)
        make_ready(statement, self.keeps_text)
        body.append(statement)
        template = ast.parse("def chunk(): pass").body[0]
        assert isinstance(template, ast.FunctionDef)
        template.name = FUNCTION
        template.body = body
        ast.copy_location(template, statement)
        module = self.compile([template])
        code = next(constant for constant in module.co_consts if isinstance(constant, type(module)))
        return as_module(code)

    def compile(self, statements: list[ast.stmt]) -> "CodeType":
        tree = ast.Module(statements, [])
        code: CodeType = compile(tree, self.filename, "exec", self.flags, dont_inherit=True)
        return code

    def refuse(self, statement: ast.stmt) -> None:
        """Raises SyntaxError for what is something else in a function than it is outside."""
        for node in own(statement):
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                reason = f"import * {IN_CHUNK}"
            elif isinstance(node, (ast.Yield, ast.YieldFrom)):
                reason = f"'yield' outside function, {IN_CHUNK}"
            else:
                continue
            line = self.lines[node.lineno - 1] if node.lineno <= len(self.lines) else None
            column = len(line.encode()[: node.col_offset].decode(errors="replace")) if line else 0
            raise SyntaxError(reason, (self.filename, node.lineno, column + 1, line))


def make_ready(statement: ast.stmt, keeps_text: bool) -> None:
    """Makes a statement of the top level one for the inside of a function."""
    for node in list(own(statement)):
        if isinstance(node, ast.Return):
            value = node.value or ast.copy_location(ast.Constant(None), node)
            node.value = ast.copy_location(ast.Tuple([value], ast.Load()), value)
        for name, value in ast.iter_fields(node):
            if isinstance(value, list) and any(isinstance(part, ast.AnnAssign) for part in value):
                if isinstance(node, OWN_SCOPE) and name == "body":
                    continue
                lines = (annotated(part, keeps_text) for part in value)
                setattr(node, name, [line for group in lines for line in group])


def annotated(node: ast.stmt, keeps_text: bool) -> list[ast.stmt]:
    """`target: type = value` in two statements; all others as they are.

    A function refuses it for a global name, and does not look at the type for any other target.
    """
    if not isinstance(node, ast.AnnAssign):
        return [node]
    if not is_annotation(node):
        look = ast.copy_location(ast.Expr(node.annotation), node)
        return [node] if keeps_text else [node, look]
    assert isinstance(node.target, ast.Name)
    note = ast.parse("globals()['__annotations__'][name] = annotation").body[0]
    assert isinstance(note, ast.Assign)
    assert isinstance(note.targets[0], ast.Subscript)
    note.targets[0].slice = ast.Constant(node.target.id)
    note.value = ast.Constant(None)
    for part in ast.walk(note):
        ast.copy_location(part, node)
    if keeps_text:
        note.value.value = ast.unparse(node.annotation)
    else:
        note.value = node.annotation
    if node.value is None:
        return [note]
    return [ast.copy_location(ast.Assign([node.target], node.value), node), note]


def holds_return(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Return) for node in own(statement))


def is_text(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
        return False
    return isinstance(statement.value.value, str)


def is_annotation(node: ast.AST) -> bool:
    """Whether a node is an entry of `__annotations__`."""
    return isinstance(node, ast.AnnAssign) and bool(node.simple)


def own(statement: ast.AST) -> "Iterator[ast.AST]":
    """A node and all below it that belong to the same scope, as they come in the text.

    Bodies of functions and classes do not belong to it; their decorators, defaults, bases and
    annotations do. However deep: no recursion.
    """
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        inside = list(ast.iter_child_nodes(node))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            body = set(node.body)
            inside = [child for child in inside if child not in body]
        elif isinstance(node, ast.Lambda):
            inside.remove(node.body)
        waiting.extend(reversed(inside))


def bound(statement: ast.stmt) -> "Iterator[str]":
    """The names that a statement gives a value, or takes away, in its own scope."""
    of_comprehensions = {
        id(name)
        for node in own(statement)
        if isinstance(node, COMPREHENSION)
        for generator in node.generators
        for name in ast.walk(generator.target)
    }
    for node in own(statement):
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del()) if id(node) not in of_comprehensions:
                yield node.id
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    yield alias.asname or alias.name.partition(".")[0]
            case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar() if node.name:
                yield node.name
            case ast.MatchMapping() if node.rest:
                yield node.rest


def as_module(code: "CodeType") -> "CodeType":
    """A function's code as a module's: its name, those of all in it, and where it keeps names."""
    return code.replace(
        co_name="<module>",
        co_qualname="<module>",
        co_flags=code.co_flags & MODULE_FLAGS,
        co_consts=without_prefix(code.co_consts, type(code)),
    )


def without_prefix(constants: tuple[object, ...], kind: "type[CodeType]") -> tuple[object, ...]:
    prefix = f"{FUNCTION}.<locals>."
    return tuple(
        constant.replace(
            co_qualname=constant.co_qualname.removeprefix(prefix),
            co_consts=without_prefix(constant.co_consts, kind),
        )
        if isinstance(constant, kind)
        else constant
        for constant in constants
    )
