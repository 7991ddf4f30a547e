"""Builds one program with all mutants of a package, and tells which of them no test notices.

    judge.py PACKAGE LIST [--file GLOB ...] [--again] [--alone]

LIST is what `cargo mutants --list --json` printed. PACKAGE is changed. Every test runs once by itself, which tells what it reaches; a
mutant then meets the tests that reach it, the quick ones first, until one fails. Outcomes are kept in PACKAGE/../outcomes.json:
`--again` gives only those mutants to the tests that no test noticed before. Mutants that cannot stand beside the code, such as the
value of a constant, are built one by one with `--alone`.
"""

import argparse
import fnmatch
import itertools
import json
import os
import pathlib
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from switch import SWITCH, File, Mutant, enclosing

# A test that takes more than this many seconds of the processor, and five times what it took of itself, is stuck in a loop.
CPU_SECONDS_MIN = 8
# A mutant that takes more memory is noticed: the tests take a tenth of it.
MEMORY_MAX = 4 << 30
# Tests are given to a program in batches of about so many seconds.
BATCH_SECONDS = [0.1, 1, 5, 1000]
BUILDS_MAX = 40
# After so many mutants the outcomes are written, for `--again` after a run that was stopped.
KEPT_MUTANTS = 20
# After so many mutants a line says how many are left.
PROGRESS_MUTANTS = 100


def run(command: list, cwd: pathlib.Path, **env) -> subprocess.CompletedProcess:
    environment = {**os.environ, "INSTA_UPDATE": "no", "CARGO_TERM_COLOR": "never", **env}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


class Package:
    """The package, whose files hold the switches."""

    def __init__(self, path: pathlib.Path, mutants: list):
        self.path = path
        self.mutants = mutants
        self.files = {}
        for name in sorted({mutant.file for mutant in mutants}):
            text = (path / name).read_text()
            self.files[name] = File(text, [mutant for mutant in mutants if mutant.file == name])
        self.refused, self.invalid, self.constant = set(), set(), set()
        self.written = {}

    def write(self) -> None:
        number = 0
        self.sites = {}
        for name, file in self.files.items():
            sites = file.sites(number, self.refused)
            number += len(sites)
            self.sites.update({site.number: site for site in sites})
            self.written[name] = file.written(sites, self.constant)
            (self.path / name).write_text(self.written[name])
        (self.path / "src/switch.rs").write_text(SWITCH.replace("SITES", str(max(number, 1))))

    def restore(self) -> None:
        for name, file in self.files.items():
            (self.path / name).write_text(file.text)

    def build(self) -> list:
        """The programs with the tests. Mutants that do not compile are taken out."""
        for _ in range(BUILDS_MAX):
            self.write()
            command = ["cargo", "build", "--lib", "--message-format=json"]
            errors = self._errors(run(command, self.path).stdout)
            if not errors:
                return programs(self.path)
            before = len(self.refused), len(self.constant)
            for error in errors:
                self._take_out(error)
            print(f"{len(self.refused)} refused, {len(self.constant)} constant functions", flush=True)
            if before == (len(self.refused), len(self.constant)):
                sys.exit("\n".join(error["rendered"] for error in errors))
        sys.exit("it does not compile")

    def _errors(self, output: str) -> list:
        lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        found = [line["message"] for line in lines if line["reason"] == "compiler-message"]
        return [message for message in found if message["level"] == "error" and message["spans"]]

    def _take_out(self, error: dict) -> None:
        code = (error["code"] or {}).get("code")
        if code == "E0015":
            # A function that a constant calls keeps its `const`, and has no mutants here.
            name = error["message"].split("`")[1].split("::")[-1].split("<")[0]
            self._keep_const(name)
            return
        for span in sorted(error["spans"], key=lambda span: not span["is_primary"]):
            text = self.written.get(span["file_name"])
            if text is None:
                continue
            offset = len(text.encode()[: span["byte_start"]].decode()) + 1
            around = enclosing(text, offset)
            if around:
                kind, number = around[0]
                if kind == "m":
                    self.refused.add(number)
                    # `return` of one type does not compile where the body has another one and the signature names none.
                    if "impl " not in self.mutants[number].return_type:
                        self.invalid.add(number)
                else:
                    self.refused.update(mutant.number for mutant in self.sites[number].mutants)
                return

    def _keep_const(self, name: str) -> None:
        self.constant.add(name)
        for file in self.files.values():
            for function in functions(file.tree.root_node):
                if function.child_by_field_name("name").text.decode() == name and b"const" in function.text[:40]:
                    inside = range(function.start_byte, function.end_byte)
                    self.refused.update(mutant.number for mutant in file.mutants if file.span(mutant)[0] in inside)


