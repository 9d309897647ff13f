//! Where raw values come from: the environment, the settings file, the files of secrets.

use std::collections::HashMap;
use std::path::Path;

use domain::Secret;

use super::names::{self, Name};

/// A setting that can't be used, in words that name it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {why}")]
pub struct BadSetting {
    name: String,
    why: String,
}

impl BadSetting {
    pub fn new(name: impl ToString, why: impl Into<String>) -> Self {
        Self { name: name.to_string(), why: why.into() }
    }
}

/// The raw text of every setting that somebody set.
#[derive(Default)]
pub struct Source {
    values: HashMap<&'static str, Raw>,
}

struct Raw {
    text: Secret,
    /// What a complaint calls it: the variable, or the file and its key.
    place: String,
}

impl Source {
    /// The environment of this process over `file`, or over the file that `MEDIANEST_CONFIG`
    /// names.
    pub fn of_process(file: Option<&Path>) -> Result<Self, BadSetting> {
        let file = file.map(|file| file.display().to_string());
        Self::of(|name| match &file {
            Some(file) if name == names::CONFIG => Some(file.clone()),
            _ => std::env::var(name).ok(),
        })
    }

    /// For tests: exactly these values.
    pub fn of_pairs(pairs: impl IntoIterator<Item = (Name, String)>) -> Self {
        let values = pairs
            .into_iter()
            .map(|(name, text)| {
                (name.variable, Raw { text: Secret::new(text), place: name.variable.to_owned() })
            })
            .collect();
        Self { values }
    }

    /// Reads what `variable` knows, and the files that it names.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, BadSetting> {
        let mut source = Self::default();
        if let Some(file) = variable(names::CONFIG).filter(|file| !file.is_empty()) {
            source.add_file(Path::new(&file))?;
        }
        for name in names::ALL {
            source.add_variable(*name, &variable)?;
        }
        Ok(source)
    }

    fn add_file(&mut self, path: &Path) -> Result<(), BadSetting> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| BadSetting::new(names::CONFIG, format!("could not read {shown}: {error}")))?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            BadSetting::new(&shown, error.to_string().trim_end().to_owned())
        })?;
        for (key, value) in table {
            let Some(name) = names::ALL.iter().find(|name| name.key == key) else {
                return Err(BadSetting::new(shown, format!("there is no setting {key:?}")));
            };
            let place = format!("{shown}: {key}");
            let text = plain_text(value)
                .ok_or_else(|| BadSetting::new(&place, "is text, a number, or a list of texts"))?;
            self.values.insert(name.variable, Raw { text: Secret::new(text), place });
        }
        Ok(())
    }

    fn add_variable(
        &mut self,
        name: Name,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<(), BadSetting> {
        let direct = variable(name.variable).filter(|text| !text.is_empty());
        let file_variable = format!("{}_FILE", name.variable);
        let file = if name.secret { variable(&file_variable).filter(|file| !file.is_empty()) } else { None };
        let (text, place) = match (direct, file) {
            (Some(_), Some(_)) => {
                return Err(BadSetting::new(
                    name,
                    format!("is set, and so is {file_variable}; unset one of them"),
                ));
            }
            (Some(text), None) => (text, name.variable.to_owned()),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(&file).map_err(|error| {
                    BadSetting::new(&file_variable, format!("could not read {file}: {error}"))
                })?;
                (text.trim_end_matches(['\r', '\n']).to_owned(), file_variable)
            }
            (None, None) => return Ok(()),
        };
        self.values.insert(name.variable, Raw { text: Secret::new(text), place });
        Ok(())
    }

    /// The checked value of `name`, when it is set.
    pub fn parse<T>(
        &self,
        name: Name,
        check: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, BadSetting> {
        let Some(raw) = self.values.get(name.variable) else { return Ok(None) };
        check(raw.text.expose().trim()).map(Some).map_err(|why| BadSetting::new(&raw.place, why))
    }

    /// The checked value of `name`, or of `default`.
    pub fn parse_or<T>(
        &self,
        name: Name,
        default: &str,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, BadSetting> {
        match self.parse(name, &check)? {
            Some(value) => Ok(value),
            None => check(default).map_err(|why| BadSetting::new(name, why)),
        }
    }

    /// A secret: `check` looks at it, and its complaint must not repeat it.
    pub fn parse_secret(
        &self,
        name: Name,
        check: impl FnOnce(&str) -> Result<(), String>,
    ) -> Result<Option<Secret>, BadSetting> {
        self.parse(name, |text| check(text).map(|()| Secret::new(text)))
    }

    /// A list, separated by commas or blanks.
    pub fn list<T>(
        &self,
        name: Name,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, BadSetting> {
        let each = |text: &str| {
            text.split([',', ' ', '\n', '\t']).filter(|part| !part.is_empty()).map(&check).collect()
        };
        Ok(self.parse(name, each)?.unwrap_or_default())
    }
}

fn plain_text(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Array(values) => {
            let texts: Option<Vec<String>> = values.into_iter().map(plain_text).collect();
            texts.map(|texts| texts.join(","))
        }
        _ => None,
    }
}
