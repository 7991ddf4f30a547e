//! The options of the command line have the names that HTTP has for the same parameters, and take the same values.

use std::collections::BTreeMap;
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

/// The most blanks before the name of an option: a text about it has more.
const HEAD_INDENT_MAX: usize = 6;

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

/// An option in the help of a command.
#[derive(Debug, Default)]
struct HelpedOption {
    /// The line with its name.
    head: String,
    /// The lines below it as one.
    text: String,
    /// The values of a list with a line for each.
    listed_values: Vec<String>,
}

impl HelpedOption {
    /// The texts of a list in brackets, such as `[possible values: csv, json]`.
    fn bracketed(&self, title: &str) -> Vec<&str> {
        let list = self.text.split_once(&format!("[{title}: "));
        let list = list.and_then(|(_, list)| list.split_once(']'));
        let texts = list.into_iter().flat_map(|(list, _)| list.split(", "));
        texts.collect()
    }

    fn has_name(&self, name: &str) -> bool {
        let mut names = self.head.split([' ', ',']);
        names.any(|known| known == name)
            || ["alias", "aliases"]
                .iter()
                .any(|title| self.bracketed(title).contains(&name))
    }

    fn takes(&self, value: &str) -> bool {
        self.bracketed("possible values").contains(&value)
            || self.listed_values.iter().any(|known| known == value)
    }
}

/// The options in the help of a command.
fn options(command: &str) -> Vec<HelpedOption> {
    let output = Command::new(env!("CARGO_BIN_EXE_silkrate"))
        .args([command, "--help"])
        .output()
        .unwrap();
    assert!(output.status.success(), "there is no command `{command}`");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().skip_while(|line| *line != "Options:").skip(1);
    let mut options: Vec<HelpedOption> = Vec::new();
    for line in lines.take_while(|line| line.is_empty() || line.starts_with(' ')) {
        let text = line.trim_start();
        let is_head = line.len() - text.len() <= HEAD_INDENT_MAX && text.starts_with('-');
        if is_head {
            options.push(HelpedOption {
                head: text.to_owned(),
                ..HelpedOption::default()
            });
        } else if let Some(option) = options.last_mut() {
            option.text += text;
            option.text.push(' ');
            let value = text.strip_prefix("- ");
            let value = value.and_then(|value| value.split(':').next());
            option.listed_values.extend(value.map(str::to_owned));
        }
    }
    options
}

#[test]
fn every_parameter_of_http_is_an_option_of_its_name_with_its_values() {
    let mut missing = Vec::new();
    let mut helps: BTreeMap<&str, Vec<HelpedOption>> = BTreeMap::new();
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
        let help = helps.entry(command).or_insert_with(|| options(command));
        let Some(help) = help.iter().find(|help| help.has_name(&option)) else {
            missing.push(format!(
                "{path}?{name}: `silkrate {command}` has no {option}"
            ));
            continue;
        };
        let unknown = values.iter().filter(|value| !help.takes(value));
        if !listed(OTHER_VALUES, name) {
            missing.extend(unknown.map(|value| format!("{path}?{name}={value}: {help:?}")));
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
