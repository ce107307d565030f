"""The house is a tower: imports only point down, and the lower floors touch nothing outside the process."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
PLUGINS = Path(__file__).parents[1] / "plugins"

#: The floor of each room. The longest matching name counts, so a module may live on another floor than its room.
FLOORS = {
    "campflow.errors": 0,
    # A hook for tests below everything that commits.
    "campflow.failpoints": 0,
    "campflow.diagnostics": 0,
    "campflow.language": 1,
    "campflow.model": 1,
    # Templates are a language too: the checker reads those that stand in a `.flow` file.
    "campflow.content.budget": 1,
    "campflow.content.filter_words": 1,
    "campflow.content.filtering": 1,
    "campflow.content.filters": 1,
    "campflow.content.record": 1,
    "campflow.content.sandbox": 1,
    "campflow.content.slots": 1,
    "campflow.content.templates": 1,
    "campflow.content.variables": 1,
    "campflow.content.weaving": 1,
    "campflow.checking": 2,
    # The tables are a picture of the model, drawn once; the plan's writer needs it, the storage above only opens it.
    "campflow.storage.tables": 2,
    "campflow.storage.keys": 2,
    "campflow.planning": 3,
    "campflow.sql": 4,
    "campflow.compiler": 5,
    "campflow.rechecking": 5,
    "campflow.storage": 5,
    "campflow.hooks": 5,
    # Providers are reached through it, by channels of anyone's.
    "campflow.http": 5,
    "campflow.spreadsheet": 5,
    "campflow.content": 5,
    "campflow.measuring": 5,
    "campflow.tracking": 5,
    "campflow.drawing": 5,
    "campflow.engine": 6,
    "campflow.people": 6,
    "campflow.settings": 7,
    "campflow.flow_files": 7,
    "campflow.kept_trees": 7,
    "campflow.crew": 7,
    "campflow.keeping": 7,
    "campflow.kept_content": 7,
    "campflow.kept_findings": 7,
    "campflow.kept_result": 7,
    "campflow.plugin_settings": 7,
    "campflow.project": 7,
    "campflow.in_force": 7,
    "campflow.standing": 7,
    "campflow.version_graphs": 7,
    "campflow.running": 7,
    "campflow.web": 8,
    "campflow.editor": 8,
    "campflow.testing": 8,
    "campflow.pytest_plugin": 8,
    "campflow.cli": 8,
    "campflow.__main__": 9,
}

#: What the database looks like is drawn without touching it.
PICTURES = ("campflow.storage.tables", "campflow.storage.keys")
#: Rooms below floor 6 that may touch files, the clock or the database.
AT_THE_RIM = (
    "campflow.http",
    "campflow.failpoints",
    "campflow.storage",
    "campflow.content",
    "campflow.hooks.manager",
    "campflow.hooks.own",
)

#: What a pure room has no use for: files, clocks, the network, processes, chance.
EFFECTS = {
    "asyncio", "glob", "httpx", "importlib", "io", "logging", "os", "pathlib", "random", "secrets", "shutil", "signal",
    "smtplib", "aiosmtplib", "socket", "sqlite3", "structlog", "subprocess", "sys", "tempfile", "threading", "time",
    "urllib", "uuid",
}  # fmt: skip
EFFECT_CALLS = {"open", "input", "print", "now", "today", "utcnow", "create_engine", "create_async_engine"}


def modules() -> dict[str, ast.Module]:
    """Every module of campflow by its dotted name."""
    found = {}
    for file in sorted(SOURCE.rglob("*.py")):
        parts = file.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(file.read_text("utf-8"))
    return found


MODULES = modules()


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The dotted names that a module imports, wherever it does so, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import hides which room it goes to"
            assert node.module is not None
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield (name if name in MODULES else node.module), node.lineno


def floor(module: str) -> int | None:
    rooms = [room for room in FLOORS if module == room or module.startswith(room + ".")]
    return FLOORS[max(rooms, key=len)] if rooms else None


def room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def is_pure(module: str) -> bool:
    level = floor(module)
    at_the_rim = any(module == rim or module.startswith(rim + ".") for rim in AT_THE_RIM)
    return level is not None and level <= 5 and (not at_the_rim or module in PICTURES)


def test_every_module_has_a_floor() -> None:
    assert [name for name in MODULES if name != "campflow" and floor(name) is None] == []


def test_imports_only_point_down() -> None:
    wrong = [
        f"{name}:{line} (floor {floor(name)}) imports {target} (floor {floor(target)})"
        for name, tree in MODULES.items()
        for target, line in imports(tree)
        if (there := floor(target)) is not None and (here := floor(name)) is not None and there > here
    ]
    assert wrong == []


def test_rooms_on_one_floor_do_not_need_each_other_in_a_circle() -> None:
    needs = {(room(name), room(target)) for name, tree in MODULES.items() for target, _ in imports(tree)
             if floor(target) is not None and floor(name) == floor(target) and room(name) != room(target)}  # fmt: skip
    while True:
        longer = needs | {(a, d) for a, b in needs for c, d in needs if b == c}
        if longer == needs:
            break
        needs = longer
    assert [a for a, b in sorted(needs) if a == b] == []


def test_the_lower_floors_are_pure() -> None:
    wrong = [
        f"{name}:{line} imports {target}"
        for name, tree in MODULES.items()
        if is_pure(name)
        for target, line in imports(tree)
        if target.split(".")[0] in EFFECTS
    ]
    for name, tree in MODULES.items():
        for node in ast.walk(tree) if is_pure(name) else ():
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in EFFECT_CALLS and not _is_our_own(tree, called):
                    wrong.append(f"{name}:{node.lineno} calls {called}()")
    assert wrong == []


def _is_our_own(tree: ast.Module, name: str) -> bool:
    """Whether the module defines the function of that name itself."""
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.walk(tree))


def test_checking_knows_nothing_of_plugins() -> None:
    wrong = [
        f"{name}:{line}"
        for name, tree in MODULES.items()
        if name.startswith("campflow.checking")
        for target, line in imports(tree)
        if target.startswith("campflow.hooks")
    ]
    assert wrong == []


def test_pydantic_stands_at_the_edges_only() -> None:
    wrong = [
        f"{name}:{line}"
        for name, tree in MODULES.items()
        if (floor(name) or 0) <= 4
        for target, line in imports(tree)
        if target.split(".")[0].startswith("pydantic")
    ]
    assert wrong == []


def _with_plugins() -> dict[str, ast.Module]:
    plugins = {str(file.relative_to(PLUGINS)): file for file in PLUGINS.glob("*/src/**/*.py")}
    assert len(plugins) > 5
    return MODULES | {name: ast.parse(file.read_text("utf-8")) for name, file in plugins.items()}


def test_one_module_writes_csv() -> None:
    """Plugins included: what a person typed is a formula in no table."""
    writers = {
        name
        for name, tree in _with_plugins().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.alias)
        and (node.attr if isinstance(node, ast.Attribute) else node.name) in ("writerow", "writerows", "DictWriter")
    }
    assert writers == {"campflow.spreadsheet"}


def test_one_module_speaks_http() -> None:
    """Plugins included: one client, with its bounds, for all that goes out by HTTP."""
    trees = _with_plugins()
    clients = {"httpx", "requests", "aiohttp", "urllib3", "http.client", "urllib.request"}
    speakers = {
        name
        for name, tree in trees.items()
        for target, _ in imports(tree)
        if any(target == client or target.startswith(client + ".") for client in clients)
    }
    assert speakers == {"campflow.http"}
