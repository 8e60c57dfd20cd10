"""Who may import whom, and how large things may be: rules read off the source."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from itertools import pairwise, product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("xbench", "backends", "suites", "reports")
FILES = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]
"""`rglob` does not follow links, so that a file of `backends` is here once."""
TESTS = sorted((ROOT / "tests").rglob("*.py"))
FRAMEWORKS = {"torch": "torch_", "tensorflow": "tensorflow_", "jax": "jax_"}
CLAIMS = ROOT / "suites" / "claims"
"""It stands on top of all the others, so that it may import them, and nothing imports it."""

FILE_LINES, FUNCTION_LINES = 500, 50
PROTOCOL = (ROOT / "xbench" / "contracts.py", "Backend")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
each_test = pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))


@cache
def tree(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(nodes: Iterator[ast.AST]) -> set[str]:
    """Full names of imported modules; `from a import b` gives `a` and `a.b`."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide who imports whom"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported: no function bodies, nothing under TYPE_CHECKING."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from at_import(child)


def roots(names: set[str]) -> set[str]:
    """The top-level packages of module names."""
    return {name.partition(".")[0] for name in names}


def test_the_rules_look_at_all_four_packages() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(PACKAGES)


def test_each_file_is_imported_by_one_name() -> None:
    """`backends.x` and `xbench.backends.x` would be two modules with two states, and an installed
    xbench has the second only."""
    for path in FILES + TESTS:
        found = roots(imports(ast.walk(tree(path))))
        assert not found & {"backends", "suites", "reports"}, path
    for name in PACKAGES[1:]:
        assert (ROOT / "xbench" / name).resolve() == ROOT / name


def module_name(path: Path) -> str:
    """The name that a file is imported by: `backends`, `suites` and `reports` are parts of `xbench`
    through the links `xbench/backends` and so on."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    within = parts if parts[0] == "xbench" else ("xbench", *parts)
    return ".".join(within).removesuffix(".__init__")


MODULES = {module_name(path): path for path in FILES}
NAME_IN_TEXT = re.compile(r"xbench(?:\.\w+)+(?::\w+)?")
REGISTRIES = (ROOT / "xbench" / "registry.py", ROOT / "xbench" / "extensions.py")
"""Name what there is, in strings; a module of it is imported only where a user asks for it."""


def folder(path: Path) -> str:
    """The node of the graph that a file belongs to: its folder below a package, or the file itself
    where it lies in `xbench/` or `reports/`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] in ("xbench", "reports"):
        return "/".join(parts[:2]).removesuffix("/__init__")
    return "/".join(parts[:-1]) if parts[0] == "suites" else parts[0]


def used_modules(path: Path) -> set[str]:
    """Our modules that a file imports, at once or late, or names as `module:attribute` in text."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else str(node.module) for name in names.values()}
        elif (
            path not in REGISTRIES
            and isinstance(node, ast.Constant)
            and isinstance(node.value, str)
        ):
            found |= {node.value.partition(":")[0]} if NAME_IN_TEXT.fullmatch(node.value) else set()
    return found & MODULES.keys()


def graph() -> dict[str, set[str]]:
    """Folder to the folders that it imports from."""
    found: dict[str, set[str]] = {}
    for path in FILES:
        own = folder(path)
        others = {folder(MODULES[name]) for name in used_modules(path)}
        found.setdefault(own, set()).update(others - {own})
    return found


def arrows() -> dict[str, set[str]]:
    """Folder to the folders that it may import from, as ARCHITECTURE.md says."""
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    block = page.partition("```arrows\n")[2].partition("\n```")[0]
    lines = [line.partition("->") for line in block.splitlines() if line.strip()]
    return {
        own.strip(): {each.strip() for each in others.split(",") if each.strip()}
        for own, _, others in lines
    }


def reachable(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    """Folder to all folders that arrows lead to, step by step. Raises: CycleError."""
    found: dict[str, set[str]] = {}
    for own in TopologicalSorter(arrows).static_order():
        below = arrows.get(own, set())
        found[own] = below.union(*(found[each] for each in below))
    return found


def direct(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The arrows that no others make up for."""
    far = reachable(graph)
    return {
        own: {each for each in others if not any(each in far[other] for other in others)}
        for own, others in graph.items()
    }


def test_folders_import_along_the_arrows_of_the_page() -> None:
    allowed = reachable(arrows())
    against = {
        f"{own} -> {other}"
        for own, others in graph().items()
        for other in others - allowed.get(own, set())
    }
    assert not against, "imports that ARCHITECTURE.md does not have"


