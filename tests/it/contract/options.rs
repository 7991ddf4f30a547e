//! The options of the command line have the names that HTTP has for the same parameters, and take the same values.

use std::process::Command;

use serde_json::Value;

use crate::contract::openapi::committed;

/// The commands that have another name than the first part of their path.
const COMMANDS: &[(&str, &str)] = &[("snapshot", "rates")];
/// The parameters that a command takes in their order, without a name.
const POSITIONAL: &[&str] = &["pairs", "amount", "from", "to"];
/// The parameters without an option, and why.
const NO_OPTION: &[(&str, &str)] = &[
    ("page_token", "a command requests every page"),
    ("after", "a command holds the rows, and resumes by itself"),
    (
        "updates_only",
        "a command holds the rows, and resumes by itself",
    ),
    ("lastEventId", "an event source of a browser sends it"),
];
/// The parameters whose values differ, and why.
const OTHER_VALUES: &[(&str, &str)] = &[
    ("round", "an option without a value"),
    (
        "format",
        "a command prints for terminals, and a browser reads server-sent events",
    ),
];

/// A parameter in the query of a path.
struct Parameter {
    path: String,
    command: String,
    name: String,
    values: Vec<String>,
}

impl Parameter {
    fn option(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }
}

fn listed(table: &[(&str, &str)], name: &str) -> bool {
    table.iter().any(|(listed, _)| *listed == name)
}

/// The parameters of the paths that answer with data: those of pages and pictures are attributes of the ticker.
fn parameters() -> Vec<Parameter> {
    let description: Value = serde_json::from_str(&committed().0).unwrap();
    let mut found = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        let Some(data) = path.strip_prefix("/v1/") else {
            continue;
        };
        let first = data.split(['/', '.']).next().unwrap();
        let named = COMMANDS.iter().find(|(path, _)| *path == first);
        let command = named.map_or(first, |(_, command)| *command);
        for reference in operations["get"]["parameters"].as_array().unwrap() {
            let pointer = reference["$ref"].as_str().unwrap().trim_start_matches('#');
            let parameter = description.pointer(pointer).unwrap();
            if parameter["in"] != "query" {
                continue;
            }
            let values = parameter["schema"]["enum"].as_array().into_iter().flatten();
            let values = values.map(|value| value.as_str().unwrap().to_owned());
            found.push(Parameter {
                path: path.clone(),
                command: command.to_owned(),
                name: parameter["name"].as_str().unwrap().to_owned(),
                values: values.filter(|value| !value.is_empty()).collect(),
            });
        }
    }
    found
}

/// The help of a command about one option, or nothing if it has no such option.
fn help(command: &str, option: &str) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_silkrate"))
        .args([command, "--help"])
        .output()
        .unwrap();
    assert!(output.status.success(), "there is no command `{command}`");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut options: Vec<String> = Vec::new();
    for line in text.lines() {
        match options.last_mut() {
            _ if line.trim_start().starts_with('-') && line.contains("--") => {
                options.push(line.to_owned());
            }
            Some(option) => *option += line,
            None => {}
        }
    }
    let is_about = |text: &String| words(text).any(|word| word == option);
    options.into_iter().find(is_about)
}

/// The words of a text, with hyphens in them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
}

#[test]
fn every_parameter_of_http_is_an_option_of_its_name_with_its_values() {
    let mut missing = Vec::new();
    let parameters = parameters();
    assert!(parameters.len() > 40, "{}", parameters.len());
    for parameter in &parameters {
        let Parameter {
            path,
            command,
            name,
            values,
        } = parameter;
        if POSITIONAL.contains(&name.as_str()) || listed(NO_OPTION, name) {
            continue;
        }
        let option = parameter.option();
        let Some(help) = help(command, &option) else {
            missing.push(format!(
                "{path}?{name}: `silkrate {command}` has no {option}"
            ));
            continue;
        };
        let unknown = values
            .iter()
            .filter(|value| !words(&help).any(|word| word == value.as_str()));
        if !listed(OTHER_VALUES, name) {
            missing.extend(unknown.map(|value| format!("{path}?{name}={value}: {help}")));
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn no_exception_is_stale() {
    let parameters = parameters();
    let names = [NO_OPTION, OTHER_VALUES].concat();
    let names = names.iter().map(|(name, _)| name).chain(POSITIONAL);
    for name in names {
        assert!(
            parameters.iter().any(|parameter| parameter.name == *name),
            "{name}"
        );
    }
}
