//! The rules of files: no import circles, and the folders of `domain` import in one direction.
//!
//! An import is followed through re-exports to the file that defines the item. A parent is assembled from its
//! children, so what it names of them is not counted.

use std::collections::{BTreeMap, BTreeSet};

use super::sources;

/// The folders of `domain`, the lowest first: each may import from itself and those before it.
const FOLDERS: &[&str] = &["numbers", "published", "judged", "served"];

/// The names that one `use` declaration brings in: the path of each, and the name it has from then on.
type Imports = Vec<(Vec<String>, String)>;

/// One file as a module.
#[derive(Default)]
struct Module {
    /// The names it re-exports, and the paths of their definitions.
    exports: BTreeMap<String, Vec<String>>,
    /// The absolute paths it names.
    named: BTreeSet<Vec<String>>,
}

/// All modules of the crate, by path; the root is the empty path.
struct Tree {
    modules: BTreeMap<Vec<String>, Module>,
}

/// `a::{b, c::{d as e}}` as the paths in it.
fn import_paths(tree: &str, before: &[String]) -> Imports {
    let tree = tree.trim();
    if let Some(inner) = tree.strip_prefix('{') {
        let inner = inner.trim_end().trim_end_matches('}');
        let mut depth = 0;
        let parts = inner.split(|letter: char| {
            depth += i32::from(letter == '{') - i32::from(letter == '}');
            letter == ',' && depth == 0
        });
        let parts = parts.filter(|part| !part.trim().is_empty());
        return parts.flat_map(|part| import_paths(part, before)).collect();
    }
    let braces = tree.find('{').unwrap_or(tree.len());
    if let Some(end) = tree.get(..braces).and_then(|head| head.find("::")) {
        let (first, rest) = tree.split_at(end);
        let path = [before, &[first.trim().to_owned()]].concat();
        return import_paths(rest.trim_start_matches("::"), &path);
    }
    let (name, alias) = tree.split_once(" as ").unwrap_or((tree, tree));
    let mut path = before.to_vec();
    if name.trim() != "self" {
        path.push(name.trim().to_owned());
    }
    let alias = match alias.trim() {
        "self" => path.last().cloned().unwrap_or_default(),
        alias => alias.to_owned(),
    };
    vec![(path, alias)]
}

/// A path as it is written in a module, seen from the root; nothing when it leads out of the crate or to an own child.
fn absolute(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some([module, rest].concat()),
        "super" => {
            let (_, parent) = module.split_last()?;
            let rest = rest.to_vec();
            let again = rest.first().is_some_and(|next| next == "super");
            if again {
                absolute(&rest, parent)
            } else {
                Some([parent, &rest].concat())
            }
        }
        _ => None,
    }
}

impl Module {
    fn read(path: &[String], text: &str) -> Self {
        let code: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        let code = code.join("\n");
        let mut module = Self::default();
        let mut rest = String::new();
        for statement in code.split_inclusive(';') {
            let Some((before, import)) = split_import(statement) else {
                rest.push_str(statement);
                continue;
            };
            let line = last_line(before);
            let is_public = line.trim_start().starts_with("pub");
            let tree = import.trim_start_matches("use ").trim_end_matches(';');
            for (named, alias) in import_paths(tree, &[]) {
                let own_child = [path, &named].concat();
                let target = absolute(&named, path).unwrap_or(own_child);
                let renames = target != [path, std::slice::from_ref(&alias)].concat();
                if renames && is_public {
                    module.exports.insert(alias, target.clone());
                }
                // `super` in a module within the file is the file.
                let is_inline = line.starts_with(' ');
                if !(is_inline && named.first().is_some_and(|first| first == "super")) {
                    module.named.insert(target);
                }
            }
            rest.push_str(before.strip_suffix(line).unwrap_or(before));
        }
        module.named.extend(qualified(&rest, path));
        module
    }
}

fn last_line(text: &str) -> &str {
    text.rsplit('\n').next().unwrap_or(text)
}

/// A statement before its `use ` and from there on, when it is an import.
fn split_import(statement: &str) -> Option<(&str, &str)> {
    let mut splits = statement
        .match_indices("use ")
        .map(|(at, _)| statement.split_at(at));
    splits.find(|(before, _)| {
        let before = last_line(before).trim();
        before.is_empty() || before == "pub" || before.starts_with("pub(")
    })
}

/// The paths that are written out in code, without an import.
fn qualified(code: &str, module: &[String]) -> BTreeSet<Vec<String>> {
    let mut named = BTreeSet::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let (before, path) = code.split_at(at);
            let before = before.chars().next_back();
            if before.is_some_and(|before| before.is_alphanumeric() || before == ':') {
                continue;
            }
            let path: String = path
                .chars()
                .take_while(|letter| letter.is_alphanumeric() || "_:".contains(*letter))
                .collect();
            let path: Vec<String> = path.split("::").map(str::to_owned).collect();
            named.extend(absolute(&path, module));
        }
    }
    named
}

