//! Reading templates.

use super::{Operator, Part, UriTemplateError, expand::encode_literal};

pub(super) fn parts(source: &str) -> Result<Vec<Part>, UriTemplateError> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let literal = rest.find(['{', '}']).unwrap_or(rest.len());
        if literal > 0 {
            parts.push(Part::Literal(encode_literal(&rest[..literal]).into_owned()));
            at += literal;
            continue;
        }
        let body = rest.strip_prefix('{').ok_or(UriTemplateError::Brace(at))?;
        let end = body.find(['{', '}']).ok_or(UriTemplateError::Brace(at))?;
        if body.as_bytes().get(end) == Some(&b'{') {
            return Err(UriTemplateError::Brace(at));
        }
        parts.push(expression(&body[..end], at)?);
        at += end + 2;
    }
    Ok(parts)
}

fn expression(body: &str, at: usize) -> Result<Part, UriTemplateError> {
    let operator = match body.chars().next().ok_or(UriTemplateError::Empty(at))? {
        '+' => Operator::Reserved,
        '#' => Operator::Fragment,
        '.' => Operator::Label,
        '/' => Operator::Path,
        ';' => Operator::Parameter,
        '?' => Operator::Query,
        '&' => Operator::Continuation,
        reserved @ ('=' | '!' | '@' | '|') => return Err(UriTemplateError::Operator(reserved)),
        _ => Operator::Simple,
    };
    let list = if operator == Operator::Simple { body } else { &body[1..] };
    let names = list.split(',').map(|name| variable(name, at)).collect::<Result<_, _>>()?;
    Ok(Part::Expression { operator, names })
}

fn variable(name: &str, at: usize) -> Result<String, UriTemplateError> {
    if name.is_empty() {
        return Err(UriTemplateError::Empty(at));
    }
    if name.ends_with('*') || name.contains(':') {
        return Err(UriTemplateError::Modifier(name.to_owned()));
    }
    let is_name = name.split('.').all(|label| {
        let mut bytes = label.bytes();
        let mut good = !label.is_empty();
        while let Some(byte) = bytes.next() {
            good &= match byte {
                b'%' => {
                    let mut digit = || bytes.next().is_some_and(|b| b.is_ascii_hexdigit());
                    digit() && digit()
                }
                _ => byte.is_ascii_alphanumeric() || byte == b'_',
            };
        }
        good
    });
    if is_name { Ok(name.to_owned()) } else { Err(UriTemplateError::Name(name.to_owned())) }
}
