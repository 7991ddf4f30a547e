"""Writes all mutants of a file into it, each behind a switch, so that one build holds them all.

cargo-mutants says what is changed; here a change becomes a branch that `crate::switch::at(SITE)` chooses while the program runs. What
stands beside the branches is the code as it is. A mutant whose branch does not compile is taken out again, by its marker.
"""

import re
from dataclasses import dataclass, field

import tree_sitter_rust
from tree_sitter import Language, Node, Parser

PARSER = Parser(Language(tree_sitter_rust.language()))

# What the mutated code calls. `SILKRATE_MUTANT` is the site and the branch, `SILKRATE_REACHED` a file for the sites that a test
# reaches.
SWITCH = """\
//! Chooses the mutant.
use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

static CHOSEN: LazyLock<(usize, u32)> = LazyLock::new(|| {
    let Ok(text) = std::env::var("SILKRATE_MUTANT") else { return (usize::MAX, 0) };
    let (site, branch) = text.split_once(':').expect("a site and a branch");
    (site.parse().expect("a site"), branch.parse().expect("a branch"))
});
static FILE: LazyLock<Option<std::ffi::OsString>> = LazyLock::new(|| std::env::var_os("SILKRATE_REACHED"));
static REACHED: [AtomicBool; SITES] = [const { AtomicBool::new(false) }; SITES];

/// The branch that is taken at a site; none if it is 0.
#[inline(never)]
pub fn at(site: usize) -> u32 {
    if let Some(path) = &*FILE {
        if !REACHED[site].swap(true, Ordering::Relaxed) {
            let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
            file.and_then(|mut file| file.write_all(format!("{site}\\n").as_bytes())).expect("it can be written");
        }
        return 0;
    }
    if CHOSEN.0 == site { CHOSEN.1 } else { 0 }
}
"""


@dataclass
class Site:
    """A place where one or more mutants differ from the code."""

    number: int
    kind: str
    start: int
    end: int
    node: Node | None
    mutants: list = field(default_factory=list)


@dataclass
class Mutant:
    """One change, as cargo-mutants describes it."""

    number: int
    name: str
    file: str
    genre: str
    span: dict
    replacement: str
    return_type: str
    # Where it stands once it is written: the site, and the branch there.
    site: int | None = None
    branch: int | None = None