impl Tree {
    fn read() -> Self {
        let mut modules = BTreeMap::new();
        for (path, _, text) in sources() {
            let path = path.with_extension("");
            let mut module: Vec<String> = path
                .components()
                .map(|part| part.as_os_str().to_string_lossy().into_owned())
                .collect();
            if module == ["main"] {
                continue;
            }
            if module == ["lib"] {
                module.clear();
            }
            let read = Module::read(&module, &text);
            modules.insert(module, read);
        }
        Self { modules }
    }

    /// The module whose file defines what a path stands for; nothing when it is another crate's.
    fn definition(&self, path: &[String]) -> Option<Vec<String>> {
        let mut module: Vec<String> = Vec::new();
        for (at, name) in path.iter().enumerate() {
            let child = [module.as_slice(), std::slice::from_ref(name)].concat();
            if self.modules.contains_key(&child) {
                module = child;
            } else if let Some(target) = self.modules.get(&module)?.exports.get(name) {
                let rest = path.get(at + 1..).unwrap_or_default();
                return self.definition(&[target.as_slice(), rest].concat());
            } else {
                break;
            }
        }
        (!module.is_empty()).then_some(module)
    }

    /// The files that a file imports from, its own descendants left out.
    fn imports(&self, module: &[String]) -> BTreeSet<Vec<String>> {
        let named = self.modules.get(module).map(|module| &module.named);
        let found = named.into_iter().flatten();
        let found = found.filter_map(|path| self.definition(path));
        found.filter(|found| !found.starts_with(module)).collect()
    }

    /// A way from a file back to itself.
    fn circle(&self, start: &[String]) -> Option<Vec<String>> {
        let mut ways: Vec<Vec<Vec<String>>> = vec![vec![start.to_vec()]];
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop() {
            for next in self.imports(way.last()?) {
                if next == start {
                    return Some(way.iter().map(|module| module.join("/")).collect());
                }
                if seen.insert(next.clone()) {
                    ways.push([way.as_slice(), &[next]].concat());
                }
            }
        }
        None
    }
}

fn path(text: &str) -> Vec<String> {
    text.split("::").map(str::to_owned).collect()
}

#[test]
fn no_file_imports_itself_through_others() {
    let tree = Tree::read();
    let circles: Vec<_> = tree
        .modules
        .keys()
        .filter_map(|module| tree.circle(module))
        .collect();
    assert_eq!(circles, Vec::<Vec<String>>::new(), "circles of files");
}

#[test]
fn the_folders_of_the_domain_import_downwards() {
    let tree = Tree::read();
    let mut against = Vec::new();
    for (module, read) in &tree.modules {
        let [domain, folder, ..] = module.as_slice() else {
            continue;
        };
        let Some(level) = FOLDERS.iter().position(|name| name == folder) else {
            continue;
        };
        for named in &read.named {
            let [named_domain, named_folder, ..] = named.as_slice() else {
                continue;
            };
            if domain != "domain" || named_domain != "domain" {
                continue;
            }
            let allowed = FOLDERS
                .iter()
                .take(level + 1)
                .any(|name| name == named_folder);
            if !allowed {
                let (module, named) = (module.join("/"), named.join("::"));
                against.push(format!("{module} names {named}"));
            }
        }
    }
    assert_eq!(
        against,
        Vec::<String>::new(),
        "imports against the order of the folders"
    );
}

#[test]
fn an_import_is_followed_to_the_file_that_defines_it() {
    let tree = Tree::read();
    let definition = |text| tree.definition(&path(text)).map(|module| module.join("/"));
    let currency = Some("domain/published/currency".to_owned());
    assert_eq!(definition("domain::Currency"), currency);
    assert_eq!(definition("domain::published::Currency::KZT"), currency);
    assert_eq!(
        definition("ledger::LedgerError"),
        Some("ledger/error".to_owned())
    );
    assert_eq!(definition("std::fmt"), None);
    let imports = tree.imports(&path("domain::published::pair"));
    assert_eq!(
        imports,
        BTreeSet::from([path("domain::published::currency")])
    );
}

#[test]
fn a_circle_of_files_is_found() {
    let module = |name: &str, text: &str| (path(name), Module::read(&path(name), text));
    let root = (Vec::new(), Module::read(&[], "mod a;\nmod b;\n"));
    let children = "mod x;\nmod y;\npub use x::{Left, Right as Wrong};\n";
    let tree = Tree {
        modules: BTreeMap::from([
            root,
            module("a", children),
            module("a::x", "use crate::a::y::Other;\n"),
            module("a::y", "fn f() {\n    super::Wrong::new();\n}\n"),
            module("b", "pub(crate) use crate::a::Left;\n"),
        ]),
    };
    let circle = Some(vec!["a/x".to_owned(), "a/y".to_owned()]);
    assert_eq!(tree.circle(&path("a::x")), circle);
    assert_eq!(tree.circle(&path("a")), None);
    assert_eq!(tree.circle(&path("b")), None);
    assert_eq!(tree.imports(&path("b")), BTreeSet::from([path("a::x")]));
}