def test_the_page_has_the_direct_arrows_and_no_others() -> None:
    assert arrows() == direct(graph())


def test_the_picture_shows_arrows_that_there_are() -> None:
    """It leaves out files and the folders of `reports`."""
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    picture = page.partition("```mermaid\n")[2].partition("\n```")[0]
    names = {"claims": "suites/claims", "backends": "backends"}
    found = reachable(graph())
    found["reports"] = set().union(*(found[each] for each in found if each.startswith("reports/")))
    for line in picture.splitlines()[1:]:
        chain = [part.partition("[")[0].strip() for part in line.split("-->")]
        for left, right in pairwise(chain):
            for own, other in product(left.split(" & "), right.split(" & ")):
                source = "reports" if own == "reports" else names.get(own, f"xbench/{own}")
                if other == "reports":
                    assert any(each.startswith("reports/") for each in found[source])
                else:
                    assert names.get(other, f"xbench/{other}") in found[source], f"{own} {other}"


def test_the_page_stays_one_page() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split()) <= 1200


def test_arrows_run_one_way() -> None:
    list(TopologicalSorter(graph()).static_order())  # raises CycleError, which names the cycle


def test_a_cycle_would_be_seen(tmp_path: Path) -> None:
    """Also one that a late import or a name in text closes."""
    late = tmp_path / "late.py"
    late.write_text(
        "def f():\n    from xbench.engine import run_plan\n"
        "    return 'xbench.worker.session:main'\n"
    )
    assert used_modules(late) == {"xbench.engine.run_plan", "xbench.worker.session"}


def exists(name: str) -> bool:
    """Whether a dotted name is one of our modules, or what one of them defines or imports."""
    module, rest = name, ""
    while module and module not in MODULES:
        module, _, rest = module.rpartition(".")
    if not module:
        return False
    names = {"__file__"}
    for node in ast.walk(tree(MODULES[module])):
        if isinstance(node, Definition):
            names.add(node.name)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
    return module == name or rest in names


NO_NAMES = {"xbench.lock", "xbench.selftest.checks.quick_checks"}
"""A file, and what the test below looks for."""
IN_A_SCRIPT = re.compile(r"\b(?:from|import) ((?:xbench|backends|suites|reports)\.[\w.]+)")


def test_what_tests_name_in_text_exists() -> None:
    """Text that patches a name, or is run as a script, would say so late."""
    for path in TESTS:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                dotted = node.value.replace(":", ".")
                found = [dotted] if NAME_IN_TEXT.fullmatch(node.value) else []
                for name in {*found, *IN_A_SCRIPT.findall(node.value)} - NO_NAMES:
                    assert exists(name), f"{path}: {name}"


def test_what_does_not_exist_is_seen() -> None:
    assert exists("xbench.selftest.quick_checks.quick_checks")
    assert not exists("xbench.selftest.checks.quick_checks")
    assert not exists("reports.assemble")


@each_file
def test_nothing_imports_claims(path: Path) -> None:
    if CLAIMS not in path.parents:
        found = imports(ast.walk(tree(path)))
        assert not any(name.startswith("xbench.suites.claims") for name in found)


@each_file
def test_backends_do_not_import_each_other(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] != "backends":
        return
    own = path.stem.partition("_")[0]
    for name in imports(ast.walk(tree(path))):
        _, backend, module = name.rpartition("xbench.backends.")
        if backend:
            assert module.partition("_")[0] == own


@each_file
def test_only_an_adapter_and_its_exhibits_import_a_framework(path: Path) -> None:
    found = roots(imports(ast.walk(tree(path))))
    backend = path.relative_to(ROOT).parts[0] == "backends"
    for framework, prefix in FRAMEWORKS.items():
        if framework in found and path != CLAIMS / f"exhibits_{framework}.py":
            assert backend, f"{framework} outside backends/"
            assert path.name.startswith(prefix)


@each_file
def test_exhibits_are_imported_by_nobody(path: Path) -> None:
    """A worker resolves their names when it has to show them: each imports its framework."""
    modules = {f"xbench.suites.claims.{each.stem}" for each in CLAIMS.glob("exhibits_*.py")}
    assert modules
    assert not imports(ast.walk(tree(path))) & modules


@each_file
def test_an_adapters_first_module_imports_no_framework(path: Path) -> None:
    """The parent imports `X_backend`, and NumPy is a framework there too."""
    if path.name.endswith("_backend.py"):
        assert not roots(imports(at_import(tree(path)))) & {*FRAMEWORKS, "numpy"}


