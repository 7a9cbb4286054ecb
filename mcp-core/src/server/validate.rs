//! Validation against JSON Schema (feature `schema`).

use std::fmt;

use serde_json::Value;

/// A schema, compiled. References to the network are never followed.
pub(crate) struct Validator(jsonschema::Validator);

impl Validator {
    /// Compiles a schema of dialect 2020-12, unless it names another that is known.
    pub(crate) fn new(schema: &Value) -> Result<Self, String> {
        jsonschema::validator_for(schema)
            .map(Self)
            .map_err(|error| format!("the schema is not valid: {error}"))
    }

    /// Checks a value; the error names the member.
    pub(crate) fn check(&self, value: &Value) -> Result<(), (String, String)> {
        self.0.validate(value).map_err(|error| {
            let field = error.instance_path().as_str().trim_start_matches('/').replace('/', ".");
            (field, error.to_string())
        })
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Validator")
    }
}
