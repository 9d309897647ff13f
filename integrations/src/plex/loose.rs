//! Reads values whose type wobbles: `"3"` for 3, `1` for true, a single thing for a list.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// An object, and nothing that only looks like one.
pub(super) fn object<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    from.deserialize_map(Object(PhantomData))
}

/// Any scalar. What is neither, such as a list, counts as nothing.
enum Loose {
    Nothing,
    Flag(bool),
    Number(i64),
    Fraction(f64),
    Text(String),
}

pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Loose::deserialize(from)? {
        Loose::Nothing => None,
        Loose::Flag(flag) => Some(flag.to_string()),
        Loose::Number(number) => Some(number.to_string()),
        Loose::Fraction(fraction) => Some(fraction.to_string()),
        Loose::Text(text) if text.is_empty() => None,
        Loose::Text(text) => Some(text),
    })
}

pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(match Loose::deserialize(from)? {
        Loose::Nothing => None,
        Loose::Flag(flag) => Some(i64::from(flag)),
        Loose::Number(number) => Some(number),
        Loose::Fraction(fraction) => Some(fraction as i64),
        Loose::Text(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| text.parse::<f64>().ok().map(|fraction| fraction as i64))
        }
    })
}

pub(super) fn fraction<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let fraction = match Loose::deserialize(from)? {
        Loose::Nothing | Loose::Flag(_) => None,
        Loose::Number(number) => Some(number as f64),
        Loose::Fraction(fraction) => Some(fraction),
        Loose::Text(text) => text.trim().parse().ok(),
    };
    Ok(fraction.filter(|fraction| fraction.is_finite()))
}

pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(match Loose::deserialize(from)? {
        Loose::Nothing => false,
        Loose::Flag(flag) => flag,
        Loose::Number(number) => number != 0,
        Loose::Fraction(fraction) => fraction != 0.0,
        Loose::Text(text) => !matches!(text.trim(), "" | "0" | "false" | "no"),
    })
}

/// A list that may be absent, null, or a single thing.
pub(super) fn list<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Things<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Things<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut things = Vec::new();
            while let Some(thing) = list.next_element::<Option<T>>()? {
                things.extend(thing);
            }
            Ok(things)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(|thing| vec![thing])
        }

        fn visit_unit<E>(self) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }

        fn visit_bool<E>(self, _: bool) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }

        fn visit_i64<E>(self, _: i64) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }

        fn visit_u64<E>(self, _: u64) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }

        fn visit_str<E>(self, _: &str) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }
    }

    from.deserialize_any(Things(PhantomData))
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Anything;

        impl<'de> Visitor<'de> for Anything {
            type Value = Loose;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Loose, E> {
                Ok(Loose::Flag(flag))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Loose, E> {
                Ok(Loose::Number(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
                Ok(Loose::Number(i64::try_from(number).unwrap_or(i64::MAX)))
            }

            fn visit_f64<E>(self, fraction: f64) -> Result<Loose, E> {
                Ok(Loose::Fraction(fraction))
            }

            fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
                Ok(Loose::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Loose, E> {
                Ok(Loose::Text(text))
            }

            fn visit_unit<E>(self) -> Result<Loose, E> {
                Ok(Loose::Nothing)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Loose, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Loose::Nothing)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Loose::Nothing)
            }
        }

        from.deserialize_any(Anything)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(default)]
    #[derive(Default)]
    struct Wobbly {
        #[serde(deserialize_with = "super::text")]
        key: Option<String>,
        #[serde(deserialize_with = "super::number")]
        count: Option<i64>,
        #[serde(deserialize_with = "super::fraction")]
        rating: Option<f64>,
        #[serde(deserialize_with = "super::flag")]
        smart: bool,
        #[serde(deserialize_with = "super::list")]
        things: Vec<Wobbly>,
    }

    #[test]
    fn a_value_is_understood_in_each_of_its_forms() {
        let expected = Wobbly {
            key: Some("7".to_owned()),
            count: Some(3),
            rating: Some(6.5),
            smart: true,
            things: vec![Wobbly::default()],
        };
        for json in [
            r#"{"key": 7, "count": 3, "rating": 6.5, "smart": true, "things": [{}]}"#,
            r#"{"key": "7", "count": "3", "rating": "6.5", "smart": 1, "things": {}}"#,
            r#"{"key": "7", "count": 3.0, "rating": 6.5, "smart": "1", "things": [null, {}], "new": []}"#,
        ] {
            assert_eq!(serde_json::from_str::<Wobbly>(json).unwrap(), expected, "{json}");
        }
    }

    #[test]
    fn a_value_of_no_known_form_is_as_if_it_were_absent() {
        for json in [
            r#"{"key": null, "count": {"a": 1}, "rating": "NaN", "smart": "0", "things": ""}"#,
            r#"{"key": "", "count": "many", "rating": true, "smart": [true], "things": 0}"#,
            "{}",
        ] {
            assert_eq!(serde_json::from_str::<Wobbly>(json).unwrap(), Wobbly::default(), "{json}");
        }
    }
}
