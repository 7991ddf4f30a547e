//! JSON with its keys in the order they were written, as text that reads well and differs little when a line changes.

/// The longest line: what fits stands on one.
const COLUMNS: usize = 120;

/// A JSON value.
#[derive(Debug, Clone)]
pub(super) enum Json {
    Text(String),
    Number(u32),
    Boolean(bool),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<u32> for Json {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<const N: usize> From<[(&str, Json); N]> for Json {
    fn from(entries: [(&str, Json); N]) -> Self {
        let entries = entries.into_iter();
        Self::Object(
            entries
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }
}

/// A reference to a component.
pub(super) fn reference(kind: &str, name: &str) -> Json {
    [("$ref", format!("#/components/{kind}/{name}").into())].into()
}

impl Json {
    /// The object with another entry at its end.
    pub(super) fn with(self, key: &str, value: impl Into<Json>) -> Self {
        let Self::Object(mut entries) = self else {
            panic!("{key} is for an object");
        };
        entries.push((key.to_owned(), value.into()));
        Self::Object(entries)
    }

    fn on_one_line(&self) -> String {
        let joined = |parts: Vec<String>| parts.join(", ");
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::List(items) => {
                format!(
                    "[{}]",
                    joined(items.iter().map(Self::on_one_line).collect())
                )
            }
            Self::Object(entries) => {
                let entries = entries.iter();
                let entries =
                    entries.map(|(key, value)| format!("{}: {}", quoted(key), value.on_one_line()));
                format!("{{{}}}", joined(entries.collect()))
            }
        }
    }

    /// The text, where `taken` columns of the first line are written already.
    fn lines(&self, depth: usize, taken: usize) -> String {
        let line = self.on_one_line();
        if depth > 0 && taken + line.len() < COLUMNS {
            return line;
        }
        let indent = "  ".repeat(depth + 1);
        let (open, close, parts): (_, _, Vec<String>) = match self {
            Self::List(items) => {
                let items = items.iter();
                let item = |item: &Json| format!("{indent}{}", item.lines(depth + 1, indent.len()));
                ("[", "]", items.map(item).collect())
            }
            Self::Object(entries) => {
                let entry = |(key, value): &(String, Json)| {
                    let key = format!("{indent}{}: ", quoted(key));
                    format!("{key}{}", value.lines(depth + 1, key.len()))
                };
                ("{", "}", entries.iter().map(entry).collect())
            }
            _ => return line,
        };
        let end = "  ".repeat(depth);
        format!("{open}\n{}\n{end}{close}", parts.join(",\n"))
    }

    /// The whole as a file.
    pub(super) fn file(&self) -> String {
        self.lines(0, 0) + "\n"
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}
