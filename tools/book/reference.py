"""The reference: every file of the library with what it is for, and what it offers to others with its docstring."""

import ast
import inspect

FILES = "course_lib"


def offered(tree):
    """The classes of a file, and the functions whose types it states: [(what to write, docstring)]."""
    for node in tree.body:
        text = ast.get_docstring(node, clean=True) if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else None
        if not text:
            continue
        if isinstance(node, ast.ClassDef):
            yield f"class {node.name}({', '.join(map(ast.unparse, node.bases))})".removesuffix("()"), text
        elif node.returns is not None:
            yield f"{node.name}({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}", text


def block(text, language="text"):
    """A text as Markdown that shows it as it is."""
    return f"````{language}\n{text}\n````"


def entry(path, name):
    """A file as Markdown."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    first, _, more = inspect.cleandoc(ast.get_docstring(tree)).partition("\n\n")
    parts = [f"## {name}", first.replace("\n", " ").replace("<", "&lt;").replace("*", "\\*")]
    parts += [block(more)] if more else []
    for written, text in offered(tree):
        parts += [
            f"### {written.split('(')[0].removeprefix('class ').split()[0]}",
            block(written, "python"),
            block(text),
        ]
    return "\n\n".join(parts)


def library(root):
    """All files of the library in the folder root, as Markdown: a package by its door, __init__.py."""
    found = []
    for path in sorted((root / FILES).iterdir()):
        file = path / "__init__.py" if path.is_dir() else path
        if file.suffix == ".py" and file.exists() and path.name != "__init__.py":
            found.append(entry(file, path.stem))
    return "\n\n".join(found)