class File:
    """A file and its mutants."""

    def __init__(self, text: str, mutants: list):
        self.text = text
        self.bytes = text.encode()
        self.lines = text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line.encode()) + 1)
        self.tree = PARSER.parse(self.bytes)
        self.mutants = mutants

    def offset(self, position: dict) -> int:
        line = self.lines[position["line"] - 1]
        return self.starts[position["line"] - 1] + len(line[: position["column"] - 1].encode())

    def span(self, mutant: Mutant) -> tuple:
        return self.offset(mutant.span["start"]), self.offset(mutant.span["end"])

    def replaced(self, mutant: Mutant) -> str:
        """The file with one mutant in the place of the code."""
        start, end = self.span(mutant)
        return (self.bytes[:start] + mutant.replacement.encode() + self.bytes[end:]).decode()

    def _ancestor(self, start: int, end: int, kinds: tuple) -> Node | None:
        node = self.tree.root_node.descendant_for_byte_range(start, end)
        while node is not None and node.type not in kinds:
            node = node.parent
        return node

    def _place(self, mutant: Mutant) -> tuple | None:
        """The kind, the bounds and the node of what a mutant changes; nothing if no branch can stand there."""
        start, end = self.span(mutant)
        if mutant.genre == "FnValue":
            return "body", start, end, None
        if mutant.genre == "BinaryOperator":
            node = self._ancestor(start, end, ("binary_expression", "compound_assignment_expr", "let_chain"))
        elif mutant.genre == "UnaryOperator":
            node = self._ancestor(start, end, ("unary_expression",))
        elif mutant.genre == "MatchArm":
            node = self._ancestor(start, start + 1, ("match_arm",))
            return node and ("arm", node.start_byte, node.end_byte, node)
        elif mutant.genre == "MatchArmGuard":
            return "guard", start, end, None
        else:
            node = self._ancestor(start, start + 1, ("field_initializer", "shorthand_field_initializer"))
        if node is None or node.type == "let_chain" or not self._in_function(node):
            return None
        return node.type, node.start_byte, node.end_byte, node

    def _in_function(self, node: Node) -> bool:
        while node is not None and node.type not in ("function_item", "const_item", "static_item"):
            node = node.parent
        return node is not None and node.type == "function_item"

    def sites(self, first: int, refused: set) -> list:
        """The sites of the file, without the refused mutants. They are numbered from `first`."""
        found = {}
        for mutant in self.mutants:
            mutant.site = None
            place = self._place(mutant) if mutant.number not in refused else None
            if place is None:
                continue
            kind, start, end, node = place
            site = found.setdefault((kind, start, end), Site(0, kind, start, end, node))
            site.mutants.append(mutant)
        kept = list(found.values())
        for number, site in enumerate(kept, first):
            site.number = number
            for branch, mutant in enumerate(site.mutants, 1):
                mutant.site, mutant.branch = number, branch
        return kept

    def written(self, sites: list, constant: set) -> str:
        """The file with a switch at each site. Functions with a switch are not `const`, except the named ones."""
        drops = []
        self._drop_const(self.tree.root_node, sites, constant, drops)
        # Wider ones first; of the same bounds, the arm or the body around what is in it.
        rank = {"body": 0, "arm": 1, "guard": 2}
        ordered = sorted(sites, key=lambda site: (site.start, -site.end, rank.get(site.kind, 3)))
        return self._render(0, len(self.bytes), ordered, drops)

    def _drop_const(self, node: Node, sites: list, constant: set, drops: list) -> None:
        if node.type == "function_item":
            modifiers = next((child for child in node.children if child.type == "function_modifiers"), None)
            words = [child for child in modifiers.children if child.type == "const"] if modifiers else []
            name = node.child_by_field_name("name").text.decode()
            held = any(node.start_byte <= site.start and site.end <= node.end_byte for site in sites)
            if words and held and name not in constant:
                drops.append((words[0].start_byte, words[0].end_byte))
        for child in node.children:
            self._drop_const(child, sites, constant, drops)

    def _raw(self, start: int, end: int, drops: list) -> str:
        piece = bytearray(self.bytes[start:end])
        for from_, to in drops:
            if start <= from_ and to <= end:
                piece[from_ - start : to - start] = b" " * (to - from_)
        return piece.decode()

    def _render(self, start: int, end: int, sites: list, drops: list) -> str:
        parts, at = [], start
        inside = [site for site in sites if start <= site.start and site.end <= end]
        while inside:
            site = inside.pop(0)
            within = [other for other in inside if site.start <= other.start and other.end <= site.end]
            inside = [other for other in inside if other not in within]
            parts.append(self._raw(at, site.start, drops))
            parts.append(f"/*s{site.number}*/{self._switch(site, within, drops)}/*e*/")
            at = site.end
        parts.append(self._raw(at, end, drops))
        return "".join(parts)

    def _switch(self, site: Site, within: list, drops: list) -> str:
        def plain(node: Node) -> str:
            return node.text.decode()

        def inner(start: int, end: int) -> str:
            return self._render(start, end, within, drops)

        def arms(texts: list, rest: str) -> str:
            pairs = zip(site.mutants, texts)
            branches = "".join(f"{mutant.branch} => {{/*m{mutant.number}*/{text}/*e*/}} " for mutant, text in pairs)
            return f"match crate::switch::at({site.number}) {{ {branches}_ => {{{rest}}} }}"

        whole = inner(site.start, site.end) if site.kind in ("body", "guard") else ""
        if site.kind == "body":
            return arms([f"return {mutant.replacement}" for mutant in site.mutants], "") + whole
        if site.kind == "guard":
            return "(" + arms([mutant.replacement for mutant in site.mutants], whole) + ")"
        node = site.node
        if site.kind == "arm":
            mutant = site.mutants[0]
            chosen = f"/*m{mutant.number}*/crate::switch::at({site.number}) == 0/*e*/"
            pattern = node.child_by_field_name("pattern")
            condition = pattern.child_by_field_name("condition")
            if condition is None:
                return f"{inner(site.start, pattern.end_byte)} if {chosen}{inner(pattern.end_byte, site.end)}"
            bounds = condition.start_byte, condition.end_byte
            return f"{inner(site.start, bounds[0])}{chosen} && ({inner(*bounds)}){inner(bounds[1], site.end)}"
        if site.kind.endswith("field_initializer"):
            name, value = (node.named_children[0], node.named_children[-1])
            rest = inner(value.start_byte, value.end_byte)
            return f"{plain(name)}: {arms([self._base(node, plain(name))], rest)}"
        if site.kind == "unary_expression":
            operand = node.children[1]
            operator = node.children[0].type
            rest = inner(operand.start_byte, operand.end_byte)
            return "(" + arms([plain(operand)], f"{operator}{rest}") + ")"
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator").type
        texts = [f"{plain(left)} {mutant.replacement} {plain(right)}" for mutant in site.mutants]
        rest = f"{inner(left.start_byte, left.end_byte)} {operator} {inner(right.start_byte, right.end_byte)}"
        switch = arms(texts, rest)
        return switch if site.kind == "compound_assignment_expr" else f"({switch})"

    def _base(self, field_: Node, name: str) -> str:
        """The value of a field in what the rest of a struct is taken from."""
        base = next(node for node in field_.parent.named_children if node.type == "base_field_initializer").named_children[0]
        if base.type != "call_expression":
            return f"({base.text.decode()}).{name}"
        type_ = field_.parent.parent.child_by_field_name("name").text.decode()
        return f"let base: {type_} = {base.text.decode()}; base.{name}"


MARKER = re.compile(r"/\*(?:(s|m)(\d+)|(e))\*/")


def enclosing(text: str, offset: int) -> list:
    """The markers around a place of a written file, the innermost first: pairs of `s` and a site, or `m` and a mutant."""
    open_ = []
    for match in MARKER.finditer(text, 0, offset):
        if match[3]:
            open_.pop()
        else:
            open_.append((match[1], int(match[2])))
    return open_[::-1]