def functions(node) -> list:
    found = [node] if node.type == "function_item" else []
    for child in node.children:
        found += functions(child)
    return found


def programs(path: pathlib.Path) -> list:
    built = run(["cargo", "test", "--no-run", "--message-format=json"], path)
    lines = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
    if built.returncode != 0:
        return []
    return sorted({line["executable"] for line in lines if line.get("executable")})


class Tests:
    """The tests of the programs: what each reaches, and how long it takes."""

    def __init__(self, path: pathlib.Path, programs_: list, jobs: int):
        self.path = path
        self.seconds, self.reached = {}, {}
        tests = []
        for program in programs_:
            listed = run([program, "--list", "--format", "terse"], path).stdout.splitlines()
            tests += [(program, line.removesuffix(": test")) for line in listed if line.endswith(": test")]
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(self._measure, tests))

    def _measure(self, test: tuple) -> None:
        program, name = test
        record = self.path.parent / "reached" / name.replace("::", ".")
        record.parent.mkdir(exist_ok=True)
        record.unlink(missing_ok=True)
        status, self.seconds[test] = self.give([test], None, SILKRATE_REACHED=str(record))
        if status != 0:
            sys.exit(f"{name} fails without a mutant")
        self.reached[test] = set(map(int, record.read_text().split())) if record.exists() else set()

    def give(self, tests: list, mutant: Mutant | None, **env) -> tuple:
        """The status of a program that runs these tests, which are all of one program, and its seconds of the processor."""
        expected = sum(self.seconds.get(test, 60) for test in tests)
        limit = int(max(CPU_SECONDS_MIN, 5 * expected))
        if mutant is not None:
            env["SILKRATE_MUTANT"] = f"{mutant.site}:{mutant.branch}"

        def bound() -> None:
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        command = [tests[0][0], "--exact", "--test-threads=1", *(name for _, name in tests)]
        environment = {**os.environ, "INSTA_UPDATE": "no", "RUST_BACKTRACE": "0", **env}
        program = subprocess.Popen(
            command,
            cwd=self.path,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=bound,
        )
        _, status, used = os.wait4(program.pid, 0)
        program.returncode = status
        return status, used.ru_utime + used.ru_stime

    def batches(self, tests: list) -> list:
        """The tests, the quick ones first, in batches of one program each."""
        found, batch, seconds = [], [], 0.0
        for test in sorted(tests, key=self.seconds.__getitem__):
            bound = BATCH_SECONDS[min(len(found), len(BATCH_SECONDS) - 1)]
            if batch and (seconds > bound or test[0] != batch[0][0]):
                found.append(batch)
                batch, seconds = [], 0.0
            batch.append(test)
            seconds += self.seconds[test]
        return [*found, batch] if batch else found

    def outcome(self, mutant: Mutant, seconds_max: float) -> str:
        tests = [test for test, sites in self.reached.items() if mutant.site in sites]
        if not tests:
            return "not reached"
        for batch in self.batches([test for test in tests if self.seconds[test] <= seconds_max]):
            if self.give(batch, mutant)[0] != 0:
                return "caught"
        return "missed"


