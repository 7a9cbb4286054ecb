//! Building the flat schemas that forms are made of.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value, json};

use crate::protocol::RawJson;

type Keywords = IndexMap<&'static str, Value>;

/// The schema of a form: named fields, one level deep, shown in the order they were added.
///
/// ```
/// use mcp_core::protocol::{FormSchema, TextFormat};
///
/// let schema = FormSchema::new()
///     .string("email", |field| field.title("E-mail").format(TextFormat::Email).required())
///     .integer("seats", |field| field.minimum(1).maximum(8).default(2))
///     .choice("plan", |field| field.titled("s", "Small").titled("l", "Large").required())
///     .build();
/// assert!(schema.get().contains(r#""required":["email","plan"]"#));
/// ```
#[derive(Debug, Clone, Default)]
pub struct FormSchema {
    fields: IndexMap<String, Keywords>,
    required: Vec<String>,
}

#[derive(Serialize)]
struct Written<'a> {
    r#type: &'static str,
    properties: &'a IndexMap<String, Keywords>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    required: &'a [String],
}

impl FormSchema {
    /// A form without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line of text.
    #[must_use]
    pub fn string(self, name: impl Into<String>, field: impl FnOnce(StringField) -> StringField) -> Self {
        let StringField { keywords, required } = field(StringField::of("string"));
        self.add(name.into(), keywords, required)
    }

    /// Adds a number.
    #[must_use]
    pub fn number(self, name: impl Into<String>, field: impl FnOnce(NumberField) -> NumberField) -> Self {
        let NumberField { keywords, required } = field(NumberField::of("number"));
        self.add(name.into(), keywords, required)
    }

    /// Adds a whole number.
    #[must_use]
    pub fn integer(self, name: impl Into<String>, field: impl FnOnce(IntegerField) -> IntegerField) -> Self {
        let IntegerField { keywords, required } = field(IntegerField::of("integer"));
        self.add(name.into(), keywords, required)
    }

    /// Adds a yes or no.
    #[must_use]
    pub fn boolean(self, name: impl Into<String>, field: impl FnOnce(BooleanField) -> BooleanField) -> Self {
        let BooleanField { keywords, required } = field(BooleanField::of("boolean"));
        self.add(name.into(), keywords, required)
    }

    /// Adds a choice of one.
    #[must_use]
    pub fn choice(self, name: impl Into<String>, field: impl FnOnce(ChoiceField) -> ChoiceField) -> Self {
        let ChoiceField { mut keywords, required, options, titled } = field(ChoiceField::of("string"));
        let (keyword, values) = if titled { ("oneOf", titles(&options)) } else { ("enum", names(&options)) };
        keywords.insert(keyword, values);
        self.add(name.into(), keywords, required)
    }

    /// Adds a choice of several.
    #[must_use]
    pub fn choices(self, name: impl Into<String>, field: impl FnOnce(ChoicesField) -> ChoicesField) -> Self {
        let ChoicesField { mut keywords, required, options, titled } = field(ChoicesField::of("array"));
        let items = if titled {
            json!({ "anyOf": titles(&options) })
        } else {
            json!({ "type": "string", "enum": names(&options) })
        };
        keywords.insert("items", items);
        self.add(name.into(), keywords, required)
    }

