//! The description of the JSON side: generated from the contract and a table of paths, and read as strictly as a client
//! generated from it would.

mod choices;
mod document;
mod headers;
mod paths;
mod refusals;
mod schemas;
mod tables;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The file that is served.
const FILE: &str = "src/web/openapi.json";

/// The description that follows from the contract.
pub(crate) fn generated() -> String {
    document::text()
}

/// The file that is served, and its path.
pub(crate) fn committed() -> (String, PathBuf) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    (fs::read_to_string(&path).unwrap(), path)
}

/// A description, and the listed values that were found in JSON.
pub(crate) struct OpenApi {
    description: Value,
    /// The values met at each enum, by the path of the schema that lists them.
    seen: BTreeMap<String, BTreeSet<String>>,
}

impl OpenApi {
    /// The description that is served.
    pub(crate) fn served() -> Self {
        Self {
            description: serde_json::from_str(&committed().0).unwrap(),
            seen: BTreeMap::new(),
        }
    }

    /// The places where JSON does not fit a schema. Every property must be there, and nothing else.
    pub(crate) fn unfit(&mut self, schema: &str, json: &Value) -> Vec<String> {
        let mut found = Vec::new();
        let reference = format!("#/components/schemas/{schema}");
        self.fit(
            &serde_json::json!({ "$ref": reference }),
            json,
            schema,
            &mut found,
        );
        found
    }

    fn fit(&mut self, schema: &Value, json: &Value, at: &str, found: &mut Vec<String>) {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap().to_owned();
            let pointer = reference.trim_start_matches('#');
            match self.description.pointer(pointer).cloned() {
                Some(target) => self.fit(&target, json, &name, found),
                None => found.push(format!("{at}: {reference} leads nowhere")),
            }
        } else if let Some(choices) = schema["oneOf"].as_array() {
            let mut fewest: Option<Vec<String>> = None;
            for choice in choices {
                let mut wrong = Vec::new();
                self.fit(choice, json, at, &mut wrong);
                if fewest
                    .as_ref()
                    .is_none_or(|fewest| wrong.len() < fewest.len())
                {
                    fewest = Some(wrong);
                }
            }
            found.extend(fewest.unwrap());
        } else {
            self.fit_type(schema, json, at, found);
        }
    }

    fn fit_type(&mut self, schema: &Value, json: &Value, at: &str, found: &mut Vec<String>) {
        let (kind, text) = match json {
            Value::Null => ("null", None),
            Value::Bool(_) => ("boolean", None),
            Value::Number(_) => ("integer", None),
            Value::String(text) => ("string", Some(text.as_str())),
            Value::Array(_) => ("array", None),
            Value::Object(_) => ("object", None),
        };
        let allowed = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().any(|allowed| allowed == kind),
            allowed => allowed == kind,
        };
        if !allowed {
            return found.push(format!(
                "{at}: {kind} where the schema says {}",
                schema["type"]
            ));
        }
        if let (Some(text), Some(values)) = (text, schema["enum"].as_array()) {
            if values.iter().any(|value| value == text) {
                self.seen
                    .entry(at.to_owned())
                    .or_default()
                    .insert(text.to_owned());
            } else {
                found.push(format!("{at}: the schema does not list {text}"));
            }
        }
        if let (Some(text), Some(value)) = (text, schema["const"].as_str())
            && text != value
        {
            found.push(format!("{at}: {text} where the schema says {value}"));
        }
        for item in json.as_array().into_iter().flatten() {
            self.fit(&schema["items"], item, at, found);
        }
        if let (Some(object), Some(properties)) =
            (json.as_object(), schema["properties"].as_object())
        {
            let required: Vec<_> = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .collect();
            for (key, schema) in properties {
                let at = format!("{at}.{key}");
                match object.get(key) {
                    Some(json) => self.fit(schema, json, &at, found),
                    None => found.push(format!("{at}: a property that is not in JSON")),
                }
                if !required.iter().any(|name| *name == key.as_str()) {
                    found.push(format!("{at}: always there, and not required"));
                }
            }
            let unknown = object.keys().filter(|key| !properties.contains_key(*key));
            found.extend(unknown.map(|key| format!("{at}.{key}: not a property")));
        }
    }

    /// Values that a schema lists and that no JSON has had so far.
    pub(crate) fn unseen(&self) -> Vec<String> {
        let mut found = Vec::new();
        let schemas = self.description["components"]["schemas"]
            .as_object()
            .unwrap();
        for (name, schema) in schemas {
            let seen = self.seen.get(name);
            let values = schema["enum"].as_array().into_iter().flatten();
            let values = values.map(|value| value.as_str().unwrap());
            let unseen = values.filter(|value| !seen.is_some_and(|seen| seen.contains(*value)));
            found.extend(unseen.map(|value| format!("{name}: {value}")));
        }
        found
    }
}