@each_file
def test_the_core_imports_numpy_and_pandas_only_when_needed(path: Path) -> None:
    exhibits = path.parent == CLAIMS and path.name.startswith("exhibits_")
    if path.relative_to(ROOT).parts[0] in ("xbench", "suites") and not exhibits:
        late = {"numpy", "pandas", "matplotlib", "scipy", "jinja2", "rich"}
        assert not roots(imports(at_import(tree(path)))) & late


SENDING = ROOT / "xbench" / "racing" / "sending.py"
"""How a user's own functions, and his own lines of source, come to his own workers."""


@each_file
def test_nothing_is_run_from_strings_or_unpickled(path: Path) -> None:
    if path == SENDING:
        return
    assert not roots(imports(ast.walk(tree(path)))) & {"pickle", "dill", "cloudpickle", "yaml"}
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        assert name not in ("eval", "exec", "os.system", "os.popen"), node.lineno
        for keyword in node.keywords:
            value = ast.unparse(keyword.value)
            assert (keyword.arg, value) not in (("shell", "True"), ("allow_pickle", "True"))


IMPORTED_AS = {"nvidia-ml-py": "pynvml", "tensorflow-cpu": "tensorflow", "ipython": "IPython"}
"""Of a distribution whose package has another name."""
BROUGHT = {"jaxlib": "jax", "markupsafe": "jinja2"}
"""Package to the distribution that depends on it and brings it along."""
WITHOUT_IMPORT = {"plotly", "pynvml"}
"""The page holds the script that lies in the one; the other is asked for by name, and may be
missing."""


def declared(requirements: list[str]) -> set[str]:
    """The packages that requirements of `pyproject.toml` install, by the name they are imported
    by."""
    names = {re.split(r"[^\w-]", each, maxsplit=1)[0] for each in requirements}
    return {IMPORTED_AS.get(name, name).replace("-", "_") for name in names}


def test_what_is_installed_is_what_is_imported() -> None:
    """No dependency that nobody needs, and no import that nobody declares."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    usual = declared(project["dependencies"])
    extras = {name: declared(each) for name, each in project["optional-dependencies"].items()}
    del extras["dev"]
    imported = set().union(*(roots(imports(ast.walk(tree(path)))) for path in FILES))
    others = imported - set(sys.stdlib_module_names) - {"xbench"}
    needed = {BROUGHT.get(name, name) for name in others} | WITHOUT_IMPORT
    assert needed == usual.union(*extras.values())


SPLITTERS = {
    "xbench/keys.py": "the id of a cell",
    "xbench/analysis/ratios.py": "a reference of the command line, `backend/mode`",
    "xbench/engine/quiet.py": "the kernel's load file",
    "xbench/oracle/check.py": "names of samplings",
    "xbench/oracle/digest.py": "names of samplings",
}
"""Files that split text at a slash, and which."""


def splits_at_a_slash(module: ast.Module) -> bool:
    """Whether text is split so anywhere, at one slash or at all; or at the sign before the number
    of a group's part."""
    methods = ("split", "rsplit", "partition", "rpartition")
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in methods
        and any(
            isinstance(each, ast.Constant) and each.value in ("/", "#")
            for each in [*node.args, *(keyword.value for keyword in node.keywords)]
        )
        for node in ast.walk(module)
    )


def test_no_file_but_one_takes_ids_apart() -> None:
    found = {str(path.relative_to(ROOT)) for path in FILES if splits_at_a_slash(tree(path))}
    assert found == SPLITTERS.keys()


