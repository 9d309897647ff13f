//! Ways to read JSON that others write: what is missing, `null` or of another shape is nothing,
//! and one bad entry does not spoil a list.

use domain::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Whatever `T` makes of it; nothing where it makes nothing.
pub(crate) fn maybe<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// The entries of a list that can be read, in their order.
pub(crate) fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(entries) => {
            entries.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()).collect()
        }
        _ => Vec::new(),
    })
}

/// A whole number, also where it comes as text or with a fraction of zero.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(integer_of(&Value::deserialize(deserializer)?))
}

pub(crate) fn integer_of(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A number; never one that is not finite.
pub(crate) fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let number = match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    Ok(number.filter(|number| number.is_finite()))
}

/// Text with something in it. A number is taken as its digits.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
}

/// Whether it is `true`, 1 or one of these as text.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(flag) => flag,
        Value::Number(number) => number.as_f64() == Some(1.0),
        Value::String(text) => text == "true" || text == "1",
        _ => false,
    })
}

/// A time as RFC 3339.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    maybe(deserializer)
}

/// An entry that may make no sense, where it matters how many there were.
#[derive(Debug)]
pub(crate) struct Lenient<T>(pub(crate) Option<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        maybe(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Loose {
        #[serde(deserialize_with = "integer")]
        id: Option<i64>,
        #[serde(deserialize_with = "decimal")]
        vote: Option<f64>,
        #[serde(deserialize_with = "text")]
        name: Option<String>,
        #[serde(deserialize_with = "flag")]
        is_on: bool,
        #[serde(deserialize_with = "time")]
        at: Option<Timestamp>,
        #[serde(deserialize_with = "list")]
        children: Vec<u8>,
    }

    #[test]
    fn what_has_another_shape_is_nothing_and_spoils_nothing() {
        for value in [json!(null), json!({}), json!([[]]), json!("x"), json!(true)] {
            let loose: Loose =
                serde_json::from_value(json!({"id": value, "vote": value, "at": value, "children": value}))
                    .unwrap();
            assert_eq!(loose, Loose::default(), "{value}");
        }
        let loose: Loose = serde_json::from_value(json!({
            "id": " 7 ", "vote": "8.5", "name": 12, "is_on": 1, "at": "2026-11-22T15:30:07.000Z",
            "children": [1, "x", null, 300, 2],
        }))
        .unwrap();
        assert_eq!((loose.id, loose.vote, loose.name.as_deref()), (Some(7), Some(8.5), Some("12")));
        assert!(loose.is_on && loose.at.is_some());
        assert_eq!(loose.children, [1, 2]);
        assert_eq!(integer_of(&json!(3.0)), Some(3));
        assert_eq!(integer_of(&json!(3.5)), None);
        assert_eq!(integer_of(&json!(1e300)), None);
    }
}