def alone(package: Package, mutant: Mutant, tests: Tests) -> str:
    """What becomes of a mutant that is built by itself."""
    file = package.files[mutant.file]
    path = package.path / mutant.file
    path.write_text(file.replaced(mutant))
    try:
        built = programs(package.path)
        if not built:
            return "does not compile"
        for program in built:
            own = [test for test in tests.seconds if test[0].split("-")[0] == program.split("-")[0]]
            for batch in tests.batches(own):
                if tests.give([(program, name) for _, name in batch], None)[0] != 0:
                    return "caught"
        return "missed"
    finally:
        path.write_text(file.text)


def summary(outcomes: list) -> str:
    """What became of mutants, in a line."""
    caught, missed, not_reached, invalid, not_built = map(
        outcomes.count, ("caught", "missed", "not reached", "does not compile", "not built")
    )
    met = caught + missed + not_reached
    share = 100 * caught / met if met else 0
    return (
        f"{met} mutants met the tests: {caught} caught ({share:.1f} %), {missed} missed, {not_reached} not reached; "
        f"{invalid} do not compile, {not_built} not built"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("package", type=pathlib.Path)
    parser.add_argument("list", type=pathlib.Path)
    parser.add_argument("--file", action="append", default=[])
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--seconds", type=float, default=1000, help="only tests that take no longer")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    wanted = parser.parse_args()
    listed = json.loads(wanted.list.read_text())
    mutants = [
        Mutant(
            number,
            entry["name"],
            entry["file"],
            entry["genre"],
            entry["span"],
            entry["replacement"],
            (entry["function"] or {}).get("return_type", ""),
        )
        for number, entry in enumerate(listed)
    ]
    kept = wanted.package.parent / "outcomes.json"
    outcomes = json.loads(kept.read_text()) if kept.exists() else {}
    package = Package(wanted.package.resolve(), mutants)
    built = package.build()
    refused = [mutants[number].name for number in sorted(package.refused)]
    (wanted.package.parent / "refused.json").write_text(json.dumps(refused, indent=1))
    print(f"{len(mutants)} mutants, {len(package.sites)} sites", flush=True)
    tests = Tests(package.path, built, wanted.jobs)
    print(f"{len(tests.seconds)} tests take {sum(tests.seconds.values()):.0f} s", flush=True)

    def is_wanted(mutant: Mutant) -> bool:
        if wanted.again and outcomes.get(mutant.name) in ("caught", "does not compile"):
            return False
        return not wanted.file or any(fnmatch.fnmatch(mutant.file, glob) for glob in wanted.file)

    chosen = [mutant for mutant in mutants if is_wanted(mutant)]
    switched = [mutant for mutant in chosen if mutant.site is not None]
    judged, begun = itertools.count(1), time.monotonic()

    def judge(mutant: Mutant) -> None:
        outcomes[mutant.name] = tests.outcome(mutant, wanted.seconds)
        number = next(judged)
        if number % KEPT_MUTANTS == 0:
            kept.write_text(json.dumps(outcomes.copy(), indent=1))
        if outcomes[mutant.name] != "caught":
            print(f"{outcomes[mutant.name]}: {mutant.name}", flush=True)
        if number % PROGRESS_MUTANTS == 0:
            left = (time.monotonic() - begun) / number * (len(switched) - number) / 60
            print(f"{number} of {len(switched)} mutants, about {left:.0f} min left", flush=True)

    with ThreadPoolExecutor(wanted.jobs) as pool:
        list(pool.map(judge, switched))
    kept.write_text(json.dumps(outcomes, indent=1))
    outcomes.update({mutants[number].name: "does not compile" for number in package.invalid})
    rest = [mutant for mutant in chosen if mutant.site is None and mutant.number not in package.invalid]
    if not wanted.alone:
        for mutant in rest:
            outcomes.setdefault(mutant.name, "not built")
        rest = []
    package.restore()
    for mutant in rest:
        outcomes[mutant.name] = alone(package, mutant, tests)
        kept.write_text(json.dumps(outcomes, indent=1))
        print(f"{outcomes[mutant.name]}: {mutant.name}", flush=True)
    kept.write_text(json.dumps(outcomes, indent=1))
    print(summary([outcomes[mutant.name] for mutant in chosen]))


if __name__ == "__main__":
    main()
