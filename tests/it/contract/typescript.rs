//! The types of the browser's client: which fields and values they name.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The types of a file, by name.
#[derive(Debug, Default)]
pub(crate) struct Types {
    /// Each field of an interface with its type.
    pub(crate) interfaces: BTreeMap<String, Vec<(String, String)>>,
    /// The values of a type that is a choice of texts.
    pub(crate) choices: BTreeMap<String, Vec<String>>,
}

/// The types of `src/web/client/contract.ts`. An interface has one field a line, and none of its own inside.
pub(crate) fn types() -> Types {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/client/contract.ts");
    let text = fs::read_to_string(path).unwrap();
    // A long choice begins on the line below its name.
    let text = text.replace(" =\n ", " =");
    let mut types = Types::default();
    let mut interface: Option<String> = None;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("export interface ") {
            let name = rest.split([' ', '{']).next().unwrap().to_owned();
            types.interfaces.insert(name.clone(), Vec::new());
            interface = Some(name);
        } else if let Some((name, values)) = line
            .strip_prefix("export type ")
            .and_then(|rest| rest.split_once(" = "))
        {
            let values = values.trim_end_matches(';').split(" | ");
            let values = values.map(|value| value.trim_matches('"').to_owned());
            types.choices.insert(name.to_owned(), values.collect());
        } else if line == "}" {
            interface = None;
        } else if let (Some(name), Some((field, kind))) = (&interface, line.split_once(": "))
            && !line.starts_with(['/', '*'])
        {
            let field = (field.to_owned(), kind.trim_end_matches(';').to_owned());
            types.interfaces.get_mut(name).unwrap().push(field);
        }
    }
    types
}