UNTYPED_JSON = {
    "backends/jax_backend.py": "what the adapter attests, in its own words",
    "backends/numpy_backend.py": "what the adapter attests, in its own words",
    "backends/tensorflow_backend.py": "what the adapter attests, in its own words",
    "backends/torch_backend.py": "what the adapter attests, in its own words",
    "backends/torch_host.py": "a part of what torch's adapter attests",
    "reports/draw/frame.py": "keywords of matplotlib",
    "reports/formats/exports.py": "documents of other tools, by their own rules",
    "reports/formats/json_document.py": "lines of a summary with their keys laid flat",
    "reports/pytest_json.py": "what a file of pytest-benchmark carries, before it is checked",
    "reports/results.py": "rows of a data frame",
    "reports/sources.py": "the environment as a journal has it, of any machine and version",
    "suites/claims/claim.py": "what an exhibit shows",
    "xbench/analysis/summary.py": "the journal's environment; fields that are passed on by name",
    "xbench/contracts.py": "what an adapter attests, in its own words",
    "xbench/doctor/finding.py": "values of each check, adapters' words among them",
    "xbench/machine/own_process.py": "NumPy's own configuration",
    "xbench/process/messages.py": "a user's own JSON, and what an adapter attests",
    "xbench/process/protocol.py": "a message that nobody has checked yet",
    "xbench/pytest_plugin.py": "the document that pytest-benchmark hands to its hook",
    "xbench/racing/one_process.py": "a user's own objects",
    "xbench/racing/contender_backend.py": "what the framework's adapter attests",
    "xbench/records/pytest_benchmark.py": "what others add to files of pytest-benchmark",
    "xbench/records/schema.py": "environment, what adapters attest, values that commands ask for",
    "xbench/selftest/virtual_device.py": "what the adapter attests, in its own words",
    "xbench/tracking/foreign.py": "other tools' files, before they are checked",
    "xbench/tracking/stored.py": "environment and what adapters attest, as a journal has them",
    "xbench/tracking/thresholds.py": "a user's pyproject.toml, before it is checked",
    "xbench/tracking/verdict.py": "a JSON schema",
}
"""Files in which a dictionary may hold anything, and what it is. All else has types."""


def test_only_others_json_has_no_types() -> None:
    found = {str(path.relative_to(ROOT)) for path in FILES if "dict[str, Any]" in path.read_text()}
    assert found == UNTYPED_JSON.keys()


@each_file
def test_functions_fit_on_a_screen(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < FUNCTION_LINES, node.name


@pytest.mark.parametrize("path", FILES + TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


SHORT = {
    "backends/jax_step.py": "what JAX's two files of ops share, as `torch_step.py` is for torch",
    "suites/bench_elementwise.py": "collected by pytest, a file a suite",
    "suites/bench_matmul.py": "collected by pytest, a file a suite",
    "suites/bench_mlp.py": "collected by pytest, a file a suite",
    "suites/ceilings.py": "a suite is a file",
    "suites/conftest.py": "pytest looks for it",
    "suites/elementwise.py": "a suite is a file",
    "suites/matmul.py": "a suite is a file",
    "suites/mlp.py": "a suite is a file",
    "suites/transfers.py": "a suite is a file",
    "xbench/cli/compare.py": "a command is a file",
    "xbench/defaults.py": "the command line and the pytest plug-in share it",
    "xbench/conformance/__main__.py": "Python looks for it",
    "xbench/machine/install_hint.py": "nothing else asks what has a wheel",
    "xbench/selftest/known_cases.py": "a user's suite file is run: this would be run twice",
    "xbench/version.py": "the build reads it",
    "xbench/worker/best_of_repeats.py": "what both kinds of ceilings share",
}
"""Files under 40 lines, and why they are not part of another."""


def test_short_files_have_a_reason() -> None:
    found = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    short = {path for path, lines in found.items() if lines < 40 and path.name != "__init__.py"}
    assert {str(path.relative_to(ROOT)) for path in short} == SHORT.keys()


def test_the_formatter_is_hardly_ever_switched_off() -> None:
    switch = "# fmt: " + "skip"
    lines = [line for path in FILES + TESTS for line in path.read_text("utf-8").splitlines()]
    assert sum(line.rstrip().endswith(switch) for line in lines) < 40


def public(body: list[ast.stmt]) -> Iterator[Definition]:
    """Public functions, classes and methods, in order."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def contract() -> set[str]:
    """Methods of the `Backend` protocol: documented there, once for all adapters."""
    path, name = PROTOCOL
    (found,) = (node for node in public(tree(path).body) if node.name == name)
    assert isinstance(found, ast.ClassDef)
    return {node.name for node in public(found.body)}


@each_file
def test_everything_public_says_what_it_does(path: Path) -> None:
    module = tree(path)
    assert ast.get_docstring(module) or not module.body
    adapter = path.name.endswith("_backend.py")
    shown = {"doing", "measured"}  # of the Progress protocol, documented there
    for node in public(module.body):
        if (adapter and node.name in contract()) or node.name in shown:
            continue
        assert ast.get_docstring(node), f"{node.name}, line {node.lineno}"


@each_test
def test_unit_tests_import_no_framework(path: Path) -> None:
    found = roots(imports(at_import(tree(path))))
    if path.name.startswith("by_hand_"):
        return  # what `adapter_cost.py` compares with: run by hand, in processes of their own
    assert not found & set(FRAMEWORKS), "import it in a test marked `framework`"