    /// The schema.
    pub fn build(&self) -> RawJson {
        let written = Written { r#type: "object", properties: &self.fields, required: &self.required };
        RawJson::from_serialize(&written).expect("invariant: keywords are JSON and names are text")
    }

    fn add(mut self, name: String, keywords: Keywords, required: bool) -> Self {
        self.required.retain(|other| *other != name);
        if required {
            self.required.push(name.clone());
        }
        self.fields.insert(name, keywords);
        self
    }
}

impl From<FormSchema> for RawJson {
    fn from(form: FormSchema) -> Self {
        form.build()
    }
}

fn names(options: &[(String, String)]) -> Value {
    options.iter().map(|(value, _)| value.as_str()).collect()
}

fn titles(options: &[(String, String)]) -> Value {
    options.iter().map(|(value, title)| json!({ "const": value, "title": title })).collect()
}

macro_rules! field {
    ($(#[$doc:meta])* $type:ident, default $default:ty $(, $extra:ident: $extra_type:ty)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $type {
            keywords: Keywords,
            required: bool,
            $($extra: $extra_type,)*
        }

        impl $type {
            fn of(kind: &'static str) -> Self {
                let keywords = Keywords::from_iter([("type", Value::from(kind))]);
                Self { keywords, required: false, $($extra: Default::default(),)* }
            }

            fn set(mut self, keyword: &'static str, value: impl Into<Value>) -> Self {
                self.keywords.insert(keyword, value.into());
                self
            }

            /// Sets the label.
            #[must_use]
            pub fn title(self, title: impl Into<String>) -> Self {
                self.set("title", title.into())
            }

            /// Sets the help text.
            #[must_use]
            pub fn description(self, description: impl Into<String>) -> Self {
                self.set("description", description.into())
            }

            /// Sets what is filled in beforehand.
            #[must_use]
            pub fn default(self, value: impl Into<$default>) -> Self {
                self.set("default", value.into())
            }

            /// The form cannot be sent without it.
            #[must_use]
            pub fn required(mut self) -> Self {
                self.required = true;
                self
            }
        }
    };
}

field! {
    /// A line of text.
    StringField, default String
}
field! {
    /// A number.
    NumberField, default f64
}
field! {
    /// A whole number.
    IntegerField, default i64
}
field! {
    /// A yes or no.
    BooleanField, default bool
}
field! {
    /// A choice of one.
    ChoiceField, default String, options: Vec<(String, String)>, titled: bool
}
field! {
    /// A choice of several.
    ChoicesField, default Vec<String>, options: Vec<(String, String)>, titled: bool
}

/// What a text has to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextFormat {
    /// An e-mail address.
    Email,
    /// An absolute URI.
    Uri,
    /// A date, `2026-07-28`.
    Date,
    /// A time on a date with its offset, `2026-07-28T09:00:00Z`.
    DateTime,
}

impl TextFormat {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Uri => "uri",
            Self::Date => "date",
            Self::DateTime => "date-time",
        }
    }
}

impl StringField {
    /// Sets the fewest characters.
    #[must_use]
    pub fn min_length(self, characters: u32) -> Self {
        self.set("minLength", characters)
    }

    /// Sets the most characters.
    #[must_use]
    pub fn max_length(self, characters: u32) -> Self {
        self.set("maxLength", characters)
    }

    /// Sets what it has to look like.
    #[must_use]
    pub fn format(self, format: TextFormat) -> Self {
        self.set("format", format.as_str())
    }
}

impl NumberField {
    /// Sets the least value.
    #[must_use]
    pub fn minimum(self, least: f64) -> Self {
        self.set("minimum", least)
    }

    /// Sets the greatest value.
    #[must_use]
    pub fn maximum(self, greatest: f64) -> Self {
        self.set("maximum", greatest)
    }
}

impl IntegerField {
    /// Sets the least value.
    #[must_use]
    pub fn minimum(self, least: i64) -> Self {
        self.set("minimum", least)
    }

    /// Sets the greatest value.
    #[must_use]
    pub fn maximum(self, greatest: i64) -> Self {
        self.set("maximum", greatest)
    }
}

macro_rules! options {
    ($type:ident) => {
        impl $type {
            /// Adds an option that is shown as it is.
            #[must_use]
            pub fn option(mut self, value: impl Into<String>) -> Self {
                let value = value.into();
                self.options.push((value.clone(), value));
                self
            }

            /// Adds several options that are shown as they are.
            #[must_use]
            pub fn options(self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
                values.into_iter().fold(self, Self::option)
            }

            /// Adds an option that is shown as `title`.
            #[must_use]
            pub fn titled(mut self, value: impl Into<String>, title: impl Into<String>) -> Self {
                self.options.push((value.into(), title.into()));
                self.titled = true;
                self
            }
        }
    };
}

options!(ChoiceField);
options!(ChoicesField);

impl ChoicesField {
    /// Sets the fewest options to choose.
    #[must_use]
    pub fn min_items(self, items: u32) -> Self {
        self.set("minItems", items)
    }

    /// Sets the most options to choose.
    #[must_use]
    pub fn max_items(self, items: u32) -> Self {
        self.set("maxItems", items)
    }
}
